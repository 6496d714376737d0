"""From one prediction back to the raw files, each link checked against its digest anew."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue, computed_field

from bank_marketing.artifacts import ArtifactRef, ArtifactStore, Manifest
from bank_marketing.components import evaluate_model, promote_model
from bank_marketing.errors import ArtifactCorrupt, ArtifactMissing, ConfigError, ModelIncompatible
from bank_marketing.etl.snapshot import CleanDay, Snapshot
from bank_marketing.landing.archive import archive_path
from bank_marketing.lineage.comparisons import model_problem, record_problem, scores_problem, training_problem
from bank_marketing.lineage.links import (
    Link,
    State,
    archive_link,
    artifact_link,
    clean_days_link,
    landed_file_link,
    landed_files_link,
)
from bank_marketing.registry import records
from bank_marketing.registry.registry import ModelVersion, Registry
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord
from bank_marketing.scoring.state import published_features


class Trace(BaseModel):
    """A prediction and the chain of what it came from, the nearest link first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prediction: PredictionRecord
    links: tuple[Link, ...] = ()

    @computed_field  # type: ignore[prop-decorator]
    @property
    def intact(self) -> bool:
        """Whether nothing of it is altered or missing."""
        return not any(link.broken for link in self.links)


def trace(store: ArtifactStore, registry: Registry, prediction_id: str) -> Trace:
    """Trace a prediction.

    Raises:
        ArtifactMissing: there is no prediction with this id.
        RegistryUnavailable: MLflow does not answer.
    """
    prediction = PredictionLog(store).get(prediction_id)
    return Trace(prediction=prediction, links=tuple(_Chain(prediction, store, registry).links()))


