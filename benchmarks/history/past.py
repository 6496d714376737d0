"""A platform with a past: its days landed, ingested, validated, transformed and trained on by the platform's own steps.

The nights before the last one are written as they would lie there: per night the manifests of its three runs, the published call list
with its scores, the predictions on record, the decision, and the record of a model that was not promoted. Their other files are left out.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bank_marketing.artifacts import ArtifactStore, Manifest
from bank_marketing.artifacts.store import MANIFEST
from bank_marketing.components.context import RunContext
from bank_marketing.monitoring import decision
from bank_marketing.pipelines import monitoring, run_step, run_steps, scoring, training
from bank_marketing.registry import records
from bank_marketing.registry.registry import Registry
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord
from bank_marketing.settings import Settings
from tests.support.landed import contact, lines, write_contacts

#: The evening of the night that is measured; the past ends on the contact day before it.
EVENING = date(2010, 10, 29)

#: Once in so many nights, a decision of the past was to train again: a year of calls.
RETRAINED_EVERY = 250

#: The DAGs of a night.
PIPELINES = {
    "bank_marketing_training": training.STEPS,
    "bank_marketing_batch_scoring": scoring.STEPS,
    "bank_marketing_drift_retraining": monitoring.STEPS,
}


def settings_of(home: Path) -> Settings:
    """Settings of the platform in `home`."""
    return Settings(
        home=home, landing_root=None, artifact_root=None, mlflow_tracking_uri=None, results_file=None, landing_settle_seconds=0
    )


def prepare(home: Path, days: int, rows_a_day: int) -> None:
    """Make a platform that has lived through so many contact days; the next day's contacts and list have landed."""
    settings = settings_of(home)
    past = working_days(days + 1)[:-1]
    _land_contacts(settings.landing, [*past, EVENING], rows_a_day)
    for day in (EVENING, next_day(EVENING)):
        _land_list(settings.landing, day, rows_a_day)
    before = RunContext("bank_marketing_training", "night", past[-2], settings)
    run_step("ingest_data", {}, before, {})  # so that the last night found things as a night finds them
    manifests = _last_night(settings, past[-1])
    store = RunContext("any", "any", EVENING, settings).store
    for number, day in enumerate(past[:-1]):
        _runs(store, manifests, day)
        _night(store, manifests, day, past[number + 1], number, rows_a_day)


def working_days(count: int) -> list[date]:
    """The last `count` working days up to and with EVENING."""
    found = (EVENING - timedelta(days=number) for number in range(2 * count + 7))
    return sorted([day for day in found if day.weekday() < 5][:count])


def next_day(day: date) -> date:
    """The working day after one."""
    return next(after for after in (day + timedelta(days=number) for number in range(1, 4)) if after.weekday() < 5)


def _land_contacts(root: Path, days: Sequence[date], rows: int) -> None:
    """Contacts that a model can learn from, numbered through: of the first jobs most succeed, of the others few."""
    generator = np.random.default_rng(3)
    jobs = ("retired", "student", "admin.", "technician")
    for place, day in enumerate(days):
        drawn = zip(range(rows), generator.integers(len(jobs), size=rows), generator.random(rows), strict=True)
        made = (
            contact(
                place * rows + number + 1,
                day,
                job=jobs[job],
                duration=100,
                y="yes" if luck < (0.75 if job < 2 else 0.05) else "no",
            )
            for number, job, luck in drawn
        )
        write_contacts(root, day, lines(made))


def _land_list(root: Path, day: date, rows: int) -> None:
    path = root / "prospects" / f"dt={day}" / "prospects.csv"
    path.parent.mkdir(parents=True)
    content = lines((contact(10_000_000 + number, day) for number in range(rows)), prospects=True)
    path.write_text("\r\n".join(content) + "\r\n", encoding="utf-8")


def _last_night(settings: Settings, evening: date) -> list[Manifest]:
    """Run the last night of the past for real, with its model in production whatever the verdict; returns what it published."""
    made = []
    for dag, steps in PIPELINES.items():
        context = RunContext(dag, "night", evening, settings)
        refs = run_steps(steps, context, {"who": "benchmark"}).refs
        made += [context.store.manifest(ref) for ref in refs.values()]
        if dag == "bank_marketing_training" and Registry(settings, context.store).at("production") is None:
            newest = Registry(settings, context.store).versions()[0]
            promoted = records.Record(
                action="promoted", at=datetime.now(UTC), who="benchmark", reasons=("to be measured",), version=newest.version
            )
            Registry(settings, context.store).promote(newest, promoted)
    return made


