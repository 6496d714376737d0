"""The campaign's counts for a coming day, from features that reach further."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bank_marketing.components.context import RunContext
from bank_marketing.errors import InvalidAsOf
from bank_marketing.scoring.state import campaign_state_for
from bank_marketing.settings import Settings
from tests.support import monitored
from tests.support.campaign import FEATURES


def test_a_day_before_the_first_contact_day_is_told_in_words(settings: Settings) -> None:
    context = RunContext("bank_marketing_training", "first", monitored.TRAINED, settings)
    monitored.publish_features(monitored.TRAINED, context)
    first = monitored.DAYS[0]
    with pytest.raises(
        InvalidAsOf, match=f"as_of=2008-05-04: nobody had been called by then, the first contact day is {first}"
    ):
        campaign_state_for(context.store, first, date(2008, 5, 4), FEATURES)
    assert campaign_state_for(context.store, first + timedelta(days=1), first, FEATURES).last_contact_day == first
