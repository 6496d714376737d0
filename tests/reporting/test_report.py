"""The report as its reader sees it: figures that equal the artifacts, and nothing that a landed cell could inject."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from bs4 import BeautifulSoup

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.campaign.presentation import Presentation
from bank_marketing.components.context import RunContext
from bank_marketing.reporting import report
from tests.support.campaign import CONTRACT
from tests.support.small_run import HOSTILE, SmallRun


def content(run: SmallRun, step: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run.context.store.read_bytes(f"{run.made.refs[step].uri}/{name}"))
    return found


def page_of(run: SmallRun) -> BeautifulSoup:
    html = run.context.store.read_bytes(f"{run.made.refs['notify_success'].uri}/report.html").decode()
    return BeautifulSoup(html, "html.parser")


def written(refs: dict[str, ArtifactRef], context: RunContext) -> tuple[report.ReportArtifact, BeautifulSoup]:
    made = report.run(report.ReportConfig(), report.ReportInputs(artifacts=refs), context)
    return made, BeautifulSoup(context.store.read_bytes(made.report_uri).decode(), "html.parser")


def again(run: SmallRun, run_id: str) -> RunContext:
    """A context of its own, so that the shared run stays the only one of its DAG, and its report as it is."""
    return RunContext(f"{run.context.dag_id}_reported", run_id, run.context.as_of, run.context.settings)


def test_the_tables_say_what_the_artifacts_say(small_run: SmallRun) -> None:
    evaluation = content(small_run, "evaluate_model", "evaluation.json")
    decides = page_of(small_run).select_one("tr.decides")
    assert decides is not None
    shown = [cell.find(string=True, recursive=False) for cell in decides.select("td")]
    columns = [evaluation["candidate"], *evaluation["baselines"].values()]
    assert shown == [f"{column['f1']:.3f}" for column in columns]
    counts = {entry.dt.text: entry.dd.text for entry in page_of(small_run).select("dl.counts div") if entry.dt and entry.dd}
    assert counts == {"rows read": "4,802", "clean": "4,800", "rejected": "2", "duplicates": "0", "contact days": "80"}


def test_a_rejected_row_is_named_and_its_text_is_harmless(small_run: SmallRun) -> None:
    page = page_of(small_run)
    assert HOSTILE in page.get_text()
    assert not page.find_all("script")


def test_a_real_campaign_is_not_called_synthetic(small_run: SmallRun) -> None:
    assert page_of(small_run).select_one(".synthetic") is None
    assert "SYNTHETIC" not in report.load(small_run.made.refs["notify_success"], small_run.context).mail_subject


def test_a_synthetic_campaign_says_so_on_top_of_everything(small_run: SmallRun) -> None:
    context = again(small_run, "synthetic")
    with context.stage() as stage:
        snapshot = content(small_run, "ingest_data", "snapshot.json") | {"synthetic": True}
        (stage.path / "snapshot.json").write_text(json.dumps(snapshot), encoding="utf-8")
        rows = context.store.manifest(small_run.made.refs["ingest_data"]).rows
        ref = context.publish(stage, "ingest_data", "snapshot", rows=rows).ref
    made, page = written(small_run.made.refs | {"ingest_data": ref}, context)
    banner = page.select_one(".synthetic")
    assert banner is not None
    assert "SYNTHETIC" in banner.text
    assert "SYNTHETIC" in made.mail_subject
    assert "SYNTHETIC" in BeautifulSoup(made.mail_html, "html.parser").get_text()


def test_the_mail_tells_the_decision_the_figures_and_where_the_report_is(small_run: SmallRun) -> None:
    made = report.load(small_run.made.refs["notify_success"], small_run.context)
    f1 = content(small_run, "evaluate_model", "evaluation.json")["candidate"]["f1"]
    assert f"Model version 1 goes to production: F1 {f1:.3f} against" in made.mail_subject
    text = BeautifulSoup(made.mail_html, "html.parser").get_text(" ")
    assert "4,802 rows read" in text
    links = {link.text: link["href"] for link in BeautifulSoup(made.mail_html, "html.parser").find_all("a")}
    assert links["The whole report"] == made.report_uri
    assert links["Data Docs"] == f"{small_run.made.refs['validate_data'].uri}/data_docs/index.html"
    assert not made.quiet, "another model in production is news"


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        ("rejected", "Version 4 stays in production: F1"),
        ("unchanged", "Version 4 stays in production: the candidate is the same model."),
        ("skipped", "A run that promotes nothing: F1"),
    ],
)
def test_the_headline_tells_each_decision(small_run: SmallRun, decision: str, expected: str) -> None:
    context = again(small_run, decision)
    with context.stage() as stage:
        outcome = content(small_run, "promote_model", "promotion.json")
        told = outcome | {"decision": decision, "version": 5, "from_version": 4, "to_version": 4}
        (stage.path / "promotion.json").write_text(json.dumps(told), encoding="utf-8")
        ref = context.publish(stage, "promote_model", "promotion").ref
    _, page = written(small_run.made.refs | {"promote_model": ref}, context)
    headline = page.h1
    assert headline is not None
    assert headline.text.startswith(expected)


def reported(small_run: SmallRun, run_id: str, **changes: dict[str, Any]) -> report.ReportArtifact:
    """The report of the run with other documents in the places of its own: keyword `step` replaces fields of the step's document."""
    context, refs = again(small_run, run_id), dict(small_run.made.refs)
    for step, name in (
        ("evaluate_model", "evaluation.json"),
        ("promote_model", "promotion.json"),
        ("validate_data", "result.json"),
    ):
        if step in changes:
            with context.stage() as stage:
                for kept in ("drift.json",) if step == "validate_data" else ():
                    (stage.path / kept).write_text(json.dumps(content(small_run, step, kept)), encoding="utf-8")
                (stage.path / name).write_text(json.dumps(content(small_run, step, name) | changes[step]), encoding="utf-8")
                refs[step] = context.publish(stage, step, step).ref
    return report.load(written(refs, context)[0].ref, context)


