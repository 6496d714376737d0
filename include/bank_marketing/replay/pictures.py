"""The replay at one glance: money, ranking and the market it met."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from PIL import Image

from bank_marketing.economics import Economics
from bank_marketing.replay.figures import LEAST_OF_A_CLASS, POLICIES, called_by
from bank_marketing.replay.platform import Event

mpl.use("Agg")

#: Colours that stay apart for colour-blind readers (Okabe and Ito 2008).
COLOURS = {"platform": "#0072b2", "first": "#d55e00", "refitted": "#009e73", "trailing": "#cc79a7", "everyone": "#7a7a7a"}
INK = "#1f2a44"

#: Of the PNG.
COLOURS_KEPT = 96


def draw(
    predictions: pd.DataFrame,
    table: pd.DataFrame,
    events: list[Event],
    economics: Economics,
    path: Path,
    note: str,
    currency: str,
) -> None:
    """Draw the replay as one PNG.

    Args:
        predictions: of all periods.
        table: from `figures`.
        events: what the platform did.
        economics: prices the decisions.
        path: of the PNG.
        note: shown in the corner, for example SYNTHETIC data.
        currency: sign of the currency; may be empty.
    """
    from matplotlib import pyplot as plt

    figure, (money, ranking, market) = plt.subplots(
        3, 1, figsize=(10, 10.5), dpi=110, layout="constrained", height_ratios=[3, 2, 2]
    )
    days, place = np.unique(predictions["contact_date"].to_numpy(str), return_inverse=True)
    _money(money, predictions, place, economics, currency)
    _ranking(ranking, table)
    _market(market, predictions, place, days, events)
    ticks = _months(days)
    for axes in (money, market):
        axes.set_xticks(ticks, [str(days[i])[:7] for i in ticks], rotation=90, fontsize=8)
        axes.set_xlim(0, max(len(days) - 1, 1))
    for axes in (money, ranking, market):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#e3e8ef", linewidth=0.8)
    if note:
        figure.text(0.99, 0.003, note, ha="right", fontsize=8, color="#b3261e")
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
    # Few colours: a third of the size, and nobody sees the difference.
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(COLOURS_KEPT).save(path, optimize=True)


def _months(days: np.ndarray[Any, Any]) -> list[int]:
    """Places of the first day of each month, without those too close to the one before."""
    found: list[int] = []
    for i, day in enumerate(days):
        if (i == 0 or day[:7] != days[i - 1][:7]) and (not found or i - found[-1] >= len(days) / 60):
            found.append(i)
    return found


def _title(axes: Any, text: str, label: str) -> None:
    axes.set_title(text, color=INK, loc="left", fontsize=11, fontweight="bold")
    axes.set_ylabel(label, color=INK)


def _money(axes: Any, predictions: pd.DataFrame, place: np.ndarray[Any, Any], economics: Economics, currency: str) -> None:
    y = predictions["y"].to_numpy(int)
    for policy in POLICIES:
        if policy.key == "hindsight":  # its threshold is the best for F1, which says nothing about money
            continue
        called = called_by(policy, predictions)
        earned = np.where(called, economics.deposit_margin * y - economics.call_cost, 0.0)
        axes.plot(
            np.cumsum(np.bincount(place, weights=earned)) / 1000,
            label=policy.title,
            color=COLOURS[policy.key],
            linewidth=2.4 if policy.key == "platform" else 1.4,
            linestyle="--" if policy.key == "everyone" else "-",
        )
    axes.axhline(0, color=INK, linewidth=0.8)
    axes.legend(frameon=False, fontsize=9, ncols=2)
    _title(axes, "Profit since the first model, by contact day", f"thousand {currency}".strip())


def _ranking(axes: Any, table: pd.DataFrame) -> None:
    by_period = table[table["kind"] == "period"]
    names = list(by_period["span"].drop_duplicates())
    for policy in POLICIES:
        if not policy.scores or policy.key == "hindsight":
            continue
        rows = by_period[by_period["policy"] == policy.key]
        scarce = np.minimum(rows["positives"], rows["rows"] - rows["positives"]) < LEAST_OF_A_CLASS
        axes.plot(
            rows["roc_auc"].mask(scarce).to_numpy(float),
            zorder=3 if policy.key == "platform" else 2,
            marker="o",
            markersize=3.5,
            label=policy.title,
            color=COLOURS[policy.key],
            linewidth=2.0 if policy.key == "platform" else 1.1,
        )
    axes.axhline(0.5, color=INK, linewidth=0.8, linestyle=":")
    step = max(1, len(names) // 40)
    axes.set_xticks(range(0, len(names), step), names[::step], rotation=90, fontsize=8)
    title = f"ROC AUC of each period by itself (chance: .5; none with fewer than {LEAST_OF_A_CLASS} subscribers)"
    _title(axes, title, "ROC AUC")


def _market(axes: Any, predictions: pd.DataFrame, place: np.ndarray[Any, Any], days: Any, events: list[Event]) -> None:
    subscribed = pd.Series(np.bincount(place, weights=predictions["y"].to_numpy(float)))
    called = pd.Series(np.bincount(place))
    # A week of calls together: a day may have five of them.
    rate = subscribed.rolling(5, min_periods=1).sum() / called.rolling(5, min_periods=1).sum()
    axes.fill_between(range(len(days)), rate, color="#c7d7e6")
    marks = {
        "promoted": ("^", "#0072b2", "retrained and promoted"),
        "rejected": ("v", "#9aa5b8", "retrained, the champion stays"),
    }
    index = {day: i for i, day in enumerate(days)}
    for kind, (marker, colour, label) in marks.items():
        at = [index[event.day] for event in events if event.kind == kind and event.day in index]
        axes.scatter(at, [1.02] * len(at), marker=marker, color=colour, label=label, s=42, clip_on=False, zorder=3)
    axes.set_ylim(0, 1.08)
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(0, 0.93))
    _title(axes, "Share of the clients who subscribed (five contact days), and what the platform did", "share")
