"""From counts to rates, worked out by hand: shrinkage, windows and channels."""

from __future__ import annotations

from math import log, log1p

import numpy as np
import pandas as pd
import pytest

from bank_marketing.modeling.encoding import FeatureEncoder
from tests.support.campaign import FEATURES
from tests.support.features import features_table

PRIOR = 5.0

#: Counts that differ in every window and channel, so that no two can be mistaken for each other.
COUNTS = {
    "contacts_1d": 7, "conversions_1d": 2, "contacts_5d": 33, "conversions_5d": 8, "contacts_20d": 120, "conversions_20d": 21,
    "contacts_20d_cellular": 70, "conversions_20d_cellular": 17, "contacts_all": 1001, "conversions_all": 130,
}  # fmt: skip


def logit(p: float) -> float:
    return log(p / (1 - p))


@pytest.fixture(scope="module")
def encoded() -> pd.DataFrame:
    """Two clients of one evening, one of each channel, and one before anybody was called; numbers as they are before scaling."""
    rows = features_table(days=3).head(3).assign(**COUNTS)
    rows["contact"] = ["cellular", "telephone", "telephone"]
    rows.loc[rows.index[2], list(COUNTS)] = 0
    encoder = FeatureEncoder(FEATURES.text, "trailing_channel", prior_rows=PRIOR).fit(rows)
    numbers = encoder.transform(rows)[encoder.number_names_]
    return (numbers * encoder.spread_ + encoder.mean_).reset_index(drop=True)


OVERALL = (130 + PRIOR * 0.1) / (1001 + PRIOR)


def test_the_campaigns_rate_so_far_is_shrunk_towards_a_tenth(encoded: pd.DataFrame) -> None:
    assert encoded["rate_all"].tolist()[::2] == pytest.approx([logit(OVERALL), logit(0.1)])


@pytest.mark.parametrize(("window", "made", "won"), [(1, 7, 2), (5, 33, 8), (20, 120, 21)])
def test_each_windows_rate_is_shrunk_towards_the_campaigns_and_not_towards_a_fixed_one(
    encoded: pd.DataFrame, window: int, made: int, won: int
) -> None:
    rate = (won + PRIOR * OVERALL) / (made + PRIOR)
    assert encoded.loc[0, f"rate_{window}d"] == pytest.approx(logit(rate))
    assert encoded.loc[2, f"rate_{window}d"] == pytest.approx(logit(0.1)), (
        "nobody was called: the campaign's rate, which is the first"
    )
    assert encoded.loc[0, f"volume_{window}d"] == pytest.approx(log1p(made))


def test_a_clients_channel_rate_is_that_of_its_own_channel(encoded: pd.DataFrame) -> None:
    rate = (21 + PRIOR * OVERALL) / (120 + PRIOR)
    mobile = (17 + 20 * rate) / (70 + 20)
    landline = (21 - 17 + 20 * rate) / (120 - 70 + 20)
    assert mobile > rate > landline
    assert encoded["channel_rate"].tolist() == pytest.approx(
        [logit(mobile) - logit(rate), logit(landline) - logit(rate), 0.0], abs=1e-12
    )


def test_a_stronger_prior_moves_a_rate_further() -> None:
    rows = features_table(days=3).head(1).assign(**COUNTS)
    found = []
    for prior in (1.0, 5.0, 50.0):
        encoder = FeatureEncoder(FEATURES.text, "trailing", prior_rows=prior).fit(rows)
        found.append(float(encoder.mean_[encoder.number_names_.index("rate_1d")]))
    assert found == sorted(found, reverse=True), "2 of 7 is above the campaign's 13 %"
    assert found[1] == pytest.approx(logit((2 + 5 * OVERALL) / 12))


@pytest.mark.parametrize("feature_set", FEATURES.sets)
def test_a_client_without_a_table_is_encoded_to_the_same_bits(feature_set: str) -> None:
    """The service encodes plain values; whole numbers, text and empty cells of any array give what the table's columns give."""
    table = features_table(days=12).tail(40).assign(**COUNTS)
    encoder = FeatureEncoder(FEATURES.text, feature_set, extra_columns=("euribor3m",)).fit(table)
    expected = encoder.transform(table)
    found = [
        encoder.encode({name: np.array([value], dtype=object) for name, value in row.items()}, 1)
        for row in table.to_dict("records")
    ]
    assert np.concatenate(found).tobytes() == expected.to_numpy().tobytes()
    assert encoder.named(found[3], expected.index[3:4]).equals(expected.iloc[3:4])
    columns = {str(name): values.to_numpy() for name, values in table.items()}
    assert encoder.encode(columns, len(table)).tobytes() == expected.to_numpy().tobytes()