STAYS = {"decision": "rejected", "version": 5, "from_version": 4, "to_version": 4}


def test_a_refusal_is_told_by_its_reason_not_by_figures_that_speak_for_the_candidate(small_run: SmallRun) -> None:
    told = content(small_run, "promote_model", "promotion.json")["reasons"]
    made = reported(small_run, "refused", promote_model=STAYS | {"reasons": ["Not approved by anna.", *told]})
    assert made.mail_subject.endswith("Version 4 stays in production: Not approved by anna.")
    assert not made.quiet


def test_a_model_that_wins_by_its_ranking_does_not_read_like_a_mistake(small_run: SmallRun) -> None:
    judged = content(small_run, "evaluate_model", "evaluation.json")
    figures = judged["candidate"] | {"f1": 0.682}
    everyone = judged["baselines"] | {"call everyone": judged["baselines"]["call everyone"] | {"f1": 0.683}}
    made = reported(small_run, "ranks", evaluate_model={"candidate": figures, "baselines": everyone})
    assert made.mail_subject.endswith(
        "goes to production: it ranks better at as good an F1, 0.682 beside 0.683 of calling everyone."
    )


@pytest.mark.parametrize("warned", [False, True])
def test_a_night_that_changed_nothing_is_quiet_unless_something_is_wrong(small_run: SmallRun, warned: bool) -> None:
    finding = {
        "rule": "feed_is_fresh", "severity": "warning", "column": "contact_date", "chunk": "2009-05", "rows": 0, "unexpected": 0,
        "observed": "9 working days without contacts since 2009-04-24", "allowed": "up to 2", "days": [], "examples": [],
    }  # fmt: skip
    lost = {"verdict": {"promote": False, "reasons": ["F1 0.5 does not beat 0.6."]}}
    validation = {"failures": [], "warnings": [finding] if warned else []}
    made = reported(small_run, f"quiet-{warned}", promote_model=STAYS, evaluate_model=lost, validate_data=validation)
    assert made.quiet is not warned
    words = BeautifulSoup(made.mail_html, "html.parser").get_text(" ")
    assert ("observed 9 working days without contacts since 2009-04-24" in words) is warned


def test_a_run_that_ended_early_still_has_a_report(small_run: SmallRun) -> None:
    early = {step: small_run.made.refs[step] for step in ("ingest_data", "validate_data")}
    _, page = written(early, again(small_run, "early"))
    headline = page.h1
    assert headline is not None
    assert headline.text == "The run ended before a decision."
    assert [entry.text for entry in page.select(".missing")] == ["evaluate_model did not run."]


def test_the_model_card_names_the_model_and_what_it_must_not_be_used_for(small_run: SmallRun) -> None:
    card = small_run.context.store.read_bytes(f"{small_run.made.refs['notify_success'].uri}/model_card.md").decode()
    assert "The length of a call is never used" in card
    assert content(small_run, "train_model", "model/model.json")["trained_through"] in card
    assert CONTRACT.source in card


def test_report_and_mail_of_a_german_campaign_write_days_and_percentages_as_germans_do(small_run: SmallRun) -> None:
    context = again(small_run, "german")
    campaign = small_run.context.campaign
    said = Presentation(**campaign.presentation.model_dump() | {"locale": "de"})
    vars(context)["campaign"] = replace(campaign, presentation=said)
    made, page = written(small_run.made.refs, context)
    days = content(small_run, "evaluate_model", "evaluation.json")["days"]
    asked = f"{context.as_of:%d.%m.%Y}"
    text = page.get_text(" ")
    assert f"training run as of {asked}" in text
    assert f"calls from {said.day(days['from'])} to {said.day(days['to'])}" in " ".join(text.split())
    shares = [row.find_all("td")[1].text for row in page.select("section")[0].select("table")[-1].select("tbody tr")]
    assert shares
    assert all(share.endswith("\u00a0%") for share in shares)
    assert asked in made.mail_subject
    assert f"Training run as of {asked}" in BeautifulSoup(made.mail_html, "html.parser").get_text(" ")
    assert f"{context.as_of}" not in BeautifulSoup(made.mail_html, "html.parser").get_text(" ")
