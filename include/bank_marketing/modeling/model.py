"""The model that is trained, judged, shipped and served: encoder, estimator, calibration and threshold in one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_sample_weight
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.economics import Economics
from bank_marketing.errors import ModelIncompatible
from bank_marketing.modeling import persistence
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.encoding import FeatureEncoder
from bank_marketing.modeling.estimators import make_estimator, resample
from bank_marketing.modeling.metrics import Floats, Labels
from bank_marketing.modeling.prepared_rows import PreparedRows, faded
from bank_marketing.modeling.threshold import PAYING, learned_threshold, threshold_at

METADATA = "model.json"

#: Out-of-sample blocks of the validation days: the model is refitted before each, as it is every night.
VALIDATION_BLOCKS = 5


@dataclass(frozen=True)
class TermDepositModel:
    """A fitted model.

    Attributes:
        choice: what was trained.
        learned_threshold: what the choice's policy took from the validation days; None where it takes nothing from outcomes.
        economics: prices that it was trained at.
        trained_through: last contact day whose outcome the model has seen (ISO date).
    """

    choice: ModelSpec
    encoder: FeatureEncoder
    estimator: Any
    calibrator: Any
    learned_threshold: float | None
    economics: Economics
    trained_through: str

    @property
    def spec(self) -> FeatureSpec:
        """The declaration of the features that it was trained with. Raises ModelIncompatible."""
        return self.encoder.spec

    @property
    def threshold(self) -> float:
        """The threshold at the prices of the training."""
        return self.threshold_at(self.economics)

    def threshold_at(self, economics: Economics) -> float:
        """Clients with at least this probability are called at these prices. A policy that follows prices follows those of today."""
        return threshold_at(self.choice.threshold, self.learned_threshold, economics)

    @property
    def is_linear(self) -> bool:
        """Whether a row's log-odds are a sum of terms, one a column: such a model explains a row as fast as it predicts it."""
        return hasattr(self.estimator, "coef_")

    def predict_proba(self, table: pd.DataFrame) -> Floats:
        """Probability of a subscription for each row (n,). A row gets the same bits alone and in any batch."""
        return self.probabilities(self.encoder.transform(table))

    def probabilities(self, encoded: pd.DataFrame | Floats) -> Floats:
        """As `predict_proba`, of rows that the encoder has encoded: for a linear model, with or without names."""
        return calibrated(self.calibrator, raw_scores(self.estimator, encoded))

    def decide(self, probabilities: Floats, economics: Economics) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Who is called (n,) at these prices."""
        return np.asarray(probabilities >= self.threshold_at(economics))

    def other_prices(self, economics: Economics) -> str:
        """What other prices than those of the training mean, in a sentence; empty when they are the same."""
        if economics == self.economics:
            return ""
        trained, today = (
            f"{prices.call_cost:g} a call and {prices.deposit_margin:g} a success" for prices in (self.economics, economics)
        )
        threshold = self.threshold_at(economics)
        if self.choice.threshold not in PAYING:
            moved = f"its policy {self.choice.threshold} follows no prices and calls from {threshold:.2f} as before"
        elif threshold == self.threshold:
            moved = f"it calls from {threshold:.2f} as before, from where no call loses money on average"
        else:
            moved = f"it calls from {threshold:.2f} instead of {self.threshold:.2f}, so that no call loses money on average"
        return f"The model was trained at {trained}; at today's {today} {moved}. Train again to choose it at these prices."

    def feature_importance(self) -> pd.DataFrame:
        """Columns feature, importance (size; coefficient of a standardized number, or share of the trees' gain), largest first."""
        names = self.encoder.get_feature_names_out()
        sizes = self.estimator.coef_[0] if self.is_linear else self.estimator.feature_importances_
        table = pd.DataFrame({"feature": names, "importance": np.asarray(sizes, dtype=float)})
        return table.reindex(table["importance"].abs().sort_values(ascending=False, kind="stable").index).reset_index(drop=True)

    def save(self, folder: Path) -> None:
        """Write the model: the same model gives the same bytes."""
        parts = {"encoder": self.encoder, "estimator": self.estimator, "calibrator": self.calibrator}
        persistence.dump(parts, folder / persistence.MODEL_FILE)
        metadata = {
            "choice": self.choice.model_dump(mode="json"),
            "learned_threshold": self.learned_threshold,
            "economics": asdict(self.economics),
            "trained_through": self.trained_through,
            "features": self.encoder.get_feature_names_out(),
        }
        (folder / METADATA).write_text(json.dumps(metadata, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> TermDepositModel:
        """Read a model. No code in the files is run. Raises ModelIncompatible when they are no such model."""
        try:
            metadata = json.loads((folder / METADATA).read_text(encoding="utf-8"))
            choice = ModelSpec.model_validate(metadata["choice"])
            learned, prices = metadata["learned_threshold"], Economics(**metadata["economics"])
            learned = None if choice.threshold == "break_even" else float(learned)
            through = str(metadata["trained_through"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelIncompatible(
                f"{folder} holds no model of this platform, or one of an earlier release, which kept no prices: {METADATA}: {error!r}. "
                "Train again (`make run`)."
            ) from error
        parts = persistence.load(folder / persistence.MODEL_FILE)
        return cls(choice, parts["encoder"], parts["estimator"], parts["calibrator"], learned, prices, through)


#: Fits encoder and estimator on all known rows before a contact day, or on all of them.
Fit = Callable[[Any], tuple[FeatureEncoder, Any]]


def train(
    choice: ModelSpec, train_rows: pd.DataFrame, validation_rows: pd.DataFrame, *, spec: FeatureSpec, economics: Economics
) -> tuple[TermDepositModel, Floats]:
    """Fit a choice in this process: see `fit_validated`.

    Args:
        choice: what to train.
        train_rows: features table with `y`, in time order.
        validation_rows: the days after them.
        spec: the campaign's features.
        economics: today's prices.
    """
    prepared = PreparedRows(choice, (train_rows, validation_rows), spec)

    def fit(before: Any) -> tuple[FeatureEncoder, Any]:
        seen = len(validation_rows) if before is None else int((validation_rows["contact_date"] < before).sum())
        return fit_prepared(prepared, len(train_rows) + seen)

    return fit_validated(choice, validation_rows, fit, economics=economics)


def fit_validated(
    choice: ModelSpec, validation_rows: pd.DataFrame, fit: Fit, *, economics: Economics
) -> tuple[TermDepositModel, Floats]:
    """Fit a choice, wherever its training rows are.

    The validation days are predicted out of sample, in blocks: before each block the model is fitted on everything earlier. Those
    predictions choose calibration and threshold; then the model is fitted on train and validation together.

    Args:
        choice: what to train.
        validation_rows: the last days that the model may learn from, in time order.
        fit: fits on the training rows and those validation rows that are asked for.
        economics: today's prices, which become part of the model.

    Returns:
        The model and the out-of-sample probabilities of the validation rows (n,), calibrated.
    """
    raw = np.concatenate(
        [
            raw_scores(estimator, encoder.transform(block))
            for block in _blocks(validation_rows)
            for encoder, estimator in [fit(block["contact_date"].min())]
        ]
    )
    y = validation_rows["y"].to_numpy(int)
    calibrator = fit_calibrator(choice, raw, y)
    probabilities = calibrated(calibrator, raw)
    encoder, estimator = fit(None)
    model = TermDepositModel(
        choice=choice,
        encoder=encoder,
        estimator=estimator,
        calibrator=calibrator,
        learned_threshold=learned_threshold(choice.threshold, y, probabilities),
        economics=economics,
        trained_through=str(validation_rows["contact_date"].max())[:10],
    )
    return model, probabilities


def _blocks(validation_rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Blocks of whole validation days."""
    days = np.sort(validation_rows["contact_date"].unique())
    for part in np.array_split(days, min(VALIDATION_BLOCKS, len(days))):
        yield validation_rows[validation_rows["contact_date"].isin(part)]


def fit_estimator(choice: ModelSpec, rows: pd.DataFrame, spec: FeatureSpec) -> tuple[FeatureEncoder, Any]:
    """Fit encoder and estimator on rows in time order, resampled and weighted as the choice says."""
    return fit_prepared(PreparedRows(choice, (rows,), spec), len(rows))


def fit_prepared(prepared: PreparedRows, count: int) -> tuple[FeatureEncoder, Any]:
    """As `fit_estimator`, on the first `count` of rows that were prepared."""
    choice, rows = prepared.choice, prepared.window(count)
    read, y = prepared.read(rows), prepared.y[rows]
    encoder = FeatureEncoder.of(choice, prepared.spec).fit_read(read)
    X, y_used = resample(choice, encoder.named(encoder.encode_read(read)), y)
    weights = None
    if choice.sampler == "class_weight" and choice.algorithm == "xgboost":
        weights = compute_sample_weight("balanced", y_used)  # XGBoost has no class_weight of its own
    recent = prepared.weights(rows)
    if recent is not None and len(X) == len(y):
        weights = recent if weights is None else weights * recent
    # One thread for the linear algebra too: as many cores as a machine has, the same model.
    with threadpool_limits(limits=1):
        return encoder, make_estimator(choice).fit(X, y_used, sample_weight=weights)


def recency(choice: ModelSpec, rows: pd.DataFrame, last: str | None = None) -> Floats:
    """Weight of each row (n,) by its age, as the choice says; 1 for the last day, and for all where the choice weights none.

    The last day is that of the rows, unless they are some of more rows.
    """
    if choice.window.half_life_days is None:
        return np.ones(len(rows))
    days = pd.to_datetime(rows["contact_date"])
    newest = days.max() if last is None else pd.Timestamp(last)
    return faded((newest - days).dt.days.to_numpy(float), choice.window.half_life_days)


def raw_scores(estimator: Any, X: pd.DataFrame | Floats) -> Floats:
    """Uncalibrated probabilities (n,) of encoded rows (n, features)."""
    if isinstance(estimator, LogisticRegression):
        # Summed row by row in a fixed order: a matrix product may add in another order for one row than for many.
        scores = (np.ascontiguousarray(X) * estimator.coef_[0]).sum(axis=1) + estimator.intercept_[0]
        return np.asarray(1 / (1 + np.exp(-scores)))
    return np.asarray(estimator.predict_proba(X)[:, 1], dtype=float)


def fit_calibrator(choice: ModelSpec, raw: Floats, y: Labels) -> Any:
    """Fit the choice's calibration on out-of-sample probabilities `raw` (n,); None for no calibration."""
    if choice.calibration == "platt":
        return LogisticRegression(C=1e6).fit(_log_odds(raw), y)
    if choice.calibration == "isotonic":
        return IsotonicRegression(y_min=0.001, y_max=0.999, out_of_bounds="clip").fit(raw, y)
    return None


def _log_odds(p: Floats) -> Floats:
    clipped = np.clip(p, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(clipped / (1 - clipped)))[:, None]


def calibrated(calibrator: Any, raw: Floats) -> Floats:
    """Apply a calibrator to raw probabilities (n,)."""
    if calibrator is None:
        return raw
    if isinstance(calibrator, LogisticRegression):
        return np.asarray(1 / (1 + np.exp(-(_log_odds(raw)[:, 0] * calibrator.coef_[0, 0] + calibrator.intercept_[0]))))
    return np.asarray(calibrator.predict(raw), dtype=float)
