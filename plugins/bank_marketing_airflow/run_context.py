"""The run a task belongs to, and the day it works on: one resolver for every kind of trigger."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from bank_marketing.components.context import RunContext, parse_as_of
from bank_marketing.errors import InvalidAsOf
from bank_marketing.settings import Settings


def resolve_as_of(context: Mapping[str, Any]) -> date:
    """The run's `as_of`: its parameter, else the triggering asset event's, else the logical date.

    Raises:
        InvalidAsOf: it is no date, in the future, or the run has none of the three.
    """
    stated = (context.get("params") or {}).get("as_of")
    if stated:
        return parse_as_of(stated)
    for events in (context.get("triggering_asset_events") or {}).values():
        for event in events:
            if event.extra.get("as_of"):
                return parse_as_of(event.extra["as_of"])
    run = context["dag_run"]
    moment = run.logical_date or run.run_after
    if moment is None:
        raise InvalidAsOf("the run has no as_of parameter, no asset event with one and no logical date: trigger it with as_of")
    return parse_as_of(moment.date())


def run_context(context: Mapping[str, Any]) -> RunContext:
    """The platform's context of a task's run."""
    run = context["dag_run"]
    return RunContext(dag_id=run.dag_id, run_id=run.run_id, as_of=resolve_as_of(context), settings=Settings())


def run_options(context: Mapping[str, Any]) -> dict[str, Any]:
    """What the run was asked for: its parameters, and who asked. Only a backfill leaves the production stage alone by itself."""
    run, params = context["dag_run"], dict(context.get("params") or {})
    promote = params.get("promote", "auto")
    backfill = str(getattr(run.run_type, "value", run.run_type)) == "backfill"
    if "reason" in params:  # the form's empty field is null: it would insist on a text otherwise
        params["reason"] = params["reason"] or ""
    return params | {"promote": promote == "yes" or (promote == "auto" and not backfill), "who": f"airflow:{run.dag_id}"}
