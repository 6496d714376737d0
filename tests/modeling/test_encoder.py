"""What an encoder learns of seven rows and makes of others, by hand, on a campaign that nobody has."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from bank_marketing.campaign.features import Attribute, FeatureSpec, Number
from bank_marketing.errors import ConfigError, ModelIncompatible
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.encoding import FeatureEncoder
from bank_marketing.modeling.moments import Moments

SPEC = FeatureSpec(
    attributes={
        "coat": Attribute(type="text", title="Coat", categories=("long", "short")),
        "place": Attribute(type="text", title="Place", categories=("barn", "field", "hill")),
        "age": Attribute(type="number", title="Age"),
    },
    forbidden=("price",),
    categories=("coat", "place"),
    blocks={
        "body": {
            "age": Number(column="age"),
            "legs": Number(column="legs", divide=2),
            "tail": Number(column="tail", least_spread=3),
        },
        "sold": {"price": Number(column="price")},
    },
    sets={"body": ("body",), "bare": (), "sold": ("sold",)},
    default_set="body",
)

#: Seven animals with the same legs; tails vary by less than is taken as a spread.
AGES, TAILS = [1.0, 2, 3, 5, 8, 13, 21], [1.0, 2, 1, 2, 1, 2, 1]
TABLE = pd.DataFrame(
    {
        "age": AGES,
        "legs": [4] * 7,
        "tail": TAILS,
        "coat": ["long", "long", "short", "long", "curly", "short", "long"],
        "place": ["barn", "field", "barn", "barn", "barn", "field", "field"],
        "price": 9.0,
        "ears": [2.0, 2, 2, 2, 2, 2, 1],
    },
    index=range(10, 17),
)
NAMES = ["age", "legs", "tail", "coat=long", "coat=short", "place=barn", "place=field", "place=hill"]


def encoder(feature_set: str = "body", **fields: object) -> FeatureEncoder:
    return FeatureEncoder(SPEC.text, feature_set, **fields)  # type: ignore[arg-type]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def deviation(values: list[float]) -> float:
    return math.sqrt(mean([(value - mean(values)) ** 2 for value in values]))


def test_what_is_learned_of_seven_rows() -> None:
    fitted = encoder().fit(TABLE)
    assert fitted.number_names_ == ["age", "legs", "tail"]
    assert list(fitted.mean_) == pytest.approx([mean(AGES), 2, mean(TAILS)])
    assert list(fitted.spread_) == pytest.approx([deviation(AGES), 1, 3]), "a constant's is 1, a tail's 3 at least"
    assert fitted.category_names_ == [
        ["coat", "long"], ["coat", "short"], ["place", "barn"], ["place", "field"], ["place", "hill"],
    ]  # fmt: skip
    assert list(fitted.share_) == pytest.approx([4 / 7, 2 / 7, 4 / 7, 3 / 7, 0])
    assert list(fitted.center_) == pytest.approx([0, 0, 0, 4 / 7, 2 / 7, 4 / 7, 3 / 7, 0])


def test_what_is_made_of_a_row() -> None:
    fitted = encoder(category_weight=0.5).fit(TABLE)
    found = fitted.transform(TABLE)
    assert list(found.columns) == fitted.get_feature_names_out() == NAMES
    assert list(found.index) == list(range(10, 17))
    curly = found.loc[14]
    assert list(curly) == pytest.approx([(8 - mean(AGES)) / deviation(AGES), 0, (1 - mean(TAILS)) / 3, 0, 0, 0.5, 0, 0])
    assert list(fitted.center_[3:]) == pytest.approx([2 / 7, 1 / 7, 2 / 7, 1.5 / 7, 0])


@pytest.mark.parametrize("weight", [1.0, 0.5])
@pytest.mark.parametrize("feature_set", ["body", "bare"])
def test_rows_that_were_read_once_are_learned_and_encoded_alike(feature_set: str, weight: float) -> None:
    one = encoder(feature_set, category_weight=weight).fit(TABLE)
    read = one.read(TABLE)
    other = encoder(feature_set, category_weight=weight).fit_read(read)
    assert other.encode_read(read) == pytest.approx(one.encode(TABLE, 7))
    assert other.encode_read(read.part(2, 5)) == pytest.approx(one.encode(TABLE.iloc[2:5], 3))
    assert read.part(2, 5).names == read.names
    assert read.flags.shape == (5, 7)
    assert one.encode(TABLE, 7).shape == (7, 5 + (3 if feature_set == "body" else 0))


@pytest.mark.parametrize("border", [1, 3, 6])
def test_moments_of_two_parts_are_those_of_the_whole(border: int) -> None:
    fitted = encoder().fit(TABLE)
    whole = fitted.moments(TABLE)
    assert whole.names == ("age", "legs", "tail")
    assert whole.rows == 7
    assert list(whole.squares) == pytest.approx([7 * deviation(AGES) ** 2, 0, 7 * deviation(TAILS) ** 2])
    assert list(whole.flags) == [4, 2, 4, 3, 0]
    merged = fitted.moments(TABLE.iloc[:border]).merged(fitted.moments(TABLE.iloc[border:]))
    for name in ("mean", "squares", "flags"):
        assert list(getattr(merged, name)) == pytest.approx(list(getattr(whole, name)), abs=1e-12), name
    assert (merged.names, merged.rows) == (whole.names, 7)
    learned = encoder().fit_moments(merged)
    for name in ("mean_", "spread_", "share_", "center_"):
        assert list(getattr(learned, name)) == pytest.approx(list(getattr(fitted, name))), name
    assert learned.number_names_ == fitted.number_names_


def test_moments_of_halves_by_hand() -> None:
    one = Moments(("a",), 2, np.array([1.0]), np.array([2.0]), np.array([1.0]))
    other = Moments(("a",), 6, np.array([5.0]), np.array([3.0]), np.array([4.0]))
    both = one.merged(other)
    assert (both.rows, float(both.mean[0]), float(both.squares[0]), float(both.flags[0])) == (8, 4, 2 + 3 + 16 * 12 / 8, 5)


@pytest.mark.parametrize(("noise", "spread"), [(1e-13, 1.0), (1e-3, 5e-4)])
def test_rounding_noise_is_no_spread(noise: float, spread: float) -> None:
    rows = TABLE.head(6).assign(age=[0.5, 0.5 + noise] * 3)
    assert encoder().fit(rows).spread_[0] == pytest.approx(spread)
    huge = TABLE.head(6).assign(age=[1e6, 1e6 + 1e-4] * 3)
    assert encoder().fit(huge).spread_[0] == 1, "noise is measured by the size of the mean"


def test_further_columns_come_after_the_numbers_and_what_is_forbidden_is_out_of_reach() -> None:
    fitted = encoder("bare", extra_columns=("ears",)).fit(TABLE)
    assert fitted.number_names_ == ["ears"]
    assert fitted.transform(TABLE)["ears"].tolist()[0] == pytest.approx((2 - 13 / 7) / deviation(TABLE["ears"].tolist()))
    for wrong in (encoder("bare", extra_columns=("price",)), encoder("sold")):
        with pytest.raises(KeyError, match="price"):
            wrong.fit(TABLE)


def test_a_table_without_a_column_is_of_another_model() -> None:
    fitted = encoder().fit(TABLE)
    for name in ("age", "coat"):
        with pytest.raises(ModelIncompatible) as refused:
            fitted.transform(TABLE.drop(columns=name))
        assert str(refused.value) == f"the features table has no column '{name}': it was made for another model"


def test_the_encoder_of_a_choice() -> None:
    made = FeatureEncoder.of(
        ModelSpec(
            algorithm="logistic_regression", feature_set="bare", prior_rows=7, category_weight=0.3, extra_columns=("ears",)
        ),
        SPEC,
    )
    expected = encoder("bare", prior_rows=7.0, category_weight=0.3, extra_columns=("ears",))
    assert made.get_params() == expected.get_params()
    assert made.spec == SPEC
    plain = FeatureEncoder.of(ModelSpec(algorithm="logistic_regression"), SPEC)
    assert plain.feature_set == "body", "the campaign's default"


def test_a_choice_of_another_campaigns_set_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        FeatureEncoder.of(ModelSpec(algorithm="logistic_regression", feature_set="wings"), SPEC)
    assert str(refused.value) == (
        "the chosen model reads the feature set 'wings', and the campaign's features.yaml has only body, bare, sold: search for a model "
        "again (`bank-marketing experiments`), or declare the set"
    )


@pytest.mark.parametrize("text", ["", "{}"])
def test_a_model_that_does_not_say_its_features_is_refused(text: str) -> None:
    told = "the model does not say by which features it was trained, as models of earlier releases do not: train again (`make run`)"
    with pytest.raises(ModelIncompatible) as refused:
        _ = FeatureEncoder(text, "body").spec
    assert str(refused.value) == told
    old = encoder()
    del old.features
    with pytest.raises(ModelIncompatible) as without:
        _ = old.spec
    assert str(without.value) == told


def test_defaults_that_a_stored_model_relies_on() -> None:
    assert encoder().get_params() == {
        "features": SPEC.text, "feature_set": "body", "prior_rows": 5.0, "category_weight": 1.0, "extra_columns": (),
    }  # fmt: skip
