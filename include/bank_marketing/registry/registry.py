"""Versions and stages. A stage is an MLflow alias: `models:/bank_marketing@production` is the model in production."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from bank_marketing.artifacts import ArtifactStore
from bank_marketing.artifacts.digests import file_digests
from bank_marketing.errors import ArtifactCorrupt, ConfigError, ModelIncompatible, NoProductionModel, RegistryUnavailable
from bank_marketing.registry import records
from bank_marketing.registry.records import Record
from bank_marketing.registry.tracking import answering, connect
from bank_marketing.settings import Settings

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.tracking import MlflowClient

    from bank_marketing.modeling.model import TermDepositModel

PRODUCTION, STAGING, ARCHIVED = "production", "staging", "archived"

#: The training reference that MLflow keeps beside a model, for drift.
REFERENCE_FILE = "reference.parquet"


@dataclass(frozen=True)
class ModelVersion:
    """One registered version: its number, the run that made it, and what was said of it when it was registered."""

    version: int
    run_id: str
    source: str
    stage: str
    created_at: datetime
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Content digest of the model artifact."""
        return self.tags.get("model_digest", "")

    @property
    def files(self) -> dict[str, str]:
        """sha256 of each registered file that a decision reads; none for a version of a release that did not keep them."""
        return dict(json.loads(self.tags.get("files", "{}")))


