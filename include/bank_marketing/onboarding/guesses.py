"""What the columns of an export are likely to be: identifier, day, outcome, known only after the call. Each guess says why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from bank_marketing.landing.cells import text_blocks, to_numbers
from bank_marketing.onboarding.profile import ColumnProfile, ExportProfile, to_day

#: Rows that the guesses about leaks look at: enough for an AUC to within .005.
SAMPLE_ROWS = 300_000

#: A single column that ranks the outcome better than this knows it; the best honest one of a call campaign reaches about .75.
LEAK_AUC = 0.85
SUSPECT_AUC = 0.75

#: Words of column names, in the languages that exports came in so far.
ID_WORDS = r"id|nr|no|num|number|nummer|kunde\w*|client\w*|customer\w*|codigo|numero|uuid|key|ref"
DATE_WORDS = r"\w*datum|date|data|day|fecha|jour|call\w*date|anruf\w*|contact\w*|kontakt\w*|created|timestamp"
OUTCOME_WORDS = (
    r"y|outcome|target|label|subscri\w*|convert\w*|conversion|success|response|sale|sold|result\w*|abschluss|erfolg|kauf\w*|"
    r"resultado|venta|vendeu|achat|purchase\w*|accepted|deposit"
)
AFTER_WORDS = (
    r"\w*duration\w*|\w*dauer\w*|talk\w*|call_?time|\w*seconds?|\w*_sek|duree|duracao|duracion|disposition|closed\w*|signed\w*"
)

POSITIVE = ("yes", "y", "j", "ja", "1", "true", "t", "s", "si", "sí", "sim", "oui", "o", "won", "success", "sold", "erfolg")


@dataclass(frozen=True)
class Guess:
    """A column in a role, how sure that is, and why."""

    column: str
    value: str
    sure: bool
    why: str


def identifiers(profile: ExportProfile) -> list[Guess]:
    """Columns that may identify a contact, best first."""
    found = []
    for column in profile.columns:
        named = _named(column.name, ID_WORDS)
        if column.unique and column.kind in ("integer", "text") and (named or column.distinct > 1):
            why = "no value comes twice" + (", and its name says so" if named else "")
            found.append(Guess(column.name, "", named, why))
    return sorted(found, key=lambda guess: not guess.sure)


def days(profile: ExportProfile) -> list[Guess]:
    """Columns that may hold the day of the call, best first."""
    found = []
    for column in profile.columns:
        if column.kind != "date" or column.missing_share:
            continue
        named = _named(column.name, DATE_WORDS)
        why = f"all its values are dates ({column.date_format})"
        if column.ambiguous_date:
            why += ", where day and month could be the other way round"
        found.append((column.distinct, Guess(column.name, column.date_format, named and not column.ambiguous_date, why)))
    return [guess for _, guess in sorted(found, key=lambda pair: (not pair[1].sure, -pair[0]))]


def outcomes(profile: ExportProfile) -> list[Guess]:
    """Columns that may hold the outcome, with the value that stands for success, best first."""
    found = []
    for column in profile.columns:
        if column.distinct != 2 or column.missing_share:
            continue
        (_, _), (rarer, rare) = column.values.most_common()
        named = _named(column.name, OUTCOME_WORDS)
        known = [value for value in column.values if value.lower() in POSITIVE]
        positive = known[0] if len(known) == 1 else rarer
        why = f"two values, {positive!r} in {column.values[positive] / column.rows:.1%} of the rows"
        found.append((named, len(known) == 1, rare, Guess(column.name, positive, named and len(known) == 1, why)))
    return [guess for *_, guess in sorted(found, key=lambda entry: (not entry[0], not entry[1], entry[2]))]


def after_call(profile: ExportProfile, sample: pd.DataFrame, won: pd.Series[bool], skip: set[str]) -> Iterator[Guess]:
    """Columns that are likely to be known only when the call is over: by name, or because they know the outcome too well.

    Args:
        profile: of the export.
        sample: rows of it as text, from `sample_rows`.
        won: which of them are successes.
        skip: columns with another role.
    """
    for column in profile.columns:
        if column.name in skip or column.kind in ("empty", "date"):
            continue
        named = _named(column.name, AFTER_WORDS)
        auc = ranking(column, sample[column.name], won)
        if auc >= LEAK_AUC:
            yield Guess(column.name, "", True, f"alone it ranks the outcome with a ROC AUC of {auc:.2f}: it knows it")
        elif named:
            yield Guess(column.name, "", True, f"its name says so (ROC AUC alone {auc:.2f})")
        elif auc >= SUSPECT_AUC:
            yield Guess(column.name, "", False, f"alone it ranks the outcome with a ROC AUC of {auc:.2f}, which is a lot")


def ranking(column: ColumnProfile, cells: pd.Series[str], won: pd.Series[bool]) -> float:
    """ROC AUC (.5 to 1) of one column alone; a text column by the share of successes of each value, counted on other rows."""
    if won.nunique() < 2:
        return 0.5
    form = column.number_format
    if form is not None:
        values = to_numbers(cells, *form)
        score = values.fillna(values.median()).to_numpy(float)
    else:
        half = np.arange(len(cells)) % 2 == 0
        rates = pd.concat([_rates(cells, won, ~half)[half], _rates(cells, won, half)[~half]]).sort_index()
        score = rates.to_numpy(float)
    if not np.isfinite(score).all():
        return 0.5
    auc = float(roc_auc_score(won.to_numpy(bool), score))
    return max(auc, 1 - auc)


def _rates(cells: pd.Series[str], won: pd.Series[bool], known: np.ndarray) -> pd.Series[float]:
    overall = float(won[known].mean())
    groups = won[known].groupby(cells[known]).agg(["sum", "size"])
    shrunk = (groups["sum"] + 20 * overall) / (groups["size"] + 20)
    return cells.map(shrunk).fillna(overall)


def sample_rows(profile: ExportProfile) -> pd.DataFrame:
    """Rows of the export as text, spread evenly over it, at most about SAMPLE_ROWS."""
    share = min(1.0, SAMPLE_ROWS / max(profile.rows, 1))
    blocks = text_blocks(profile.path, **profile.dialect.model_dump())
    return pd.concat([block.sample(frac=share, random_state=7).sort_index() for block in blocks], ignore_index=True)


def of_the_day(sample: pd.DataFrame, column: str, day: str) -> bool:
    """Whether a column has one value a day, as figures of the market have."""
    if sample[column].nunique() < 3:
        return False
    return bool(sample.groupby(day)[column].nunique().max() == 1) and sample[day].nunique() > 1


def first_and_last(column: ColumnProfile) -> tuple[date, date]:
    """First and last day of a column of dates."""
    found = [to_day(value, column.date_format) for value in column.values]
    return min(found), max(found)


def positives(sample: pd.DataFrame, column: str, value: str) -> pd.Series[bool]:
    """Which rows of the sample are successes."""
    return sample[column] == value


def _named(name: str, words: str) -> bool:
    parts = [name, *re.split(r"[^0-9A-Za-zÀ-ÿ]+", name), *re.findall(r"[A-Z]?[a-zà-ÿ]+|[A-Z]+(?![a-z])", name)]
    return any(re.fullmatch(words, part, re.IGNORECASE) for part in parts if part)
