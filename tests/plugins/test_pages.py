"""Pages of artifacts: what a manifest lists and people read, and nothing else; the buttons that lead there."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.artifacts.local import path_of
from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactMissing
from bank_marketing_airflow.links import LINKS
from bank_marketing_airflow.pages import artifacts
from bank_marketing_airflow.pages.markdown import markdown_page
from bank_marketing_airflow.run_context import run_context
from tests.support.task_context import task_context

FILES = {
    "report.html": "<script>alert(1)</script>",
    "model_card.md": "# What <script>alert(1)</script>\n\n| a |\n|---|\n| &#39;b&#39; |\n",
    "data_docs/index.html": "<html><head></head><body>docs</body></html>",
    "data_docs/validations/clean_zone-2010-06.html": "<html><head></head><body>all good</body></html>",
    "subject.txt": "not for here",
    "evidently.html": "drift",
}


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunContext:
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    for name in ("BANK_ARTIFACT_ROOT", "BANK_PUBLIC_MLFLOW_URL"):
        monkeypatch.delenv(name, raising=False)
    return run_context(task_context())


def publish(run: RunContext, component: str, **notes: Any) -> ArtifactRef:
    with run.stage() as stage:
        for name, text in FILES.items():
            (stage.path / name).parent.mkdir(exist_ok=True, parents=True)
            (stage.path / name).write_text(text)
        return run.publish(stage, component, "report", notes=notes).ref


def test_a_report_is_shown_in_a_sandbox_for_it_may_hold_scripts(run: RunContext) -> None:
    shown = artifacts.read(publish(run, "notify_success").uri, "report.html")
    assert (shown.content.decode(), shown.sandboxed) == (FILES["report.html"], True)


def test_a_model_card_becomes_a_page_whose_html_is_text(run: RunContext) -> None:
    page = artifacts.read(publish(run, "notify_success").uri, "model_card.md").content.decode()
    assert "<script>" not in page
    assert "<td>'b'</td>" in page


def test_data_docs_can_be_read_where_no_other_server_is_reached(run: RunContext) -> None:
    uri = publish(run, "validate_data").uri
    index = artifacts.read(uri, "data_docs/index.html").content.decode()
    link = index.partition('<a href="')[2].partition('"')[0]
    assert link == "validations/clean_zone-2010-06.html"
    assert "Validation of clean_zone-2010-06" in index
    assert "all good" in artifacts.read(uri, f"data_docs/{link}").content.decode()


@pytest.mark.parametrize(
    "path",
    [
        "subject.txt", "manifest.json", "nothing.html", "../notify_success/report.html", "data_docs/../report.html", "./report.html",
        "/etc/passwd", "%2e%2e/notify_success/report.html", "",
    ],
)  # fmt: skip
def test_what_no_manifest_lists_is_not_there(path: str, run: RunContext) -> None:
    uri = publish(run, "notify_success").uri
    with pytest.raises(ArtifactMissing):
        artifacts.read(uri, path)


def test_an_artifact_that_was_copied_elsewhere_is_none(run: RunContext) -> None:
    path = path_of(publish(run, "notify_success").uri)
    shutil.copytree(path, path.with_name("notify_other"))
    with pytest.raises(ArtifactMissing, match="its manifest is that of"):
        artifacts.read(run.component_uri("notify_other"), "report.html")


def test_headings_can_be_linked_to() -> None:
    assert '<h3 id="call-list-late">' in markdown_page("### Call-list-late", title="x")


def test_a_button_leads_to_what_is_there_and_is_empty_otherwise(run: RunContext) -> None:
    for task_id, links in LINKS.items():
        operator = SimpleNamespace(task_id=task_id)
        assert [link.get_link(operator, ti_key=None) for link in links] == [""] * len(links), "it failed before it had a day"
        operator.platform_run = run
        assert [link.get_link(operator, ti_key=None) for link in links] == [""] * len(links)
        publish(run, task_id, mlflow_run_id="r1")
        base = "http://localhost:8080/bank-marketing/runs/bank_marketing_training/2010-06-30/manual__1"
        for link in links:
            assert link.get_link(operator, ti_key=None).startswith(f"{base}/{task_id}/"), link.name


def test_the_mlflow_button_leads_to_the_server_where_people_reach_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_PUBLIC_MLFLOW_URL", "https://mlflow.bank.example/")
    run = run_context(task_context())
    publish(run, "train_model", mlflow_run_id="r1")
    [link] = LINKS["train_model"]
    operator = SimpleNamespace(task_id="train_model", platform_run=run)
    assert link.get_link(operator, ti_key=None) == "https://mlflow.bank.example/#/runs/r1"
