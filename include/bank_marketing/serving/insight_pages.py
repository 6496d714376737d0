"""What the platform knows about itself: the campaign and its model, and where one prediction came from."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.errors import ArtifactMissing
from bank_marketing.lineage.trace import trace
from bank_marketing.monitoring import decision
from bank_marketing.registry import records
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.service import InService
from bank_marketing.serving.web import PageUser, render

router = APIRouter()

#: Where a replay of the campaign is published, below the store's root, and its picture.
REPLAYS, REPLAY_MANIFEST, REPLAY_PICTURE = "runs/replay", "/replay/manifest.json", "replay.png"

#: Figures of the model card: key in the metrics, title, format.
FIGURES = (
    ("rows", "Contacts judged", ",d"),
    ("positives", "Deposits among them", ",d"),
    ("f1", "F1", ".3f"),
    ("roc_auc", "ROC AUC", ".3f"),
    ("pr_auc", "PR AUC", ".3f"),
    ("lift_at_10", "Lift at 10 %", ".2f"),
    ("precision", "Precision", ".3f"),
    ("recall", "Recall", ".3f"),
    ("brier", "Brier score", ".3f"),
    ("profit", "Profit, euro", ",.0f"),
)

DECISIONS_SHOWN = 15


@router.get("/campaign")
def campaign(request: Request, service: InService, user: PageUser) -> HTMLResponse:
    """How the campaign goes: drift and performance as last decided on, and the replay where one was made."""
    decided = decision.history(service.store)[::-1]
    return render(
        request,
        "campaign.html.j2",
        user,
        latest=decided[0] if decided else None,
        decided=decided[:DECISIONS_SHOWN],
        replay=_replay_picture(service.store) is not None,
    )


@router.get("/campaign/replay.png")
def replay_picture(service: InService, user: PageUser) -> Response:
    """The picture of the latest replay."""
    uri = _replay_picture(service.store)
    if uri is None:
        raise ProblemError("not-found", "No replay was made yet.")
    return Response(service.store.read_bytes(uri), media_type="image/png")


@router.get("/model")
def model(request: Request, service: InService, user: PageUser) -> HTMLResponse:
    """The card of the model in production, and the history of decisions about models."""
    loaded = service.holder.current
    figures = [(title, format(loaded.metrics[key], form)) for key, title, form in FIGURES if loaded and key in loaded.metrics]
    history = records.history(service.store)[::-1]
    return render(request, "model.html.j2", user, figures=figures, history=history, economics=service.settings.economics)


@router.get("/trace/{prediction_id}")
def trace_page(request: Request, prediction_id: str, service: InService, user: PageUser) -> HTMLResponse:
    """Where a prediction came from, each link checked anew."""
    try:
        found = trace(service.store, service.registry, prediction_id)
    except ArtifactMissing as error:
        raise ProblemError("not-found", "There is no prediction with this id.") from error
    content: dict[str, Any] = found.model_dump(mode="json")
    return render(request, "trace.html.j2", user, prediction_id=prediction_id, trace=content)


def _replay_picture(store: ArtifactStore) -> str | None:
    """URI of the newest replay's picture."""
    found = [uri for uri in store.list_files(store.uri(REPLAYS)) if uri.endswith(REPLAY_MANIFEST)]
    manifests = sorted((store.manifest(uri.removesuffix("/manifest.json")) for uri in found), key=lambda made: made.created_at)
    return f"{manifests[-1].uri}/{REPLAY_PICTURE}" if manifests else None
