"""Files that are scored in the background: received, checked, scored in parts, ranked, kept for a day."""

from __future__ import annotations

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
from bank_marketing.errors import BankMarketingError, ContractViolation, ListTooLarge
from bank_marketing.lists import CustomerList, Filled, Limits, read_list, results
from bank_marketing.lists.sizes import size_of_list
from bank_marketing.serving.commitment import commit
from bank_marketing.serving.identity import Principal
from bank_marketing.serving.model_cache import ServingState
from bank_marketing.serving.predicting import PredictionContext, Predictor, model_brief
from bank_marketing.serving.problems import ProblemError
from bank_marketing.serving.schemas import FileStatus, PredictionBody
from bank_marketing.serving.settings import ApiSettings

FOLDER = "files"
RESULT, REJECTED, STATUS, CURVE = "result.csv", "rejected.csv", "status.json", "curve.json"

#: Rows that are scored, and put on record, at once.
PART = 2000

#: Points of the curve behind the cut-off slider: more than a slider has pixels.
CURVE_POINTS = 500

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
        chosen, known_as = day or loaded.campaign.next_day, re.sub(r"[^\w. ()\[\]-]", "_", name)[-80:] or "list.csv"
        customers = self._read(stream, known_as, loaded, chosen)
        size, size_from = size_of_list(list_size, customers)
        self._prune()
        rows = customers.counts
        status = FileStatus(
            file_id=secrets.token_hex(16),
            name=known_as,
            state="waiting",
            received_at=datetime.now(UTC),
            who=who.name,
            day=chosen,
            understood=list(customers.notes),
            rows=rows["rows_read"],
            done=rows["rejected"] + rows["duplicates"],
            accepted=rows["clean"],
            rejected=rows["rejected"],
            duplicates=rows["duplicates"],
            list_size=size,
            list_size_from=size_from,
        )
        commit()
        self._keep(who.key_id, status)
        context = PredictionContext(chosen, size, who.name, "file")
        return status, self._pool.submit(self._score, customers, status, who.key_id, context)

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

    def _read(self, stream: IO[bytes], name: str, loaded: ServingState, day: date) -> CustomerList:
        campaign, contract = loaded.campaign, loaded.scorer.contract
        last = campaign.state.last_contact_day
        if day <= last:
            raise ProblemError("invalid-request", f"day must be after {last}.")
        filled = Filled(contract.derived_values(day), campaign.market, last)
        try:
            return read_list(stream, name, contract, filled, Limits(self.api.max_file_rows, self.api.max_unpacked_bytes))
        except ListTooLarge as error:
            raise ProblemError("too-large", str(error)) from error
        except ContractViolation as error:
            raise ProblemError("invalid-request", str(error)) from error

    def _score(self, customers: CustomerList, status: FileStatus, owner: str, context: PredictionContext) -> None:
        try:
            loaded = self.predictor.loaded()
            given: list[PredictionBody] = []
            for start in range(0, status.accepted, PART):
                part: Any = customers.prospects.iloc[start : start + PART].to_dict("records")
                given += self.predictor.predict(loaded, part, context)
                status = status.model_copy(update={"state": "scoring", "done": status.rows - status.accepted + len(given)})
                self._keep(owner, status)
            done = {
                "state": "done",
                "called": sum(body.decision for body in given),
                "model": model_brief(loaded),
                "threshold": loaded.threshold,
                "stale": self.predictor.campaign_brief(loaded, context.day).stale,
            }
            self._publish(customers, given, status, loaded)
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

    def _publish(
        self, customers: CustomerList, given: Sequence[PredictionBody], status: FileStatus, loaded: ServingState
    ) -> None:
        """Write the result, best first, and what was left out."""
        order = sorted(range(len(given)), key=lambda place: (-given[place].probability, given[place].contact_id))
        rows = [(place, _row(given[place], rank, len(given), status, loaded)) for rank, place in enumerate(order, start=1)]
        contract = loaded.scorer.contract
        self._write(status.file_id, RESULT, results.scored_bytes(customers, rows, contract))
        self._write(status.file_id, REJECTED, results.left_out_bytes(customers, status.list_size))
        points = curve([given[place].probability for place in order], self.economics, loaded.threshold)
        self._write(status.file_id, CURVE, json.dumps(points).encode())

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
        `called`, the rows at or above the threshold, and `worth`, those whose call should bring more than it costs.
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
        "worth": sum(probability > economics.break_even for probability in probabilities),
    }


def _row(body: PredictionBody, rank: int, total: int, status: FileStatus, loaded: ServingState) -> dict[str, Any]:
    figures = body.model_dump(include={"contact_id", "probability", "decision", "expected_profit"})
    ranked = {"rank": rank, "decile": results.decile(rank, total), "reasons": [reason.text for reason in body.reasons]}
    return results.scored_row(
        figures | ranked,
        day=status.day,
        list_size=status.list_size,
        model_version=loaded.version.version,
        run_id=f"file {status.file_id}",
        as_of=loaded.campaign.state.last_contact_day,
        prediction_id=body.prediction_id,
    )