class Registry:
    """The registered model of the settings."""

    def __init__(self, settings: Settings, store: ArtifactStore) -> None:
        """Nothing is asked of MLflow yet."""
        self.settings, self.store, self.name = settings, store, settings.model_name

    @cached_property
    def client(self) -> MlflowClient:
        """MLflow's client. Raises RegistryUnavailable."""
        return connect(self.settings)

    def register(self, run_id: str, model_id: str, tags: dict[str, str]) -> ModelVersion:
        """Register the model of a training run, once: the same `model_digest` gives the version that is there."""
        client = self.client
        with answering(self.settings):
            known = self._by_digest(tags["model_digest"])
            if known is not None:
                return known
            if not client.search_registered_models(filter_string=f"name='{self.name}'"):
                client.create_registered_model(self.name, description="Will a call to this client succeed?")
            source = f"models:/{model_id}"
            made = client.create_model_version(self.name, source, run_id=run_id, tags=tags, model_id=model_id)
            return self._version(made)

    def versions(self) -> list[ModelVersion]:
        """All versions, newest first."""
        with answering(self.settings):
            found = self.client.search_model_versions(f"name='{self.name}'")
        return sorted((self._version(entry) for entry in found), key=lambda version: -version.version)

    def get(self, version: int) -> ModelVersion:
        """One version. Raises ConfigError with the versions there are."""
        versions = {entry.version: entry for entry in self.versions()}
        if version not in versions:
            known = ", ".join(map(str, sorted(versions))) or "none"
            raise ConfigError(f"{self.name} has no version {version}; there are: {known}")
        return versions[version]

    def at(self, stage: str) -> ModelVersion | None:
        """The version that a stage's alias points to."""
        from mlflow.exceptions import MlflowException

        with answering(self.settings):
            try:
                return self._version(self.client.get_model_version_by_alias(self.name, stage))
            except MlflowException as error:
                if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                    return None
                raise

    def production(self) -> ModelVersion:
        """The version in production. Raises NoProductionModel."""
        version = self.at(PRODUCTION)
        if version is None:
            raise NoProductionModel(
                f"{self.name} has no version in production yet: run the training DAG (`make run`), or put one there with "
                "`bank-marketing rollback --to VERSION --reason …`"
            )
        return version

    def load(self, version: ModelVersion) -> TermDepositModel:
        """The model of a version, each of its files checked against the digest it was registered with.

        Raises:
            ArtifactCorrupt: MLflow holds other files than those that were evaluated.
            ModelIncompatible: the files are no model of this platform, or no digest of them was registered.
            RegistryUnavailable: MLflow does not answer.
        """
        from bank_marketing.modeling.model import TermDepositModel
        from bank_marketing.modeling.persistence import MODEL_FOLDER

        return TermDepositModel.load(self._checked(version, MODEL_FOLDER))

    def verify(self, version: ModelVersion) -> None:
        """Check that MLflow still holds a version's files as they were registered. Raises as `load` does."""
        from bank_marketing.modeling.persistence import MODEL_FOLDER

        with TemporaryDirectory() as copy:
            self._checked(version, MODEL_FOLDER, copy)

    def check_database(self) -> None:
        """Raises RegistryUnavailable when the file of a database that was open is gone: a connection to it would go on answering."""
        location = self.settings.tracking_uri
        if location.startswith("sqlite:///") and not Path(location.removeprefix("sqlite:///")).is_file():
            raise RegistryUnavailable(f"MLflow's database {location} was removed. Restore it; no model was changed.")

    def reference(self, version: ModelVersion) -> pd.DataFrame:
        """Training rows of a version with their `probability`, to compare later data with. Raises as `load` does."""
        import pandas as pd

        return pd.read_parquet(self._checked(version, REFERENCE_FILE))

    def inputs(self, version: ModelVersion) -> list[str]:
        """Names of the columns that a version's signature asks for; none when it has no signature."""
        from mlflow.models import Model

        signature = Model.load(str(self._download(version, "MLmodel"))).signature
        return signature.inputs.input_names() if signature is not None and signature.inputs is not None else []

    def stage(self, version: ModelVersion) -> None:
        """Point `staging` to a version that has not been further: what is or was in production is not put back by a re-run."""
        if self.get(version.version).stage not in (PRODUCTION, ARCHIVED):
            self._point(STAGING, version)

    def promote(self, version: ModelVersion, record: Record) -> Record:
        """Put a version into production; the former one is archived. On record; promoting it again changes nothing."""
        former = self.at(PRODUCTION)
        if former is not None and former.version == version.version:
            return record.model_copy(update={"from_version": version.version, "to_version": version.version})
        if former is not None:
            self._point(ARCHIVED, former)
        self._point(PRODUCTION, version)
        done = record.model_copy(update={"from_version": former.version if former else None, "to_version": version.version})
        records.write(self.store, done)
        return done

    def reject(self, version: ModelVersion, record: Record) -> Record:
        """Record that a version stays out of production; told again by a retried task, it is on record once."""
        former = self.at(PRODUCTION)
        current = former.version if former else None
        done = record.model_copy(update={"from_version": current, "to_version": current})
        if all(entry.model_copy(update={"at": done.at}) != done for entry in records.history(self.store)):
            records.write(self.store, done)
        return done

    def rollback(self, to: int, *, reason: str, who: str) -> Record:
        """Put an earlier version back into production, on record. Raises ConfigError when it is there already, or for no reason."""
        if not reason.strip():
            raise ConfigError("a rollback needs a reason: it stands in the record for those who ask later")
        version = self.get(to)
        current = self.at(PRODUCTION)
        if current is not None and current.version == to:
            raise ConfigError(f"version {to} of {self.name} is in production already: nothing to roll back")
        return self.promote(
            version,
            Record(
                action="rolled_back",
                at=datetime.now(UTC),
                who=who,
                reasons=(reason,),
                version=to,
                model_digest=version.digest,
            ),
        )

    def _point(self, stage: str, version: ModelVersion) -> None:
        with answering(self.settings):
            self.client.set_registered_model_alias(self.name, stage, str(version.version))
            self.client.set_model_version_tag(self.name, str(version.version), "stage", stage)

    def _by_digest(self, digest: str) -> ModelVersion | None:
        found = self.client.search_model_versions(f"name='{self.name}' and tags.model_digest='{digest}'")
        return self._version(min(found, key=lambda entry: int(entry.version))) if found else None

    def _checked(self, version: ModelVersion, place: str, copy: str | None = None) -> Path:
        """A registered file or folder, when it holds what was registered and nothing else."""
        named = f"version {version.version} of {self.name}"
        registered = {name: digest for name, digest in version.files.items() if name.split("/")[0] == place}
        if not registered:
            raise ModelIncompatible(
                f"{named} was registered without digests of its files, as releases before 0.2 did: what it decides cannot be checked, "
                "and it is not loaded. Train again (`make run`)."
            )
        path = self._download(version, f"artifacts/{place}", copy)
        found = file_digests(path)
        altered = sorted(name for name in registered | found if registered.get(name) != found.get(name))
        if altered:
            raise ArtifactCorrupt(
                f"{named}: {', '.join(altered)} in MLflow is not what was registered. The file was altered; it is not loaded. "
                "Restore it, or roll back to another version."
            )
        return path

    def _download(self, version: ModelVersion, path: str, copy: str | None = None) -> Path:
        import mlflow

        with answering(self.settings):
            # Asked of this client: `models:/NAME/VERSION` is looked up in the one registry that MLflow has for a whole process.
            location = self.client.get_model_version_download_uri(self.name, str(version.version))
            server = self.settings.tracking_uri
            return Path(mlflow.artifacts.download_artifacts(f"{location}/{path}", dst_path=copy, tracking_uri=server))

    @staticmethod
    def _version(entry: Any) -> ModelVersion:
        tags = dict(entry.tags)
        return ModelVersion(
            version=int(entry.version),
            run_id=entry.run_id or "",
            source=entry.source,
            stage=tags.get("stage", "none"),
            created_at=datetime.fromtimestamp(entry.creation_timestamp / 1000, UTC),
            tags=tags,
        )