class _Chain:
    """Follows the references that a prediction and its artifacts carry."""

    def __init__(self, prediction: PredictionRecord, store: ArtifactStore, registry: Registry) -> None:
        self.prediction, self.store, self.registry = prediction, store, registry
        self.days: dict[str, CleanDay] = {}
        self.sources: list[dict[str, Any]] = []

    def links(self) -> Iterator[Link]:
        """All links, from the prediction to the archive."""
        yield from self._scoring_run()
        version, link = self._version()
        yield link
        if version is not None:
            yield from self._training_run(version)
        if version is None or self.prediction.features_digest != version.tags.get("features_digest"):
            yield from self._counts()
        settings = self.registry.settings
        if self.days:
            days = [self.days[path] for path in sorted(self.days)]
            yield clean_days_link(self.store, days)
            yield landed_files_link(settings.landing, days)
        if self.sources:
            yield archive_link(self.sources[0], archive_path(settings))

    def _scoring_run(self) -> Iterator[Link]:
        """The batch run's scores and the list that was scored; a prediction of the service has neither."""
        uri = self.prediction.scores_uri
        if not uri:
            yield self._request()
            return
        manifest = self._read(uri)
        if manifest is None:
            yield artifact_link("scores", self.store, ArtifactRef(kind="scores", uri=uri, digest=""))
            return
        link = artifact_link("scores", self.store, manifest.ref)
        yield link if link.broken else self._same_as_scored(link, manifest)
        pinned = next((parent for parent in manifest.parents if parent.kind == "selected_model"), None)
        if pinned is not None:
            yield artifact_link("pinned model", self.store, pinned)
        listed = next((parent for parent in manifest.parents if parent.kind == "prospects"), None)
        if listed is None:
            return
        yield artifact_link("checked list", self.store, listed)
        checked = self._read(listed.uri)
        source: Any = checked.details.get("source") if checked else None
        if source:
            path = self.registry.settings.landing / source["file"]
            yield landed_file_link("landed list", path, source["sha256"], {"uploaded": source["uploaded"]})

    def _request(self) -> Link:
        """A prediction of the service stands on record alone; its own digest says whether it still says what it said."""
        made = self.prediction
        facts = {"source": made.source, "who": made.who, "contract": made.contract, "code_version": made.code_version}
        state: State = "intact" if made.record_digest else "recorded"
        link = Link(name="request", state=state, digest=made.record_digest or made.input_digest, facts={**facts})
        return _altered(link, record_problem(made))

    def _same_as_scored(self, link: Link, scores: Manifest) -> Link:
        """The record must say what the scores and what they were made from say."""
        import pyarrow.parquet as pq

        columns = ["probability", "decision", "input_digest"]
        with self.store.local_copy(f"{link.uri}/scores") as folder:
            found = pq.read_table(folder, columns=columns, filters=[("contact_id", "=", self.prediction.contact_id)])
        inputs = {parent.kind: self._read(parent.uri) for parent in scores.parents}
        known = {kind: manifest for kind, manifest in inputs.items() if manifest is not None}
        problem = record_problem(self.prediction) or scores_problem(self.prediction, found.to_pylist(), scores, known)
        return _altered(link, problem)

    def _counts(self) -> Iterator[Link]:
        """The features artifact whose campaign counts the prediction used, when it is not the one that trained the model."""
        name, wanted = "campaign counts", self.prediction.features_digest
        published = published_features(self.store, first=self.prediction.day)
        ref = next((found.ref for found in published if found.content_digest == wanted), None)
        if ref is None:
            problem = f"no features with content {wanted[:12]} are in the store any more"
            yield Link(name=name, state="missing", problem=problem, digest=wanted)
            return
        yield artifact_link(name, self.store, ref)
        yield from self._data(ref)

    def _version(self) -> tuple[ModelVersion | None, Link]:
        number = self.prediction.model_version
        name, uri = "model version", f"models:/{self.registry.name}/{number}"
        try:
            version = self.registry.get(number)
        except ConfigError as error:
            return None, Link(name=name, state="missing", problem=str(error), uri=uri)
        facts: dict[str, JsonValue] = {
            "version": number,
            "stage_now": version.stage,
            "mlflow_run": version.run_id,
            "trained_through": version.tags.get("trained_through", ""),
            "threshold": version.tags.get("threshold", ""),
            "training_run": version.tags.get("dag_run", ""),
            "decisions": [
                f"{record.action} {record.at:%Y-%m-%d %H:%M} by {record.who}: {' '.join(record.reasons)}"
                for record in records.history(self.store)
                if record.version == number
            ],
        }
        link = Link(name=name, state="intact", uri=uri, digest=version.digest, facts=facts)
        try:
            problem = model_problem(self.prediction, version, self.registry.load(version))
        except (ArtifactCorrupt, ModelIncompatible) as error:
            problem = str(error)
        return version, _altered(link, problem)

    def _training_run(self, version: ModelVersion) -> Iterator[Link]:
        tags = version.tags
        model = ArtifactRef(kind="model", uri=tags.get("model_uri", ""), digest=version.digest)
        manifest = self._read(model.uri)
        choice: Any = manifest.parameters.get("choice") if manifest else None
        link = artifact_link("training run", self.store, model, {"choice": choice} if choice else None)
        yield link if link.broken or manifest is None else _altered(link, training_problem(version, manifest))
        run = model.uri.rpartition("/")[0]
        for name, component in (("evaluation", evaluate_model.COMPONENT), ("promotion", promote_model.COMPONENT)):
            for number in itertools.count(1):  # a task that was run again published beside the first
                made = self._read(f"{run}/{component}" + (f"-{number}" if number > 1 else ""))
                if made is None:
                    break
                yield artifact_link(name, self.store, made.ref)
        features = ArtifactRef(kind="features", uri=tags.get("features_uri", ""), digest=tags.get("features_digest", ""))
        yield artifact_link("features", self.store, features)
        yield from self._data(features)

    def _data(self, features: ArtifactRef) -> Iterator[Link]:
        """Validation and snapshot behind features; the snapshot's days are kept for the last links."""
        manifest = self._read(features.uri)
        if manifest is None:
            return
        validated = self._read(str(manifest.notes.get("validation", "")))
        if validated is not None:
            facts = {name: validated.details.get(name) for name in ("passed", "rules_checked")}
            yield artifact_link("validation", self.store, validated.ref, facts)
        for ref in manifest.parents:
            if ref.kind != "snapshot":
                continue
            link = artifact_link("snapshot", self.store, ref)
            yield link
            if link.broken:
                continue
            snapshot = Snapshot.model_validate(json.loads(self.store.read_bytes(f"{ref.uri}/snapshot.json")))
            self.days |= {day.path: day for day in snapshot.days}
            source: Any = self.store.manifest(ref).details.get("source")
            self.sources += [source] if source else []

    def _read(self, uri: str) -> Any:
        """The manifest at a URI, None where none can be read (its link says so)."""
        try:
            return self.store.manifest(uri) if uri else None
        except (ArtifactMissing, ArtifactCorrupt):
            return None


def _altered(link: Link, problem: str) -> Link:
    """The link, broken by a problem when there is one."""
    return link.model_copy(update={"state": "altered", "problem": problem}) if problem else link
