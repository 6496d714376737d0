"""The report of a training run: what landed, how good the candidate is, what was decided. Last step of the pipeline."""

from __future__ import annotations

import base64
import json
import logging
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment
from pydantic import Field

from bank_marketing.artifacts import ArtifactRef, Manifest
from bank_marketing.components.context import Entity, RunContext
from bank_marketing.contract.findings import sentence
from bank_marketing.reporting.campaign import campaign_templates

COMPONENT = "notify_success"
KIND = "report"

#: Pictures of the candidate on the unseen days, in the order in which they answer questions.
PLOTS = {
    "gains": "How many subscribers are reached by calling the best-scored clients first",
    "calibration": "Whether a probability of 30 percent means 30 percent",
    "threshold": "F1 at each threshold, and the one chosen on earlier days",
    "roc": "How well subscribers are told from the others",
    "precision_recall": "What is gained and lost by calling fewer",
    "importance": "What the model looks at",
}

#: Figures of the comparison table: key, title, number format.
FIGURES = (
    ("f1", "F1", ".3f"),
    ("roc_auc", "ROC AUC", ".3f"),
    ("pr_auc", "PR AUC", ".3f"),
    ("lift_at_10", "Lift at 10 %", ".2f"),
    ("precision", "Precision", ".3f"),
    ("recall", "Recall", ".3f"),
    ("accuracy", "Accuracy", ".3f"),
    ("brier", "Brier score", ".3f"),
    ("called", "Clients called", ",d"),
    ("profit", "Profit", ",.0f"),
)

log = logging.getLogger(__name__)


class ReportConfig(Entity):
    """Where the report is published: `notify_success`, or another place for one that is read before the decision."""

    component: str = COMPONENT


class ReportInputs(Entity):
    """References of the run's artifacts, by step. A step that did not run is left out."""

    artifacts: dict[str, ArtifactRef]


class ReportArtifact(Entity):
    """`report.html`, `model_card.md`, `mail.html`."""

    ref: ArtifactRef
    report_uri: str
    mail_subject: str
    mail_html: str
    quiet: bool = Field(default=False, description="nobody needs a mail about it when nobody has asked for the run")


@dataclass(frozen=True)
class _Facts:
    """All that the templates show; None where a step did not run."""

    manifests: dict[str, Manifest]
    snapshot: dict[str, Any] | None
    validation: dict[str, Any] | None
    drift: dict[str, Any] | None
    evaluation: dict[str, Any] | None
    promotion: dict[str, Any] | None

    @property
    def synthetic(self) -> bool:
        return bool(self.snapshot and self.snapshot["synthetic"])


def run(config: ReportConfig, inputs: ReportInputs, context: RunContext) -> ReportArtifact:
    """Write the report of a run.

    Raises:
        ArtifactMissing, ArtifactCorrupt: an artifact is not what its reference says.
    """
    facts = _facts(inputs.artifacts, context)
    shown = {
        "context": context,
        "facts": facts,
        "headline": headline(facts),
        "columns": _comparison(facts.evaluation),
        "figures": FIGURES,
        "months": _months(facts.snapshot),
        "rejects": _rejects(facts.snapshot, context),
        "plots": _plots(inputs.artifacts, context),
        "economics": context.campaign.economics,
        "chosen": context.campaign.params.chosen,
    }
    marks = f"[{context.campaign.name.replace('_', '-')}] {'SYNTHETIC ' if facts.synthetic else ''}"
    subject = f"{marks}{context.campaign.presentation.day(context.as_of)}: {headline(facts)}"
    with context.stage() as stage:
        for name in ("report.html", "mail.html", "model_card.md"):
            text = _templates(context).get_template(f"{name}.j2").render(**shown)
            (stage.path / name).write_text(text, encoding="utf-8")
        (stage.path / "subject.txt").write_text(subject + "\n", encoding="utf-8")
        manifest = context.publish(
            stage,
            config.component,
            KIND,
            parents=inputs.artifacts.values(),
            notes={"headline": headline(facts), "quiet": _quiet(facts)},
            volatile=lambda path: True,
        )
    log.info("report: %s", f"{manifest.uri}/report.html")
    return load(manifest.ref, context)


def load(ref: ArtifactRef, context: RunContext) -> ReportArtifact:
    """The artifact behind a reference."""
    return ReportArtifact(
        ref=ref,
        quiet=bool(context.store.manifest(ref).notes.get("quiet")),
        report_uri=f"{ref.uri}/report.html",
        mail_subject=context.store.read_bytes(f"{ref.uri}/subject.txt").decode().strip(),
        mail_html=context.store.read_bytes(f"{ref.uri}/mail.html").decode(),
    )


