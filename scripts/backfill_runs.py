"""The runs of a backfill in the database of the embedded Airflow.

`airflow backfill create` knows a first and a last day and would run weekends and holidays as well, where no data are. So the runs are made
here, of the same parts of Airflow that its command is made of; what Airflow's lock file pins, `tests/scripts/test_backfill.py` holds.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from airflow.models.backfill import (
    Backfill,
    ReprocessBehavior,
    _create_runs_non_partitioned,
    _get_dag_run_no_create_reason,
    _get_info_list,
    _get_latest_dag_run_row_query,
)
from airflow.models.dag import DagModel
from airflow.models.serialized_dag import SerializedDagModel
from airflow.utils.session import create_session
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_fixed

from bank_marketing.errors import ConfigError

if TYPE_CHECKING:
    from airflow.timetables.base import DagRunInfo

#: More at once wait for each other: a Spark job has all cores of a small machine (pool `spark`).
MAX_ACTIVE_RUNS = 1


@dataclass(frozen=True)
class Request:
    """Runs of one DAG for some days in time order; `again` takes days with a finished run as well."""

    dag_id: str
    days: Sequence[date]
    conf: dict[str, Any]
    again: bool


@dataclass(frozen=True)
class Plan:
    """The days that would be run, those that have a run already, and whether the DAG is paused."""

    days: list[date]
    done: list[date]
    paused: bool


def plan(request: Request) -> Plan:
    """What `create` would do. Raises ConfigError where another backfill of the DAG is not finished."""
    with _database() as session:
        infos = _infos(request, session)
        paused = session.scalar(select(DagModel.is_paused).where(DagModel.dag_id == request.dag_id))
    days = [_day(info) for info in infos]
    return Plan(days, [day for day in request.days if day not in set(days)], bool(paused))


def create(request: Request) -> list[date]:
    """Queue the runs; the scheduler works through them in time order. Returns their days.

    Raises:
        ConfigError: another backfill of the DAG is not finished.
    """
    for attempt in Retrying(
        retry=retry_if_exception(_is_locked), wait=wait_fixed(2), stop=stop_after_attempt(15), reraise=True
    ):
        with attempt, _database() as session:
            infos = _infos(request, session)
            backfill = Backfill(
                dag_id=request.dag_id,
                from_date=_start(request.days[0]),
                to_date=_end(request.days[-1]),
                max_active_runs=MAX_ACTIVE_RUNS,
                dag_run_conf=request.conf,
                reprocess_behavior=_behavior(request),
            )
            session.add(backfill)
            session.flush()
            _create_runs_non_partitioned(
                backfill=backfill,
                dag=_dag(request.dag_id, session),
                dagrun_info_list=infos,
                run_on_latest_version=True,
                session=session,
            )
    return [_day(info) for info in infos]


def _infos(request: Request, session: Any) -> list[DagRunInfo]:
    """The DAG's scheduled moments on the wanted days that have no run in the way."""
    active = session.scalar(
        select(Backfill).where(Backfill.dag_id == request.dag_id, Backfill.completed_at.is_(None)).order_by(Backfill.id)
    )
    if active is not None:
        raise ConfigError(
            f"a backfill of {request.dag_id} from {active.from_date:%Y-%m-%d} to {active.to_date:%Y-%m-%d} is not finished, and there can "
            "be one at a time: wait for it, or cancel it in Airflow's UI (the DAG's page, Backfills), then start this one"
        )
    wanted = set(request.days)
    infos = _get_info_list(
        dag=_dag(request.dag_id, session), from_date=_start(request.days[0]), to_date=_end(request.days[-1]), reverse=False
    )
    return [info for info in infos if _day(info) in wanted and not _in_the_way(request, info, session)]


def _in_the_way(request: Request, info: DagRunInfo, session: Any) -> bool:
    run = session.scalar(_get_latest_dag_run_row_query(dag_id=request.dag_id, info=info))
    return run is not None and _get_dag_run_no_create_reason(run, _behavior(request)) is not None


def _behavior(request: Request) -> ReprocessBehavior:
    return ReprocessBehavior.COMPLETED if request.again else ReprocessBehavior.NONE


def _dag(dag_id: str, session: Any) -> Any:
    found = session.scalar(SerializedDagModel.latest_item_select_object(dag_id))  # type: ignore[no-untyped-call]  # Airflow's own
    if found is None:
        raise ConfigError(
            f"Airflow does not know the DAG {dag_id}: does its file import? `airflow dags list-import-errors` tells"
        )
    return found.dag


def _day(info: DagRunInfo) -> date:
    """The day that a run works on: its tasks read it off the logical date, which they get in UTC."""
    assert info.logical_date is not None
    return info.logical_date.astimezone(UTC).date()


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _end(day: date) -> datetime:
    return datetime.combine(day, time.max, UTC)


@contextmanager
def _database() -> Iterator[Any]:
    """A session of Airflow's database, which commits at its end or leaves everything as it was."""
    logging.getLogger("airflow.models.backfill").setLevel(logging.WARNING)
    with create_session() as session:
        yield session


def _is_locked(error: BaseException) -> bool:
    """SQLite, while the scheduler of an embedded Airflow writes."""
    return isinstance(error, OperationalError) and "database is locked" in str(error).lower()
