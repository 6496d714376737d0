"""Which column of an export plays which role, from what a person said and from guesses; a role that stays open is an error in words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from bank_marketing.errors import ConfigError
from bank_marketing.onboarding import guesses
from bank_marketing.onboarding.guesses import Guess
from bank_marketing.onboarding.profile import ExportProfile

#: Categories that a column of the contract may list; people read them, and a model needs rows for each.
MOST_CATEGORIES = 50

#: Asks a person to choose among guesses (best first) for a role; returns the chosen column or `COLUMN=VALUE`.
Ask = Callable[[str, list[Guess]], str]


@dataclass(frozen=True)
class Answers:
    """What a person said of the roles; empty where nothing was said."""

    outcome: str = ""
    date: str = ""
    identifiers: tuple[str, ...] = ()
    after_call: tuple[str, ...] = ()


@dataclass
class Roles:
    """The roles of an export's columns, and what was guessed about them."""

    outcome: str
    positive: str
    day: str
    identifiers: tuple[str, ...]
    after_call: tuple[str, ...]
    left_out: dict[str, str]
    of_the_day: tuple[str, ...]
    features: tuple[str, ...]
    sample: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def find_roles(profile: ExportProfile, answers: Answers, ask: Ask) -> Roles:
    """Give each column a role.

    Args:
        profile: of the export.
        answers: what was said on the command line.
        ask: called where there is more than one likely answer, or none that is sure.

    Raises:
        ConfigError: a role cannot be filled, or the answer names no such column or value.
    """
    notes: list[str] = []
    day = _day(profile, answers, ask, notes)
    outcome, positive = _outcome(profile, answers, ask, notes)
    identifiers = _identifiers(profile, answers, ask, notes)
    taken = {day, outcome, *identifiers}
    sample = guesses.sample_rows(profile)
    won = guesses.positives(sample, outcome, positive)
    late = list(answers.after_call)
    for name in late:
        profile[name]
    for guess in guesses.after_call(profile, sample, won, taken | set(late)):
        if guess.sure:
            late.append(guess.column)
            notes.append(f"{guess.column} is taken to be known only after the call: {guess.why}. It is never a feature.")
        else:
            notes.append(
                f"LOOK AT {guess.column}: {guess.why}. If it is filled in during or after the call, add --after-call {guess.column}."
            )
    left_out = _left_out(profile, taken | set(late), notes)
    features = tuple(column.name for column in profile.columns if column.name not in {*taken, *late, *left_out})
    if not features:
        raise ConfigError(f"{profile.path.name} has no column left that could describe a client before the call")
    shared = tuple(name for name in features if _is_figure(profile, sample, name, day))
    return Roles(outcome, positive, day, identifiers, tuple(late), left_out, shared, features, sample, notes)


def _day(profile: ExportProfile, answers: Answers, ask: Ask, notes: list[str]) -> str:
    if answers.date:
        if not profile[answers.date].date_format:
            examples = ", ".join(list(profile[answers.date].values)[:3])
            raise ConfigError(f"{answers.date} does not hold a date in every row (for example {examples})")
        return answers.date
    found = guesses.days(profile)
    if not found:
        raise ConfigError(
            f"no column of {profile.path.name} holds a date in every row. The platform learns in time order: export the day of "
            "each call, for example as 2024-06-30 or 30.06.2024, or name its column with --date"
        )
    return _chosen("day of the call (--date)", found, ask, notes)


def _outcome(profile: ExportProfile, answers: Answers, ask: Ask, notes: list[str]) -> tuple[str, str]:
    said = answers.outcome
    if not said:
        found = guesses.outcomes(profile)
        if not found:
            raise ConfigError(
                f"no column of {profile.path.name} has exactly two values, as an outcome has. Name it and the value that stands for "
                "success: --outcome COLUMN=VALUE; all its other values then count as no success"
            )
        said = _chosen("outcome (--outcome)", found, ask, notes)
    name, _, value = said.partition("=")
    column = profile[name]
    if not value:
        fitting = [guess.value for guess in guesses.outcomes(profile) if guess.column == name]
        if not fitting:
            values = ", ".join(value for value, _ in column.values.most_common(5))
            raise ConfigError(
                f"{name} has {column.distinct} values ({values}, …): say which is a success, --outcome {name}=VALUE"
            )
        value = fitting[0]
    if value not in column.values:
        values = ", ".join(value for value, _ in column.values.most_common(5))
        raise ConfigError(f"no row has {name}={value}; its values are {values}")
    if column.values[value] == column.present:
        raise ConfigError(f"every row has {name}={value}: a model learns from calls that failed as well. Export those too")
    if column.distinct > 2:
        notes.append(f"{name} has {column.distinct} values; all but {value} count as no success.")
    return name, value


def _identifiers(profile: ExportProfile, answers: Answers, ask: Ask, notes: list[str]) -> tuple[str, ...]:
    for name in answers.identifiers:
        if profile[name].missing_share:
            raise ConfigError(f"{name} is empty in {profile[name].missing_share:.1%} of the rows: it identifies nobody there")
    if answers.identifiers:
        return answers.identifiers
    found = guesses.identifiers(profile)
    if not found:
        notes.append(
            "No column identifies a contact: rows are numbered in the export's order. Outcomes can then be matched to calls only if "
            "later exports keep that order; name an identifier with --id where there is one."
        )
        return ()
    return (_chosen("identifier of the contact (--id)", found, ask, notes),)


def _chosen(role: str, found: list[Guess], ask: Ask, notes: list[str]) -> str:
    best = found[0]
    sure = best.sure and not (len(found) > 1 and found[1].sure)
    chosen = (f"{best.column}={best.value}" if "outcome" in role else best.column) if sure else ask(role, found)
    why = next((guess.why for guess in found if guess.column == chosen.partition("=")[0]), "as you said")
    notes.append(f"{chosen.partition('=')[0]} is taken for the {role.partition(' (')[0]}: {why}.")
    return chosen


def _left_out(profile: ExportProfile, taken: set[str], notes: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in profile.columns:
        if column.name in taken:
            continue
        if column.kind == "empty":
            found[column.name] = "it is empty"
        elif column.distinct == 1 and not column.missing_share:
            found[column.name] = f"every row has {next(iter(column.values))}"
        elif column.kind == "date":
            found[column.name] = "a second date; export the days between it and the call instead"
        elif column.kind == "text" and (column.many or column.distinct > MOST_CATEGORIES):
            more = "more than 10,000" if column.many else f"{column.distinct:,}"
            found[column.name] = f"{more} different texts are no categories; group them to at most {MOST_CATEGORIES}"
    notes += [f"{name} is left out: {why}." for name, why in found.items()]
    return found


def _is_figure(profile: ExportProfile, sample: pd.DataFrame, name: str, day: str) -> bool:
    return profile[name].number_format is not None and guesses.of_the_day(sample, name, day)
