"""docs/dags.md says what the DAG files say."""

from __future__ import annotations

from airflow.dag_processing.dagbag import DagBag

from scripts.dag_docs import PAGE, page
from scripts.environment import PROJECT


def test_the_reference_page_is_what_the_dag_files_say() -> None:
    bag = DagBag(str(PROJECT / "dags"))
    assert bag.dags
    assert PAGE.read_text(encoding="utf-8") == page(bag.dags.values()), "write it again: make dag-docs"


def test_every_task_and_field_of_the_form_is_described() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for dag in DagBag(str(PROJECT / "dags")).dags.values():
        for name in (*dag.task_ids, *dag.params):
            assert f"| `{name}` |" in text, name
