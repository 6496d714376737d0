"""Files that are scored in the background: received, checked, scored in parts, ranked, kept for a day."""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import secrets
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import IO, Any

from pydantic import BaseModel, ConfigDict

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.economics import Economics
from bank_marketing.errors import BankMarketingError
from bank_marketing.serving.commitment import commit
from bank_marketing.serving.identity import Principal
from bank_marketing.serving.model_cache import ServingState
from bank_marketing.serving.predicting import PredictionContext, Predictor, model_brief
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.schemas import FileStatus, PredictionBody
from bank_marketing.serving.settings import ApiSettings
from bank_marketing.serving.uploads import BadRow, Rows, check_row, open_rows, safe_cell

FOLDER = "files"
RESULT, REJECTED, STATUS, CURVE = "result.csv", "rejected.csv", "status.json", "curve.json"

#: Rows that are scored, and put on record, at once.
PART = 2000

#: Points of the curve behind the cut-off slider: more than a slider has pixels.
CURVE_POINTS = 500

REASONS = 3

#: Without a sign of life for this long, the process that scored a file is gone.
LOST_AFTER = timedelta(minutes=5)

log = logging.getLogger(__name__)


class _Kept(BaseModel):
    """A status on disk, with whose it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    owner: str
    seen_at: datetime
    status: FileStatus


class FileScoringService:
    """Receives files, scores them one after the other, gives the results to who sent them."""

    def __init__(self, predictor: Predictor, store: ArtifactStore, economics: Economics, api: ApiSettings) -> None:
        self.predictor, self.store, self.economics, self.api = predictor, store, economics, api
        self._pool = ThreadPoolExecutor(api.file_workers, thread_name_prefix="file")
        self._room = threading.BoundedSemaphore(api.max_open_files)

    def close(self) -> None:
        """Finish the file that is being scored; drop those that wait."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def receive(
        self, stream: IO[bytes], name: str, who: Principal, day: date | None, list_size: int | None = None
    ) -> FileStatus:
        """Check a file's rows and queue it.

        Raises:
            ProblemError: no-model; invalid-request, when it is no list of prospects at all; too-large; unavailable, when too many
                files are waiting.
        """
        if not self._room.acquire(blocking=False):
            told = f"{self.api.max_open_files} files are waiting to be scored. Send this one again in a minute."
            raise ProblemError("unavailable", told, headers={"Retry-After": "60"})
        try:
            status, scoring = self._queue(stream, name, who, day, list_size)
        except BaseException:
            self._room.release()
            raise
        scoring.add_done_callback(lambda _: self._room.release())
        return status

    def _queue(
        self, stream: IO[bytes], name: str, who: Principal, day: date | None, list_size: int | None
    ) -> tuple[FileStatus, Future[None]]:
        loaded = self.predictor.loaded()
        chosen = day or loaded.campaign.next_day
        rows = self._read(stream, loaded, chosen)
        self._prune()
        status = FileStatus(
            file_id=secrets.token_hex(16),
            name=re.sub(r"[^\w. ()-]", "_", name)[-80:] or "list.csv",
            state="waiting",
            received_at=datetime.now(UTC),
            who=who.name,
            day=chosen,
            rows=len(rows.good) + len(rows.bad),
            done=len(rows.bad),
            accepted=len(rows.good),
            rejected=len(rows.bad),
        )
        commit()
        self._keep(who.key_id, status)
        context = PredictionContext(chosen, list_size or max(1, len(rows.good)), who.name, "file")
        return status, self._pool.submit(self._score, rows, status, who.key_id, context)

    def status(self, file_id: str, who: Principal) -> FileStatus:
        """How far a file is. Raises ProblemError: not-found, also for a file of somebody else."""
        if not re.fullmatch(r"[0-9a-f]{32}", file_id) or not self.store.exists(self._uri(file_id, STATUS)):
            raise ProblemError("not-found", "There is no such file, or it was removed after its time.")
        kept = _Kept.model_validate_json(self.store.read_bytes(self._uri(file_id, STATUS)))
        if kept.owner != who.key_id:
            raise ProblemError("not-found", "There is no such file, or it was removed after its time.")
        lost = kept.status.state in ("waiting", "scoring") and datetime.now(UTC) - kept.seen_at > LOST_AFTER
        change = {"state": "failed", "problem": "The service was restarted meanwhile: send the file again."}
        return kept.status.model_copy(update=change) if lost else kept.status

    def content(self, file_id: str, who: Principal, part: str) -> bytes:
        """RESULT, REJECTED or CURVE of a file that is done. Raises ProblemError: not-found, not-finished."""
        status = self.status(file_id, who)
        if status.state != "done":
            raise ProblemError("not-finished", status.problem or f"{status.done} of {status.rows} rows are done.")
        return self.store.read_bytes(self._uri(file_id, part))

    def _read(self, stream: IO[bytes], loaded: ServingState, day: date) -> Rows:
        if day <= loaded.campaign.state.last_contact_day:
            raise ProblemError("invalid-request", f"day must be after {loaded.campaign.state.last_contact_day}.")
        header, lines = open_rows(stream, loaded.scorer.contract)
        rows, expected = Rows(header), loaded.scorer.contract.derived_values(day)
        for line, cells in lines:
            checked = check_row(header, cells, expected)
            if isinstance(checked, dict):
                rows.good.append(checked)
            else:
                rows.bad.append(BadRow(line, checked, tuple(cells)))
            if len(rows.good) + len(rows.bad) > self.api.max_file_rows:
                raise ProblemError("too-large", f"At most {self.api.max_file_rows:,} rows are accepted in one file.")
        if not rows.good and not rows.bad:
            raise ProblemError("invalid-request", "The file has no rows below its first line.")
        return rows

    def _score(self, rows: Rows, status: FileStatus, owner: str, context: PredictionContext) -> None:
        try:
            loaded = self.predictor.loaded()
            given: list[tuple[dict[str, Any], PredictionBody]] = []
            for start in range(0, len(rows.good), PART):
                part = rows.good[start : start + PART]
                given += zip(part, self.predictor.predict(loaded, part, context), strict=True)
                status = status.model_copy(update={"state": "scoring", "done": status.rejected + len(given)})
                self._keep(owner, status)
            given.sort(key=lambda pair: -pair[1].probability)
            self._write(status.file_id, RESULT, _result_csv(given))
            self._write(status.file_id, REJECTED, _rejected_csv(rows))
            probabilities = [body.probability for _, body in given]
            self._write(status.file_id, CURVE, json.dumps(curve(probabilities, self.economics, loaded.threshold)).encode())
            done = {
                "state": "done",
                "called": sum(body.decision for _, body in given),
                "model": model_brief(loaded),
                "threshold": loaded.threshold,
                "stale": self.predictor.campaign_brief(loaded, context.day).stale,
            }
            self._keep(owner, status.model_copy(update=done))
        except (ProblemError, BankMarketingError) as error:
            told = error.detail if isinstance(error, ProblemError) else f"{type(error).__name__}: see the service's log."
            log.warning("file %s failed: %s", status.file_id, type(error).__name__)
            self._keep(owner, status.model_copy(update={"state": "failed", "problem": told}))
        except Exception as error:  # a thread's exception reaches nobody: the status must say that it failed
            log.error("file %s failed: %s", status.file_id, type(error).__name__)
            self._keep(
                owner, status.model_copy(update={"state": "failed", "problem": "The service failed; its log has the reason."})
            )

    def _keep(self, owner: str, status: FileStatus) -> None:
        kept = _Kept(owner=owner, seen_at=datetime.now(UTC), status=status)
        self._write(status.file_id, STATUS, kept.model_dump_json().encode())

    def _write(self, file_id: str, name: str, content: bytes) -> None:
        self.store.write_bytes(self._uri(file_id, name), content)

    def _uri(self, file_id: str, name: str) -> str:
        return self.store.uri(FOLDER, file_id, name)

    def _prune(self) -> None:
        """Remove what is older than the retention: the files hold client data."""
        oldest = datetime.now(UTC) - timedelta(hours=self.api.file_retention_hours)
        for uri in list(self.store.list_files(self.store.uri(FOLDER))):
            if not uri.endswith(f"/{STATUS}"):
                continue
            if _Kept.model_validate_json(self.store.read_bytes(uri)).status.received_at < oldest:
                self.store.remove(uri.removesuffix(f"/{STATUS}"))


