"""`make metrics`: what a training run's model is worth, as the Markdown table that a pull request shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

import typer

from bank_marketing.artifacts import open_store
from bank_marketing.cli.shared import console, failing_well
from bank_marketing.errors import ConfigError
from bank_marketing.reporting.report import FIGURES
from bank_marketing.settings import Settings

DAG_ID = "bank_marketing_training"


def newest_run(settings: Settings, dag_id: str = DAG_ID) -> Path:
    """Folder of the run whose evaluation was published last. Raises ConfigError: none is on this disk."""
    parts = urlsplit(settings.artifacts)
    if parts.scheme != "file":
        raise ConfigError(f"{settings.artifacts} is not on this disk; the table is made where the run was made")
    root = Path(unquote(parts.path)) / "runs" / dag_id
    found = [(json.loads(path.read_text())["created_at"], path) for path in root.glob("*/*/evaluate_model/manifest.json")]
    if not found:
        raise ConfigError(f"no run of {dag_id} has evaluated a model in {settings.artifacts}: `make run` makes one")
    return max(found)[1].parents[1]


def table(evaluation: dict[str, Any], promotion: dict[str, Any] | None, *, synthetic: bool, as_of: str, commit: str) -> str:
    """The comment: candidate beside what it has to beat, on the same unseen days, and the verdict."""
    columns = [("Candidate", evaluation["candidate"], evaluation["intervals"].get("candidate", {}))]
    if evaluation.get("champion"):
        columns.append((f"In production (v{evaluation['champion_version']})", evaluation["champion"], {}))
    columns += [(name.capitalize(), metrics, {}) for name, metrics in evaluation["baselines"].items()]
    days = evaluation["days"]
    judged = (
        f"Trained as of {as_of}; judged on {days['rows']:,} unseen calls of {days['from']} to {days['to']}, "
        f"of which {days['positives']:,} ended in a deposit."
    )
    lines = [
        f"### Model metrics{' — SYNTHETIC campaign' if synthetic else ''}",
        "",
        judged,
        "",
        "| | " + " | ".join(title for title, _, _ in columns) + " |",
        "|---|" + "--:|" * len(columns),
    ]
    for key, title, form in FIGURES:
        cells = [_cell(metrics.get(key), form, bounds.get(key)) for _, metrics, bounds in columns]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "In brackets: 95 % interval of a bootstrap over the calls. Time order: no day of the test was seen in training.",
    ]
    if promotion:
        lines += ["", f"**Decision: {promotion['decision']}**", ""]
        lines += [f"- {reason}" for reason in promotion.get("reasons", [])]
    return "\n".join([*lines, "", f"<sub>commit {commit[:12]}, training DAG run by Airflow in this pipeline</sub>"]) + "\n"


def _cell(value: float | None, form: str, bounds: list[float] | None) -> str:
    if value is None:
        return ""
    shown = format(int(value) if form == ",d" else value, form)
    return f"{shown} [{bounds[0]:{form}}, {bounds[1]:{form}}]" if bounds and form != ",d" else shown


def comment(settings: Settings, commit: str = "", dag_id: str = DAG_ID) -> str:
    """The comment about the newest run on this disk. Raises ConfigError: there is none."""
    run, store = newest_run(settings, dag_id), open_store(settings)

    def content(step: str, name: str) -> Any:
        path = run / step / name
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    manifest = store.manifest((run / "evaluate_model").as_uri())
    return table(
        content("evaluate_model", "evaluation.json"),
        content("promote_model", "promotion.json"),
        synthetic=bool((content("ingest_data", "snapshot.json") or {}).get("synthetic")),
        as_of=str(manifest.as_of),
        commit=commit or manifest.code_version,
    )


@failing_well
def main(
    commit: Annotated[str, typer.Option(help="What was run.", envvar="GITHUB_SHA")] = "",
    output: Annotated[Path | None, typer.Option(help="File that gets the table; the terminal when left out.")] = None,
) -> None:
    """Make the table of the newest run on this disk."""
    text = comment(Settings(), commit)
    if output:
        output.write_text(text, encoding="utf-8")
    else:
        console.print(text, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    typer.run(main)
