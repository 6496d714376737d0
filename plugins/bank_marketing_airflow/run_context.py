"""The run a task belongs to, and the day it works on: one resolver for every kind of trigger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from bank_marketing.components.context import RunContext, parse_as_of
from bank_marketing.errors import ConfigError, InvalidAsOf
from bank_marketing.landing.zone import LandingZone
from bank_marketing_airflow.campaigns import calendar_of, settings_of


def resolve_as_of(context: Mapping[str, Any]) -> date:
    """The run's `as_of`: its parameter, else the newest day of the asset events that triggered it, else the day of its logical date.

    That day, and today, are those of the campaign's time zone.
    Events that piled up while a DAG was paused trigger one run, in no order.

    Raises:
        InvalidAsOf: it is no date, in the future, or the run has none of the three.
    """
    run = context["dag_run"]
    calendar = calendar_of(run.dag_id)
    stated = (context.get("params") or {}).get("as_of")
    if stated:
        return parse_as_of(stated, today=calendar.today())
    events = [event for told in (context.get("triggering_asset_events") or {}).values() for event in told]
    if days := [parse_as_of(event.extra["as_of"], today=calendar.today()) for event in events if event.extra.get("as_of")]:
        return max(days)
    moment = run.logical_date or run.run_after
    if moment is None:
        raise InvalidAsOf("the run has no as_of parameter, no asset event with one and no logical date: trigger it with as_of")
    return parse_as_of(calendar.day_of(moment), today=calendar.today())


def run_context(context: Mapping[str, Any]) -> RunContext:
    """The platform's context of a task's run."""
    run = context["dag_run"]
    return RunContext(dag_id=run.dag_id, run_id=run.run_id, as_of=resolve_as_of(context), settings=settings_of(run.dag_id))


def begin(context: Mapping[str, Any]) -> RunContext:
    """The run of a task that is about to work, when there is something to do.

    Raises:
        ConfigError: the run was triggered with a parameter that its DAG does not have.
        InvalidAsOf: see `resolve_as_of`; or the campaign has ended, and nobody has said which of its days is meant.
        AirflowSkipException: the schedule, or a backfill, is past the campaign's end.
    """
    check_names(context)
    run = run_context(context)
    ended = LandingZone(run.settings.landing).ended()
    if ended is None or run.as_of <= ended or (context.get("params") or {}).get("as_of"):
        return run
    over = f"the campaign ended on {ended}: there is nothing to do for {run.as_of}"
    if run_type(context) == "manual":
        raise InvalidAsOf(f"{over}. Trigger the run with `as_of`, a day up to then.")
    raise AirflowSkipException(f"{over}.")


def check_names(context: Mapping[str, Any]) -> None:
    """Refuse what the trigger form does not have: `asof` would run for today."""
    known = list(context["dag"].params)
    unknown = sorted(set(context["dag_run"].conf or {}) - set(known))
    if unknown:
        raise ConfigError(
            f"{context['dag_run'].dag_id} has no parameter {', '.join(unknown)}; it has: {', '.join(known)}. Nothing was done."
        )


def run_type(context: Mapping[str, Any]) -> str:
    """How the run came to be: `scheduled`, `asset_triggered`, `manual` or `backfill`."""
    found = context["dag_run"].run_type
    return str(getattr(found, "value", found))


def live(context: Mapping[str, Any], run: RunContext) -> bool:
    """Whether a run belongs to the live loop: what it makes is announced to who listens, and its decision counts.

    Not live are a backfill, a run that may not promote, and a day before one whose features are there: what-if, not tonight.
    """
    from bank_marketing.scoring.state import published_features

    if run_type(context) == "backfill" or (context.get("params") or {}).get("promote") == "no":
        return False
    newest = next(published_features(run.store), None)
    return newest is None or newest.as_of is None or run.as_of >= newest.as_of


def run_options(context: Mapping[str, Any]) -> dict[str, Any]:
    """What the run was asked for: its parameters, and who asked. Only a backfill leaves the production stage alone by itself."""
    run, params = context["dag_run"], dict(context.get("params") or {})
    promote = params.get("promote", "auto")
    backfill = run_type(context) == "backfill"
    if "reason" in params:  # the form's empty field is null: it would insist on a text otherwise
        params["reason"] = params["reason"] or ""
    return params | {"promote": promote == "yes" or (promote == "auto" and not backfill), "who": f"airflow:{run.dag_id}"}
