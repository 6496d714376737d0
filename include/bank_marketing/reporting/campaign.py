"""The campaign in money: what a head of marketing asks, for one or several ways to choose whom to call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from bank_marketing.campaign.presentation import Presentation
from bank_marketing.economics import CampaignMoney, Economics

if TYPE_CHECKING:
    import pandas as pd

EVERYONE = "Calling everyone"

Called = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class CampaignReport:
    """The money of each way to choose, and of the first one by month.

    Attributes:
        total: by way; calling everyone is the last.
        months: month and money of the first way.
    """

    economics: Economics
    presentation: Presentation
    first_day: str
    last_day: str
    total: dict[str, CampaignMoney]
    months: dict[str, CampaignMoney]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "from": self.first_day,
            "to": self.last_day,
            "call_cost": self.economics.call_cost,
            "deposit_margin": self.economics.deposit_margin,
            "total": {name: money.to_json() for name, money in self.total.items()},
            "months": {name: money.to_json() for name, money in self.months.items()},
        }

    def section(self) -> str:
        """The report as a section of an HTML page."""
        text: str = (
            campaign_templates(self.presentation).get_template("campaign.html.j2").render(report=self, everyone=EVERYONE)
        )
        return text

    def page(self, title: str, *, synthetic: bool) -> str:
        """The report as an HTML page of its own."""
        template = campaign_templates(self.presentation).get_template("campaign_page.html.j2")
        text: str = template.render(report=self, section=self.section(), title=title, synthetic=synthetic)
        return text


def campaign_report(
    contacts: pd.DataFrame, ways: Mapping[str, Called], economics: Economics, presentation: Presentation
) -> CampaignReport:
    """Price the ways to choose.

    Args:
        contacts: contact_date (ISO text) and y of each client on the lists, n > 0 rows; y is known for all of them.
        ways: by name, who is called (n,); the first one is the one the months show.
        economics: cost of a call and margin of a success.
        presentation: the campaign's words and currency.
    """
    y = contacts["y"].to_numpy(int)
    chosen = {**ways, EVERYONE: np.ones(len(y), dtype=bool)}
    month = contacts["contact_date"].str[:7].to_numpy()
    shown = next(iter(chosen.values()))
    return CampaignReport(
        economics=economics,
        presentation=presentation,
        first_day=str(contacts["contact_date"].min()),
        last_day=str(contacts["contact_date"].max()),
        total={name: economics.campaign(y, called) for name, called in chosen.items()},
        months={str(name): economics.campaign(y[month == name], shown[month == name]) for name in np.unique(month)},
    )


@lru_cache(maxsize=8)
def campaign_templates(presentation: Presentation) -> Environment:
    """The templates of the reports, in a campaign's words and numbers."""
    environment = Environment(
        loader=PackageLoader("bank_marketing.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["whole"] = presentation.number
    environment.filters |= {"percent": presentation.percent, "day": presentation.day}
    environment.filters["money"] = lambda value, digits=0: "none" if value is None else presentation.money(value, digits)
    environment.globals["presentation"] = presentation
    return environment
