"""Last step of a scoring run: what was published, in words, for the mail."""

from __future__ import annotations

import json
from html import escape

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.scoring import call_list, prospects, selection

COMPONENT = "notify_scored"
KIND = "scoring_notice"

HINDSIGHT = ", which has learned this day's own outcomes: the list is made again, its predictions are no forecasts"


class NoticeConfig(Entity):
    """Nothing to choose."""


class NoticeInputs(Entity):
    """The published list and the list that came in."""

    call_list: ArtifactRef
    prospects: ArtifactRef


class NoticeArtifact(Entity):
    """`subject.txt` and `mail.html`, as the mailing task sends them."""

    ref: ArtifactRef
    headline: str


def run(config: NoticeConfig, inputs: NoticeInputs, context: RunContext) -> NoticeArtifact:
    """Write the mail of a run: of the list that stands, also when a run beside it has made that day's list again since.

    The evenings of a weekend have the list of Monday in common. Raises ArtifactMissing, ArtifactCorrupt.
    """
    standing = context.store.manifest(inputs.call_list.uri)
    made, checked = call_list.load(standing.ref, context), prospects.load(inputs.prospects, context)
    chosen = selection.load(next(ref for ref in standing.parents if ref.kind == selection.KIND), context)
    rows, said = made.rows, context.campaign.presentation
    headline = f"{said.number(rows['called'])} of {said.number(rows['rows'])} prospects of {said.day(made.day)} to be called"
    synthetic = "SYNTHETIC " if checked.source["synthetic"] else ""
    quarantined = "; ".join(f"{entry['rows']} x {rule}: {entry['detail']}" for rule, entry in sorted(checked.breaches.items()))
    facts = {
        "Call list": f"{made.ref.uri}/{call_list.CALL_LIST_CSV}",
        "All scores": f"{made.ref.uri}/{call_list.SCORES_CSV}",
        "Expected profit": said.money(made.expected_profit),
        "Model version": f"{made.model_version}{HINDSIGHT if made.hindsight else ''}",
        "Counts known through": said.day(checked.state.last_contact_day),
        "Quarantined": f"{rows['rejected']} rows. {quarantined}" if rows["rejected"] else "no row",
        "Duplicates": str(rows["duplicates"]),
        "Why a client is on it": "bank-marketing trace CONTACT_ID",
    }
    if chosen.other_prices:
        facts["Other prices"] = chosen.other_prices
    if standing.ref != inputs.call_list:
        facts["Made again"] = f"since then by {standing.dag_id}, {standing.run_id}: the list and the figures are that run's"
    cells = "".join(
        f'<tr><th style="text-align:left;padding:6px 12px 6px 0;color:#5a6578;vertical-align:top">{escape(name)}</th>'
        f'<td style="padding:6px 0;overflow-wrap:anywhere">{escape(value)}</td></tr>'
        for name, value in facts.items()
    )
    html = (
        '<div style="font-family:Segoe UI,Helvetica,Arial,sans-serif;max-width:640px;margin:auto;color:#1f2a44;font-size:15px">'
        f'<h2 style="font-size:19px">{escape(synthetic + headline)}</h2>'
        f'<table style="border-collapse:collapse;width:100%">{cells}</table>'
        f'<p><a href="{escape(context.settings.public_url)}">The call list on the analyst\'s page</a></p></div>'
    )
    with context.stage() as stage:
        (stage.path / "mail.html").write_text(html, encoding="utf-8")
        (stage.path / "subject.txt").write_text(
            f"[{context.campaign.name.replace('_', '-')}] {synthetic}{headline}\n", encoding="utf-8"
        )
        (stage.path / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=[inputs.call_list, inputs.prospects],
            notes={"headline": headline},
            volatile=lambda path: True,
        )
    return load(manifest.ref, context)


def load(ref: ArtifactRef, context: RunContext) -> NoticeArtifact:
    """The artifact behind a reference."""
    return NoticeArtifact(ref=ref, headline=str(context.store.manifest(ref).notes["headline"]))
