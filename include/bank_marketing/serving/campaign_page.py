"""Campaign: whom to call next, what the earlier lists brought, whether the model still fits, and the replay where one was made."""

from __future__ import annotations

from itertools import accumulate, islice, pairwise
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.monitoring import decision
from bank_marketing.scoring.call_list import CALL_LIST_CSV
from bank_marketing.serving import call_lists
from bank_marketing.serving.call_lists import DayOutcome
from bank_marketing.serving.chart import Chart, line_chart
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.service import InService
from bank_marketing.serving.web import PageUser, render

router = APIRouter()

#: Where a replay of the campaign is published, below the store's root, and its picture.
REPLAYS, REPLAY_MANIFEST, REPLAY_PICTURE = "runs/replay", "/replay/manifest.json", "replay.png"

DECISIONS_SHOWN = 15

#: Rows of today's call list on the page; all of them are in the download.
CALLS_SHOWN = 50


@router.get("/campaign")
def campaign(request: Request, service: InService, user: PageUser) -> HTMLResponse:
    """How the campaign goes: today's list, what the lists brought, drift as last decided on, and the replay where one was made."""
    decided = list(islice(decision.newest_first(service.store), DECISIONS_SHOWN))
    loaded, today = service.models.current, call_lists.newest(service.store)
    days = service.outcomes.days(loaded.campaign.state) if loaded else ()
    return render(
        request,
        "campaign.html.j2",
        user,
        today=today,
        calls=today.head(service.store, CALLS_SHOWN) if today else [],
        days=days,
        money_chart=_money_chart(days),
        since=call_lists.total(days, loaded.version.version) if loaded else None,
        latest=decided[0] if decided else None,
        drifted=_drift_columns(decided[0]) if decided else [],
        decided=decided,
        replay=_replay_picture(service.store) is not None,
        zone=service.campaign.calendar.timezone,
    )


@router.get("/campaign/call_list.csv")
def call_list(service: InService, user: PageUser) -> Response:
    """The newest call list, as it was published."""
    today = call_lists.newest(service.store)
    if today is None:
        raise ProblemError("not-found", "No call list was published yet.")
    content = service.store.read_bytes(f"{today.uri}/{CALL_LIST_CSV}")
    headers = {"Content-Disposition": f'attachment; filename="call_list_{today.day}.csv"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/campaign/replay.png")
def replay_picture(service: InService, user: PageUser) -> Response:
    """The picture of the latest replay."""
    uri = _replay_picture(service.store)
    if uri is None:
        raise ProblemError("not-found", "No replay was made yet.")
    return Response(service.store.read_bytes(uri), media_type="image/png")


def _replay_picture(store: ArtifactStore) -> str | None:
    """URI of the newest replay's picture."""
    found = [uri for uri in store.list_files(store.uri(REPLAYS)) if uri.endswith(REPLAY_MANIFEST)]
    manifests = sorted((store.manifest(uri.removesuffix("/manifest.json")) for uri in found), key=lambda made: made.created_at)
    return f"{manifests[-1].uri}/{REPLAY_PICTURE}" if manifests else None


def _money_chart(days: tuple[DayOutcome, ...]) -> Chart | None:
    """Profit added up over the days: of those called, and of calling everyone; upright lines where the version changed."""
    if len(days) < 2:
        return None
    lines = [
        list(accumulate(day.money.profit for day in days)),
        list(accumulate(day.money.profit_of_everyone for day in days)),
    ]
    pairs = enumerate(pairwise(days), start=1)
    changes = [(place, f"v{new.model_version}") for place, (old, new) in pairs if old.model_version != new.model_version]
    return line_chart(lines, changes)


def _drift_columns(record: decision.DecisionRecord) -> list[dict[str, Any]]:
    """Columns of a window, those beyond their threshold and farthest first; none when no model was there to compare with."""
    drift = record.numbers.get("drift")
    columns = drift.get("columns", []) if isinstance(drift, dict) else []
    found = [column for column in columns if isinstance(column, dict)] if isinstance(columns, list) else []
    return sorted(found, key=lambda column: (not column["drifted"], -float(column["statistic"]) / float(column["threshold"])))
