"""A synthetic campaign with the archive's shape: same contract, monthly days, volumes, base rates and drift. No row is real.

It stands in where the archive cannot be had, and makes any number of rows for load tests. Its monthly figures are those of the real
campaign (counted from the archive); its clients are drawn at random, with a modest signal in their attributes, so that a good model
reaches a ROC AUC of about .65 within a month, as it does on the real one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from bank_marketing.landing.daily import Day, Row
from bank_marketing.landing.simulation import clients, intercept, last_days, volumes

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True)
class Month:
    """One month of the campaign: volumes and rates from the archive, macro figures of the period."""

    year: int
    month: int
    rows: int
    days: int
    yes: float
    telephone: float
    known: float
    emp_var_rate: float
    cons_price_idx: float
    cons_conf_idx: float
    euribor3m: float
    nr_employed: float


def _months() -> tuple[Month, ...]:
    # year, month, rows, days, yes %, telephone %, previously contacted %, then the macro columns
    table = (
        (2008, 5, 7763, 19, 3.1, 100, 0, 1.1, 93.994, -36.4, 4.857, 5191.0),
        (2008, 6, 4374, 19, 4.3, 100, 0, 1.4, 94.465, -41.8, 4.94, 5228.1),
        (2008, 7, 6685, 23, 6.1, 12, 0, 1.4, 93.918, -42.7, 4.962, 5228.1),
        (2008, 8, 5175, 19, 5.2, 5, 0, 1.4, 93.444, -36.1, 4.965, 5228.1),
        (2008, 10, 67, 11, 62.7, 20, 0, -0.1, 93.798, -40.4, 5.045, 5195.8),
        (2008, 11, 3616, 18, 5.3, 5, 12, -0.1, 93.2, -42.0, 4.12, 5195.8),
        (2008, 12, 10, 9, 10.0, 50, 10, -0.2, 92.756, -45.9, 3.05, 5176.3),
        (2009, 3, 282, 22, 44.7, 10, 14, -1.8, 92.843, -50.0, 1.65, 5099.1),
        (2009, 4, 2458, 20, 18.0, 8, 14, -1.8, 93.075, -47.1, 1.42, 5099.1),
        (2009, 5, 5794, 16, 9.0, 8, 16, -1.8, 92.893, -46.2, 1.29, 5099.1),
        (2009, 6, 715, 16, 36.9, 10, 16, -2.9, 92.963, -40.8, 1.24, 5076.2),
        (2009, 7, 178, 20, 37.1, 10, 18, -2.9, 93.469, -33.6, 1.0, 5076.2),
        (2009, 8, 770, 20, 34.3, 10, 22, -2.9, 92.201, -31.4, 0.87, 5076.2),
        (2009, 9, 267, 21, 39.7, 8, 26, -3.4, 92.379, -29.8, 0.78, 5017.5),
        (2009, 10, 447, 21, 40.3, 8, 28, -3.4, 92.431, -26.9, 0.74, 5017.5),
        (2009, 11, 357, 16, 47.1, 8, 30, -3.4, 92.649, -30.1, 0.72, 5017.5),
        (2009, 12, 172, 20, 51.2, 8, 32, -3.0, 92.713, -33.0, 0.71, 5023.5),
        (2010, 3, 264, 21, 56.8, 8, 33, -1.8, 92.843, -50.0, 0.65, 5008.7),
        (2010, 4, 174, 19, 55.7, 8, 34, -1.8, 93.075, -47.1, 0.65, 5008.7),
        (2010, 5, 212, 20, 57.5, 8, 35, -1.8, 92.893, -46.2, 0.69, 5008.7),
        (2010, 6, 229, 20, 46.7, 8, 35, -1.7, 94.055, -39.8, 0.73, 4991.6),
        (2010, 7, 311, 22, 56.6, 8, 36, -1.7, 94.215, -40.3, 0.85, 4991.6),
        (2010, 8, 233, 21, 51.5, 8, 36, -1.7, 94.027, -38.3, 0.9, 4991.6),
        (2010, 9, 303, 21, 49.5, 8, 37, -1.1, 94.199, -37.5, 0.88, 4963.6),
        (2010, 10, 204, 20, 45.6, 8, 38, -1.1, 94.601, -49.5, 1.0, 4963.6),
        (2010, 11, 128, 16, 45.3, 8, 40, -1.1, 94.767, -50.8, 1.04, 4963.6),
    )
    return tuple(
        Month(y, m, rows, days, yes / 100, phone / 100, known / 100, *macro)
        for y, m, rows, days, yes, phone, known, *macro in table
    )


CAMPAIGN = _months()

#: Shares of the categories in the archive, and what each adds to the log-odds of a subscription.
JOBS = {
    "admin.": (0.253, 0.12), "blue-collar": (0.225, -0.35), "technician": (0.164, 0.0), "services": (0.096, -0.25),
    "management": (0.071, 0.05), "retired": (0.042, 0.55), "entrepreneur": (0.035, -0.2), "self-employed": (0.035, 0.0),
    "housemaid": (0.026, -0.1), "unemployed": (0.025, 0.2), "student": (0.021, 0.75), "unknown": (0.007, 0.0),
}  # fmt: skip
MARITAL = {"married": (0.605, -0.05), "single": (0.281, 0.15), "divorced": (0.112, 0.0), "unknown": (0.002, 0.0)}
EDUCATION = {
    "university.degree": (0.295, 0.2), "high.school": (0.231, 0.0), "basic.9y": (0.147, -0.25), "professional.course": (0.127, 0.05),
    "basic.4y": (0.101, -0.1), "basic.6y": (0.056, -0.2), "unknown": (0.042, 0.1), "illiterate": (0.001, 0.0),
}  # fmt: skip
DEFAULT = {"no": (0.791, 0.1), "unknown": (0.208, -0.35), "yes": (0.001, -0.5)}
LOAN = {"no": (0.824, 0.0), "yes": (0.152, -0.02), "unknown": (0.024, 0.0)}
HOUSING = {"yes": (0.524, 0.02), "no": (0.452, 0.0), "unknown": (0.024, 0.0)}
TABLES = {"job": JOBS, "marital": MARITAL, "education": EDUCATION, "default": DEFAULT, "housing": HOUSING, "loan": LOAN}

CHANNEL_EFFECT = {"cellular": 0.25, "telephone": -0.35}
OUTCOME_EFFECT = {"success": 1.5, "failure": -0.1, "nonexistent": 0.0}
CAMPAIGN_EFFECT = -0.06  # for each further call to the same client
SIGNAL = 1.15  # stretches all effects, to the ranking that models reach within the real months
DAY_NOISE = 0.15  # standard deviation of a day's own mood, in log-odds


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
    for month in CAMPAIGN:
        days = last_days(month.year, month.month, month.days)
        for day, volume in zip(days, volumes(generator, month.rows, len(days)), strict=True):
            rows = volume * scale
            yield day, _day(generator, month, day, rows, number)
            number += rows


def synthetic_list(seed: int, day: date, rows: int, at_once: int) -> Iterator[list[Row]]:
    """The clients of one day of the campaign, as many as wanted, in parts of `at_once`; ids start anew.

    Raises:
        ValueError: the campaign has no such month.
    """
    month = next((month for month in CAMPAIGN if (month.year, month.month) == (day.year, day.month)), None)
    if month is None:
        raise ValueError(f"the campaign has no month of {day}")
    generator = np.random.default_rng(seed)
    for start in range(0, rows, at_once):
        yield _day(generator, month, day, min(at_once, rows - start), start)


def _day(generator: np.random.Generator, month: Month, day: date, n: int, number: int) -> list[Row]:
    columns, score = clients(generator, n, number, (17, 98), TABLES)
    telephone = generator.random(n) < month.telephone
    columns["contact"] = ["telephone" if phone else "cellular" for phone in telephone]
    score += np.where(telephone, CHANNEL_EFFECT["telephone"], CHANNEL_EFFECT["cellular"])
    columns["month"] = [MONTHS[day.month - 1]] * n
    columns["day_of_week"] = [WEEKDAYS[day.weekday()]] * n
    calls = np.minimum(generator.geometric(0.45, n), 56)
    score += CAMPAIGN_EFFECT * (calls - 1)
    columns["campaign"] = [str(call) for call in calls]
    score += _history(generator, month, n, columns)
    score = SIGNAL * score + intercept(month.yes, SIGNAL * score) + DAY_NOISE * generator.standard_normal()
    won = generator.random(n) < 1 / (1 + np.exp(-score))
    columns["duration"] = [str(int(s)) for s in np.where(won, generator.gamma(2.2, 250, n), generator.gamma(1.6, 140, n))]
    euribor = f"{month.euribor3m + 0.002 * (day.day - 15) / 15:.3f}"
    for name, value in (
        ("emp.var.rate", str(month.emp_var_rate)),
        ("cons.price.idx", str(month.cons_price_idx)),
        ("cons.conf.idx", str(month.cons_conf_idx)),
        ("euribor3m", euribor),
        ("nr.employed", str(month.nr_employed)),
    ):
        columns[name] = [value] * n
    columns["y"] = ["yes" if yes else "no" for yes in won]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _history(generator: np.random.Generator, month: Month, n: int, columns: dict[str, list[str]]) -> np.ndarray:
    """Earlier campaigns: previous, poutcome and pdays; returns their effect on the log-odds."""
    known = generator.random(n) < month.known
    success = known & (generator.random(n) < 0.3)
    previous = np.where(known, np.minimum(generator.geometric(0.75, n), 7), 0)
    pdays = np.where(success, generator.integers(2, 15, n), 999)
    columns["previous"] = [str(count) for count in previous]
    columns["poutcome"] = ["success" if s else "failure" if k else "nonexistent" for s, k in zip(success, known, strict=True)]
    columns["pdays"] = [str(days) for days in pdays]
    return np.array([OUTCOME_EFFECT[outcome] for outcome in columns["poutcome"]])
