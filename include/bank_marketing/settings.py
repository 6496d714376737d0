"""All settings of the platform, read from `BANK_*` environment variables into one frozen object.

Everything has a default that works on a laptop: files under the project's folder, SQLite for MLflow, Spark in local mode.
Compose and production override the same names.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, computed_field
from pydantic_settings import SettingsConfigDict

from bank_marketing.environment import EnvironmentSettings

#: The project's folder, where the package is installed editable or baked into an image.
PROJECT_DIR = Path(__file__).resolve().parents[2]

#: The option of Spark's driver that keeps what Spark tells of its own starting up out of logs and terminals.
QUIET_SPARK = f"-Dlog4j2.configurationFile={(PROJECT_DIR / 'spark_jobs' / 'log4j2.properties').as_uri()}"


#: The campaign that is run when none is named. It lives in the roots themselves; each other one in a folder of its name below them.
DEFAULT_CAMPAIGN = "bank_marketing"


def spark_java_options(temporary: Path = Path("/tmp")) -> str:  # noqa: S108  Java's own default, whatever TMPDIR says
    """Options of Spark's driver: quiet, and with a temporary folder of the project's where programs may not be run from Java's own.

    Spark unpacks the native code of its codecs there.
    """
    if not temporary.is_dir() or not os.statvfs(temporary).f_flag & os.ST_NOEXEC:
        return QUIET_SPARK
    folder = PROJECT_DIR / ".cache" / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return f"{QUIET_SPARK} -Djava.io.tmpdir={folder}"


class Settings(EnvironmentSettings):
    """Where things are and how patient to be. Field `x` is set by `BANK_X`."""

    model_config = SettingsConfigDict(env_prefix="BANK_", env_nested_delimiter="__")

    home: Path = Field(default=PROJECT_DIR, description="folder that the defaults below are relative to")
    campaign: str = Field(default=DEFAULT_CAMPAIGN, description="name of a folder in include/campaigns, or a path to a folder")
    campaigns: str = Field(
        default="", description="campaigns that Airflow has DAGs for, comma-separated [the one of BANK_CAMPAIGN]"
    )
    archive: Path | None = Field(default=None, description="a campaign's published archive on disk, or the folder it lies in")
    landing_root: Path | None = Field(default=None, description="landing zone [HOME/landing]")
    artifact_root: str | None = Field(default=None, description="file:// or s3:// URI, or a path [HOME/artifacts]")
    mlflow_tracking_uri: str | None = Field(default=None, description="[sqlite:///HOME/artifacts/mlflow.db]")
    model_name: str = Field(
        default_factory=lambda given: Path(given["campaign"]).name, description="name of the registered model [the campaign's]"
    )
    results_file: Path | None = Field(default=None, description="the chosen model configuration [results.json of the campaign]")
    spark_master: str = Field(default="local[*]", description="used outside Airflow; there, the spark_default connection")
    spark_driver_memory: str = Field(default="2g", pattern=r"^[1-9]\d*[kKmMgGtT]$", description="heap of the Spark driver")
    archive_timeout_seconds: float = Field(default=5.0, gt=0, description="patience for each source of the archive")
    registry_timeout_seconds: int = Field(default=10, gt=0, description="patience for one MLflow request")
    landing_settle_seconds: float = Field(default=2.0, ge=0, description="a younger landed file may still be written")
    approval: bool = Field(
        default=False, description="whether a person is asked before a model goes to production, in every run"
    )
    list_due_minutes: float = Field(
        default=120, gt=0, description="a nightly list that is not there so long after its start is late"
    )
    mail_to: str = Field(default="", description="recipients of reports and alerts, comma-separated")
    public_url: str = Field(default="http://localhost:8000", description="where people's browsers reach the analyst's pages")
    public_mlflow_url: str = Field(default="", description="where people's browsers reach MLflow, for links")
    retention_runs_days: int = Field(default=90, gt=0, description="how long runs that nothing needs any more are kept")
    retention_predictions_days: int = Field(
        default=1826, gt=0, description="how long predictions are on record and can be traced; then their call lists go too"
    )
    retention_logs_days: int = Field(default=60, gt=0, description="how long logs, kept mails and Airflow's past runs are kept")
    call_cost: float | None = Field(default=None, gt=0, description="cost of one call [that of the campaign's params.yaml]")
    deposit_margin: float | None = Field(
        default=None, gt=0, description="margin of one success [that of the campaign's params.yaml]"
    )
    params: dict[str, dict[str, Any]] = Field(
        default_factory=dict, description="BANK_PARAMS__SECTION__NAME: instead of a value in the campaign's params.yaml"
    )
    s3_endpoint_url: str | None = Field(default=None, description="S3 server when it is not AWS")
    s3_access_key: SecretStr | None = Field(default=None, description="else the usual AWS credential chain")
    s3_secret_key: SecretStr | None = Field(default=None, description="else the usual AWS credential chain")
    s3_timeout_seconds: float = Field(default=20.0, gt=0, description="patience for each answer of S3, of which there are four")

    def for_campaign(self, campaign: str) -> Self:
        """These settings for another campaign of the same deployment: what was set stays, but what is one campaign's own."""
        shared = self.model_fields_set - {"campaign", "model_name", "results_file", "params"}
        return type(self)(**{name: getattr(self, name) for name in shared}, campaign=campaign)

    @property
    def campaign_name(self) -> str:
        """Name of the campaign's folder: its DAGs, model and folders are called by it."""
        return Path(self.campaign).name

    @property
    def all_campaigns(self) -> tuple[str, ...]:
        """The campaigns that this deployment serves, as `BANK_CAMPAIGNS` or `BANK_CAMPAIGN` names them; the first is the process's own."""
        return tuple(name.strip() for name in self.campaigns.split(",") if name.strip()) or (self.campaign,)

    @property
    def _below(self) -> str:
        return "" if self.campaign_name == DEFAULT_CAMPAIGN else self.campaign_name

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def landing(self) -> Path:
        """Folder of the campaign's landing zone, absolute."""
        return (self.landing_root or self.home / "landing").resolve() / self._below

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def artifacts(self) -> str:
        """Root URI of the campaign's artifacts, without a trailing slash."""
        root = self.artifact_root or str(self.home / "artifacts")
        uri = root.rstrip("/") if "://" in root else Path(root).resolve().as_uri()
        return f"{uri}/{self._below}".rstrip("/")

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def tracking_uri(self) -> str:
        """MLflow's tracking and registry URI."""
        return self.mlflow_tracking_uri or f"sqlite:///{(self.home / 'artifacts' / 'mlflow.db').resolve()}"

    @computed_field  # type: ignore[prop-decorator]
    @cached_property
    def cache(self) -> Path:
        """Folder for what was downloaded or can be made again."""
        return (self.home / ".cache").resolve()
