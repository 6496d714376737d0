"""Spans of months that models are judged on: where a choice is made, and where it is confirmed by months that it had no part in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from bank_marketing.errors import NotEnoughHistory

if TYPE_CHECKING:
    import pandas as pd

#: Share of the decided contacts that choose a model, and of those the share that confirms the choice, where nobody says otherwise.
SHARE = 0.5

_MONTH = r"\d{4}-(0[1-9]|1[0-2])"


@dataclass(frozen=True)
class Span:
    """Months from `first` on and before `before` (`YYYY-MM`); empty where there is no bound."""

    first: str = ""
    before: str = ""

    def holds(self, months: pd.Series[str]) -> pd.Series[bool]:
        """Whether each of the months (n,) lies in the span."""
        found = months >= self.first
        return found & (months < self.before) if self.before else found

    def rows(self, predictions: pd.DataFrame) -> pd.DataFrame:
        """The predictions of these months that have a threshold."""
        return predictions[self.holds(predictions["month"]) & predictions["threshold"].notna()]


class Spans(BaseModel):
    """Where the spans begin. A is all that is decided, B what models are chosen on: selection and confirmation together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    choose_from: str = Field(pattern=_MONTH, description="first month of B: before it no choice between models is possible")
    confirm_from: str = Field(pattern=_MONTH, description="hyper-parameters are chosen on the months of B before this one")

    @property
    def named(self) -> dict[str, Span]:
        """The spans by their names."""
        return {
            "A": Span(),
            "B": Span(self.choose_from),
            "before B": Span("", self.choose_from),
            "selection": Span(self.choose_from, self.confirm_from),
            "confirmation": Span(self.confirm_from),
        }


def spans_of(table: pd.DataFrame, decided: list[str], choose_from: str = "", confirm_from: str = "") -> Spans:
    """The spans of a campaign: those that are asked for, else the later half of the decided contacts, and of these the later half.

    Args:
        table: with the column `month`, in time order.
        decided: the months that the protocol decides, in time order.
        choose_from: first month of B, when somebody knows better.
        confirm_from: first month of the confirmation, likewise.

    Raises:
        NotEnoughHistory: there are not two decided months to choose and to confirm on, or the asked-for ones are not among them.
    """
    if len(decided) < 2:
        raise NotEnoughHistory(
            f"the campaign from {table['month'].iloc[0]} to {table['month'].iloc[-1]} has {len(decided)} months that the protocol decides: "
            "choosing a model takes two, one to choose on and one to confirm. Until then training uses the documented default model"
        )
    rows = table["month"].value_counts()
    choose_from = choose_from or _later_half(decided[:-1], decided, rows)
    later = [month for month in decided if month > choose_from]
    confirm_from = confirm_from or (_later_half(later, [choose_from, *later], rows) if later else "")
    if choose_from not in decided or confirm_from not in later:
        raise NotEnoughHistory(
            f"models are to be chosen from {choose_from} on and confirmed from {confirm_from or 'a later month'} on, but the campaign's "
            f"decided months go from {decided[0]} to {decided[-1]}: name others with --choose-from and --confirm-from"
        )
    return Spans(choose_from=choose_from, confirm_from=confirm_from)


def _later_half(candidates: list[str], months: list[str], rows: pd.Series[int]) -> str:
    """The last of the candidates from which on at least SHARE of the months' contacts lie; the first where none is early enough."""
    total = int(rows[months].sum())
    enough = [month for month in candidates if int(rows[[one for one in months if one >= month]].sum()) >= SHARE * total]
    return max(enough, default=candidates[0])


def month_before(month: str) -> str:
    """`2009-02` of `2009-03`."""
    year, number = map(int, month.split("-"))
    return f"{year}-{number - 1:02d}" if number > 1 else f"{year - 1}-12"
