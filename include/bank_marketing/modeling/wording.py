"""Plain words for what the model looks at: what a marketing analyst calls it, not what its column is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Row = dict[str, Any]

#: What an encoded number stands for; a category stands for its own column. Columns that say one thing are one source.
SOURCES = {
    "age_over_60": "age",
    "age_under_25": "age",
    "age_decades": "age",
    "log_campaign": "campaign",
    "contacted_before": "earlier_contact",
    "log_previous": "earlier_contact",
    "poutcome": "earlier_contact",
    "rate_all": "recent_conversion",
    "rate_1d": "recent_conversion",
    "rate_5d": "recent_conversion",
    "rate_20d": "recent_conversion",
    "volume_1d": "recent_volume",
    "volume_5d": "recent_volume",
    "volume_20d": "recent_volume",
    "log_gap": "days_since_last_contact_day",
    "contacted_before_x_rate": "earlier_contact",
    "cellular_x_rate": "contact",
    "channel_rate": "contact",
}

#: Sources that speak of the campaign, the same for all clients of a day.
CAMPAIGN_SOURCES = frozenset(
    {"recent_conversion", "recent_volume", "list_size", "days_since_last_contact_day", "euribor3m", "emp_var_rate"}
    | {"cons_price_idx", "cons_conf_idx", "nr_employed", "day_of_week"}
)

_JOBS = {
    "admin.": "Works in administration",
    "blue-collar": "Blue-collar worker",
    "entrepreneur": "Entrepreneur",
    "housemaid": "Domestic worker",
    "management": "Works in management",
    "retired": "Retired",
    "self-employed": "Self-employed",
    "services": "Works in services",
    "student": "Student",
    "technician": "Technician",
    "unemployed": "Unemployed",
    "unknown": "Occupation unknown",
}
_EDUCATION = {
    "basic.4y": "4 years of basic education",
    "basic.6y": "6 years of basic education",
    "basic.9y": "9 years of basic education",
    "high.school": "High-school education",
    "illiterate": "No schooling",
    "professional.course": "Professional course",
    "university.degree": "University degree",
    "unknown": "Education unknown",
}
_MARITAL = {"divorced": "Divorced or widowed", "married": "Married", "single": "Single", "unknown": "Marital status unknown"}
_WEEKDAYS = {"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday"} | {
    "sat": "Saturday",
    "sun": "Sunday",
}


def _loan(kind: str) -> dict[str, str]:
    return {"no": f"No {kind}", "yes": f"Has a {kind}", "unknown": f"{kind.capitalize()} unknown"}


_CATEGORIES: dict[str, dict[str, str]] = {
    "job": _JOBS,
    "marital": _MARITAL,
    "education": _EDUCATION,
    "default": _loan("credit in default"),
    "housing": _loan("housing loan"),
    "loan": _loan("personal loan"),
    "contact": {"cellular": "Called on a mobile phone", "telephone": "Called on a landline"},
    "day_of_week": {name: f"Called on a {day}" for name, day in _WEEKDAYS.items()},
}


def source_of(encoded: str) -> str:
    """The source of an encoded column: `job=retired` -> `job`, `rate_5d` -> `recent_conversion`."""
    column = encoded.partition("=")[0]
    return SOURCES.get(column, column)


def describe(source: str, row: Row) -> tuple[str, str]:
    """Value and sentence of a source for one row of the features table."""
    if source in _CATEGORIES:
        value = str(row[source])
        return value, _CATEGORIES[source].get(value, f"{source.replace('_', ' ').capitalize()}: {value}")
    return _NUMBERS[source](row)


def _age(row: Row) -> tuple[str, str]:
    return f"{row['age']:.0f}", f"{row['age']:.0f} years old"


def _attempts(row: Row) -> tuple[str, str]:
    n = int(row["campaign"])
    return str(n), "First call of this campaign" if n == 1 else f"Call number {n} to this client in this campaign"


def _earlier_contact(row: Row) -> tuple[str, str]:
    outcome, times = str(row["poutcome"]), int(row["previous"])
    if outcome == "nonexistent" or times == 0:
        return "none", "No earlier contact"
    days = "" if row["pdays"] >= 999 else f", last called {_count(int(row['pdays']), 'day')} ago"
    result = {"success": "Subscribed in an earlier campaign", "failure": "Declined in an earlier campaign"}
    return outcome, result.get(outcome, f"Contacted {_count(times, 'time')} before") + days


def _recent_conversion(row: Row) -> tuple[str, str]:
    for window in (5, 20):
        made = int(row[f"contacts_{window}d"])
        if made:
            share = f"{100 * row[f'conversions_{window}d'] / made:.0f} %"
            return share, f"The campaign converted {share} over the last {window} days"
    return "unknown", "The campaign has no results yet"


def _recent_volume(row: Row) -> tuple[str, str]:
    calls = f"{int(row['contacts_5d']):,}"
    return calls, f"{_count(int(row['contacts_5d']), 'call')} in the campaign's last 5 days"


def _list_size(row: Row) -> tuple[str, str]:
    return f"{int(row['list_size']):,}", f"{_count(int(row['list_size']), 'client')} on the day's call list"


def _gap(row: Row) -> tuple[str, str]:
    gap = row["days_since_last_contact_day"]
    if gap is None or gap != gap:  # nan: the campaign's first day
        return "none", "The campaign's first day of calls"
    return str(int(gap)), f"{_count(int(gap), 'day')} since the last day of calls"


def _figure(column: str, text: str) -> Callable[[Row], tuple[str, str]]:
    return lambda row: (f"{row[column]:g}", text.format(row[column]))


_NUMBERS: dict[str, Callable[[Row], tuple[str, str]]] = {
    "age": _age,
    "campaign": _attempts,
    "earlier_contact": _earlier_contact,
    "recent_conversion": _recent_conversion,
    "recent_volume": _recent_volume,
    "list_size": _list_size,
    "days_since_last_contact_day": _gap,
    "euribor3m": _figure("euribor3m", "Interest rates: Euribor 3 months at {:.2f} %"),
    "emp_var_rate": _figure("emp_var_rate", "Employment changed by {:.1f} %"),
    "cons_price_idx": _figure("cons_price_idx", "Consumer price index at {:.1f}"),
    "cons_conf_idx": _figure("cons_conf_idx", "Consumer confidence at {:.1f}"),
    "nr_employed": _figure("nr_employed", "{:,.0f} thousand people employed"),
}


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" + ("" if n == 1 else "s")