def curve(probabilities: Sequence[float], economics: Economics, threshold: float) -> dict[str, Any]:
    """What calling the first n of a ranked list should bring.

    Args:
        probabilities: of the ranked rows, highest first.
        economics: cost and margin, in euro.
        threshold: of the model.

    Returns:
        `points` ([n, probability of the n-th, expected conversions]), at most CURVE_POINTS of them, `call_cost`, `deposit_margin`, and
        `called`, the rows at or above the threshold.
    """
    points: list[list[float]] = []
    step, conversions = max(1, -(-len(probabilities) // CURVE_POINTS)), 0.0
    for n, probability in enumerate(probabilities, start=1):
        conversions += probability
        if n % step == 0 or n == len(probabilities):
            points.append([n, probability, round(conversions, 3)])
    called = sum(probability >= threshold for probability in probabilities)
    return {
        "points": points,
        "call_cost": economics.call_cost,
        "deposit_margin": economics.deposit_margin,
        "called": called,
    }


def _result_csv(given: Sequence[tuple[dict[str, Any], PredictionBody]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    names = list(given[0][0]) if given else []
    reasons = [f"reason_{number}" for number in range(1, REASONS + 1)]
    writer.writerow(["rank", "probability", "decision", "expected_profit", *reasons, "prediction_id", *names])
    for rank, (row, body) in enumerate(given, start=1):
        told = [reason.text for reason in body.reasons[:REASONS]]
        told += [""] * (REASONS - len(told))
        decision = "call" if body.decision else "do not call"
        figures = [rank, body.probability, decision, round(body.expected_profit, 2)]
        cells = [safe_cell("" if row[name] is None else row[name]) for name in names]
        writer.writerow([*figures, *told, body.prediction_id, *cells])
    return out.getvalue().encode()


def _rejected_csv(rows: Rows) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(["line", "problems", *rows.header])
    for bad in rows.bad:
        writer.writerow([bad.line, "; ".join(bad.problems), *(safe_cell(cell) for cell in bad.cells)])
    return out.getvalue().encode()
