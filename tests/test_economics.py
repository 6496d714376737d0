"""The money, worked out by hand: 7 clients, 4 of them called, of the 3 subscribers 2."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bank_marketing.economics import CampaignMoney, Economics

PRICES = Economics(call_cost=7, deposit_margin=31)
Y = np.array([1, 0, 0, 1, 0, 1, 0])
CALLED = np.array([True, True, True, True, False, False, False])


def test_an_expected_profit_is_the_margins_share_less_the_call() -> None:
    assert list(PRICES.expected_profit(np.array([0.0, 0.5, 1.0]))) == [-7, 8.5, 24]


def test_a_profit_is_that_of_the_called() -> None:
    assert PRICES.profit(Y, CALLED) == 2 * 31 - 4 * 7
    assert PRICES.profit(Y, ~CALLED) == 31 - 3 * 7
    assert PRICES.profit(Y, np.zeros(7, bool)) == 0


def test_a_campaign_in_the_words_of_a_head_of_marketing() -> None:
    money = PRICES.campaign(Y, CALLED)
    assert money == CampaignMoney(contacts=7, called=4, subscribers=3, conversions=2, call_cost=7, deposit_margin=31)
    assert money.to_json() == {
        "contacts": 7, "called": 4, "subscribers": 3, "conversions": 2, "contacts_avoided": 3, "conversions_kept": 2 / 3, "cost": 28,
        "cost_per_acquisition": 14, "profit": 34, "profit_of_everyone": 3 * 31 - 7 * 7, "gain": -10,
    }  # fmt: skip


def test_without_a_success_there_is_no_cost_of_one_and_without_subscribers_none_is_lost() -> None:
    nobody = PRICES.campaign(Y, np.zeros(7, bool))
    assert (nobody.cost_per_acquisition, nobody.conversions_kept) == (None, 0)
    assert PRICES.campaign(np.zeros(7, int), CALLED).conversions_kept == 1


@given(st.builds(Economics, st.floats(0.01, 1000), st.floats(0.01, 10_000)))
@example(Economics(20, 40))
@example(Economics(0.1, 0.3))
def test_a_call_pays_from_the_break_even_on_and_not_below(economics: Economics) -> None:
    edge = economics.break_even
    around = economics.expected_profit(np.array([np.nextafter(edge, 0), edge, np.nextafter(edge, np.inf)]))
    assert around[1] >= 0
    assert around[2] >= 0
    assert around[0] <= 1e-12 * economics.call_cost
    assert edge == pytest.approx(economics.call_cost / economics.deposit_margin)
