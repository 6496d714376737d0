"""Cells that no spreadsheet runs as a formula."""

from __future__ import annotations

#: What starts a formula, also after the quotes and spaces that a spreadsheet strips (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")

#: The same as a regular expression.
FORMULA = r"""^[ "']*[=+\-@\t\r\n|%]"""


def safe_cell(value: object) -> object:
    """The cell with an apostrophe before it when it would be a formula; numbers stay numbers, also those written as text."""
    if not isinstance(value, str) or not value.lstrip(" \"'").startswith(_FORMULA):
        return value
    try:
        float(value)
    except ValueError:
        return "'" + value
    return value
