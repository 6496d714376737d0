"""The files of a new campaign, drafted from what an export holds. They are the campaign's own from then on: people edit them."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Iterator

from bank_marketing.errors import ConfigError
from bank_marketing.landing.cells import to_numbers
from bank_marketing.onboarding.profile import ColumnProfile, ExportProfile, to_day
from bank_marketing.onboarding.roles import Roles
from bank_marketing.rules.calendar import WEEKDAYS

#: Names of the platform's own columns, which a column of the export may not take.
RESERVED = frozenset({"contact_id", "contact_date", "y", "list_size", "days_since_last_contact_day", "probability", "decision"})

UNKNOWN = "unknown"

#: A number whose largest value is so many times its median is read as a logarithm.
SKEW = 20

#: Share of the calls below which a weekday has none as a rule.
FEW = 0.01


class Draft:
    """The files of a campaign called `name`.

    Raises:
        ConfigError: the numbers of the export are written in more than one way.
    """

    def __init__(self, name: str, profile: ExportProfile, roles: Roles) -> None:
        self.name, self.profile, self.roles = name, profile, roles
        self.names = column_names([*roles.features, *roles.after_call])
        self.number_form = number_form(profile, [*roles.features, *roles.after_call])

    def files(self) -> dict[str, str]:
        """Name and text of each file."""
        return {
            "export.yaml": self._export(),
            "contract.yaml": self._contract(),
            "features.yaml": self._features(),
            "params.yaml": self._params(),
        }

    def _export(self) -> str:
        roles, dialect = self.roles, self.profile.dialect
        decimal, thousands = self.number_form
        lines = [
            f"# How exports of {self.name} are written. `bank-marketing land --campaign {self.name} --from FILE` makes daily files",
            "# of them.",
            f"encoding: {dialect.encoding}",
            f"delimiter: {_quoted(dialect.delimiter)}",
            f"decimal: {_quoted(decimal)}",
            f"thousands: {_quoted(thousands)}",
            f"date_column: {_quoted(roles.day)}",
            f"date_format: {_quoted(self.profile[roles.day].date_format)}",
            f"id_columns: {_list(roles.identifiers)}",
            f"outcome_column: {_quoted(roles.outcome)}",
            f"positive: {_list([roles.positive])}",
            "columns:  # name in contract.yaml: name in the export",
        ]
        lines += [f"  {name}: {_quoted(source)}" for source, name in self.names.items()]
        return "\n".join(lines) + "\n"

    def _contract(self) -> str:
        lines = [
            f"# The data contract of {self.name}, drafted from {self.profile.path.name}. Look at titles and descriptions (people read",
            "# them), categories, and ranges: widened from what the export holds; a breach only warns until you make it critical.",
            *(f"# {note}" for note in self.roles.notes),
            f"name: {self.name}-contacts",
            "version: 1",
            f"source: exports like {self.profile.path.name}",
            'delimiter: ";"',
            "quote: '\"'",
            "encoding: utf-8",
            f"unknown: {UNKNOWN}",
            "",
            "columns:",
            *_entry(
                name="contact_id",
                type="string",
                role="identifier",
                phase="before_call",
                severity="critical",
                pattern=_quoted(r"\S.{0,63}"),
                form=_quoted("up to 64 characters"),
                title="Client ID",
                description=f"Identifier of the contact{_source(self.roles.identifiers)}.",
            ),
        ]
        for source, name in self.names.items():
            lines += self._column(self.profile[source], name)
        lines += _entry(
            name="y",
            type="string",
            role="outcome",
            phase="after_call",
            severity="critical",
            categories='["no", "yes"]',
            title="Success",
            description=_quoted(f"Whether {self.roles.outcome} was {self.roles.positive}. An integer 0/1 in the clean zone."),
        )
        lines += ["row_rules: []", ""]
        return "\n".join(lines)

    def _column(self, column: ColumnProfile, name: str) -> list[str]:
        late = column.name in self.roles.after_call
        role = "call" if late else "macro" if column.name in self.roles.of_the_day else "client"
        head = {"name": name, "type": _type(column), "role": role, "phase": "after_call" if late else "before_call"}
        tail = {"title": _quoted(title(column.name)), "description": _quoted(f"{column.name} of the export.")}
        if column.kind == "text":
            unknown = column.missing_share > 0
            categories = sorted(column.values) + ([UNKNOWN] if unknown else [])
            share = {"max_unknown_share": f"{min(1.0, column.missing_share * 1.3 + 0.1):.2f}"} if unknown else {}
            usual = UNKNOWN if column.missing_share > 0.5 else column.values.most_common(1)[0][0]
            default = {} if late else {"default": _quoted(usual)}
            return _entry(**head, severity="critical", categories=_list(categories), **share, **default, **tail)
        values = self._values(column)
        low, high = widened(values[0], values[-1])
        never = self._never(column)
        extra = {} if never is None else {"never": f"{never:g}"}
        middle = never if never is not None and column.missing_share > 0.5 else values[len(values) // 2]
        default = {} if late else {"default": f"{middle:g}"}
        low = low if never is None else min(low, never)
        return _entry(**head, severity="warning", min=f"{low:g}", max=f"{high:g}", **extra, **default, **tail)

    def _features(self) -> str:
        features = [self.profile[name] for name in self.roles.features]
        texts = [self.names[column.name] for column in features if column.kind == "text"]
        figures = set(self.roles.of_the_day)
        lines = [
            f"# What a model of {self.name} may read. Drafted: every column that is known before the call.",
            "windows: [1, 5, 20]   # contact days whose success rates are followed",
            "baseline_window: 5",
            f"categories: [{', '.join(texts)}]",
            "",
            "blocks:",
            "  client:",
            *(f"    {line}" for column in features if column.name not in figures for line in self._numbers(column)),
            "  trailing:",
            *(f"    {name}: {{{what}}}" for name, what in _TRAILING.items()),
            "  market:",
            "    log_list_size: {column: list_size, log1p: true}",
            *(
                f"    {self.names[column.name]}: {{column: {self.names[column.name]}}}"
                for column in features
                if column.name in figures
            ),
            "",
            "# What a model can be asked to read; results.json, or the default model, names one of them.",
            "sets:",
            "  raw: [client]",
            "  trailing: [client, trailing]",
            "  trailing_market: [client, trailing, market]",
            "default_set: trailing_market",
            "baseline_set: raw",
            "",
            "# Reasons in the analyst's words; what has none gets a generic sentence. For example:",
            "#   some_column:",
            "#     categories: {a: Sentence for a, b: Sentence for b}",
            "reasons:",
            _REASONS,
        ]
        return "\n".join(lines)

    def _numbers(self, column: ColumnProfile) -> Iterator[str]:
        if column.kind == "text":
            return
        name, never, values = self.names[column.name], self._never(column), self._values(column)
        if never is not None:
            yield f"{name}_known: {{column: {name}, never: [{never:g}]}}"
        median = values[len(values) // 2]
        if values[0] < 0 and values[-1] > SKEW * max(abs(median), 1):
            yield f"log_{name}: {{column: {name}, signed_log: {_scale(values):g}}}"
        elif values[0] >= 0 and values[-1] > SKEW * max(median, 1):
            yield f"log_{name}: {{column: {name}, {'log1p' if never is None else 'log'}: true}}"
        else:
            yield f"{name}: {{column: {name}, divide: {_scale(values):g}}}"

    def _params(self) -> str:
        lines = [
            f"# What the platform does for {self.name}. Whatever is not written here has its default.",
            f"title: {title(self.name)}",
            "# Amounts are plain numbers until you name the currency (ISO 4217), and how numbers are written; and what a call is made for.",
            "# currency: CHF",
            "# locale: de-CH",
            "# success: card",
            "# successes: cards",
            "# Weekdays with calls, as in the export; `holidays: CH` adds the public holidays of a country, without calls, and",
            "# `timezone: Europe/Zurich` the zone in which its nights are scheduled (UTC where none is given).",
            f"calendar: {{working_days: [{', '.join(self._working_days())}]}}",
            "# What a call costs and what a success brings: assumptions, to be replaced before you believe a profit.",
            "# prices: {call_cost: 8, deposit_margin: 40}",
        ]
        return "\n".join(lines) + "\n"

    def _working_days(self) -> list[str]:
        """Weekdays on which more than a few calls of the export were made."""
        form = self.profile[self.roles.day].date_format
        days = [to_day(value, form).weekday() for value in self.roles.sample[self.roles.day] if value.strip()]
        return [name for number, name in enumerate(WEEKDAYS) if days.count(number) > FEW * len(days)]

    def _values(self, column: ColumnProfile) -> list[float]:
        """Numbers of the sample, sorted, between the lowest and the highest of the whole export."""
        numbers = to_numbers(self.roles.sample[column.name], *self.number_form).dropna().sort_values()
        low, high = column.range or (0.0, 0.0)
        return [low, *numbers.tolist(), high]

    def _never(self, column: ColumnProfile) -> float | None:
        """The number that stands for an empty cell; None where none is empty."""
        if not column.missing_share:
            return None
        lowest = self._values(column)[0]
        return -1.0 if lowest >= 0 else -(10.0 ** (math.ceil(math.log10(abs(lowest) + 1)) + 1))


_TRAILING = {
    "rate_all": "rate: all",
    **{
        f"{what[0]}_{window}d": f"{what[1]}: {window}"
        for window in (1, 5, 20)
        for what in (("rate", "rate"), ("volume", "volume"))
    },
}

_REASONS = """  recent_conversion:
    of: [rate_all, rate_1d, rate_5d, rate_20d]
    cases:
      - when: {contacts_5d: {above: 0}}
        value: "{share_5d:.0f} %"
        text: "The campaign converted {share_5d:.0f} % over the last 5 days"
      - {value: unknown, text: The campaign has no results of the last days}
  recent_volume:
    of: [volume_1d, volume_5d, volume_20d]
    cases: [{value: "{contacts_5d:,.0f}", text: "{contacts_5d:count call} in the campaign's last 5 days"}]
  list_size:
    of: [log_list_size]
    cases: [{value: "{list_size:,.0f}", text: "{list_size:count client} on the day's call list"}]
