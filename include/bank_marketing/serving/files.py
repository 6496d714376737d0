"""Files that are scored in the background: received, checked, scored in parts, ranked, kept for a day."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import re
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import IO, Any

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.artifacts.ids import new_id, time_of
from bank_marketing.economics import Economics
from bank_marketing.errors import BankMarketingError, ContractViolation, ListTooLarge
from bank_marketing.lists import CustomerList, Filled, Limits, read_list, results
from bank_marketing.lists.sizes import size_of_list
from bank_marketing.serving.commitment import commit
from bank_marketing.serving.identity import Principal
from bank_marketing.serving.jobs import CONTENT, Job, Jobs
from bank_marketing.serving.model_cache import ServingState
from bank_marketing.serving.predicting import Prediction, PredictionContext, Predictor, model_brief
from bank_marketing.serving.problems import ProblemError, log_failure
from bank_marketing.serving.schemas import FileStatus
from bank_marketing.serving.settings import ApiSettings

RESULT, REJECTED, CURVE = "result.csv", "rejected.csv", "curve.json"

#: Rows that are scored, and put on record, at once.
PART = 2000

#: Points of the curve behind the cut-off slider: more than a slider has pixels.
CURVE_POINTS = 500

log = logging.getLogger(__name__)


class FileScoringService:
    """Receives lists, scores them one after the other, gives the results to who sent them. What it accepted, it finishes."""

    def __init__(self, predictor: Predictor, store: ArtifactStore, economics: Economics, api: ApiSettings) -> None:
        self.predictor, self.economics, self.api = predictor, economics, api
        self.jobs = Jobs(store, timedelta(hours=api.file_retention_hours))
        self._pool = ThreadPoolExecutor(api.file_workers, thread_name_prefix="file")
        self._room = threading.BoundedSemaphore(api.max_open_files)
        self._stopping = threading.Event()
        self._mine: set[str] = set()
        self._over: set[str] = set()

    def close(self) -> None:
        """Stop after the part that is being scored. What is not finished is left to the next process, from the disk."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for file_id in list(self._mine):
            self.jobs.renew(file_id, released=True)

    def tend(self) -> None:
        """To be called now and then: remove what is over, keep hold of what is worked on, take up what another process left."""
        self.jobs.purge()
        for file_id in list(self._mine):
            self.jobs.renew(file_id)
        if self.predictor.models.current is None or self._stopping.is_set():
            return
        for job, status in self.jobs.accepted(without=self._mine | self._over):
            if status.state not in ("waiting", "scoring"):
                self._over.add(job.file_id)
            elif self.jobs.claim(job.file_id):
                log.info("the list %s is taken up again", job.file_id)
                self._submit(job, status)

    def receive(
        self, stream: IO[bytes], name: str, who: Principal, day: date | None, list_size: int | None = None
    ) -> FileStatus:
        """Check a list's rows and accept it; the same list again, for the same model and counts, is the one that was accepted.

        Raises:
            ProblemError: no-model; invalid-request, when it is no list of prospects at all; too-large; unavailable, when too many
                files are waiting.
        """
        if not self._room.acquire(blocking=False):
            message = f"{self.api.max_open_files} files are waiting to be scored. Send this one again in a minute."
            raise ProblemError("unavailable", message, headers={"Retry-After": "60"})
        try:
            status, scoring = self._accept(stream, name, who, day, list_size)
        except BaseException:
            self._room.release()
            raise
        if scoring is None:
            self._room.release()
        else:
            scoring.add_done_callback(lambda _: self._room.release())
        return status

    def _accept(
        self, stream: IO[bytes], name: str, who: Principal, day: date | None, list_size: int | None
    ) -> tuple[FileStatus, Future[None] | None]:
        loaded, content = self.predictor.loaded(), stream.read()
        job = Job(
            file_id=new_id(),
            owner=who.key_id,
            who=who.name,
            name=re.sub(r"[^\w. ()\[\]-]", "_", name)[-80:] or "list.csv",
            day=day or loaded.campaign.next_day,
            list_size=list_size,
            sha256=hashlib.sha256(content).hexdigest(),
            model_version=loaded.version.version,
            model_digest=loaded.version.digest,
            state=loaded.campaign.state,
        )
        known = self._same_as(job)
        if known is not None:
            return known, None
        customers = self._read(content, job, loaded)
        size, size_from = size_of_list(list_size, customers)
        rows = customers.counts
        status = FileStatus(
            file_id=job.file_id,
            name=job.name,
            state="waiting",
            received_at=time_of(job.file_id) or datetime.now(UTC),
            who=who.name,
            day=job.day,
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
        self._mine.add(job.file_id)
        try:
            self.jobs.accept(job, content, status)
        except BankMarketingError:
            self._mine.discard(job.file_id)
            raise
        return status, self._submit(job, status)

    def _same_as(self, job: Job) -> FileStatus | None:
        """The status of a list of the same content that was accepted from the same sender for the same answers."""
        same = job.model_dump(exclude={"file_id", "name"})
        for known, status in self.jobs.accepted():
            if status.state != "failed" and known.model_dump(exclude={"file_id", "name"}) == same:
                return status
        return None

    def status(self, file_id: str, who: Principal) -> FileStatus:
        """How far a list is. Raises ProblemError: not-found, also for a list of somebody else."""
        job, status = self.jobs.job(file_id), self.jobs.status(file_id)
        if job is None or status is None or job.owner != who.key_id:
            raise ProblemError("not-found", "There is no such file, or it was removed after its time.")
        return status

    def page(self, who: Principal, limit: int, before: str | None) -> tuple[list[FileStatus], str | None]:
        """Up to `limit` of somebody's lists, newest first, sent before the one that is named; and the name to go on before."""
        found: list[FileStatus] = []
        for job, status in self.jobs.accepted(before=before):
            if job.owner != who.key_id:
                continue
            if len(found) == limit:
                return found, found[-1].file_id
            found.append(status)
        return found, None

    def content(self, file_id: str, who: Principal, part: str) -> bytes:
        """RESULT, REJECTED or CURVE of a list that is done. Raises ProblemError: not-found, not-finished."""
        status = self.status(file_id, who)
        if status.state != "done":
            raise ProblemError("not-finished", status.problem or f"{status.done} of {status.rows} rows are done.")
        return self.jobs.content(file_id, part)

    def _read(self, content: bytes, job: Job, loaded: ServingState) -> CustomerList:
        campaign, contract = loaded.campaign, loaded.scorer.contract
        last = campaign.state.last_contact_day
        if job.day <= last:
            raise ProblemError("invalid-request", f"day must be after {last}.")
        filled = Filled(contract.derived_values(job.day), campaign.market, last)
        limits = Limits(self.api.max_file_rows, self.api.max_unpacked_bytes)
        try:
            return read_list(io.BytesIO(content), job.name, contract, filled, limits)
        except ListTooLarge as error:
            raise ProblemError("too-large", str(error)) from error
        except ContractViolation as error:
            raise ProblemError("invalid-request", str(error)) from error

    def _submit(self, job: Job, status: FileStatus) -> Future[None]:
        self._mine.add(job.file_id)
        return self._pool.submit(self._work, job, status)

    def _work(self, job: Job, status: FileStatus) -> None:
        """Score a list; whatever happens is in its status, since a thread's exception reaches nobody."""
        try:
            self._score(job, status)
        except (ProblemError, BankMarketingError) as error:
            if isinstance(error, BankMarketingError):
                log_failure(error)
                if error.retryable:  # accepted is accepted: it is taken up again
                    self._leave(job)
                    return
            message = error.detail if isinstance(error, ProblemError) else f"{type(error).__name__}: see the service's log."
            self._fail(status, message)
        except Exception as error:
            log.error("the list %s failed: %s", job.file_id, type(error).__name__)
            self._fail(status, "The service failed; its log has the reason.")
        self._mine.discard(job.file_id)

    def _fail(self, status: FileStatus, message: str) -> None:
        self.jobs.keep(status.model_copy(update={"state": "failed", "problem": message}))

    def _leave(self, job: Job) -> None:
        self._mine.discard(job.file_id)
        self.jobs.renew(job.file_id, released=True)

    def _score(self, job: Job, status: FileStatus) -> None:
        loaded = self.predictor.models.restore(job.model_version, job.model_digest, job.state)
        customers = self._read(self.jobs.content(job.file_id, CONTENT), job, loaded)
        given: list[Prediction] = []
        for start in range(0, status.accepted, PART):
            if self._stopping.is_set():
                self._leave(job)
                return
            rows: Any = customers.prospects.iloc[start : start + PART].to_dict("records")
            # The ids follow from the list: a part that is scored again after a crash is on record once.
            record = f"{status.received_at:%Y-%m-%d}-{job.file_id}p{start // PART}"
            given += self.predictor.predict(loaded, rows, PredictionContext(job.day, status.list_size, job.who, "file", record))
            status = status.model_copy(update={"state": "scoring", "done": status.rows - status.accepted + len(given)})
            self.jobs.keep(status)
        done = {
            "state": "done",
            "called": sum(made.decision for made in given),
            "model": model_brief(loaded),
            "threshold": loaded.threshold,
            "stale": self.predictor.campaign_brief(loaded, job.day).stale,
        }
        self._publish(customers, given, status, loaded)
        self.jobs.keep(status.model_copy(update=done))

    def _publish(self, customers: CustomerList, given: Sequence[Prediction], status: FileStatus, loaded: ServingState) -> None:
        """Write the result, best first, and what was left out."""
        order = sorted(range(len(given)), key=lambda place: (-given[place].probability, given[place].contact_id))
        rows = [(place, _row(given[place], rank, len(given), status, loaded)) for rank, place in enumerate(order, start=1)]
        contract = loaded.scorer.contract
        self.jobs.write(status.file_id, RESULT, results.scored_bytes(customers, rows, contract))
        self.jobs.write(status.file_id, REJECTED, results.left_out_bytes(customers, status.list_size))
        points = curve([given[place].probability for place in order], self.economics, loaded.threshold)
        self.jobs.write(status.file_id, CURVE, json.dumps(points).encode())


def curve(probabilities: Sequence[float], economics: Economics, threshold: float) -> dict[str, Any]:
    """What calling the first n of a ranked list should bring.

    Args:
        probabilities: of the ranked rows, highest first.
        economics: cost and margin.
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


def _row(made: Prediction, rank: int, total: int, status: FileStatus, loaded: ServingState) -> dict[str, Any]:
    ranked = {"rank": rank, "decile": results.decile(rank, total), "reasons": [reason.text for reason in made.reasons]}
    return results.scored_row(
        made._asdict() | ranked,
        day=status.day,
        list_size=status.list_size,
        model_version=loaded.version.version,
        run_id=f"file {status.file_id}",
        as_of=loaded.campaign.state.last_contact_day,
        prediction_id=made.prediction_id,
    )
