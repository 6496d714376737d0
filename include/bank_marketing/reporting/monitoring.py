"""The report of a monitoring run: what the last days showed, what was decided, and the evenings before. Last step of the pipeline."""

from __future__ import annotations

import logging
from itertools import islice
from typing import Any

from bank_marketing.artifacts import ArtifactRef
from bank_marketing.components.context import RunContext
from bank_marketing.monitoring import decision as decisions
from bank_marketing.monitoring import retraining
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.reporting.campaign import campaign_templates
from bank_marketing.rules.freshness import silent_days

COMPONENT = "notify_decision"
KIND = "report"

#: Evenings shown below the decision.
SHOWN = 20

#: Figures of the performance table: key, title.
FIGURES = {
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "pr_auc": "PR AUC",
    "lift_at_10": "Lift at 10 %",
    "brier": "Brier score",
    "profit": "Profit",
}

#: How the measures of drift are called.
MEASURES = {"ks": "KS distance", "psi": "PSI", "cohen_h": "Cohen's h"}

log = logging.getLogger(__name__)


def run(artifacts: dict[str, ArtifactRef], context: RunContext) -> ArtifactRef:
    """Write `report.html`, `mail.html` and `subject.txt` about the decision among the artifacts.

    Raises:
        ArtifactMissing, ArtifactCorrupt: an artifact is not what its reference says.
    """
    record = retraining.load(artifacts[retraining.COMPONENT], context).record
    manifests = {step: context.store.manifest(ref) for step, ref in artifacts.items()}
    synthetic = bool(manifests["collect_window"].details["synthetic"])
    config = context.config("notify_decision", MonitoringConfig)
    silent = silent_days(record.window.last_day, record.as_of, config.calendar)
    headline = f"{'retraining is due' if record.decision.retrain else 'no retraining'}: {record.decision.reason}"
    shown = {
        "context": context,
        "record": record,
        "headline": headline[0].upper() + headline[1:],
        "figures": FIGURES,
        "columns": _farthest_first(record),
        "measures": MEASURES,
        "history": list(islice(decisions.newest_first(context.store, until=context.as_of), SHOWN)),
        "manifests": manifests,
        "synthetic": synthetic,
    }
    quiet = record.live and not record.decision.retrain and not record.window.violates and silent <= config.silent_days
    # A subject is read in a list of mails: the numbers are in the mail.
    verdict = "retraining" if record.decision.retrain else "no retraining"
    marks = f"[{context.campaign.name.replace('_', '-')}] {'SYNTHETIC ' if synthetic else ''}"
    subject = f"{marks}monitoring {context.campaign.presentation.day(context.as_of)}: {verdict}"
    with context.stage() as stage:
        for name, template in (("report.html", "monitoring.html.j2"), ("mail.html", "monitoring_mail.html.j2")):
            text = campaign_templates(context.campaign.presentation).get_template(template).render(**shown)
            (stage.path / name).write_text(text, encoding="utf-8")
        (stage.path / "subject.txt").write_text(subject + "\n", encoding="utf-8")
        manifest = context.publish(
            stage,
            COMPONENT,
            KIND,
            parents=artifacts.values(),
            notes={"headline": headline, "quiet": quiet},
            volatile=lambda path: True,
        )
    log.info("report: %s", f"{manifest.uri}/report.html")
    return manifest.ref


def _farthest_first(record: decisions.DecisionRecord) -> list[dict[str, Any]]:
    """Columns of the window: those that decide and have drifted, then those that have moved, then the steady ones; farthest first."""
    drift: Any = record.numbers["drift"]

    def place(entry: dict[str, Any]) -> tuple[bool, bool, float]:
        return not entry["drifted"], entry["weight"] != "decides", -entry["statistic"] / entry["threshold"]

    return sorted(drift["columns"], key=place)
