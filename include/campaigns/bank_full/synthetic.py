"""A synthetic campaign with the shape of bank-full.csv: same contract, monthly days, volumes, base rates and channels. No row is real.

It stands in where the archive cannot be had. Its monthly figures and shares are counted from the real campaign; its clients are drawn
at random, with a modest signal in their attributes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np

from bank_marketing.landing.daily import Day, Row
from bank_marketing.landing.simulation import Floats, clients, draw, intercept, last_days, volumes

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

#: Year, month, rows, days, successful %, telephone %, unknown channel %, previously contacted %.
CAMPAIGN = (
    (2008, 5, 7957, 19, 3.2, 0, 100, 0),
    (2008, 6, 4486, 19, 4.5, 0, 100, 0),
    (2008, 7, 6380, 23, 6.0, 12, 4, 0),
    (2008, 8, 5215, 19, 5.5, 3, 0, 0),
    (2008, 10, 80, 15, 61.2, 66, 32, 9),
    (2008, 11, 3598, 17, 6.1, 9, 1, 25),
    (2008, 12, 13, 10, 7.7, 62, 23, 0),
    (2009, 1, 1176, 3, 3.2, 9, 0, 31),
    (2009, 2, 2296, 16, 11.1, 10, 0, 29),
    (2009, 3, 258, 22, 48.4, 8, 0, 9),
    (2009, 4, 2718, 21, 16.6, 6, 0, 36),
    (2009, 5, 5575, 16, 9.6, 8, 0, 42),
    (2009, 6, 642, 16, 37.5, 10, 0, 30),
    (2009, 7, 207, 20, 36.7, 14, 0, 25),
    (2009, 8, 772, 20, 34.2, 10, 0, 46),
    (2009, 9, 282, 21, 43.6, 13, 1, 46),
    (2009, 10, 438, 21, 42.0, 14, 0, 43),
    (2009, 11, 297, 16, 49.5, 13, 1, 61),
    (2009, 12, 201, 20, 49.3, 14, 0, 59),
    (2010, 1, 227, 15, 45.8, 13, 4, 57),
    (2010, 2, 353, 19, 52.7, 12, 4, 72),
    (2010, 3, 219, 21, 56.2, 15, 3, 68),
    (2010, 4, 214, 20, 58.9, 12, 3, 63),
    (2010, 5, 234, 21, 57.3, 11, 8, 71),
    (2010, 6, 213, 23, 48.8, 8, 22, 61),
    (2010, 7, 308, 26, 54.2, 9, 13, 66),
    (2010, 8, 260, 25, 52.3, 7, 16, 67),
    (2010, 9, 297, 26, 49.2, 10, 15, 62),
    (2010, 10, 220, 22, 40.9, 7, 11, 66),
    (2010, 11, 75, 9, 48.0, 8, 1, 73),
)

#: Shares of the categories, and what each adds to the log-odds of a subscription: half of what it does in the archive, which the
#: months' different clients overstate.
JOBS = {
    "blue-collar": (0.215, -0.26), "management": (0.209, 0.09), "technician": (0.168, -0.03), "admin.": (0.114, 0.02),
    "services": (0.092, -0.15), "retired": (0.05, 0.4), "self-employed": (0.035, 0.0), "entrepreneur": (0.033, -0.2),
    "unemployed": (0.029, 0.16), "housemaid": (0.027, -0.16), "student": (0.021, 0.55), "unknown": (0.006, 0.0),
}  # fmt: skip
MARITAL = {"married": (0.602, -0.08), "single": (0.283, 0.14), "divorced": (0.115, 0.0)}
EDUCATION = {"secondary": (0.513, -0.06), "tertiary": (0.294, 0.15), "primary": (0.152, -0.17), "unknown": (0.041, 0.08)}
DEFAULT = {"no": (0.982, 0.0), "yes": (0.018, -0.35)}
HOUSING = {"yes": (0.556, -0.23), "no": (0.444, 0.2)}
LOAN = {"no": (0.84, 0.05), "yes": (0.16, -0.3)}
TABLES = {"job": JOBS, "marital": MARITAL, "education": EDUCATION, "default": DEFAULT, "housing": HOUSING, "loan": LOAN}

OUTCOME_EFFECT = {"success": 1.5, "failure": -0.1, "other": 0.0, "unknown": 0.0}
CHANNEL_EFFECT = {"cellular": 0.2, "telephone": -0.2, "unknown": 0.0}
CAMPAIGN_EFFECT = -0.06  # for each further call to the same client
DAY_NOISE = 0.15  # standard deviation of a day's own mood, in log-odds

#: Days of the week with calls; the archive has fifty rows of weekends in months with more days than working days.
WEEKDAYS = 7


def synthetic_days(seed: int, scale: int = 1) -> Iterator[Day]:
    """The synthetic campaign by day: the same seed and scale give the same rows.

    Args:
        seed: of the random generator.
        scale: rows a day, as a multiple of the real campaign's.

    Yields:
        Day and rows, in time order; memory is that of one day.
    """
    generator = np.random.default_rng(seed)
    number = 0
    for year, month, rows, days, won, telephone, unknown, known in CAMPAIGN:
        weekdays = 5 if len(last_days(year, month, days)) == days else WEEKDAYS
        calendar = last_days(year, month, days, weekdays)
        for day, volume in zip(calendar, volumes(generator, rows, days), strict=True):
            channels = {"telephone": telephone / 100, "unknown": unknown / 100}
            yield day, _day(generator, day, volume * scale, number, won / 100, channels, known / 100)
            number += volume * scale


def _day(
    generator: np.random.Generator, day: date, n: int, number: int, rate: float, channels: dict[str, float], known: float
) -> list[Row]:
    columns, score = clients(generator, n, number, (18, 95), TABLES)
    balance = np.round(generator.lognormal(6.4, 1.4, n) - 300).astype(int)
    columns["balance"] = [str(amount) for amount in balance]
    score = score + 0.1 * np.sign(balance) * np.log1p(np.abs(balance) / 100)
    shares = {"cellular": 1 - sum(channels.values())} | channels
    columns["contact"], effect = draw(generator, {name: (share, CHANNEL_EFFECT[name]) for name, share in shares.items()}, n)
    score = score + effect
    columns["day"], columns["month"] = [str(day.day)] * n, [MONTHS[day.month - 1]] * n
    calls = np.minimum(generator.geometric(0.4, n), 60)
    columns["campaign"] = [str(call) for call in calls]
    score = score + CAMPAIGN_EFFECT * (calls - 1) + _history(generator, known, n, columns)
    score = score + intercept(rate, score) + DAY_NOISE * generator.standard_normal()
    won = generator.random(n) < 1 / (1 + np.exp(-score))
    columns["duration"] = [str(int(s)) for s in np.where(won, generator.gamma(2.2, 250, n), generator.gamma(1.6, 140, n))]
    columns["y"] = ["yes" if yes else "no" for yes in won]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _history(generator: np.random.Generator, known: float, n: int, columns: dict[str, list[str]]) -> Floats:
    """Earlier campaigns: previous, poutcome and pdays; returns their effect (n,) on the log-odds."""
    contacted = generator.random(n) < known
    outcomes = generator.choice(["failure", "other", "success"], size=n, p=[0.6, 0.22, 0.18])
    columns["previous"] = [str(count) for count in np.where(contacted, np.minimum(generator.geometric(0.35, n), 30), 0)]
    columns["poutcome"] = [str(outcome) if had else "unknown" for outcome, had in zip(outcomes, contacted, strict=True)]
    columns["pdays"] = [str(days) for days in np.where(contacted, generator.integers(60, 400, n), -1)]
    return np.array([OUTCOME_EFFECT[outcome] for outcome in columns["poutcome"]])