def headline(facts: _Facts) -> str:
    """The decision in one sentence."""
    promotion, evaluation = facts.promotion, facts.evaluation
    if evaluation is None:
        return "The run ended before a decision."
    figures = _figures(evaluation)
    if promotion is None:
        return f"A candidate waits for a person's word: {figures}."
    current = promotion["to_version"]
    stays = f"Version {current} stays in production" if current else "No model goes to production"
    if promotion["decision"] == "rejected":
        # What keeps a better candidate out says more than figures that speak for it.
        kept_out = [reason for reason in promotion["reasons"] if reason not in evaluation["verdict"]["reasons"]]
        return f"{stays}: {kept_out[0] if kept_out else f'{figures}.'}"
    return {
        "promoted": f"Model version {promotion['version']} goes to production: {figures}.",
        "unchanged": f"{stays}: the candidate is the same model.",
        "skipped": f"A run that promotes nothing: {figures}.",
    }[promotion["decision"]]


def _figures(evaluation: dict[str, Any]) -> str:
    """The candidate's F1 beside its rival's; where it is no higher, a candidate that passed has won by its ranking."""
    candidate, champion = evaluation["candidate"], evaluation["champion"]
    rival, name = (
        (champion["f1"], f"version {evaluation['champion_version']}")
        if champion
        else (evaluation["baselines"]["call everyone"]["f1"], "calling everyone")
    )
    if evaluation["verdict"]["promote"] and candidate["f1"] <= rival:
        return f"it ranks better at as good an F1, {candidate['f1']:.3f} beside {rival:.3f} of {name}"
    return f"F1 {candidate['f1']:.3f} against {rival:.3f} of {name}"


def _quiet(facts: _Facts) -> bool:
    """Whether nobody needs to hear of a night: nothing has changed, nothing is wrong, nobody's word was needed."""
    validation, promotion = facts.validation, facts.promotion
    found = validation["failures"] + validation["warnings"] if validation else []
    return bool(promotion and not found and promotion["decision"] in ("unchanged", "skipped", "rejected") and not _asked(facts))


def _asked(facts: _Facts) -> bool:
    return bool(facts.evaluation and facts.evaluation["verdict"]["promote"])


def _templates(context: RunContext) -> Environment:
    # The model card is Markdown, which a browser may also be shown: it is escaped like the pages.
    environment = campaign_templates(context.campaign.presentation).overlay()
    environment.globals = environment.globals | {
        "sentence": sentence,
        "format": lambda value, form: format(int(value) if form == ",d" else value, form),
    }
    return environment


def _facts(refs: dict[str, ArtifactRef], context: RunContext) -> _Facts:
    def content(step: str, name: str) -> dict[str, Any] | None:
        if step not in refs:
            return None
        found: dict[str, Any] = json.loads(context.store.read_bytes(f"{refs[step].uri}/{name}"))
        return found

    return _Facts(
        manifests={step: context.store.manifest(ref) for step, ref in refs.items()},
        snapshot=content("ingest_data", "snapshot.json"),
        validation=content("validate_data", "result.json"),
        drift=content("validate_data", "drift.json"),
        evaluation=content("evaluate_model", "evaluation.json"),
        promotion=content("promote_model", "promotion.json"),
    )


def _comparison(evaluation: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Columns of the comparison table: candidate, champion, baselines."""
    if evaluation is None:
        return []
    columns = [{"title": "Candidate", "metrics": evaluation["candidate"], "bounds": evaluation["intervals"]["candidate"]}]
    if evaluation["champion"]:
        title = f"Version {evaluation['champion_version']}, in production"
        columns.append(
            {"title": title, "metrics": evaluation["champion"], "bounds": evaluation["intervals"].get("champion", {})}
        )
    columns += [{"title": name.capitalize(), "metrics": found, "bounds": {}} for name, found in evaluation["baselines"].items()]
    return columns


def _months(snapshot: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Rows by month, with the height of their bar (a square root, for the crisis months are sixty times the later ones)."""
    months: dict[str, int] = {}
    for day in snapshot["days"] if snapshot else []:
        month = day["contact_date"][:7]
        months[month] = months.get(month, 0) + day["clean"]
    top = max(months.values(), default=1)
    return [{"month": month, "rows": rows, "height": round(100 * (rows / top) ** 0.5, 1)} for month, rows in months.items()]


def _rejects(snapshot: dict[str, Any] | None, context: RunContext) -> list[dict[str, Any]]:
    """Rejected rows by day and rule, newest first; at most twenty lines."""
    found: list[dict[str, Any]] = []
    for day in reversed(snapshot["days"] if snapshot else []):
        if day["rejected"] and len(found) < 20:
            breaches: Any = context.store.manifest(context.store.uri(day["path"])).details["breaches"]
            found += [{"day": day["contact_date"], "rule": rule, **breach} for rule, breach in sorted(breaches.items())]
    return found[:20]


def _plots(refs: dict[str, ArtifactRef], context: RunContext) -> list[dict[str, str]]:
    """The candidate's pictures on the unseen days, as data URIs: the report is one file."""
    found = []
    for name, meaning in PLOTS.items():
        uri = f"{refs['evaluate_model'].uri}/plots/{name}.png" if "evaluate_model" in refs else ""
        if uri and context.store.exists(uri):
            data = base64.b64encode(context.store.read_bytes(uri)).decode()
            found.append({"meaning": meaning, "source": f"data:image/png;base64,{data}"})
    return found