"""


def column_names(sources: list[str]) -> dict[str, str]:
    """A name for the contract from each name in the export: lower case, letters of ASCII, digits and `_`, each its own."""
    found: dict[str, str] = {}
    for source in sources:
        plain = source
        for letter, written in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("Ä", "Ae"), ("Ö", "Oe"), ("Ü", "Ue")):
            plain = plain.replace(letter, written)
        plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
        name = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_") or "column"
        name = f"c_{name}" if name[0].isdigit() else f"{name}_given" if name in RESERVED else name
        while name in found.values():
            name += "_2"
        found[source] = name
    return found


def number_form(profile: ExportProfile, names: list[str]) -> tuple[str, str]:
    """How all numbers of the export are written. Raises ConfigError when two columns cannot be read the same way."""
    columns = [profile[name] for name in names if profile[name].kind in ("integer", "double")]
    for form in columns[0].numbers if columns else ():
        if all(column.numbers[form] for column in columns):
            return form
    if not columns:
        return (".", "")
    forms = {column.name: column.number_format for column in columns if column.kind == "double"}
    raise ConfigError(f"the export writes its numbers in more than one way ({forms}): export them all with one decimal mark")


def widened(low: float, high: float) -> tuple[float, float]:
    """A range that also holds what the next exports may bring: zero or twice the lowest, twice the highest, rounded up."""
    return (0.0 if low >= 0 else -_rounded_up(2 * -low), _rounded_up(2 * high) if high > 0 else 0.0)


def title(name: str) -> str:
    """A column's name for people: `Letzter_Kontakt_Tage` -> `Letzter Kontakt Tage`."""
    words = re.sub(r"[_\W]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def _rounded_up(number: float) -> float:
    power = 10.0 ** math.floor(math.log10(number)) if number > 0 else 1.0
    return next(float(step * power) for step in (1, 2, 5, 10) if step * power >= number)


def _scale(values: list[float]) -> float:
    spread = values[int(len(values) * 0.9)] - values[int(len(values) * 0.1)]
    return 10.0 ** math.floor(math.log10(spread)) if spread > 0 else 1.0


def _type(column: ColumnProfile) -> str:
    return {"integer": "integer", "double": "double"}.get(column.kind, "string")


def _source(columns: tuple[str, ...]) -> str:
    return f", {' and '.join(columns)} of the export" if columns else ", numbered in the export's order"


def _entry(**fields: str) -> list[str]:
    first, *others = fields.items()
    return [f"  - {first[0]}: {first[1]}", *(f"    {name}: {value}" for name, value in others)]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _list(values: list[str] | tuple[str, ...]) -> str:
    return "[" + ", ".join(_quoted(value) for value in values) + "]"
