"""`make run`: the training DAG on the embedded Airflow, with one line a task and a summary at the end."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bank_marketing.artifacts import open_store
from bank_marketing.cli.shared import console, failing_well, problems, progress_bar
from bank_marketing.components.context import RunContext, parse_as_of
from bank_marketing.errors import InvalidAsOf
from bank_marketing.landing.commands import land
from bank_marketing.landing.zone import LandingZone
from bank_marketing.pipelines import training
from bank_marketing.settings import PROJECT_DIR, Settings
from scripts.processes import Stopped, end, stoppable

#: What a task shows when it has ended.
MARKS = {"success": "[green]✓[/]", "failed": "[red]✗[/]", "upstream_failed": "[dim]·[/]", "skipped": "[dim]·[/]"}

STEPS = tuple(training.STEPS)


@failing_well
def main(
    as_of: Annotated[str, typer.Option(help="Day whose data are used, YYYY-MM-DD; the last landed day when empty.")] = "",
) -> None:
    """Run the training DAG once on the embedded Airflow, landing the campaign first when nothing has landed."""
    settings = Settings()
    day = _land(settings, as_of)
    started = time.perf_counter()
    moment = datetime.now(UTC)
    log = _new_log(moment)
    dag_id = f"{settings.campaign_name}_training"
    console.print(f"[bold]{dag_id}[/] as of {day}, whole log in {log}", highlight=False, soft_wrap=True)
    with log.open("w", encoding="utf-8") as stream, stoppable(), _beginning() as begun:
        command = [sys.executable, "-m", "airflow", "dags", "test", dag_id, moment.isoformat()]
        conf = json.dumps({"as_of": str(day), "reason": "make run"})
        # Only this campaign's DAG is asked for, whatever others the deployment serves.
        environment = os.environ | {"BANK_CAMPAIGNS": settings.campaign}
        process = subprocess.Popen(
            [*command, "--conf", conf], stdout=stream, stderr=subprocess.STDOUT, start_new_session=True, env=environment
        )
        try:
            run_id, states = _follow(process, dag_id, moment, begun)
        except Stopped as stopped:
            console.print(f"[bold]{stopped}[/]: ending the run …")
            end([process])
            raise typer.Exit(130) from stopped
    context = RunContext(dag_id, run_id, day, settings)
    if states.get(STEPS[-1]) != "success":
        _tell_failure(states, context, log)
        raise typer.Exit(1)
    _summarize(context, time.perf_counter() - started)


def _land(settings: Settings, as_of: str) -> Any:
    """Land the campaign when nothing has landed; returns the day to run for."""
    if LandingZone(settings.landing).last_day is None:
        console.print("Nothing has landed yet: landing the campaign, day by day")
        with progress_bar() as progress:
            task = progress.add_task("landing", total=None)
            landed = land(settings, progress=lambda done, days: progress.update(task, completed=done, total=days))
        console.print(f"Landed {landed.days} days, {landed.rows:,} contacts: {landed.source.label}", highlight=False)
    if as_of:
        return parse_as_of(as_of)
    last = LandingZone(settings.landing).last_day
    if last is None:
        raise InvalidAsOf(f"nothing has landed in {settings.landing}")
    return last


def _new_log(moment: datetime) -> Path:
    """The log file of a run, among Airflow's own, where maintenance removes old ones. Two runs at once have one each."""
    path = Path(os.environ["AIRFLOW_HOME"]) / "logs" / "make_run" / f"{moment:%Y-%m-%dT%H%M%S.%f}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def _beginning() -> Iterator[Callable[[], None]]:
    """One run at a time until it has begun: two Airflows that write the same new DAG into one database fail. Gives what ends it."""
    with (Path(os.environ["AIRFLOW_HOME"]) / ".make_run.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield lambda: fcntl.flock(file, fcntl.LOCK_UN)


def _follow(
    process: subprocess.Popen[bytes], dag_id: str, moment: datetime, begun: Callable[[], None]
) -> tuple[str, dict[str, str]]:
    """Print each task as it ends; returns the run's id and the last state of each task. Calls `begun` once there is a run."""
    shown: set[str] = set()
    run_id, states = "", {}
    with console.status("starting Airflow") as status:
        while True:
            ended = process.poll() is not None
            run_id, tasks = _tasks(dag_id, moment)
            states = {task: state for task, state, _ in tasks}
            if run_id:
                begun()
            for task, state, seconds in sorted(tasks, key=lambda entry: STEPS.index(entry[0])):
                if state in MARKS and task not in shown:
                    shown.add(task)
                    console.print(f"{MARKS[state]} {task:<16} {seconds:6.1f} s", highlight=False)
                elif state == "running":
                    status.update(f"{task} …")
            if ended:
                return run_id, states
            time.sleep(0.4)


def _tasks(dag_id: str, moment: datetime) -> tuple[str, list[tuple[str, str, float]]]:
    """The run whose logical date is `moment`, and its tasks with state and duration, read from the embedded Airflow's database.

    No other run has that microsecond, whoever starts one meanwhile.
    """
    database = Path(os.environ["AIRFLOW_HOME"]) / "airflow.db"
    try:
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=5) as connection:
            found = connection.execute(
                "select run_id from dag_run where dag_id = ? and logical_date = ?",
                (dag_id, moment.strftime("%Y-%m-%d %H:%M:%S.%f")),
            ).fetchone()
            if found is None:
                return "", []
            rows = connection.execute(
                "select task_id, coalesce(state, ''), coalesce(duration, 0) from task_instance where dag_id = ? and run_id = ?",
                (dag_id, found[0]),
            ).fetchall()
        # The approval is no step of the pipeline; nobody is asked here.
        return str(found[0]), [row for row in rows if row[0] in STEPS]
    except sqlite3.OperationalError:  # Airflow is writing: look again in a moment
        return "", []


