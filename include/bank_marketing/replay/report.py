"""What a replay leaves behind: a page, a picture, and all figures as CSV and JSON."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import ChoiceLoader, PackageLoader

from bank_marketing.replay.engine import Period
from bank_marketing.replay.figures import LEAST_OF_A_CLASS, POLICIES, called_by, figures
from bank_marketing.replay.pictures import draw
from bank_marketing.replay.platform import Event, ReplayConfig
from bank_marketing.reporting.campaign import CampaignReport, campaign_report, campaign_templates

PAGE, PICTURE, CSV, JSON, DECISIONS = "replay.html", "replay.png", "figures.csv", "figures.json", "decisions.csv"

#: Columns of the pooled table: key, title, format.
COLUMNS = (
    ("f1", "F1", ".3f"),
    ("roc_auc", "ROC AUC", ".3f"),
    ("roc_auc_within", "ROC AUC within months", ".3f"),
    ("pr_auc", "PR AUC", ".3f"),
    ("lift_at_10", "Lift at 10 %", ".2f"),
    ("brier", "Brier", ".3f"),
    ("called", "Calls", ",.0f"),
    ("conversions", "Successes", ",.0f"),
    ("profit", "Profit", ",.0f"),
)


@dataclass(frozen=True)
class ReplayResult:
    """A finished replay: predictions of all periods, their figures, what the platform did, the money."""

    every: str
    predictions: pd.DataFrame
    table: pd.DataFrame
    events: list[Event]
    monitored: list[dict[str, Any]]
    money: CampaignReport
    synthetic: bool

    def pooled(self) -> list[tuple[str, list[dict[str, Any]]]]:
        """Rows of the pooled tables, by span; the figures as text."""
        rows = self.table[self.table["kind"] == "pooled"]
        return [(str(name), [_shown(row) for _, row in part.iterrows()]) for name, part in rows.groupby("span", sort=False)]

    def by_period(self) -> list[dict[str, Any]]:
        """One row a period: rows, rate, and by policy ROC AUC, F1 and profit."""
        rows = self.table[self.table["kind"] == "period"]
        found = []
        for name, part in rows.groupby("span", sort=False):
            first = part.iloc[0]
            entry: dict[str, Any] = {"name": name, "rows": int(first["rows"]), "rate": first["positives"] / first["rows"]}
            lucky = min(first["positives"], first["rows"] - first["positives"]) < LEAST_OF_A_CLASS
            for _, row in part.iterrows():
                shown = row.where(row.index != "roc_auc", float("nan")) if lucky else row
                entry[str(row["policy"])] = {
                    key: number(shown[key], form) for key, _, form in COLUMNS if key in ("roc_auc", "f1", "profit", "called")
                }
            found.append(entry)
        return found


def _shown(row: pd.Series) -> dict[str, Any]:
    policy = next(policy for policy in POLICIES if policy.key == row["policy"])
    return {"policy": policy, "cells": {key: number(row[key], form) for key, _, form in COLUMNS}}


def number(value: float, form: str) -> str:
    """A figure as text; a dash where a policy has none."""
    return "-" if pd.isna(value) else format(float(value), form)


def result(periods: list[Period], config: ReplayConfig, every: str, *, synthetic: bool) -> ReplayResult:
    """Put the periods of a replay together.

    Raises:
        ValueError: no period holds a prediction: no model went into production.
    """
    lived = [period.predictions.assign(period=period.name) for period in periods if len(period.predictions)]
    if not lived:
        raise ValueError("no model went into production in this stretch of the campaign: there is nothing to compare")
    predictions = pd.concat(lived, ignore_index=True)
    # Everyone is added by the report; the best threshold in hindsight is the best for F1, which says nothing about money.
    priced = [policy for policy in POLICIES if policy.key not in ("everyone", "hindsight")]
    ways = {policy.title: called_by(policy, predictions) for policy in priced}
    return ReplayResult(
        every=every,
        predictions=predictions,
        table=figures(predictions, config.economics, config.changed),
        events=[event for period in periods for event in period.events],
        monitored=[entry for period in periods for entry in period.monitored],
        money=campaign_report(predictions, ways, config.economics, config.presentation),
        synthetic=synthetic,
    )


def write(found: ReplayResult, config: ReplayConfig, folder: Path) -> None:
    """Write PAGE, PICTURE, CSV, JSON and DECISIONS into a folder."""
    note = "SYNTHETIC data" if found.synthetic else ""
    draw(found.predictions, found.table, found.events, config.economics, folder / PICTURE, note, config.presentation.symbol)
    found.table.round(6).to_csv(folder / CSV, index=False)
    pd.DataFrame([event.model_dump() for event in found.events]).to_csv(folder / DECISIONS, index=False)
    told = {
        "every": found.every,
        "synthetic": found.synthetic,
        "choice": config.choice.model_dump(mode="json"),
        "figures": json.loads(found.table.round(6).to_json(orient="records")),
        "money": found.money.to_json(),
        "events": [event.model_dump() for event in found.events],
    }
    (folder / JSON).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    (folder / PAGE).write_text(_page(found, config, folder / PICTURE), encoding="utf-8")


def _page(found: ReplayResult, config: ReplayConfig, picture: Path) -> str:
    environment = campaign_templates(config.presentation).overlay(
        loader=ChoiceLoader([PackageLoader("bank_marketing.replay"), PackageLoader("bank_marketing.reporting")])
    )
    days = found.predictions["contact_date"]
    text: str = environment.get_template("replay.html.j2").render(
        found=found,
        config=config,
        first_day=days.min(),
        last_day=days.max(),
        columns=COLUMNS,
        policies=POLICIES,
        least=LEAST_OF_A_CLASS,
        evenings=len(found.monitored),
        violating=sum(entry["drift"]["violates"] or entry["performance"]["violates"] for entry in found.monitored),
        too_weak=[event.day for event in found.events if event.kind == "rejected" and event.version is None],
        retrained=[event for event in found.events if event.kind == "promoted" or event.version is not None],
        picture=base64.b64encode(picture.read_bytes()).decode(),
        section=found.money.section(),
    )
    return text
