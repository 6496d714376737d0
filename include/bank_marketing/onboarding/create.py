"""A new campaign's folder from an export."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bank_marketing.campaign import CAMPAIGNS, load_campaign
from bank_marketing.errors import ConfigError
from bank_marketing.onboarding.dialect import find_dialect
from bank_marketing.onboarding.draft import Draft
from bank_marketing.onboarding.guesses import first_and_last
from bank_marketing.onboarding.profile import profile_export
from bank_marketing.onboarding.roles import Answers, Ask, find_roles

#: Fewer rows or days than these cannot be cut into rows to learn from, to choose a threshold by and to judge on.
LEAST_ROWS, LEAST_DAYS = 2000, 60


@dataclass(frozen=True)
class Created:
    """A campaign's new folder, what it was made from and what was guessed."""

    folder: Path
    rows: int
    days: int
    first: date
    last: date
    notes: tuple[str, ...]


def create_campaign(
    name: str,
    export: Path,
    answers: Answers,
    ask: Ask,
    *,
    folder: Path | None = None,
    replace: bool = False,
    on_rows: Callable[[int], None] = lambda rows: None,
) -> Created:
    """Write the folder of a campaign.

    Args:
        name: of the campaign.
        export: past calls with their outcomes.
        answers: what was said of its columns.
        ask: called where a guess is not sure.
        folder: where the campaign's folder is made; that of the platform's campaigns by default.
        replace: write over a campaign that is there.
        on_rows: called with the rows looked at so far.

    Raises:
        ConfigError: the name cannot be one, the campaign is there already, or the export cannot become a campaign: it says why.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise ConfigError(f"{name!r} cannot be a campaign's name: small letters, digits and _, a letter first")
    target = (folder or CAMPAIGNS) / name
    if target.exists() and not replace:
        raise ConfigError(f"{target} is there already: choose another name, or add --replace to write over its files")
    dialect = find_dialect(export)
    profile = profile_export(export, dialect, on_rows)
    roles = find_roles(profile, answers, ask)
    notes = [f"The file is {dialect.encoding} text, its cells are separated by {dialect.delimiter!r}.", *roles.notes]
    first, last = first_and_last(profile[roles.day])
    days = profile[roles.day].distinct
    if profile.rows < LEAST_ROWS or days < LEAST_DAYS:
        notes.append(
            f"LOOK AT the history: {profile.rows:,} rows of {days} days. Training needs at least {LEAST_ROWS:,} rows of "
            f"{LEAST_DAYS} days; until then the platform will say that there is not enough."
        )
    if last > date.today():  # noqa: DTZ011 (the day at the bank)
        notes.append(f"LOOK AT {roles.day}: its last day is {last}, in the future; such rows will not be landed.")
    files = Draft(name, profile, roles).files()
    target.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        (target / file).write_text(text, encoding="utf-8")
    load_campaign(target)
    return Created(target, profile.rows, days, first, last, tuple(notes))
