"""How the shipped model behaves, on the real campaign where the archive is at hand, else on the synthetic one.

Directions that knowledge of the trade demands are demanded here. Three are left out on purpose:

- Euribor. High rates make deposits attractive, so a rise should raise the probability. In this campaign the rate fell from 5 to under 1
  percent while the success rate rose twentyfold, for other reasons: the level stands for the time as much as for the price of money. No
  direction is demanded; that the usual move of a day hardly matters is.
- Channel. Mobile phones did better than landlines in the first year; later neither did for long. The model follows what each channel
  brought in the last twenty days, and that is demanded.
- Age. The young and the old subscribe more often than those between: no direction holds over the whole range. The ends are compared.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from bank_marketing.modeling import protocol
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.metrics import Floats
from bank_marketing.modeling.model import TermDepositModel, train
from bank_marketing.modeling.results import load_results
from tests.support.campaign import CAMPAIGN, CONTRACT, FEATURES
from tests.support.campaign_features import campaign_features, split_as_of
from tests.support.features import PRICES

AS_OF, DAY_BEFORE = "2010-06-30", "2010-06-29"

NEVER_MET = {"poutcome": "nonexistent", "previous": 0, "pdays": 999}
DECLINED = {"poutcome": "failure", "previous": 1, "pdays": 999}
SUBSCRIBED = {"poutcome": "success", "previous": 1, "pdays": 6}


@pytest.fixture(scope="module")
def campaign() -> tuple[pd.DataFrame, bool]:
    return campaign_features()


@pytest.fixture(scope="module")
def choice() -> ModelSpec:
    return load_results(CAMPAIGN.results_file, CONTRACT).winner.choice


def trained(choice: ModelSpec, table: pd.DataFrame, as_of: str) -> TermDepositModel:
    parts = split_as_of(table, as_of)
    return train(choice, parts["train"], parts["validation"], spec=FEATURES, economics=PRICES)[0]


@pytest.fixture(scope="module")
def model(choice: ModelSpec, campaign: tuple[pd.DataFrame, bool]) -> TermDepositModel:
    return trained(choice, campaign[0], AS_OF)


@pytest.fixture(scope="module")
def clients(campaign: tuple[pd.DataFrame, bool]) -> pd.DataFrame:
    """Clients of the days that the model has not seen."""
    return split_as_of(campaign[0], AS_OF)["holdout"]


def with_conversion(rows: pd.DataFrame, rate: float) -> pd.DataFrame:
    """The rows, had the last twenty days' calls converted at this rate in both channels."""
    changed = {f"conversions_{window}": (rate * rows[f"contacts_{window}"]).round() for window in ("1d", "5d", "20d")}
    return rows.assign(**changed, conversions_20d_cellular=(rate * rows["contacts_20d_cellular"]).round())


def log_odds(p: Floats) -> Floats:
    return np.asarray(np.log(p / (1 - p)))


def test_an_earlier_success_raises_every_clients_probability(model: TermDepositModel, clients: pd.DataFrame) -> None:
    never, declined, subscribed = (model.predict_proba(clients.assign(**story)) for story in (NEVER_MET, DECLINED, SUBSCRIBED))
    assert (subscribed > never + 0.05).all()
    assert (subscribed > declined + 0.05).all()


def test_a_campaign_that_does_better_raises_every_clients_probability(model: TermDepositModel, clients: pd.DataFrame) -> None:
    levels = [model.predict_proba(with_conversion(clients, rate)) for rate in (0.1, 0.3, 0.5)]
    assert (levels[1] > levels[0]).all()
    assert (levels[2] > levels[1]).all()


def test_a_channel_that_does_better_raises_its_own_clients_and_lowers_the_others(
    model: TermDepositModel, clients: pd.DataFrame
) -> None:
    level = with_conversion(clients, 0.4).assign(contacts_20d_cellular=(clients["contacts_20d"] * 0.5).round())
    better, worse = (
        model.predict_proba(level.assign(conversions_20d_cellular=(level["contacts_20d_cellular"] * rate).round()))
        for rate in (0.6, 0.2)
    )
    mobile = (clients["contact"] == "cellular").to_numpy()
    assert (better[mobile] > worse[mobile]).all()
    assert (better[~mobile] < worse[~mobile]).all()


