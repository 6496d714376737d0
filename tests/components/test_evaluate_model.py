"""The rule that decides which model goes to production, at its borders: real models on days without a registry."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from bank_marketing.components.evaluate_model import Comparison, Contenders, EvaluationConfig, compare
from bank_marketing.economics import Economics
from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling.choice import ModelSpec
from bank_marketing.modeling.model import TermDepositModel, train
from tests.support.campaign import FEATURES
from tests.support.features import PRICES, features_table

CHOICE = ModelSpec(
    algorithm="logistic_regression",
    feature_set="trailing_market",
    hyper_parameters={"C": 0.1},
    threshold="half_best_f1_that_pays",
)
RESAMPLES = 200


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    found = features_table(days=61)
    found["contact_date"] = found["contact_date"].astype(str)
    return found


def part(table: pd.DataFrame, name: str) -> pd.DataFrame:
    return table[table["split"] == name]


@pytest.fixture(scope="module")
def candidate(table: pd.DataFrame) -> TermDepositModel:
    return train(CHOICE, part(table, "train"), part(table, "validation"), spec=FEATURES, economics=PRICES)[0]


@pytest.fixture(scope="module")
def champion(table: pd.DataFrame) -> TermDepositModel:
    """A model that was trained without two columns that matter."""
    blind = table.assign(job="unknown", contact="telephone")
    return train(CHOICE, part(blind, "train"), part(blind, "validation"), spec=FEATURES, economics=PRICES)[0]


def judged(table: pd.DataFrame, models: Contenders, economics: Economics = PRICES, **config: float) -> Comparison:
    given = EvaluationConfig(resamples=RESAMPLES, **config)  # type: ignore[arg-type]
    return compare(models, part(table, "validation"), part(table, "holdout"), given, economics)


def against(table: pd.DataFrame, candidate: TermDepositModel, champion: TermDepositModel, **config: float) -> Comparison:
    return judged(table, Contenders(candidate, champion, 3), **config)


def test_the_gain_that_is_asked_for_must_be_exceeded(
    table: pd.DataFrame, candidate: TermDepositModel, champion: TermDepositModel
) -> None:
    low = against(table, candidate, champion).against["champion"].low
    assert low > 0.01, "the candidate is clearly better"
    for gain, promoted in ((0.0, True), (low * 0.99, True), (low, False), (low * 1.01, False)):
        verdict = against(table, candidate, champion, min_gain=gain).verdict
        assert verdict.promote is promoted, gain
        said = "is above" if promoted else "is not above"
        assert any(f"{low:+.3f} {said} {gain:g}" in reason for reason in verdict.reasons)


@pytest.mark.parametrize("days", [1, 2, 5])
def test_a_day_that_the_champion_learned_from_is_not_unseen(
    table: pd.DataFrame, candidate: TermDepositModel, champion: TermDepositModel, days: int
) -> None:
    holdout = part(table, "holdout")
    names = sorted(holdout["contact_date"].unique())
    later = replace(champion, trained_through=names[days - 1])
    found = against(table, candidate, later, min_rows=1)
    assert found.days["contact_date"].min() == names[days], "the day after its last one"
    assert len(found.days) == (holdout["contact_date"] >= names[days]).sum()


def test_as_many_unseen_rows_as_asked_for_are_enough_and_one_less_is_not(
    table: pd.DataFrame, candidate: TermDepositModel, champion: TermDepositModel
) -> None:
    names = sorted(part(table, "holdout")["contact_date"].unique())
    later = replace(champion, trained_through=names[3])
    unseen = int((part(table, "holdout")["contact_date"] > names[3]).sum())
    assert against(table, candidate, later, min_rows=unseen).verdict.promote
    refused = against(table, candidate, later, min_rows=unseen + 1)
    assert not refused.verdict.promote
    assert refused.verdict.reasons == (
        f"Not comparable: version 3 has learned from these days, fewer than {unseen + 1} are unseen. It stays.",
    )
    assert len(refused.days) == len(part(table, "holdout")), "the figures are of all holdout days"


def test_the_same_model_is_not_compared_with_itself(table: pd.DataFrame, candidate: TermDepositModel) -> None:
    found = judged(table, Contenders(candidate, candidate, 3, same=True))
    assert not found.verdict.promote
    assert found.verdict.reasons == ("The candidate is version 3, the model in production: same content.",)


def test_a_first_model_that_is_clearly_worse_on_f1_is_no_tie_however_well_it_ranks(
    table: pd.DataFrame, candidate: TermDepositModel
) -> None:
    shy = replace(candidate, learned_threshold=0.95)  # it calls next to nobody
    found = judged(table, Contenders(shy))
    everyone, ranking = found.against["call everyone"], found.ranking["call everyone"]
    assert everyone.high < 0, "worse without a doubt"
    assert ranking.low > 0, "and it ranks better without a doubt"
    assert not found.verdict.promote
    assert "does not beat" in found.verdict.reasons[0]


def test_a_first_model_that_ties_on_f1_and_ranks_better_goes_to_production(
    table: pd.DataFrame, candidate: TermDepositModel
) -> None:
    bold = replace(
        candidate, choice=CHOICE.model_copy(update={"threshold": "best_f1"}), learned_threshold=0.0
    )  # calls everyone
    found = judged(table, Contenders(bold))
    assert found.against["call everyone"].difference == 0
    assert "ties with" in next(reason for reason in found.verdict.reasons if "call everyone" in reason)


def test_both_rivals_are_judged_at_todays_prices(
    table: pd.DataFrame, candidate: TermDepositModel, champion: TermDepositModel
) -> None:
    dear = Economics(30, 40)
    found = judged(table, Contenders(candidate, champion, 3), dear)
    for name in ("candidate", "champion"):
        p, threshold = found.contenders[name]
        assert threshold == 0.75
        called, y = p >= 0.75, found.days["y"].to_numpy(int)
        assert found.figures[name].profit == pytest.approx(40 * y[called].sum() - 30 * called.sum())


def test_days_of_one_outcome_judge_nobody(table: pd.DataFrame, candidate: TermDepositModel) -> None:
    for outcome in (0, 1):
        with pytest.raises(NotEnoughHistory, match="have only one outcome"):
            judged(table.assign(y=outcome), Contenders(candidate))
