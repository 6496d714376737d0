"""What the synthetic campaigns share: days of calls, draws of categories with effects, base rates met on average. No row is real."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Categories with their shares and what each adds to the log-odds of a success.
Effects = dict[str, tuple[float, float]]


def last_days(year: int, month: int, count: int, weekdays: int = 5) -> list[date]:
    """The last `count` days of a month that are among the first `weekdays` days of their week."""
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    days = [day for n in range((following - first).days) if (day := first + timedelta(days=n)).weekday() < weekdays]
    return days[-count:]


def volumes(generator: np.random.Generator, rows: int, days: int) -> list[int]:
    """Rows of each of some days, at least one, `rows` together."""
    return [int(extra) + 1 for extra in generator.multinomial(rows - days, generator.dirichlet(np.full(days, 3.0)))]


def draw(generator: np.random.Generator, table: Effects, n: int) -> tuple[list[str], Floats]:
    """Categories of n rows and their effects (n,) on the log-odds."""
    names, shares = list(table), np.array([share for share, _ in table.values()])
    picks = generator.choice(len(names), size=n, p=shares / shares.sum())
    return [names[pick] for pick in picks], np.array([effect for _, effect in table.values()])[picks]


def clients(
    generator: np.random.Generator, n: int, number: int, ages: tuple[int, int], tables: Mapping[str, Effects]
) -> tuple[dict[str, list[str]], Floats]:
    """Columns of n clients from `number` on: contact_id, age within `ages`, one of each table; and their effects (n,) on the log-odds."""
    columns = {"contact_id": [f"S{number + i + 1:07d}" for i in range(n)]}
    years = np.clip(np.round(generator.gamma(9.0, 2.6, n) + 17), *ages).astype(int)
    columns["age"] = [str(age) for age in years]
    score: Floats = 0.5 * (np.abs(years - 42) > 18)  # the young and the old buy more often
    for name, table in tables.items():
        columns[name], effect = draw(generator, table, n)
        score = score + effect
    return columns, score


def intercept(rate: float, score: Floats) -> float:
    """What to add to the log-odds (n,) so that they give the rate on average (bisection to 1e-6)."""
    low, high = -20.0, 20.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        if (1 / (1 + np.exp(-(score + middle)))).mean() < rate:
            low = middle
        else:
            high = middle
    return low
