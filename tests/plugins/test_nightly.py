"""What the mail about missed nights says."""

from __future__ import annotations

from datetime import date, timedelta

from bank_marketing.settings import Settings
from bank_marketing_airflow.mail_content import plain_text
from bank_marketing_airflow.nightly import missed_mail
from tests.scoring.test_missed import THURSDAY, listed, run_of, scored


def test_the_mail_names_the_nights_the_lists_and_what_to_do(settings: Settings) -> None:
    scored(THURSDAY, settings)
    for day, made in ((2, True), (5, False), (6, False)):
        listed(date(2010, 7, day), settings, made=made)
    mail = missed_mail(run_of(date(2010, 7, 6), settings))
    assert mail is not None
    assert mail.subject == "[bank-marketing] bank_marketing_batch_scoring: no run on 4 nights before 2010-07-06"
    words = plain_text(mail.html)
    assert "Evenings: 2010-07-02, 2010-07-03, 2010-07-04, 2010-07-05" in words
    assert "Lists that were never made: 2010-07-05, 2010-07-06\n" in words
    assert "docs/runbooks.md#nights-missed" in words


def test_a_year_is_not_told_day_by_day(settings: Settings) -> None:
    scored(THURSDAY, settings)
    mail = missed_mail(run_of(THURSDAY + timedelta(days=366), settings))
    assert mail is not None
    assert "Evenings: 355 earlier ones, 2011-06-22, 2011-06-23" in plain_text(mail.html)
    assert "Lists that were never made: none" in plain_text(mail.html)


def test_a_night_after_a_night_has_nothing_to_tell(settings: Settings) -> None:
    scored(THURSDAY, settings)
    assert missed_mail(run_of(THURSDAY + timedelta(days=1), settings)) is None
