"""`make dag-docs`: writes docs/dags.md from the DAG files, so that the page cannot say what they do not."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from scripts.environment import PROJECT, airflow_environment

PAGE = PROJECT / "docs" / "dags.md"
_HEAD = """\
# The DAGs

Written by `make dag-docs` from `dags/`; a test compares the two. What each alert means: [runbooks](runbooks.md).
"""


def page(dags: Iterable[Any]) -> str:
    """The reference of DAGs, as Markdown."""
    return _HEAD + "".join(f"\n{_section(dag)}" for dag in sorted(dags, key=lambda dag: str(dag.dag_id)))


def _section(dag: Any) -> str:
    facts = {
        "Schedule": _schedule(dag.timetable),
        "Runs at a time": f"{dag.max_active_runs}, and one of a backfill beside it",
        "Past days are caught up by themselves": "yes" if dag.catchup else "no",
        "A run ends after": _duration(dag.dagrun_timeout),
        "Tags": ", ".join(sorted(dag.tags)),
    }
    params = [
        (f"`{name}`", _kind(dag.params.get_param(name)), _about(dag.params.get_param(name))) for name in sorted(dag.params)
    ]
    tasks = [
        (
            f"`{task.task_id}`",
            type(task).__name__,
            ", ".join(f"`{name}`" for name in sorted(task.upstream_task_ids)) or "-",
            task.pool,
            _duration(task.execution_timeout),
            task.retries,
            ", ".join(asset.name for asset in task.outlets) or "-",
        )
        for task in dag.topological_sort()
    ]
    return "\n".join(
        [
            f"## {dag.dag_id}\n",
            f"{dag.doc_md.strip()}\n",
            _table(("", ""), facts.items()),
            "### Trigger form\n",
            _table(("field", "takes", "meaning"), params),
            "### Tasks\n",
            _table(("task", "operator", "after", "pool", "ends after", "retries", "announces"), tasks),
        ]
    )


def _schedule(timetable: Any) -> str:
    if timetable is None:
        return "by hand"
    inner = getattr(timetable, "timetable", None)  # of AssetOrTimeSchedule
    return f"`{inner.expression}` UTC, or when an asset changes" if inner else f"`{timetable.expression}` UTC"


def _table(head: tuple[str, ...], rows: Iterable[Iterable[object]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _kind(param: Any) -> str:
    if "enum" in param.schema:
        return ", ".join(map(str, param.schema["enum"]))
    kinds = param.schema["type"]
    names = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    return ", ".join(param.schema.get("format", name) for name in names)


def _about(param: Any) -> str:
    default = "" if param.value in (None, "") else f" Default: {json.dumps(param.value)}."
    return f"{param.schema.get('title', '')}: {param.description or ''}.{default}"


def _duration(span: timedelta | None) -> str:
    return "-" if span is None else f"{int(span.total_seconds() // 60)} min"


def main() -> int:
    """Write the page, or only compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the page is out of date")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(airflow_environment(PROJECT.joinpath(home)))
        from airflow.dag_processing.dagbag import DagBag

        bag = DagBag(str(PROJECT / "dags"))
    if bag.import_errors:
        print(bag.import_errors, file=sys.stderr)
        return 1
    text = page(bag.dags.values())
    if not check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print(f"{PAGE.relative_to(PROJECT)} is out of date: make dag-docs", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
