"""Where models are chosen and confirmed: as asked for, or the later halves of what there is; too little is said."""

from __future__ import annotations

import pandas as pd
import pytest

from bank_marketing.errors import NotEnoughHistory
from bank_marketing.modeling.spans import Span, Spans, month_before, spans_of

MONTHS = ["2019-11", "2019-12", "2020-01", "2020-02", "2020-03"]


def table(rows: list[int], months: list[str] = MONTHS) -> pd.DataFrame:
    return pd.DataFrame({"month": [month for month, count in zip(months, rows, strict=True) for _ in range(count)]})


@pytest.mark.parametrize(
    ("rows", "choose", "confirm"),
    [
        ([100, 100, 100, 100, 100], "2020-01", "2020-02"),  # 300 of 500, then 200 of these 300
        ([100, 100, 99, 101, 100], "2020-01", "2020-02"),
        ([10, 10, 10, 10, 1000], "2020-02", "2020-03"),  # one month is left to confirm
        ([1000, 10, 10, 10, 10], "2019-11", "2019-12"),  # a crisis: nothing but the first month holds a half
        ([50, 50, 50, 25, 25], "2020-01", "2020-02"),  # just the half, twice
    ],
)
def test_the_later_half_chooses_and_its_later_half_confirms(rows: list[int], choose: str, confirm: str) -> None:
    assert spans_of(table(rows), MONTHS) == Spans(choose_from=choose, confirm_from=confirm)


def test_months_before_the_first_decided_one_do_not_count() -> None:
    assert spans_of(table([10_000, 1, 1, 1, 1]), MONTHS[1:]).choose_from == "2020-02"


def test_asked_for_months_are_taken_and_completed() -> None:
    rows = table([100] * 5)
    assert spans_of(rows, MONTHS, "2019-12", "2020-03") == Spans(choose_from="2019-12", confirm_from="2020-03")
    assert spans_of(rows, MONTHS, "2020-02").confirm_from == "2020-03"


@pytest.mark.parametrize(
    ("decided", "choose", "confirm", "told"),
    [
        ([], "", "", "has 0 months that the protocol decides"),
        (MONTHS[:1], "", "", "has 1 months that the protocol decides"),
        (MONTHS, "2021-05", "", "chosen from 2021-05 on and confirmed from a later month on"),
        (MONTHS, "2020-03", "", "decided months go from 2019-11 to 2020-03"),
        (MONTHS, "2020-01", "2020-01", "confirmed from 2020-01 on"),
        (MONTHS, "2020-01", "2019-12", "confirmed from 2019-12 on"),
    ],
)
def test_too_little_and_what_is_not_there_is_said(decided: list[str], choose: str, confirm: str, told: str) -> None:
    with pytest.raises(NotEnoughHistory, match=told):
        spans_of(table([100] * 5), decided, choose, confirm)


def test_the_spans_share_no_month_but_b_which_holds_two() -> None:
    named = Spans(choose_from="2020-01", confirm_from="2020-03").named
    months = pd.Series(MONTHS)
    held = {name: list(months[span.holds(months)]) for name, span in named.items()}
    assert held == {
        "A": MONTHS, "B": MONTHS[2:], "before B": MONTHS[:2], "selection": MONTHS[2:4], "confirmation": MONTHS[4:]
    }  # fmt: skip


def test_rows_without_a_threshold_belong_to_no_span() -> None:
    rows = pd.DataFrame({"month": ["2020-01", "2020-01", "2020-02"], "threshold": [None, 0.2, 0.3]})
    assert len(Span("2020-01", "2020-02").rows(rows)) == 1


def test_a_span_begins_with_its_first_month_and_ends_before_its_last() -> None:
    months = pd.Series(MONTHS)
    assert list(months[Span("2019-12", "2020-02").holds(months)]) == ["2019-12", "2020-01"]
    assert list(months[Span(before="2019-12").holds(months)]) == ["2019-11"]
    assert list(months[Span().holds(months)]) == MONTHS
    rows = pd.DataFrame({"month": [*MONTHS, "2020-01"], "threshold": [0.1, 0.1, 0.1, 0.1, 0.1, None], "row": range(6)})
    assert list(Span("2019-12", "2020-02").rows(rows)["row"]) == [1, 2]


def test_two_decided_months_are_enough_and_one_is_not_and_the_sentence_says_what_to_do() -> None:
    assert spans_of(table([100] * 5), MONTHS[3:]) == Spans(choose_from="2020-02", confirm_from="2020-03")
    with pytest.raises(NotEnoughHistory) as refused:
        spans_of(table([1] * 5), MONTHS[4:])
    assert str(refused.value) == (
        "the campaign from 2019-11 to 2020-03 has 1 months that the protocol decides: choosing a model takes two, one to choose on and "
        "one to confirm. Until then training uses the documented default model"
    )
    with pytest.raises(NotEnoughHistory) as elsewhere:
        spans_of(table([100] * 5), MONTHS, "2020-01", "2020-01")
    assert str(elsewhere.value) == (
        "models are to be chosen from 2020-01 on and confirmed from 2020-01 on, but the campaign's decided months go from 2019-11 to "
        "2020-03: name others with --choose-from and --confirm-from"
    )


def test_the_month_before_january_is_december() -> None:
    assert [month_before(month) for month in ("2009-03", "2010-01", "2009-11", "2009-02")] == [
        "2009-02",
        "2009-12",
        "2009-10",
        "2009-01",
    ]