def test_one_more_call_never_raises_a_probability(model: TermDepositModel, clients: pd.DataFrame) -> None:
    calls = [model.predict_proba(clients.assign(campaign=number)) for number in (1, 2, 4, 8, 16)]
    for fewer, more in pairwise(calls):
        assert (more <= fewer).all()


def test_a_longer_list_never_raises_a_probability(model: TermDepositModel, clients: pd.DataFrame) -> None:
    sizes = [model.predict_proba(clients.assign(list_size=size)) for size in (5, 50, 500)]
    assert (sizes[1] <= sizes[0]).all()
    assert (sizes[2] <= sizes[1]).all()


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"job": "retired", "age": 68}, {"job": "blue-collar", "age": 40}),
        ({"job": "student", "age": 22}, {"job": "services", "age": 40}),
        ({"default": "no"}, {"default": "unknown"}),
    ],
    ids=["retired", "student", "known credit"],
)
def test_known_better_prospects_score_higher(
    better: dict[str, object], worse: dict[str, object], model: TermDepositModel, clients: pd.DataFrame
) -> None:
    assert (model.predict_proba(clients.assign(**better)) > model.predict_proba(clients.assign(**worse))).all()


@pytest.mark.parametrize("column", ["emp_var_rate", "cons_price_idx", "cons_conf_idx", "nr_employed"])
def test_figures_that_are_published_later_move_nothing(column: str, model: TermDepositModel, clients: pd.DataFrame) -> None:
    altered = clients.assign(**{column: clients[column] * 2 + 1})
    assert model.predict_proba(altered).tobytes() == model.predict_proba(clients).tobytes()


def test_who_is_asked_for_and_when_moves_nothing(model: TermDepositModel, clients: pd.DataFrame) -> None:
    p = model.predict_proba(clients)
    altered = clients.assign(contact_id="X", contact_date="2030-01-01", y=1 - clients["y"], duration=4000)
    assert model.predict_proba(altered).tobytes() == p.tobytes()
    order = np.random.default_rng(1).permutation(len(clients))
    assert model.predict_proba(clients.iloc[order]).tobytes() == p[order].tobytes()


@pytest.mark.parametrize(
    ("column", "values", "most"),
    [("housing", ["no", "yes"], 0.25), ("loan", ["no", "yes"], 0.25), ("euribor3m", [0.7, 0.8], 0.1)],
)
def test_what_hardly_matters_hardly_matters(
    column: str, values: list[object], most: float, model: TermDepositModel, clients: pd.DataFrame
) -> None:
    one, other = (log_odds(model.predict_proba(clients.assign(**{column: value}))) for value in values)
    assert np.abs(one - other).max() < most


def test_the_model_of_the_next_day_says_nearly_the_same(
    choice: ModelSpec, model: TermDepositModel, campaign: tuple[pd.DataFrame, bool], clients: pd.DataFrame
) -> None:
    before = trained(choice, campaign[0], DAY_BEFORE)
    p, earlier = model.predict_proba(clients), before.predict_proba(clients)
    assert np.abs(p - earlier).max() < 0.03
    assert abs(model.threshold - before.threshold) <= 0.02
    assert (model.decide(p, PRICES) == before.decide(earlier, PRICES)).mean() > 0.97


def test_the_probabilities_of_each_recent_month_are_about_right(choice: ModelSpec, campaign: tuple[pd.DataFrame, bool]) -> None:
    table, _ = campaign
    ordered = protocol.in_time_order(table)
    raw = protocol.out_of_sample(choice, ordered, FEATURES, since="2010-03")
    months = ordered.assign(p=raw)[~np.isnan(raw)].groupby("month").agg(rows=("y", "size"), rate=("y", "mean"), p=("p", "mean"))
    assert len(months) == 9
    # Three standard errors of a month's rate, and what the market moves in a month: the trailing rates follow it late.
    allowed = 3 * np.sqrt(months["rate"] * (1 - months["rate"]) / months["rows"]) + 0.03
    assert ((months["p"] - months["rate"]).abs() <= allowed).all(), months
