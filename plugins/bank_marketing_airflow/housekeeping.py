"""Operators of the maintenance DAG: what is older than its retention goes, from the store, the logs, Airflow's own database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.configuration import conf
from airflow.sdk import BaseOperator, Connection, Context
from airflow.sdk.exceptions import AirflowSkipException

from bank_marketing.errors import ConfigError
from bank_marketing.settings import Settings
from bank_marketing_airflow.campaigns import settings_of
from bank_marketing_airflow.run_context import check_names, run_type

#: Airflow shuts its database off from tasks; this connection's extra `sql_alchemy_conn` opens it to the one task that cleans it.
METADATA_CONNECTION = "airflow_metadata"


def removes(context: Context) -> bool:
    """Whether this run removes: a scheduled one does, one by hand only when it is told to."""
    check_names(context)
    asked = context["params"].get("remove", "auto")
    return bool(asked == "yes" or (asked == "auto" and run_type(context) == "scheduled"))


def since() -> datetime:
    """Logs and past runs older than this go."""
    return datetime.now(UTC) - timedelta(days=Settings().retention_logs_days)


class PruneArtifactsOperator(BaseOperator):
    """`bank-marketing prune`: runs, predictions, call lists, mails and leftovers that nothing needs any more."""

    ui_color = "#eeeeee"

    def execute(self, context: Context) -> dict[str, Any]:
        """Plan, and carry the plan out where the run may; returns how many of each kind."""
        from bank_marketing.retention.prune import carry_out, plan

        settings = settings_of(self.dag_id)
        made = plan(settings)
        for why, runs in sorted(made.kept.items()):
            self.log.info("kept: %d run(s), %s", runs, why)
        for item in made.items:
            self.log.info(
                "%s %s of %s",
                "removing" if removes(context) else "would remove",
                item.what,
                f"{item.made:%Y-%m-%d}: {item.uri}",
            )
        if removes(context):
            carry_out(made, settings)
        return {"removed": removes(context), "megabytes": round(made.size / 1e6, 1)} | Counter(item.what for item in made.items)


class PruneLogsOperator(BaseOperator):
    """Log files of this machine that are older than `BANK_RETENTION_LOGS_DAYS`, and the folders they leave empty."""

    ui_color = "#eeeeee"

    def execute(self, context: Context) -> dict[str, Any]:
        """Remove them where the run may; returns how many."""
        base, oldest = Path(conf.get("logging", "base_log_folder")), since().timestamp()
        old = [path for path in base.rglob("*") if path.is_file() and not path.is_symlink() and path.stat().st_mtime < oldest]
        size = sum(path.stat().st_size for path in old)
        self.log.info("%d log files below %s are older than %s", len(old), base, f"{since():%Y-%m-%d}")
        if removes(context):
            for path in old:
                path.unlink(missing_ok=True)
            for folder in sorted((path for path in base.rglob("*") if path.is_dir()), reverse=True):
                if folder.stat().st_mtime < oldest or not any(folder.iterdir()):
                    _remove_if_empty(folder)
        return {"removed": removes(context), "files": len(old), "megabytes": round(size / 1e6, 1)}


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # a task has begun to write there
        return


class CleanMetadataOperator(BaseOperator):
    """`airflow db clean`: rows of past runs, tasks, XComs and jobs; the last run of each DAG stays."""

    ui_color = "#eeeeee"

    def execute(self, context: Context) -> dict[str, Any]:
        """Clean where the run may, else only count. Skipped where the database is not opened to it.

        Raises:
            ConfigError: `airflow db clean` refuses.
        """
        database = _database()
        done = subprocess.run(  # noqa: S603  its own interpreter, fixed arguments
            [
                *(sys.executable, "-m", "airflow", "db", "clean", "--skip-archive", "--yes"),
                *("--clean-before-timestamp", since().isoformat()),
                *([] if removes(context) else ["--dry-run"]),
            ],
            env=_open(database),
            capture_output=True,
            text=True,
            check=False,
        )
        for line in done.stdout.splitlines():
            if "rows meeting deletion criteria" in line and "Found 0 rows" not in line:
                self.log.info("%s", line.strip())
        if done.returncode:
            raise ConfigError(f"airflow db clean: {(done.stdout + done.stderr).replace(database, '***')[-1500:]}")
        return {"removed": removes(context)}


def _open(database: str) -> dict[str, str]:
    """The environment of a process that is no task's any more."""
    own = {name: value for name, value in os.environ.items() if name != "_AIRFLOW_PROCESS_CONTEXT"}
    return own | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database}


def _database() -> str:
    try:
        found = Connection.get(METADATA_CONNECTION).extra_dejson.get("sql_alchemy_conn", "")
    except Exception:  # Airflow raises a private AirflowNotFoundException from several places
        found = ""
    if not found:
        raise AirflowSkipException(
            f"there is no connection {METADATA_CONNECTION} with `sql_alchemy_conn` in its extra: clean the database from outside, "
            f"with `airflow db clean --clean-before-timestamp {since():%Y-%m-%d}`"
        )
    return str(found)
