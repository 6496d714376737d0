"""Model: the card of the version in production, the decisions about models, and where one prediction came from."""

from __future__ import annotations

from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bank_marketing.components.context import RunContext
from bank_marketing.errors import ArtifactMissing
from bank_marketing.lineage.trace import trace
from bank_marketing.registry import records
from bank_marketing.registry.records import Record
from bank_marketing.reporting import report
from bank_marketing.serving.model_cache import ServingState
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.service import InService, Service
from bank_marketing.serving.web import PageUser, render

router = APIRouter()

CARD = "model_card.md"

#: Figures of the verdict: key in the metrics, title, format.
FIGURES = (
    ("f1", "F1", ".3f"),
    ("roc_auc", "ROC AUC", ".3f"),
    ("pr_auc", "PR AUC", ".3f"),
    ("lift_at_10", "Lift at 10 %", ".2f"),
    ("precision", "Precision", ".3f"),
    ("recall", "Recall", ".3f"),
    ("brier", "Brier score", ".3f"),
    ("called", "Calls", ",.0f"),
    ("profit", "Profit", ",.0f"),
)


@router.get("/model")
def model(request: Request, service: InService, user: PageUser) -> HTMLResponse:
    """The card of the model in production, and the history of decisions about models."""
    loaded, history = service.models.current, records.history(service.store)[::-1]
    return render(
        request,
        "model.html.j2",
        user,
        verdict=_verdict(loaded, history),
        validation=[
            (title, format(loaded.metrics[key], form)) for key, title, form in FIGURES if loaded and key in loaded.metrics
        ],
        history=history,
        economics=service.campaign.economics,
        card=_card_uri(service, loaded) is not None,
    )


@router.get("/model/card.md")
def card(service: InService, user: PageUser) -> Response:
    """The model card that the training run wrote, as it was sent to its readers."""
    loaded = service.models.current
    uri = _card_uri(service, loaded)
    if loaded is None or uri is None:
        raise ProblemError("not-found", "The training run of this version left no model card.")
    headers = {"Content-Disposition": f'attachment; filename="model_card_v{loaded.version.version}.md"'}
    return Response(service.store.read_bytes(uri), media_type="text/markdown; charset=utf-8", headers=headers)


@router.get("/trace/{prediction_id}")
def trace_page(request: Request, prediction_id: str, service: InService, user: PageUser) -> HTMLResponse:
    """Where a prediction came from, each link checked anew."""
    try:
        found = trace(service.store, service.registry, prediction_id)
    except ArtifactMissing as error:
        raise ProblemError("not-found", "There is no prediction with this id.") from error
    return render(request, "trace.html.j2", user, trace=found)


def _verdict(loaded: ServingState | None, history: list[Record]) -> dict[str, Any] | None:
    """The comparison that brought the version into production: days, columns and rows of figures; None when it is not on record."""
    version = loaded.version.version if loaded else None
    record = next((entry for entry in history if entry.version == version and entry.metrics.get("candidate")), None)
    if record is None:
        return None
    metrics: dict[str, Any] = record.metrics
    columns = {f"Version {version}": metrics["candidate"], f"Version {record.from_version}": metrics.get("champion")}
    columns |= {name[:1].upper() + name[1:]: figures for name, figures in (metrics.get("baselines") or {}).items()}
    shown = {name: figures for name, figures in columns.items() if figures}
    rows = [
        (title, [format(figures[key], form) if key in figures else "" for figures in shown.values()])
        for key, title, form in FIGURES
    ]
    return {"days": metrics.get("days") or {}, "columns": list(shown), "rows": rows}


def _card_uri(service: Service, loaded: ServingState | None) -> str | None:
    """Where the card of a version's training run is; None when there is none."""
    tags = loaded.version.tags if loaded else {}
    dag_id, _, run_id = tags.get("dag_run", "").partition("/")
    if not run_id or not tags.get("as_of"):
        return None
    run = RunContext(dag_id, run_id, date.fromisoformat(tags["as_of"]), service.settings)
    uri = f"{run.component_uri(report.COMPONENT)}/{CARD}"
    return uri if service.store.exists(uri) else None