def _tell_failure(states: dict[str, str], context: RunContext, log: Path) -> None:
    failed = next((task for task in STEPS if states.get(task) == "failed"), None)
    uri = f"{context.run_uri}/errors/{failed}.json"
    if failed and context.store.exists(uri):
        told = json.loads(context.store.read_bytes(uri))
        problems.print(f"[bold red]{failed}: {told['error']}[/]: {told['message']}", highlight=False, soft_wrap=True)
        problems.print(f"What to do: docs/runbooks.md#{told['error'].lower()}", highlight=False)
    else:
        problems.print(f"[bold red]The run failed.[/] The end of {log}:", highlight=False)
        problems.print("".join(log.read_text(encoding="utf-8").splitlines(keepends=True)[-25:]), highlight=False, markup=False)


def _summarize(context: RunContext, seconds: float) -> None:
    from bank_marketing.reporting import report

    store = open_store(context.settings)
    manifests = {step: store.manifest(context.component_uri(step)) for step in STEPS}
    made = report.load(manifests["notify_success"].ref, context)
    evaluation = json.loads(store.read_bytes(f"{manifests['evaluate_model'].uri}/evaluation.json"))
    rows = manifests["ingest_data"].rows
    console.print()
    console.print(f"[bold]{made.mail_subject.partition('] ')[2]}[/]", highlight=False, soft_wrap=True)
    console.print(
        "  "
        + ", ".join(f"{rows[name]:,} {name.replace('_', ' ')}" for name in ("rows_read", "clean", "rejected", "duplicates"))
    )
    contenders = {"candidate": evaluation["candidate"], "champion": evaluation["champion"], **evaluation["baselines"]}
    days = evaluation["days"]
    console.print(f"  on {days['rows']} unseen calls, {days['from']} to {days['to']}:", highlight=False)
    for name, metrics in contenders.items():
        if metrics:
            figures = f"F1 {metrics['f1']:.3f}  ROC AUC {metrics['roc_auc']:.3f}  PR AUC {metrics['pr_auc']:.3f}"
            console.print(f"    {name:<14} {figures}  lift@10% {metrics['lift_at_10']:.2f}", highlight=False)
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    console.print(f"  {seconds:.0f} s, largest process {peak:,.0f} MB", highlight=False)
    docs = f"{manifests['validate_data'].uri}/data_docs/index.html"
    console.print("\nWhere to look", style="bold")
    for title, place in (
        ("run report", made.report_uri),
        ("Data Docs", docs),
        ("Airflow's UI", "make airflow"),
        ("models", f"{_relative(Path(sys.executable).parent)}/bank-marketing models"),
    ):
        console.print(f"  {title:<13} {place}", highlight=False, soft_wrap=True)


def _relative(path: Path) -> Path:
    return path.relative_to(PROJECT_DIR) if path.is_relative_to(PROJECT_DIR) else path


if __name__ == "__main__":
    typer.run(main)
