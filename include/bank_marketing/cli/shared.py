"""What all commands share: the Typer application, the consoles, errors that end in one paragraph, progress."""

from __future__ import annotations

import logging
import sys
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import click
import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bank_marketing.errors import BankMarketingError

app = typer.Typer(
    help="Predict which bank customers a call will win, and keep doing so.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,  # locals may hold client data
)
console = Console()
problems = Console(stderr=True)

#: Packages that not every image carries (the groups of pyproject.toml).
NOT_EVERYWHERE = {"evidently", "great_expectations", "matplotlib", "optuna", "pyspark"}

P = ParamSpec("P")
R = TypeVar("R")

AsOf = Annotated[str, typer.Option(help="Day whose data are used, YYYY-MM-DD; the last landed day when empty.")]


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Register a command of the application, under its function's name."""
    return app.command(name=function.__name__.replace("_", "-"))(failing_well(function))


def _package_of_another_image(error: Exception) -> str:
    """The package that is missing here by intention; empty for all else that went wrong."""
    missing = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    return missing if missing in NOT_EVERYWHERE else ""


def failing_well(function: Callable[P, R]) -> Callable[P, R]:
    """Let a command's own errors end in one paragraph and exit code 1, not in a traceback."""

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except BankMarketingError as error:
            problems.print(f"[bold red]{type(error).__name__}[/]: {error}", highlight=False, soft_wrap=True)
            raise typer.Exit(1) from error
        except (typer.Exit, typer.Abort, click.ClickException):
            raise
        except BrokenPipeError as error:  # `… | head` has read enough
            raise typer.Exit(141) from error
        except Exception as error:
            if missing := _package_of_another_image(error):
                name = function.__name__.replace("_", "-")
                problems.print(
                    f"[bold red]ConfigError[/]: `bank-marketing {name}` needs {missing}, which is not installed here; the service's image "
                    f"does without. In the containers it runs beside Airflow: docker compose exec airflow-scheduler bank-marketing {name}",
                    highlight=False,
                    soft_wrap=True,
                )
                raise typer.Exit(1) from error
            problems.print(
                f"{type(error).__name__}: {' '.join(str(error).split())[:300]}\nThis is a defect, or a fault of this machine that the "
                f"platform does not know yet. What happened is kept in {keep_traceback(error)}: please report it.",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
            raise typer.Exit(70) from error

    return wrapped


def keep_traceback(error: Exception) -> Path:
    """Write down where an unexpected error came from, without values of variables, which may hold client data; returns the file."""
    from bank_marketing import __version__
    from bank_marketing.settings import PROJECT_DIR

    text = f"bank-marketing {__version__}: {' '.join(sys.argv)}\n\n{''.join(traceback.format_exception(error))}"
    for folder in (PROJECT_DIR / ".cache" / "errors", Path(tempfile.gettempdir())):
        path = folder / f"bank-marketing-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError:  # a read-only project: the temporary folder
            continue
        break
    return path


def _tell_version(asked: bool) -> None:
    if asked:
        from bank_marketing import __version__
        from bank_marketing.artifacts.manifest import code_version

        console.print(f"bank-marketing {__version__} ({code_version()})", highlight=False, soft_wrap=True)
        raise typer.Exit


@app.callback()
def main(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show each step's log lines.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Tell version and commit, and end.")
    ] = False,
) -> None:
    """Set up logging for all commands, and take over `.env` where no shell has done so."""
    _take_over_env_file()
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(message)s",
        handlers=[RichHandler(console=problems, show_path=False, show_time=False)],
    )
    logging.getLogger("py4j").setLevel(logging.WARNING)


@failing_well
def _take_over_env_file() -> None:
    from bank_marketing.env_file import take_over
    from bank_marketing.settings import PROJECT_DIR
    from bank_marketing.shell_environment import adapt

    adapt()
    take_over(PROJECT_DIR / ".env")


def progress_bar() -> Progress:
    """A progress bar that goes when its work is done."""
    return Progress(
        TextColumn("{task.description:<16}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def day_of(as_of: str, settings: Any) -> Any:
    """The day that `as_of` names, no later than today in the campaign's time zone. Raises InvalidAsOf."""
    from bank_marketing.campaign import open_campaign
    from bank_marketing.components.context import parse_as_of

    return parse_as_of(as_of, today=open_campaign(settings).calendar.today())


def day_or_last(as_of: str) -> Any:
    """The day that `as_of` names, else the last landed one. Raises InvalidAsOf."""
    from bank_marketing.errors import InvalidAsOf
    from bank_marketing.landing.zone import LandingZone
    from bank_marketing.settings import Settings

    settings = Settings()
    if as_of:
        return day_of(as_of, settings)
    root = settings.landing
    last = LandingZone(root).last_day
    if last is None:
        raise InvalidAsOf(f"nothing has landed in {root}: run `bank-marketing land` first")
    return last


def open_registry() -> Any:
    """The model registry of the settings."""
    from bank_marketing.artifacts import open_store
    from bank_marketing.registry.registry import Registry
    from bank_marketing.settings import Settings

    settings = Settings()
    return Registry(settings, open_store(settings))


def user_name() -> str:
    """Who is at the keyboard, for the records."""
    import getpass

    return getpass.getuser()
