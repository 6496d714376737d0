"""Training rows that stay on a Spark cluster: for more of them than fit into one process.

XGBoost's own Spark estimator grows the same trees on all of a choice's `spark_workers` at once, each of which holds its share of the
rows; they exchange histograms and no rows. What comes back is an ordinary XGBClassifier, so nothing after training knows where it was
trained. The driver sees sums, the days' counts, and as many rows as are asked for by number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from pyspark import StorageLevel
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as f

from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.economics import Economics
from bank_marketing.errors import NotEnoughHistory, SparkJobFailed
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.encoding import FeatureEncoder
from bank_marketing.modeling.estimators import make_estimator, xgboost_parameters
from bank_marketing.modeling.metrics import Floats
from bank_marketing.modeling.model import TermDepositModel, fit_validated, recency
from bank_marketing.modeling.moments import Moments

_MOMENTS = "names array<string>, rows long, mean array<double>, squares array<double>, flags array<double>"
_ENCODED = "features array<float>, y double, weight double"

#: What Spark says when a barrier stage asks for more task slots than there are.
_TOO_FEW_SLOTS = "SPARK-24819"

Batches = Iterable[pd.DataFrame]


class SparkRows:
    """Train and validation days of a features table on the cluster.

    Args:
        table: the features table, with `split`.
        workers: task slots that share the training rows. Each client's rows are on one of them, in time order, so that the same rows
            on the same number of workers give the same sums.
        spec: the campaign's features.
    """

    def __init__(self, table: DataFrame, workers: int, spec: FeatureSpec) -> None:
        self._spec = spec
        known = table.where(f.col("split") != "holdout")
        placed = known.repartition(workers, "contact_id").sortWithinPartitions("contact_date", "contact_id")
        self._known = placed.persist(StorageLevel.MEMORY_AND_DISK)
        days = self._known.groupBy("split", "contact_date").agg(f.count("*").alias("rows"), f.sum("y").alias("positives"))
        self._days = days.toPandas().sort_values("contact_date", ignore_index=True)
        self.validation = self._here(self._known.where("split = 'validation'"))

    @property
    def counts(self) -> dict[str, tuple[int, int]]:
        """Rows and subscribers by part."""
        if missing := {"train", "validation"} - set(self._days["split"]):
            raise NotEnoughHistory(f"the features have no {' and no '.join(sorted(missing))} days; choose a later as_of")
        parts = {name: self._days[self._days["split"] == name] for name in ("train", "validation")}
        return {name: (int(days["rows"].sum()), int(days["positives"].sum())) for name, days in parts.items()}

    def head(self, limit: int) -> pd.DataFrame:
        """The first rows of the train days."""
        return self._here(self._known.where("split = 'train'").orderBy("contact_date", "contact_id").limit(limit))

    def train(self, choice: ModelSpec, economics: Economics) -> tuple[TermDepositModel, Floats]:
        """Train on the cluster.

        Raises:
            SparkJobFailed: the cluster has not as many task slots as the choice asks for.
        """
        return fit_validated(choice, self.validation, lambda before: self._fit(choice, before), economics=economics)

    def reference(self, model: TermDepositModel, limit: int) -> pd.DataFrame:
        """The rows that `reference_rows` picks, found by their day and their place in it."""
        weights, rows = recency(model.choice, self._days), self._days["rows"].to_numpy(int)
        sums = np.cumsum(weights * rows)
        kept = max(1, min(limit, int(sums[-1] / weights.max())))
        sought = (np.arange(kept) + 0.5) / kept * sums[-1]
        day = np.searchsorted(sums, sought)
        into_day = sought - (sums - weights * rows)[day]
        place = np.clip(np.ceil(into_day / weights[day]), 1, rows[day]).astype(int)
        wanted = list(zip(self._days["contact_date"].to_numpy()[day].tolist(), place.tolist(), strict=True))
        picks = self._known.sparkSession.createDataFrame(wanted, "contact_date date, place int")
        in_day = Window.partitionBy("contact_date").orderBy("contact_id")
        placed = self._known.select("contact_date", "contact_id", f.row_number().over(in_day).alias("place"))
        ids = placed.join(f.broadcast(picks), ["contact_date", "place"]).drop("place")
        picked = self._here(self._known.join(f.broadcast(ids), ["contact_date", "contact_id"], "left_semi"))
        return picked.assign(probability=model.predict_proba(picked))

    def close(self) -> None:
        """Let the cluster forget the rows."""
        self._known.unpersist()

    def _fit(self, choice: ModelSpec, before: Any) -> tuple[FeatureEncoder, Any]:
        from xgboost.spark import SparkXGBClassifier

        rows, days = self._known, self._days
        if before is not None:
            rows = rows.where(f.col("contact_date") < f.lit(before).cast("date"))
            days = days[days["contact_date"].astype(str) < str(before)]
        encoder = self._fit_encoder(choice, rows)
        weigh = _weights(choice, days)
        given = {"weight_col": "weight"} if weigh is not None else {}
        booster = SparkXGBClassifier(
            features_col="features",
            label_col="y",
            num_workers=choice.spark_workers,
            device="cpu",
            verbose=False,
            **given,
            **xgboost_parameters(choice),
        )
        try:
            fitted = booster.fit(rows.mapInPandas(_encoded(encoder, weigh), _ENCODED)).get_booster()
        except Exception as error:
            if _TOO_FEW_SLOTS in str(error):
                raise SparkJobFailed(
                    f"the model is to be trained on {choice.spark_workers} task slots at once (spark_workers in results.json), and the "
                    "Spark cluster has fewer: start more workers, or wait until other jobs have ended"
                ) from error
            raise
        fitted.feature_names = encoder.get_feature_names_out()
        estimator = make_estimator(choice)
        estimator.load_model(fitted.save_raw())
        return encoder, estimator

    def _fit_encoder(self, choice: ModelSpec, rows: DataFrame) -> FeatureEncoder:
        """Fit on all rows: sums of each batch, merged in the order of the batches."""
        encoder = FeatureEncoder.of(choice, self._spec)

        def summed(batches: Batches) -> Iterator[pd.DataFrame]:
            parts = [encoder.moments(batch) for batch in batches if len(batch)]
            if parts:
                whole = vars(reduce(Moments.merged, parts))
                yield pd.DataFrame({name: [value] for name, value in whole.items()})

        found = rows.mapInPandas(summed, _MOMENTS).collect()
        parts = [
            Moments(tuple(row["names"]), row["rows"], *(np.array(row[name]) for name in ("mean", "squares", "flags")))
            for row in found
        ]
        return encoder.fit_moments(reduce(Moments.merged, parts))

    def _here(self, rows: DataFrame) -> pd.DataFrame:
        """Rows as `training.load_features` gives them."""
        table = rows.toPandas()
        table["contact_date"] = table["contact_date"].astype(str)
        return table.sort_values(["contact_date", "contact_id"], ignore_index=True)


def _weights(choice: ModelSpec, days: pd.DataFrame) -> Callable[[pd.DataFrame], Floats] | None:
    """What gives rows their weights as `fit_estimator` weights them, from the known days' counts; None where all weigh the same."""
    if choice.sampler != "class_weight" and choice.window.half_life_days is None:
        return None
    rows, positives = int(days["rows"].sum()), int(days["positives"].sum())
    of_class = np.ones(2) if choice.sampler != "class_weight" else rows / (2.0 * np.array([rows - positives, positives]))
    last = str(days["contact_date"].max())

    def weigh(batch: pd.DataFrame) -> Floats:
        return np.asarray(of_class[batch["y"].to_numpy(int)] * recency(choice, batch, last))

    return weigh


def _encoded(
    encoder: FeatureEncoder, weigh: Callable[[pd.DataFrame], Floats] | None
) -> Callable[[Batches], Iterator[pd.DataFrame]]:
    """What encodes the rows of a partition, batch by batch."""

    def encode(batches: Batches) -> Iterator[pd.DataFrame]:
        for batch in batches:
            values = encoder.transform(batch).to_numpy("float32")
            weights = weigh(batch) if weigh is not None else np.ones(len(batch))
            yield pd.DataFrame({"features": list(values), "y": batch["y"].astype(float), "weight": weights})

    return encode
