"""Reasons in plain words: the campaign's own sentences, and a generic one where it has none."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from bank_marketing.campaign.features import Case, FeatureSpec

Row = Mapping[str, Any]


class _Formatter(string.Formatter):
    """Python's format strings, and `{n:count day}` for "1 day" and "6 days"."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if format_spec.startswith("count "):
            noun, n = format_spec.removeprefix("count "), int(value)
            return f"{n:,} {noun}" + ("" if n == 1 else "s")
        return str(super().format_field(value, format_spec))


_FORMATTER = _Formatter()


def group_of(spec: FeatureSpec, encoded: str) -> str:
    """The group of an encoded column: `job=retired` -> `job`, `rate_5d` -> `recent_conversion`."""
    column = encoded.partition("=")[0]
    return spec.groups.get(column, column)


def describe(spec: FeatureSpec, group: str, row: Row) -> tuple[str, str]:
    """Value and sentence of a group for one row of the features table."""
    words = spec.reasons.get(group)
    if words is not None and words.cases:
        names = _names(spec, row)
        case = next(case for case in words.cases if _holds(case, names))
        return _FORMATTER.vformat(case.value, (), names), _FORMATTER.vformat(case.text, (), names)
    value = _shown(row.get(group))
    if words is not None and value in words.categories:
        return value, words.categories[value]
    title = spec.attributes[group].title if group in spec.attributes else group.replace("_", " ").capitalize()
    return value, f"{title}: {value}" if value else title


def columns_read(spec: FeatureSpec, group: str) -> set[str]:
    """Columns of the features table that `describe` looks at for a group: rows that agree in them get the same words."""
    words = spec.reasons.get(group)
    if words is None or not words.cases:
        return {group}
    names = {name for case in words.cases for name in names_in(case)}
    return {column for name in names for column in ((name,) if name in spec.attributes else _columns_of(name))}


def names_in(case: Case) -> set[str]:
    """What a case speaks of or asks for."""
    spoken = {name for part in (case.value, case.text) for _, name, _, _ in string.Formatter().parse(part) if name}
    return spoken | set(case.when)


def known_names(spec: FeatureSpec) -> set[str]:
    """What a sentence can speak of: columns of the features table, and `share_…`, the percentage that a window converted."""
    return {*spec.attributes, *spec.campaign_columns, *(f"share_{window}d" for window in spec.windows)}


class _Names(dict[str, Any]):
    """A row's values; a window's share is computed when a sentence asks for it."""

    def __missing__(self, name: str) -> float:
        if _columns_of(name) == (name,):
            raise KeyError(name)
        won, made = (self[column] for column in _columns_of(name))
        return float(100 * won / made)


def _columns_of(name: str) -> tuple[str, ...]:
    """The columns behind a name: those of a window's share are two."""
    window = name.removeprefix("share_")
    return (name,) if window == name else (f"conversions_{window}", f"contacts_{window}")


def _names(spec: FeatureSpec, row: Row) -> _Names:
    return row if isinstance(row, _Names) else _Names(row)


def _holds(case: Case, names: Row) -> bool:
    return all(_matches(names[column], wanted) for column, wanted in case.when.items())


def _matches(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return not _empty(value) and value > wanted.get("above", float("-inf")) and value < wanted.get("below", float("inf"))
    if wanted is None:
        return _empty(value)
    return bool(value in wanted if isinstance(wanted, list) else value == wanted)


def _empty(value: Any) -> bool:
    return value is None or value != value  # nan


def _shown(value: Any) -> str:
    if _empty(value):
        return ""
    return f"{value:g}" if isinstance(value, float) else str(value)
