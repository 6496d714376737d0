"""Commands that make and judge models."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from bank_marketing.cli.shared import AsOf, command, console, day_or_last, progress_bar, user_name


@command
def train(
    as_of: AsOf = "",
    promote: Annotated[bool, typer.Option(help="Let the verdict move the registry's stages.")] = True,
    reason: Annotated[str, typer.Option(help="Why, for the promotion record.")] = "",
) -> None:
    """Run the training pipeline without Airflow: the same components, artifacts and digests as the DAG."""
    from bank_marketing.components.context import RunContext
    from bank_marketing.pipelines import run_steps
    from bank_marketing.pipelines.training import STEPS
    from bank_marketing.reporting import report
    from bank_marketing.settings import Settings

    settings = Settings()
    run_id = f"pipeline__{datetime.now(UTC):%Y%m%dT%H%M%S}"
    context = RunContext("run_pipeline", run_id, day_or_last(as_of), settings)
    with progress_bar() as progress:
        names = list(STEPS)
        task = progress.add_task(names[0], total=len(names))

        def done(step: str, seconds: float) -> None:
            progress.print(f"[green]✓[/] {step:<16} {seconds:6.1f} s")
            following = names.index(step) + 1
            progress.update(task, advance=1, description=names[following] if following < len(names) else "done")

        who = f"{user_name()} (run_pipeline)"
        made = run_steps(STEPS, context, {"promote": promote, "who": who, "reason": reason}, on_step=done)
    found = report.load(made.refs["notify_success"], context)
    console.print(
        f"\n[bold]{found.mail_subject.partition('] ')[2]}[/]\nReport: {found.report_uri}", highlight=False, soft_wrap=True
    )
