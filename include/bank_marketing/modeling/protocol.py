"""The time-ordered protocol: how a model would have done, month after month, knowing only what was known then.

Every month is predicted by a model that was fitted on the rows strictly before it. Calibration and threshold of a month come from the last
out-of-sample predictions before it. The predictions are pooled over spans, and also judged within each month: pooled figures reward
knowing the level of the market, figures within a month only knowing whom to call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import numpy as np
import pandas as pd

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.economics import Economics
from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.metrics import Floats, Labels, evaluate, intervals
from bank_marketing.modeling.model import calibrated, fit_calibrator, fit_prepared, raw_scores
from bank_marketing.modeling.prepared_rows import PreparedRows
from bank_marketing.modeling.results import Scores
from bank_marketing.modeling.spans import Span
from bank_marketing.modeling.threshold import choose_threshold

Refit = Literal["month", "day"]

#: Rows before a month that choose its calibration and threshold; fewer follow the last month's luck, more are of another market.
RECENT_ROWS = 5000

#: Months with fewer rows have no figures of their own.
MONTH_ROWS = 100

#: Rows that must be known before the first prediction.
WARM_UP_ROWS = 1000


def in_time_order(features: pd.DataFrame) -> pd.DataFrame:
    """The features table by day and contact, with `contact_date` as ISO text and the column `month`.

    Text columns are categorical: they are compared with each of their values again and again.
    """
    table = features.assign(contact_date=features["contact_date"].astype(str).str[:10])
    text = set(table.select_dtypes(["object", "string"]).columns) - {"contact_id", "contact_date"}
    table = table.astype(dict.fromkeys(sorted(text), "category"))
    table = table.sort_values(["contact_date", "contact_id"], ignore_index=True)
    return table.assign(month=table["contact_date"].str[:7])


def blocks(table: pd.DataFrame, refit: Refit = "month") -> Iterator[tuple[int, int]]:
    """Start and end (exclusive) of each block of rows predicted at once, from the second month on.

    Before the first there are WARM_UP_ROWS rows, and contacts of both outcomes.
    """
    if table.empty:
        return
    keys = table["month" if refit == "month" else "contact_date"].to_numpy()
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    first_month, y = table["month"].iloc[0], table["y"].to_numpy(int)
    both = int(np.argmax(y != y[0]))  # the first row of the other outcome; 0 where there is none
    for start, end in zip(starts, [*starts[1:], len(table)], strict=True):
        if start >= WARM_UP_ROWS and table["month"].iloc[start] != first_month and 0 < both < start:
            yield int(start), int(end)


def out_of_sample(
    choice: ModelSpec,
    table: pd.DataFrame,
    spec: FeatureSpec,
    *,
    refit: Refit = "month",
    since: str = "",
    on_block: Callable[[], None] = lambda: None,
) -> Floats:
    """Raw probabilities of every row by a model that saw only rows before its block; nan before the first block.

    Args:
        choice: what to fit.
        table: from `in_time_order`.
        spec: the campaign's features.
        refit: a model a month (the protocol), or a model a day (what the nightly platform does).
        since: first month to predict; empty for all.
        on_block: called after each block, for progress.

    Raises:
        NotEnoughHistory: there is no block to predict.
    """
    raw = np.full(len(table), np.nan)
    wanted = [(start, end) for start, end in blocks(table, refit) if table["month"].iloc[start] >= since]
    if wanted:
        prepared = PreparedRows(choice, (table.iloc[: wanted[-1][0]],), spec)
    for start, end in wanted:
        encoder, estimator = fit_prepared(prepared, start)
        raw[start:end] = raw_scores(estimator, encoder.transform(table.iloc[start:end]))
        on_block()
    if np.isnan(raw).all():
        raise NotEnoughHistory(_too_short(table, since))
    return raw


def _too_short(table: pd.DataFrame, since: str) -> str:
    """Why nothing of a table can be predicted."""
    if table.empty:
        return "there is no contact in the table: land the campaign first"
    reach = f"the table has {len(table)} rows, from {table['contact_date'].iloc[0]} to {table['contact_date'].iloc[-1]}"
    if table["y"].nunique() < 2:
        return f"{reach}, and all of them ended the same way (y = {table['y'].iloc[0]}): a model learns from contacts of both outcomes"
    until = f" that it predicts, and none of those is {since} or later" if since else " that it predicts"
    return f"{reach}: the protocol needs {WARM_UP_ROWS} rows, both outcomes and a whole month before the first month{until}"


def decided_months(table: pd.DataFrame) -> list[str]:
    """Months that `decide` gives a threshold, in time order: those with a predicted month before them.

    Raises:
        NotEnoughHistory: there is no month to predict.
    """
    predicted = list(blocks(table))
    if not predicted:
        raise NotEnoughHistory(_too_short(table, ""))
    return [str(table["month"].iloc[start]) for start, _ in predicted[1:]]


def decide(choice: ModelSpec, table: pd.DataFrame, raw: Floats, *, economics: Economics) -> pd.DataFrame:
    """Calibrate and decide each month with the out-of-sample rows before it.

    Returns:
        contact_id, contact_date, month, y, raw, probability, threshold (nan where nothing was known yet), called.
    """
    y = table["y"].to_numpy(int)
    probability, threshold = np.full(len(table), np.nan), np.full(len(table), np.nan)
    predicted = list(blocks(table))
    for start, end in predicted[1:]:
        earlier = slice(max(predicted[0][0], start - RECENT_ROWS), start)
        calibrator = fit_calibrator(choice, raw[earlier], y[earlier])
        probability[start:end] = calibrated(calibrator, raw[start:end])
        threshold[start:end] = choose_threshold(
            choice.threshold, y[earlier], calibrated(calibrator, raw[earlier]), economics=economics
        )
    decided = table[["contact_id", "contact_date", "month", "y"]].assign(raw=raw, probability=probability, threshold=threshold)
    return decided.assign(called=decided["probability"] >= decided["threshold"])


def score(
    predictions: pd.DataFrame,
    spans: Mapping[str, Span],
    *,
    economics: Economics,
    resamples: int = 0,
    seed: int = 7,
) -> dict[str, Scores]:
    """Figures by span; a span without rows of both classes is left out.

    Besides the pooled figures: `roc_auc_within` and `lift_at_10_within`, means over the months with at least MONTH_ROWS rows.

    Args:
        predictions: from `decide`.
        spans: by name.
        economics: prices the decisions.
        resamples: of the bootstrap; no intervals when 0.
        seed: of the bootstrap.
    """
    scores: dict[str, Scores] = {}
    for name, span in spans.items():
        rows = span.rows(predictions)
        if rows["y"].nunique() < 2:
            continue
        scores[name] = _score(rows, resamples, seed, economics)
    return scores


def _score(rows: pd.DataFrame, resamples: int, seed: int, economics: Economics) -> Scores:
    y, p = rows["y"].to_numpy(int), rows["probability"].to_numpy(float)
    # The threshold changes by month: relative to it, zero is everybody's.
    margin = p - rows["threshold"].to_numpy(float)
    figures = evaluate(y, p, 0.5, economics).model_dump()
    figures |= {
        name: value
        for name, value in evaluate(y, margin, 0.0, economics).model_dump().items()
        if name in ("f1", "accuracy", "precision", "recall", "called", "profit")
    }
    del figures["threshold"]
    months = by_month(rows, economics=economics)
    figures |= {f"{name}_within": float(months[name].mean()) for name in ("roc_auc", "lift_at_10") if len(months)}
    interval = {}
    if resamples:
        interval = intervals(y, p, 0.5, resamples=resamples, seed=seed)
        interval["f1"] = intervals(y, margin, 0.0, resamples=resamples, seed=seed)["f1"]
    return Scores(figures={name: round(float(value), 6) for name, value in figures.items()}, interval=interval)


def by_month(predictions: pd.DataFrame, least_rows: int = MONTH_ROWS, *, economics: Economics) -> pd.DataFrame:
    """One row a month with at least `least_rows` decided rows of both classes: month, rows, rate, predicted, and the figures."""
    figures = []
    for month, rows in predictions[predictions["threshold"].notna()].groupby("month"):
        y: Labels = rows["y"].to_numpy(int)
        p = rows["probability"].to_numpy(float)
        if len(rows) < least_rows or y.min() == y.max():
            continue
        threshold = float(rows["threshold"].iloc[0])
        known = evaluate(y, p, threshold, economics).model_dump()
        figures.append({"month": month, "rate": y.mean(), "predicted": p.mean()} | known)
    return pd.DataFrame(figures)
