"""The platform knows no campaign: names and values of the campaigns in the repository stand in their folders only."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bank_marketing.campaign import CAMPAIGNS, load_campaign
from bank_marketing.settings import PROJECT_DIR

#: Where the platform's code and templates are.
PLATFORM = ("include/bank_marketing", "plugins", "dags", "spark_jobs")

#: Names of columns and categories that are words of their own in any code. `contact_id` and `y` are the platform's names for a client
#: and an outcome.
ORDINARY = {
    "age", "balance", "campaign", "contact", "contact_id", "day", "default", "duration", "job", "loan", "month", "previous", "y",
    "no", "yes", "unknown", "other", "failure", "success", "single", "management", "services", "student", "retired", "primary", "secondary",
    "mon", "tue", "wed", "thu", "fri", "sat", "sun",
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
}  # fmt: skip

#: Money and product of the campaigns in the repository: the platform formats amounts (campaign/presentation.py) and speaks of successes.
#: `deposit_margin` is the stored name of a price, in records of predictions, `results.json` and BANK_DEPOSIT_MARGIN: it stays.
PRODUCT = re.compile(r"(?<![a-z])euros?(?![a-z])|€|\bEUR\b|(?<![a-z])deposits?(?!_margin)(?![a-z])", re.IGNORECASE)

#: Years, country and authors of the first campaign's data. A year in a docstring or a message is an example of how a day is written, or
#: of a publication: strings that programs use are looked at.
HISTORY = re.compile(
    r"[\"'](?:2008|2009|2010)(?:-\d\d)?(?:-\d\d)?[\"']|date(?:time)?\((?:2008|2009|2010),|Portug|UCI Bank|C5K306|from 3 to 57"
)

#: Where exports of any bank are looked at for a column that is named like an outcome.
GUESSES = "onboarding/guesses.py"


def words() -> list[str]:
    """Columns and categories of the campaigns in the repository, and values that mean never."""
    found: set[str] = set()
    for folder in CAMPAIGNS.glob("*/contract.yaml"):
        for column in load_campaign(folder.parent).contract.columns:
            found |= {column.name, column.source_name, *column.categories}
    return sorted(found - ORDINARY)


def files() -> list[Path]:
    kinds = (".py", ".j2", ".js")
    return [path for top in PLATFORM for path in sorted((PROJECT_DIR / top).rglob("*")) if path.suffix in kinds]


@pytest.mark.parametrize("word", words())
def test_no_column_and_no_category_stands_in_the_platform(word: str) -> None:
    pattern = re.compile(rf"(?<![\w.]){re.escape(word)}(?![\w])")
    holding = [str(path.relative_to(PROJECT_DIR)) for path in files() if pattern.search(path.read_text(encoding="utf-8"))]
    assert not holding


def test_no_currency_and_no_product_stands_in_the_platform() -> None:
    holding = [
        f"{path.relative_to(PROJECT_DIR)}:{number}: {line.strip()[:100]}"
        for path in files()
        if not path.as_posix().endswith(GUESSES)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if PRODUCT.search(line)
    ]
    assert not holding


def test_no_year_and_no_origin_of_the_first_campaign_stands_in_the_platform() -> None:
    holding = [
        f"{path.relative_to(PROJECT_DIR)}: {found[0]}"
        for path in files()
        for found in HISTORY.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not holding
