"""The command line of the deployment, as an operator or the pipeline calls it."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from typer.testing import CliRunner, Result

from scripts.deploy.cli import app
from scripts.deploy.images import Images
from tests.support.aws import Account, quick


def deploy(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"})


def done(*arguments: str) -> str:
    """Run a command that must end well; gives what it printed."""
    result = deploy(*arguments)
    assert result.exit_code == 0, f"{result.output}\n{result.exception!r}"
    return str(result.output)


def set_up(account: Account, name: str, images: Images) -> None:
    """Bring an environment from nothing to services that run these images."""
    done("stacks", name, "--part", "platform")
    account.make_secrets(quick(name))
    done("secrets", name)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "images.json"
        file.write_text(images.model_dump_json())
        done("stacks", name, "--part", "services", "--images", str(file))
