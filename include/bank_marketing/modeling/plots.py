"""The pictures of a model: drawn for people, never part of what identifies an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from sklearn import metrics as sk

from bank_marketing.modeling.metrics import Floats, Labels
from bank_marketing.modeling.threshold import GRID, f1_curve

mpl.use("Agg")

INK, ACCENT, MUTED = "#1f2a44", "#0b6e99", "#9aa5b8"


def _figure(title: str, x: str, y: str, note: str) -> tuple[Any, Any]:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(5.2, 4.0), dpi=110, layout="constrained")
    axes.set_title(title, color=INK, loc="left", fontsize=11, fontweight="bold")
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.spines[["top", "right"]].set_visible(False)
    if note:
        figure.text(0.99, 0.005, note, ha="right", fontsize=7, color="#b3261e")
    return figure, axes


def _save(figure: Any, path: Path) -> Path:
    from matplotlib import pyplot as plt

    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
    return path


def draw(y: Labels, p: Floats, threshold: float, importance: pd.DataFrame, folder: Path, note: str = "") -> list[Path]:
    """Draw ROC, precision-recall, calibration, gains, threshold and importance as PNG files.

    Args:
        y: outcomes (n,), both classes.
        p: probabilities (n,).
        threshold: who is called.
        importance: columns feature, importance.
        folder: where the files go.
        note: shown on each picture, for example SYNTHETIC.
    """
    folder.mkdir(parents=True, exist_ok=True)
    curves = (_roc, _precision_recall, _calibration, _gains)
    paths = [curve(y, p, folder, note) for curve in curves]
    return [*paths, _threshold(y, p, threshold, folder, note), _importance(importance, folder, note)]


def draw_effects(summary: pd.DataFrame, folder: Path, note: str = "") -> Path:
    """Draw what `importance.mean_effects` found: mean size of each effect as a bar, where nine of ten effects lie as a line."""
    figure, axes = _figure("What moves the probability (SHAP)", "effect in log-odds; the bar is its mean size", "", note)
    top = summary.head(12).iloc[::-1]
    axes.barh(top["feature"], top["mean_size"], color=ACCENT, alpha=0.45)
    axes.hlines(top["feature"], top["low"], top["high"], color=INK, lw=1.6)
    axes.axvline(0, color=MUTED, lw=0.8)
    axes.tick_params(axis="y", labelsize=8)
    return _save(figure, folder / "effects.png")


def _roc(y: Labels, p: Floats, folder: Path, note: str) -> Path:
    figure, axes = _figure(
        f"ROC curve, AUC {sk.roc_auc_score(y, p):.3f}", "share of non-subscribers called", "share of subscribers called", note
    )
    axes.plot([0, 1], [0, 1], "--", color=MUTED, label="chance")
    fpr, tpr, _ = sk.roc_curve(y, p)
    axes.plot(fpr, tpr, color=ACCENT, label="model")
    axes.legend(frameon=False)
    return _save(figure, folder / "roc.png")


def _precision_recall(y: Labels, p: Floats, folder: Path, note: str) -> Path:
    title = f"Precision and recall, AUC {sk.average_precision_score(y, p):.3f}"
    figure, axes = _figure(title, "recall: share of subscribers called", "precision: share of calls that succeed", note)
    axes.axhline(y.mean(), ls="--", color=MUTED, label="call everyone")
    precision, recall, _ = sk.precision_recall_curve(y, p)
    axes.plot(recall, precision, color=ACCENT, label="model")
    axes.legend(frameon=False)
    return _save(figure, folder / "precision_recall.png")


def _calibration(y: Labels, p: Floats, folder: Path, note: str) -> Path:
    figure, axes = _figure(
        f"Calibration, Brier score {np.mean((p - y) ** 2):.3f}", "predicted probability", "observed rate", note
    )
    axes.plot([0, 1], [0, 1], "--", color=MUTED, label="perfect")
    groups = np.array_split(np.argsort(p, kind="stable"), min(10, max(2, len(p) // 50)))
    axes.plot([p[g].mean() for g in groups], [y[g].mean() for g in groups], "o-", color=ACCENT, label="model, equal groups")
    axes.legend(frameon=False)
    return _save(figure, folder / "calibration.png")


def _gains(y: Labels, p: Floats, folder: Path, note: str) -> Path:
    figure, axes = _figure(
        "Gains: calling the best-scored first", "share of clients called", "share of subscribers reached", note
    )
    axes.plot([0, 1], [0, 1], "--", color=MUTED, label="in any order")
    gains = np.concatenate([[0], np.cumsum(y[np.argsort(-p, kind="stable")]) / y.sum()])
    axes.plot(np.linspace(0, 1, len(gains)), gains, color=ACCENT, label="by the model")
    axes.legend(frameon=False)
    return _save(figure, folder / "gains.png")


def _threshold(y: Labels, p: Floats, threshold: float, folder: Path, note: str) -> Path:
    figure, axes = _figure("F1 at each threshold", "threshold", "F1", note)
    axes.plot(GRID, f1_curve(y, p), color=ACCENT, label="these days")
    axes.axvline(threshold, ls="--", color=INK, label=f"chosen before: {threshold:.2f}")
    axes.legend(frameon=False)
    return _save(figure, folder / "threshold.png")


def _importance(importance: pd.DataFrame, folder: Path, note: str) -> Path:
    figure, axes = _figure("What the model looks at", "size and direction of the effect", "", note)
    top = importance.head(15).iloc[::-1]
    axes.barh(top["feature"], top["importance"], color=[ACCENT if value >= 0 else "#c77d0a" for value in top["importance"]])
    axes.tick_params(axis="y", labelsize=8)
    return _save(figure, folder / "importance.png")