def _runs(store: ArtifactStore, manifests: list[Manifest], day: date) -> None:
    """The manifests of a night's runs: those of the last night with another day."""
    last = manifests[0].as_of
    for manifest in manifests:
        if manifest.kind == "call_list":
            continue
        changes: dict[str, Any] = {
            "as_of": day,
            "uri": manifest.uri.replace(f"/{last}/", f"/{day}/"),
            "created_at": _moment(day),
        }
        if "campaign_state" in manifest.details:
            state: Any = manifest.details["campaign_state"]
            changes["details"] = {**manifest.details, "campaign_state": {**state, "last_contact_day": str(day)}}
        _publish(store, manifest.model_copy(update=changes))


def _publish(store: ArtifactStore, manifest: Manifest) -> None:
    whole = manifest.model_copy(update={"content_digest": manifest.digest()})
    store.write_bytes(f"{whole.uri}/{MANIFEST}", whole.model_dump_json(indent=2).encode())


def _night(store: ArtifactStore, manifests: list[Manifest], evening: date, day: date, number: int, rows: int) -> None:
    """What a night of the past left beside its runs: the list of the coming `day`, its predictions, two decisions."""
    listed = next(manifest for manifest in manifests if manifest.kind == "call_list")
    key = hashlib.sha256(str(day).encode()).hexdigest()[:16]
    first = (number + 1) * rows + 1  # the contacts of the coming day, as they are numbered when they land
    made = [_predicted(f"{day}-{key}p0-{place}", f"T{first + place:05d}", day, place) for place in range(rows)]
    PredictionLog(store).append(made)
    uri = store.uri("call_lists", f"contact_date={day}")
    store.write_bytes(f"{uri}/scores/part-0.parquet", _scores(made))
    details = {**listed.details, "day": str(day), "hindsight": False}
    _publish(store, listed.model_copy(update={"uri": uri, "as_of": evening, "details": details, "files": ()}))
    decision.write(store, _decided(evening, retrain=number % RETRAINED_EVERY == RETRAINED_EVERY - 1))
    rejected = records.Record(
        action="rejected", at=_moment(evening), who="benchmark", reasons=("no better",), version=number + 1_000,
        metrics={"candidate": {"f1": 0.3}, "champion": {"f1": 0.3}},
    )  # fmt: skip
    records.write(store, rejected)


def _predicted(prediction_id: str, contact_id: str, day: date, place: int) -> PredictionRecord:
    return PredictionRecord(
        prediction_id=prediction_id, at=_moment(day), source="batch", contact_id=contact_id, model_version=1, model_digest="m" * 64,
        input_digest="i" * 64, features_digest="f" * 64, probability=place % 97 / 100, threshold=0.25, decision=place % 97 >= 25,
        day=day, who="benchmark (bank_marketing_batch_scoring/night)", scores_uri="file:///scores",
    )  # fmt: skip


def _scores(made: list[PredictionRecord]) -> bytes:
    names = ("contact_id", "probability", "decision", "prediction_id")
    sink = io.BytesIO()
    pq.write_table(pa.table({name: [getattr(one, name) for one in made] for name in names}), sink)
    return sink.getvalue()


def _decided(evening: date, *, retrain: bool) -> decision.DecisionRecord:
    figures = {"method": "psi", "statistic": 0.1, "threshold": 0.25, "drifted": False, "weight": "decides"}
    columns: list[Any] = [{"column": f"column {number}", **figures} for number in range(20)]
    return decision.DecisionRecord(
        at=_moment(evening), as_of=evening, run="bank_marketing_drift_retraining/night", model_version=1,
        window=decision.WindowVerdict(last_day=evening, enough=True, violates=False),
        decision=decision.Decision(retrain=retrain, reason="a night of the past", violating=0, windows=5),
        numbers={"window": {"ref": {"digest": "w" * 64}}, "drift": {"columns": columns}},
    )  # fmt: skip


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(2), UTC)


def predictions_of(store: ArtifactStore, day: date) -> Iterator[str]:
    """Ids of the predictions of a day's list."""
    with store.local_copy(f"{store.uri('call_lists', f'contact_date={day}')}/scores") as folder:
        yield from pq.read_table(folder, columns=["prediction_id"])["prediction_id"].to_pylist()
