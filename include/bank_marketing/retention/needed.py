"""What must stay, with the reason: found from its roots along the parents that manifests name."""

from __future__ import annotations

from bank_marketing.errors import ArtifactMissing
from bank_marketing.registry import records
from bank_marketing.registry.registry import ARCHIVED, PRODUCTION, STAGING, Registry
from bank_marketing.retention.holds import holds
from bank_marketing.retention.inventory import Inventory, StoredPredictions
from bank_marketing.scoring.predictions import PredictionLog, PredictionRecord

LAST_RUN = "the last run of its DAG"


class Needed:
    """Reasons to keep, by run; and the requests whose predictions are held."""

    def __init__(self, inventory: Inventory, registry: Registry) -> None:
        """Versions are asked for at once: without the registry nothing may be removed. Raises RegistryUnavailable."""
        self.inventory = inventory
        self.runs: dict[str, str] = {}
        self.requests: set[str] = set()
        self._versions = {version.version: version for version in registry.versions()}
        self._once_in_production = {record.to_version for record in records.history(registry.store)}
        self._parents = {
            manifest.uri: [parent.uri for parent in manifest.parents]
            for run in inventory.runs.values()
            for manifest in run.manifests
        }
        self._by_digest = {
            manifest.content_digest: manifest.uri
            for run in sorted(inventory.runs.values(), key=lambda run: run.uri, reverse=True)
            for manifest in run.manifests
        }

    def find(self, kept_predictions: list[StoredPredictions]) -> None:
        """Mark what production and former champions, holds and kept predictions came from, and each DAG's last run."""
        for number, version in self._versions.items():
            if version.stage in (PRODUCTION, STAGING, ARCHIVED) or number in self._once_in_production:
                self._keep(version.tags.get("model_uri", ""), f"version {number}, {version.stage}")
        self._keep_held()
        for entry in kept_predictions:
            self._keep_prediction(entry.first, f"predictions of {entry.first.day}")
        last: dict[str, str] = {}
        for run in sorted(self.inventory.runs.values(), key=lambda run: str(run.made)):
            if run.manifests:
                last[run.dag_id] = run.uri
        for uri in last.values():
            self.runs.setdefault(uri, LAST_RUN)

    def _keep_held(self) -> None:
        for hold in holds(self.inventory.store):
            for target in hold.targets if hold.open else ():
                why = f"hold {hold.name}"
                if "://" not in target:
                    self._keep_held_prediction(target, why)
                    continue
                run = self.inventory.run_of(target)
                stored = self.inventory.runs.get(run)
                self.runs.setdefault(run, why)
                for manifest in stored.manifests if stored else ():
                    self._keep(manifest.uri, why)

    def _keep_held_prediction(self, prediction_id: str, why: str) -> None:
        try:
            self._keep_prediction(PredictionLog(self.inventory.store).get(prediction_id), why)
        except ArtifactMissing:  # removed by other hands: the rest of the hold still counts
            return
        self.requests.add(prediction_id.rpartition("-")[0])

    def _keep_prediction(self, record: PredictionRecord, why: str) -> None:
        """The batch run, the features with the campaign's counts, and the model of a prediction."""
        version = self._versions.get(record.model_version)
        model = version.tags.get("model_uri", "") if version else ""
        for uri in (record.scores_uri, self._by_digest.get(record.features_digest, ""), model):
            self._keep(uri, why)

    def _keep(self, uri: str, why: str) -> None:
        """Keep the run of an artifact whole, and the runs of all that it was made from."""
        todo, seen = [uri], {""}
        while todo:
            artifact = todo.pop()
            if artifact in seen:
                continue
            seen.add(artifact)
            run = self.inventory.run_of(artifact)
            if run:
                self.runs.setdefault(run, why)
            todo += self._parents.get(artifact, [])
