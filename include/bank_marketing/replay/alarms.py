"""How good the alarm is: how often it fires when nothing has changed, and how long it takes when something has.

*False alarms* are counted in permuted periods, where nothing changes because of how they are made: the real contacts of one stable period
of the campaign, put on its contact days in random order. Whole days are moved (what is called on one day has something in common), or
single contacts (every difference is chance). The first days of such a period train and judge a model as the platform does, and the others
are lived with it, evening by evening, by the platform's own monitoring.

*Delays* are counted on the campaign as it was: a model trained the evening before a change that is known from history lives on through
it, and is not replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd

from bank_marketing.campaign.params import Change, StablePeriod
from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling.baselines import trailing_rate_threshold
from bank_marketing.modeling.metrics import evaluate, f1
from bank_marketing.modeling.model import TermDepositModel, train
from bank_marketing.modeling.training_rows import reference_rows
from bank_marketing.monitoring.drift import LABEL_RATE, PREDICTED_RATE
from bank_marketing.monitoring.performance import COMPARED
from bank_marketing.replay.platform import Deployed, Platform, ReplayConfig
from bank_marketing.replay.table import known_on, split

Moved = Literal["days", "contacts"]

#: Shares of a permuted period's days that train, choose the threshold, and judge; the others are lived.
TRAIN, VALIDATION, JUDGED = 0.30, 0.45, 0.60

#: Draws of a permutation until its model is one that the platform would have put into production; the last one is taken as it is.
DRAWS = 5


#: What can fire: a column of the clients or the call, the predicted or the true rate of subscription, the outcomes of the predictions.
SIGNALS = ("clients", "rates", "performance")


def false_alarms(
    table: pd.DataFrame,
    config: ReplayConfig,
    periods: Sequence[StablePeriod],
    permutations: int,
    seed: int = 7,
    on_permutation: Callable[[str], None] = lambda name: None,
) -> pd.DataFrame:
    """Live through permuted periods, in which nothing changes.

    Args:
        table: features with outcomes, in time order; a period that it does not hold is left out.
        config: of the platform's components.
        periods: stable ones of the campaign.
        permutations: of each period and each way of moving.
        seed: of the random orders.
        on_permutation: called after each, for progress.

    A permutation whose model does worse than calling everyone, in F1 and in money, on the days that judge it is drawn again: the platform's
    judge would have kept that model out of production.

    Returns:
        One row an evening: period, moved, permutation, day, enough, drift, performance (whether it violates), retrain, reasons, and the
        distance of each column as a share of its threshold, `d_<column>`.
    """
    found = []
    for period in periods:
        rows = table[table["contact_date"].between(str(period.first), str(period.last))]
        for moved in ("days", "contacts") if len(rows) else ():
            for permutation in range(permutations):
                generator = np.random.default_rng([seed, permutation])
                found += [
                    {"period": period.name, "moved": moved, "permutation": permutation} | evening
                    for evening in _calm_evenings(rows, moved, generator, config)
                ]
                on_permutation(period.name)
    return pd.DataFrame(found)


def shuffled(rows: pd.DataFrame, moved: Moved, generator: np.random.Generator) -> pd.DataFrame:
    """The same contacts on the same contact days in random order, features and outcomes unchanged."""
    days = rows["contact_date"].to_numpy(str)
    if moved == "contacts":
        return rows.iloc[generator.permutation(len(rows))].assign(contact_date=days)
    names = np.unique(days)
    place = dict(zip(names, generator.permutation(names), strict=True))
    return rows.assign(contact_date=[place[day] for day in days]).sort_values("contact_date", kind="stable", ignore_index=True)


def _calm_evenings(
    rows: pd.DataFrame, moved: Moved, generator: np.random.Generator, config: ReplayConfig
) -> Iterator[dict[str, Any]]:
    """Train and judge on the first days of a permuted period, live the others."""
    for _ in range(DRAWS):
        permuted = shuffled(rows, moved, generator)
        days = permuted["contact_date"].unique()
        cuts = [str(days[int(share * len(days))]) for share in (TRAIN, VALIDATION, JUDGED)]
        places = [0, *(int(permuted["contact_date"].searchsorted(cut)) for cut in cuts)]
        fitted, validation, judged = (permuted.iloc[first:last] for first, last in pairwise(places))
        deployed = _deployed(config, fitted, validation, judged)
        if not _worse_than_everyone(deployed.model, judged, config):
            break
    for found, _ in watch(Platform(config, deployed, 1), permuted, cuts[-1]):
        columns = found["drift"]["columns"]
        yield {
            "day": found["day"],
            "enough": found["drift"]["enough"],
            "drift": found["drift"]["violates"],
            "performance": found["performance"]["violates"],
            "retrain": found["decision"]["retrain"],
            "reasons": found["decision"]["reason"],
            **{f"d_{entry['column']}": entry["statistic"] / entry["threshold"] for entry in columns},
        }


def _worse_than_everyone(model: TermDepositModel, judged: pd.DataFrame, config: ReplayConfig) -> bool:
    """Whether calling everyone would have had a better F1 and a higher profit."""
    y, called = judged["y"].to_numpy(int), model.decide(model.predict_proba(judged), config.economics)
    everyone = np.ones(len(y), dtype=bool)
    money = config.economics
    return f1(y, called) < f1(y, everyone) and money.profit(y, called) < money.profit(y, everyone)


def watch(platform: Platform, table: pd.DataFrame, since: str) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """Live the contact days from `since` on with the model that is in production, and never replace it.

    Yields:
        Of each evening: the monitoring figures, and what had landed by then.
    """
    deployed = platform.production
    assert deployed is not None
    live = table[table["contact_date"] >= since]
    p = deployed.model.predict_proba(live)
    made = live[["contact_id", "contact_date"]].assign(
        version=deployed.version, probability=p, called=deployed.model.decide(p, platform.config.economics)
    )
    for day in live["contact_date"].unique():
        known = known_on(table, str(day))
        found, decision = platform.watch(known, known_on(made, str(day)))
        if decision.retrain:  # the cool-down runs as if a training had been started and had brought nothing better
            platform.last_retraining = date.fromisoformat(str(day))
        yield found, known


def _deployed(config: ReplayConfig, fitted: pd.DataFrame, validation: pd.DataFrame, judged: pd.DataFrame) -> Deployed:
    """A model as the platform deploys it, without asking whether it is better than another."""
    model, _ = train(config.choice, fitted, validation, spec=config.features, economics=config.economics)
    p, threshold = model.predict_proba(judged), model.threshold_at(config.economics)
    figures = evaluate(judged["y"].to_numpy(int), p, threshold, config.economics).model_dump()
    learned = pd.concat([fitted, validation], ignore_index=True)
    return Deployed(
        version=1,
        model=model,
        reference=reference_rows(model, learned, config.training.reference_rows),
        evaluated={name: float(figures[name]) for name in COMPARED},
        trailing_threshold=trailing_rate_threshold(validation, config.features),
    )


def delays(
    table: pd.DataFrame,
    config: ReplayConfig,
    changes: Sequence[Change],
    on_change: Callable[[str], None] = lambda name: None,
) -> pd.DataFrame:
    """Live through the known changes with the model of the evening before.

    Returns:
        One row a change that the table holds: change, since (first contact day after it), and for each of SIGNALS and `retraining` the
        number of the contact day on whose evening it first fires, counted from the change; 0 when it did so already on the evening
        before, None when it never did. `contacts`: on the days until the retraining. `why`: the reasons of that evening.
    """
    found = []
    for change in changes:
        before = table[table["contact_date"] < str(change.day)]
        try:
            parts = split(before, config.transformation)
        except (NotEnoughHistory, IndexError):
            continue
        if len(before) < len(table):
            deployed = _deployed(config, parts["train"], parts["validation"], parts["holdout"])
            found.append(_delay(change, Platform(config, deployed, 1), table, len(before)))
        on_change(change.name)
    return pd.DataFrame(found)


def _delay(change: Change, platform: Platform, table: pd.DataFrame, before: int) -> dict[str, Any]:
    row: dict[str, Any] = {"change": change.name, "since": str(table["contact_date"].iloc[before])}
    row |= dict.fromkeys((*SIGNALS, "retraining", "contacts", "why"))
    days = table["contact_date"].iloc[:before].unique()
    # The evenings before fill the platform's memory; the model has not learned from them either.
    for found, known in watch(platform, table, str(days[-platform.config.monitoring.of_windows])):
        number = int(known["contact_date"].iloc[before:].nunique())
        if len(known) < before:
            continue
        fired = _fired(found)
        row |= {name: number for name in SIGNALS if fired[name] and row[name] is None}
        if number == 0:
            platform.last_retraining = None  # what was decided before the change shall not delay what is decided after it
        elif found["decision"]["retrain"] and row["retraining"] is None:
            row |= {"retraining": number, "contacts": len(known) - before, "why": "; ".join(platform.windows[-1].reasons)}
        if all(row[name] is not None for name in (*SIGNALS, "retraining")):
            break
    return row


def _fired(found: dict[str, Any]) -> dict[str, bool]:
    decisive = {entry["column"] for entry in found["drift"]["columns"] if entry["drifted"] and entry["weight"] == "decides"}
    rates = decisive & {PREDICTED_RATE, LABEL_RATE}
    enough = found["drift"]["enough"]
    return {"clients": enough and bool(decisive - rates), "rates": enough and bool(rates),
            "performance": found["performance"]["violates"]}  # fmt: skip


def summary(evenings: pd.DataFrame) -> pd.DataFrame:
    """False alarms by period and way of moving: evenings, and the share of them that violate and that start a training."""
    enough = evenings[evenings["enough"]]
    grouped = enough.groupby(["moved", "period"], sort=False)
    table = grouped.agg(
        permutations=("permutation", "nunique"),
        evenings=("day", "size"),
        drift=("drift", "mean"),
        performance=("performance", "mean"),
        retrainings=("retrain", "sum"),
    )
    return table.assign(per_year=240 * table["retrainings"] / table["evenings"]).reset_index()


def chance(evenings: pd.DataFrame) -> pd.DataFrame:
    """How far chance alone moves each column, as shares of its threshold: median, 99 percent, largest; farthest first."""
    distances = evenings.loc[evenings["enough"], [name for name in evenings if str(name).startswith("d_")]]
    table = pd.DataFrame({"median": distances.median(), "p99": distances.quantile(0.99), "largest": distances.max()})
    return table.rename(index=lambda name: str(name)[2:]).sort_values("p99", ascending=False)
