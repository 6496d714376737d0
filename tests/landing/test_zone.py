"""The landing zone knows what is there and what should be."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from bank_marketing.errors import ConfigError, LandedFileMissing
from bank_marketing.landing.commands import land
from bank_marketing.landing.zone import LandingZone
from bank_marketing.settings import Settings
from tests.support.landed import land_days

DAYS = [date(2010, 6, 28), date(2010, 6, 29), date(2010, 6, 30)]


def test_days_after_as_of_are_not_seen(tmp_path: Path) -> None:
    land_days(tmp_path, DAYS)
    zone = LandingZone(tmp_path)
    assert [file.date for file in zone.contact_days(until=DAYS[1])] == DAYS[:2]
    assert (zone.first_day, zone.last_day) == (DAYS[0], DAYS[2])


def test_a_day_whose_list_landed_but_not_its_contacts_is_missing(tmp_path: Path) -> None:
    land_days(tmp_path, DAYS[:2])
    (tmp_path / "prospects" / "dt=2010-06-30").mkdir(parents=True)
    with pytest.raises(LandedFileMissing, match=r"contacts\.csv of 2010-06-30 has not landed.*its call list is there"):
        LandingZone(tmp_path).contact_days(until=DAYS[2])
    assert len(LandingZone(tmp_path).contact_days(until=DAYS[1])) == 2  # earlier days are not held up by it


def test_an_empty_folder_of_a_day_is_missing_its_file(tmp_path: Path) -> None:
    land_days(tmp_path, DAYS[:1])
    (tmp_path / "contacts" / "dt=2010-06-29").mkdir()
    with pytest.raises(LandedFileMissing, match="2010-06-29"):
        LandingZone(tmp_path).contact_days(until=DAYS[2])


def test_other_folders_are_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    land_days(tmp_path, DAYS[:1])
    for name in ("old", "2008-05-05", "dt=20080505"):
        (tmp_path / "contacts" / name).mkdir()
    assert len(LandingZone(tmp_path).contact_days(until=DAYS[2])) == 1
    assert "old is not a day" in caplog.text


def test_an_empty_zone_has_no_days(tmp_path: Path) -> None:
    assert LandingZone(tmp_path / "nothing").contact_days(until=DAYS[0]) == []


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_its_size_is_that_of_the_files_of_all_days(tmp_path: Path) -> None:
    assert LandingZone(tmp_path / "none").size == 0
    land_days(tmp_path, [date(2010, 3, 1), date(2010, 3, 2)])
    (tmp_path / "SOURCE.json").write_text("{}")
    paths = [LandingZone(tmp_path).place("contacts", date(2010, 3, day)) for day in (1, 2)]
    assert LandingZone(tmp_path).size == sum(path.stat().st_size for path in paths) > 0


def test_landing_again_touches_nothing(home: Settings) -> None:
    first = land(home, synthetic=True, until=date(2008, 5, 9))
    stamps = {path: path.stat().st_mtime_ns for path in home.landing.rglob("*.csv")}
    again = land(home, synthetic=True, until=date(2008, 5, 9))
    assert (first.written, again.written) == (first.days, 0)
    assert {path: path.stat().st_mtime_ns for path in home.landing.rglob("*.csv")} == stamps


def test_prospects_are_the_contacts_without_what_the_call_brought(home: Settings) -> None:
    land(home, synthetic=True, until=date(2008, 5, 9))
    day = sorted((home.landing / "contacts").iterdir())[0].name
    contacts = (home.landing / "contacts" / day / "contacts.csv").read_text().splitlines()
    prospects = (home.landing / "prospects" / day / "prospects.csv").read_text().splitlines()
    assert [line.split(";")[0] for line in contacts] == [line.split(";")[0] for line in prospects]
    assert set(contacts[0].split(";")) - set(prospects[0].split(";")) == {'"duration"', '"y"'}


def test_two_campaigns_do_not_mix(home: Settings) -> None:
    land(home, synthetic=True, until=date(2008, 5, 9))
    with pytest.raises(ConfigError, match=r"holds the SYNTHETIC campaign \(seed 20080505, scale 1\).*--replace"):
        land(home, synthetic=True, seed=2, until=date(2008, 5, 9))
    land(home, synthetic=True, seed=2, until=date(2008, 5, 6), replace=True)
    assert LandingZone(home.landing).source().seed == 2


def test_without_the_archive_the_campaign_is_synthetic_and_says_so(
    home: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bank_marketing.landing.archive._download", lambda url, timeout: None)
    offline = home.model_copy(update={"archive": None})
    landed = land(offline, until=date(2008, 5, 9))
    assert landed.source.kind == "synthetic"
    assert "SYNTHETIC" in caplog.text


def test_the_real_campaign_stays_when_its_archive_is_out_of_reach(
    archive_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bank_marketing.landing.archive._download", lambda url, timeout: None)
    until = date(2008, 5, 9)
    first = land(Settings(home=tmp_path, archive=archive_path), until=until)
    again = land(Settings(home=tmp_path).model_copy(update={"archive": None}))
    assert (again.source.kind, again.days, again.rows, again.written) == ("archive", first.days, first.rows, 0)


def test_a_zone_that_cannot_be_emptied_keeps_its_label(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    land(home, synthetic=True, until=date(2008, 5, 9))

    def refuse(*arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("bank_marketing.landing.commands.shutil.rmtree", refuse)
    with pytest.raises(ConfigError, match="cannot be emptied"):
        land(home, synthetic=True, seed=2, replace=True)
    assert LandingZone(home.landing).source().seed == 20080505


def test_a_folder_of_a_day_that_no_calendar_has_is_left_alone_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    land_days(tmp_path, DAYS)
    (tmp_path / "contacts" / "dt=2010-02-29").mkdir()
    assert LandingZone(tmp_path).contact_dates == DAYS
    assert "dt=2010-02-29 is not a day" in caplog.text
