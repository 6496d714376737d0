"""A campaign drafted from an export: roles are guessed with reasons, and what cannot become a campaign is refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from bank_marketing.campaign import load_campaign
from bank_marketing.errors import ConfigError
from bank_marketing.landing.export import load_export_format
from bank_marketing.onboarding.create import Created, create_campaign
from bank_marketing.onboarding.guesses import Guess
from bank_marketing.onboarding.roles import Answers
from tests.support.cards_export import write_export


def refuse(role: str, found: list[Guess]) -> str:
    raise ConfigError(f"asked for the {role}: {', '.join(guess.column for guess in found)}")


def created(export: Path, answers: Answers | None = None) -> Created:
    return create_campaign("cards", export, answers or Answers(), refuse, folder=export.parent / "campaigns")


def written(tmp_path: Path, header: str, *rows: str) -> Path:
    path = tmp_path / "export.csv"
    path.write_text(header + "\n" + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Created:
    path = tmp_path_factory.mktemp("cards") / "cards.csv"
    write_export(path, rows=4000, days=80)
    return created(path)


def test_every_role_of_a_bank_s_own_export_is_found(cards: Created) -> None:
    form = load_export_format(cards.folder)
    assert (form.encoding, form.delimiter, form.decimal, form.thousands) == ("cp1252", ";", ",", ".")
    assert (form.date_column, form.date_format) == ("Anrufdatum", "%d.%m.%Y")
    assert (form.outcome_column, form.positive, form.id_columns) == ("Abschluss", ("J",), ("Kundennr",))
    assert (cards.rows, cards.days, str(cards.first)) == (4000, 80, "2024-01-08")


def test_the_drafted_contract_knows_leaks_missing_cells_and_categories(cards: Created) -> None:
    contract = load_campaign(cards.folder).contract
    assert contract["gespraechsdauer_sek"].phase == "after_call"
    assert contract["region"].categories == ("Köln", "Nord", "Süd", "Übrige")
    assert contract["beruf"].categories[-1] == "unknown"
    assert (contract["alter"].never, contract["alter"].min) == (-1, -1)
    assert contract["kontostand"].type == "double"
    assert "filiale" not in [column.name for column in contract.columns]
    assert any("Filiale is left out: every row has Zentrale" in note for note in cards.notes)
    assert any("Gesprächsdauer_Sek" in note and "known only after the call" in note for note in cards.notes)


def test_the_drafted_calendar_has_the_weekdays_of_the_export(cards: Created) -> None:
    campaign = load_campaign(cards.folder)
    assert campaign.calendar.working_days == ("mon", "tue", "wed", "thu", "fri", "sat")
    assert campaign.calendar.holidays == campaign.presentation.currency == ""


def test_a_campaign_that_is_there_is_not_written_over(cards: Created) -> None:
    with pytest.raises(ConfigError, match="is there already"):
        created(cards.folder.parent.parent / "cards.csv")


HEADER = "kunde_nr;datum;alter;erfolg"


def rows(*outcomes: str) -> list[str]:
    return [f"{number};2024-01-{number % 28 + 1:02d};{20 + number % 7};{outcome}" for number, outcome in enumerate(outcomes)]


@pytest.mark.parametrize(
    ("header", "content", "answers", "words"),
    [
        ("nr;alter;erfolg", ["1;20;ja", "2;30;nein"], Answers(), "holds a date in every row"),
        (HEADER, rows(*["ja"] * 9), Answers(), "exactly two values"),
        (HEADER, rows(*["ja"] * 9), Answers(outcome="erfolg=ja"), "every row has erfolg=ja"),
        (
            HEADER,
            rows(*["ja", "nein", "vielleicht"] * 3),
            Answers(outcome="erfolg"),
            "say which is a success, --outcome erfolg=VALUE",
        ),
        (HEADER, rows(*["ja", "nein"] * 5), Answers(outcome="erfolg=oui"), "no row has erfolg=oui; its values are"),
        (HEADER, rows(*["ja", "nein"] * 5), Answers(date="alter"), "alter does not hold a date in every row"),
        (HEADER, rows(*["ja", "nein"] * 5), Answers(identifiers=("kunde",)), "has no column 'kunde'"),
        (
            HEADER,
            [";2024-01-01;20;ja", "2;2024-01-02;21;nein"],
            Answers(identifiers=("kunde_nr",)),
            "is empty in 50.0% of the rows",
        ),
        ("nr;datum;erfolg", ["1;2024-01-01;ja", "2;2024-01-02;nein"], Answers(), "no column left that could describe a client"),
    ],
)
def test_what_cannot_become_a_campaign_is_told_in_a_sentence(
    tmp_path: Path, header: str, content: list[str], answers: Answers, words: str
) -> None:
    path = written(tmp_path, header, *content)
    with pytest.raises(ConfigError, match=words):
        created(path, answers)
    assert not (tmp_path / "campaigns").exists()


def test_all_other_values_of_an_outcome_that_is_named_are_no_success(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, *rows(*["ja", "nein", "vielleicht"] * 3))
    campaign = created(path, Answers(outcome="erfolg=ja"))
    assert any("erfolg has 3 values; all but ja count as no success" in note for note in campaign.notes)


def test_two_outcomes_that_look_alike_are_asked_about(tmp_path: Path) -> None:
    path = written(
        tmp_path, "nr;datum;kredit;depot", *(f"{n};2024-01-{n + 1:02d};{'JN'[n % 2]};{'JN'[n % 3 == 0]}" for n in range(9))
    )
    with pytest.raises(ConfigError, match=r"asked for the outcome.*: kredit, depot|asked for the outcome.*: depot, kredit"):
        created(path)


def test_ten_thousand_categories_are_left_out_with_the_reason(tmp_path: Path) -> None:
    lines = [f"{n};2024-01-{n % 28 + 1:02d};strasse {n};{n % 5};{'ja' if n % 4 == 0 else 'nein'}" for n in range(200)]
    campaign = created(written(tmp_path, "nr;datum;adresse;stufe;erfolg", *lines), Answers(identifiers=("nr",)))
    assert any("adresse is left out: 200 different texts are no categories" in note for note in campaign.notes)


def test_a_column_that_is_the_outcome_in_other_words_is_never_a_feature(tmp_path: Path) -> None:
    lines = [
        f"{n};2024-01-{n % 28 + 1:02d};{n % 6};{'ja' if n % 3 == 0 else 'nein'};{'A' if n % 3 == 0 else 'B'}"
        for n in range(300)
    ]
    campaign = created(written(tmp_path, "nr;datum;stufe;erfolg;vertrag", *lines))
    assert load_campaign(campaign.folder).contract["vertrag"].phase == "after_call"


@pytest.mark.parametrize("name", ["Cards", "1cards", "cards-de", "../cards", ""])
def test_a_name_that_no_folder_should_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a campaign's name"):
        create_campaign(name, tmp_path / "x.csv", Answers(), refuse, folder=tmp_path)
