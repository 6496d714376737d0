"""The money: what a call costs, what a success brings. There are no prices but those of the settings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Economics:
    """Prices in the campaign's currency.

    Attributes:
        call_cost: an outbound call, with tries, wages and line.
        deposit_margin: margin of one success over its term, before costs.
    """

    call_cost: float
    deposit_margin: float

    @property
    def break_even(self) -> float:
        """Least probability of a subscription at which a call pays for itself: above 1 where no call can."""
        least = self.call_cost / self.deposit_margin
        while self.deposit_margin * least - self.call_cost < 0:  # where the division rounds down, its last bit is a loss
            least = float(np.nextafter(least, np.inf))
        return least

    def expected_profit(self, p: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expected profit (n,) of calling clients who subscribe with probabilities `p` (n,)."""
        return np.asarray(self.deposit_margin * p - self.call_cost)

    def profit(self, y: NDArray[np.int64], called: NDArray[np.bool_]) -> float:
        """Profit of calling those clients."""
        return float(self.deposit_margin * y[called].sum() - self.call_cost * called.sum())

    def campaign(self, y: NDArray[np.int64], called: NDArray[np.bool_]) -> CampaignMoney:
        """What calling those clients (n,) brought, against calling everyone. `y` (n,): who subscribes when called."""
        return CampaignMoney(
            contacts=len(y),
            called=int(called.sum()),
            subscribers=int(y.sum()),
            conversions=int(y[called].sum()),
            call_cost=self.call_cost,
            deposit_margin=self.deposit_margin,
        )


@dataclass(frozen=True)
class CampaignMoney:
    """A campaign in the words of a head of marketing.

    Attributes:
        contacts: clients on the lists.
        called: of these, called.
        subscribers: clients of the lists who subscribe when they are called.
        conversions: of these, called.
    """

    contacts: int
    called: int
    subscribers: int
    conversions: int
    call_cost: float
    deposit_margin: float

    @property
    def contacts_avoided(self) -> int:
        """Calls that were not made."""
        return self.contacts - self.called

    @property
    def conversions_kept(self) -> float:
        """Share of the subscribers that calling everyone would have won, 0..1."""
        return self.conversions / self.subscribers if self.subscribers else 1.0

    @property
    def cost(self) -> float:
        """Cost of the calls."""
        return self.call_cost * self.called

    @property
    def cost_per_acquisition(self) -> float | None:
        """Cost of the calls for one success; None without one."""
        return self.cost / self.conversions if self.conversions else None

    @property
    def profit(self) -> float:
        """Margin of the successes less the cost of the calls."""
        return self.deposit_margin * self.conversions - self.cost

    @property
    def profit_of_everyone(self) -> float:
        """Profit of calling everyone on the lists."""
        return self.deposit_margin * self.subscribers - self.call_cost * self.contacts

    @property
    def gain(self) -> float:
        """Profit above that of calling everyone."""
        return self.profit - self.profit_of_everyone

    def to_json(self) -> dict[str, float | int | None]:
        """Plain values, the derived ones included."""
        names = ("contacts", "called", "subscribers", "conversions", "contacts_avoided", "conversions_kept", "cost",
                 "cost_per_acquisition", "profit", "profit_of_everyone", "gain")  # fmt: skip
        return {name: getattr(self, name) for name in names}
