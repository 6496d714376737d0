"""From the features table to numbers. The only place where counts become rates: training, batch scoring and the service share it.

A trailing rate is shrunk towards the campaign's rate so far, as a Beta prior worth `prior_rows` contacts would, and taken as a logit:
a linear model then follows the level of the market, which moved from 3 to 57 percent during the campaign.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

from bank_marketing.campaign import load_campaign
from bank_marketing.errors import ModelIncompatible
from bank_marketing.modeling.moments import Moments

Floats = NDArray[np.float64]

CATEGORIES = ("job", "marital", "education", "default", "housing", "loan", "contact", "poutcome", "day_of_week")
MACRO = ("emp_var_rate", "cons_price_idx", "cons_conf_idx", "nr_employed")
WINDOWS = (1, 5, 20)

#: Rate before anybody was called: a tenth, the usual order of magnitude of a telephone campaign; worth `prior_rows` contacts.
FIRST_RATE = 0.1

#: Contacts after which a channel's own rate of the last 20 days weighs as much as the campaign's.
CHANNEL_PRIOR = 20.0

#: Numbers that vary less than this share of their mean are constant.
SMALLEST_SPREAD = 1e-9

#: Spread that a number is taken to have at least. While all calls went to landlines, a channel's rate hardly differed from the campaign's:
#: divided by that spread, the first calls to mobile phones would be astronomical. A quarter of log-odds is what it has later.
LEAST_SPREAD = {"channel_rate": 0.25}

#: Columns that say what the call brought: never read here.
FORBIDDEN = frozenset({"duration", "y"})


def _logit(rate: Floats) -> Floats:
    return np.log(rate / (1 - rate))


def _campaign_rate(table: pd.DataFrame, prior: float) -> Floats:
    won, made = table["conversions_all"].to_numpy(float), table["contacts_all"].to_numpy(float)
    return (won + prior * FIRST_RATE) / (made + prior)


def _client(table: pd.DataFrame, prior: float) -> dict[str, Floats]:
    age = table["age"].to_numpy(float)
    pdays = table["pdays"].to_numpy(float)
    return {
        "age_over_60": (age > 60).astype(float),
        "age_under_25": (age < 25).astype(float),
        "age_decades": age / 10,
        "log_campaign": np.log(np.maximum(table["campaign"].to_numpy(float), 1)),
        "contacted_before": (pdays < 999).astype(float),
        "log_previous": np.log1p(table["previous"].to_numpy(float)),
    }


def _trailing(table: pd.DataFrame, prior: float) -> dict[str, Floats]:
    overall = _campaign_rate(table, prior)
    columns = {"rate_all": _logit(overall)}
    for window in WINDOWS:
        won, made = table[f"conversions_{window}d"].to_numpy(float), table[f"contacts_{window}d"].to_numpy(float)
        columns[f"rate_{window}d"] = _logit((won + prior * overall) / (made + prior))
        columns[f"volume_{window}d"] = np.log1p(made)
    return columns


def _market(table: pd.DataFrame, prior: float) -> dict[str, Floats]:
    return {"list_size": np.log1p(table["list_size"].to_numpy(float)), "euribor3m": table["euribor3m"].to_numpy(float)}


def _channel(table: pd.DataFrame, prior: float) -> dict[str, Floats]:
    won, made = table["conversions_20d"].to_numpy(float), table["contacts_20d"].to_numpy(float)
    rate = (won + prior * _campaign_rate(table, prior)) / (made + prior)
    mobile_won, mobile_made = (table[f"{what}_20d_cellular"].to_numpy(float) for what in ("conversions", "contacts"))
    mobile = (table["contact"] == "cellular").to_numpy()
    own_won, own_made = np.where(mobile, mobile_won, won - mobile_won), np.where(mobile, mobile_made, made - mobile_made)
    return {"channel_rate": _logit((own_won + CHANNEL_PRIOR * rate) / (own_made + CHANNEL_PRIOR)) - _logit(rate)}


def _extended(table: pd.DataFrame, prior: float) -> dict[str, Floats]:
    # The gap is missing on the campaign's first day: a day like any other.
    gap = np.nan_to_num(table["days_since_last_contact_day"].to_numpy(float), nan=1.0)
    level = _trailing(table, prior)["rate_20d"] - _logit(np.array([FIRST_RATE]))[0]
    return {
        "log_gap": np.log1p(gap),
        "contacted_before_x_rate": (table["pdays"].to_numpy(float) < 999) * level,
        "cellular_x_rate": (table["contact"] == "cellular").to_numpy(float) * level,
    }


def _macro(table: pd.DataFrame, prior: float) -> dict[str, Floats]:
    # For comparison only: these figures of the contact's own period are published later.
    return {name: table[name].to_numpy(float) for name in (*MACRO, "euribor3m")}


Block = Callable[[pd.DataFrame, float], dict[str, Floats]]

#: What each feature set adds to the client's categories.
FEATURE_SETS: dict[str, tuple[Block, ...]] = {
    "raw": (_client,),
    "raw_macro": (_client, _macro),
    "trailing": (_client, _trailing),
    "trailing_market": (_client, _trailing, _market),
    "trailing_channel": (_client, _trailing, _market, _channel),
    "trailing_extended": (_client, _trailing, _market, _channel, _extended),
}


@cache
def _categories() -> list[list[str]]:
    contract = load_campaign("bank_marketing").contract
    return [[name, value] for name in CATEGORIES for value in contract[name].categories]


class FeatureEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type hints
    """Encodes the features table: standardized numbers, then one column a category (an unseen category is all zeros)."""

    def __init__(
        self,
        feature_set: str = "trailing_market",
        prior_rows: float = 5.0,
        category_weight: float = 1.0,
        extra_columns: tuple[str, ...] = (),
    ) -> None:
        self.feature_set = feature_set
        self.prior_rows = prior_rows
        self.category_weight = category_weight
        self.extra_columns = extra_columns

    #: Models that were stored before there were extra columns have none.
    extra_columns: tuple[str, ...] = ()

    def fit(self, table: pd.DataFrame, y: object = None) -> FeatureEncoder:
        """Learn mean and spread of the numbers and the share of each category. The categories are the contract's."""
        numbers = self._numbers(table)
        values = np.column_stack(list(numbers.values()))
        share = np.array([float((table[name] == value).mean()) for name, value in _categories()])
        return self._learn(list(numbers), values.mean(axis=0), values.std(axis=0), share)

    def moments(self, table: pd.DataFrame) -> Moments:
        """What `fit_moments` needs to know of some of the rows."""
        numbers = self._numbers(table)
        values = np.column_stack(list(numbers.values()))
        mean = values.mean(axis=0)
        flags = np.array([(table[name] == value).sum() for name, value in _categories()], dtype=float)
        return Moments(tuple(numbers), len(table), mean, ((values - mean) ** 2).sum(axis=0), flags)

    def fit_moments(self, moments: Moments) -> FeatureEncoder:
        """Learn the same from the merged moments of rows that are nowhere all together; rounding alone differs."""
        spread = np.sqrt(moments.squares / moments.rows)
        return self._learn(list(moments.names), moments.mean, spread, moments.flags / moments.rows)

    def _learn(self, names: list[str], mean: Floats, spread: Floats, share: Floats) -> FeatureEncoder:
        self.number_names_ = names
        self.mean_ = mean
        # A constant column's spread is rounding noise, not always zero: divided by it, any other value would be astronomical.
        spread = np.where(spread > SMALLEST_SPREAD * np.maximum(1, np.abs(self.mean_)), spread, 1.0)
        self.spread_ = np.maximum(spread, [LEAST_SPREAD.get(name, 0.0) for name in names])
        self.category_names_ = _categories()
        self.share_ = share
        return self

    @property
    def center_(self) -> Floats:
        """The encoding of the mean training row: what an explanation compares a row with."""
        return np.concatenate([np.zeros(len(self.number_names_)), self.share_ * self.category_weight])

    def transform(self, table: pd.DataFrame) -> pd.DataFrame:
        """Encode rows.

        Returns:
            One float64 column a feature, one row a contact, in the table's order.

        Raises:
            ModelIncompatible: the table lacks a column.
        """
        try:
            numbers = self._numbers(table)
            values = (np.column_stack([numbers[name] for name in self.number_names_]) - self.mean_) / self.spread_
            # Once a column and not once a category: for a single row, finding the column costs more than comparing it.
            columns = {name: table[name].to_numpy(object) for name in dict(self.category_names_)}
            flags = [(columns[name] == value).astype(float) * self.category_weight for name, value in self.category_names_]
        except KeyError as error:
            raise ModelIncompatible(f"the features table has no column {error}: it was made for another model") from error
        return pd.DataFrame(np.column_stack([values, *flags]), columns=self.get_feature_names_out(), index=table.index)

    def get_feature_names_out(self, input_features: object = None) -> list[str]:
        """Names of the encoded columns; a category is `column=value`."""
        return self.number_names_ + [f"{name}={value}" for name, value in self.category_names_]

    def _numbers(self, table: pd.DataFrame) -> dict[str, Floats]:
        allowed = table.drop(columns=[name for name in FORBIDDEN if name in table.columns])
        numbers: dict[str, Floats] = {}
        for block in FEATURE_SETS[self.feature_set]:
            numbers |= block(allowed, self.prior_rows)
        return numbers | {name: allowed[name].to_numpy(float) for name in self.extra_columns}
