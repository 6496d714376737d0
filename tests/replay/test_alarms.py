"""The measure of the alarm: permuted periods, in which nothing changes, and changes whose day is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from bank_marketing.campaign.params import Change, StablePeriod
from bank_marketing.monitoring.config import MonitoringConfig
from bank_marketing.replay.alarms import Moved, chance, delays, false_alarms, shuffled, summary
from tests.support import replayed
from tests.support.features import features_table
from tests.support.replayed import CHANGE, CONFIG

#: The platform's own thresholds and windows; what trains is small.
DEFAULTS = CONFIG.model_copy(update={"monitoring": MonitoringConfig()})


@pytest.fixture(scope="module")
def calm() -> pd.DataFrame:
    """Seventy days on which nothing changes."""
    table = features_table(days=70, rows_a_day=25).drop(columns="split")
    return table.assign(contact_date=table["contact_date"].astype(str))


@pytest.fixture(scope="module")
def changing() -> pd.DataFrame:
    return replayed.campaign()


def whole(table: pd.DataFrame) -> list[StablePeriod]:
    return [StablePeriod(name="calm", first=table["contact_date"].min(), last=table["contact_date"].max())]


def daily(table: pd.DataFrame) -> list[tuple[str, ...]]:
    """The contacts of each day, without the day."""
    return sorted(tuple(sorted(rows["contact_id"])) for _, rows in table.groupby("contact_date"))


@pytest.mark.parametrize("moved", ["days", "contacts"])
def test_a_permuted_period_has_the_same_contacts_with_their_features_and_outcomes(changing: pd.DataFrame, moved: Moved) -> None:
    permuted = shuffled(changing, moved, np.random.default_rng(1))
    assert permuted["contact_date"].is_monotonic_increasing
    same = [column for column in changing if column != "contact_date"]
    pd.testing.assert_frame_equal(
        permuted[same].sort_values("contact_id", ignore_index=True), changing[same].sort_values("contact_id", ignore_index=True)
    )
    moved_to, was = (rows.set_index("contact_id")["contact_date"].sort_index() for rows in (permuted, changing))
    assert (moved_to != was).mean() > 0.9
    assert (daily(permuted) == daily(changing)) == (moved == "days"), "days stay together, contacts do not"


def test_where_nothing_changes_hardly_an_evening_drifts_and_hardly_a_training_is_asked_for(calm: pd.DataFrame) -> None:
    evenings = false_alarms(calm, CONFIG, whole(calm), 2)
    assert len(evenings) == 2 * 2 * 28, "two permutations each way, forty percent of seventy days"
    table = summary(evenings)
    assert table["evenings"].sum() == len(evenings)
    assert evenings["drift"].mean() < 0.05
    assert evenings["retrain"].sum() == table["retrainings"].sum() <= 1, "outcomes of 250 contacts have their luck"
    assert chance(evenings).loc["contact", "p99"] < 1


def test_an_alarm_that_is_too_nervous_is_found_out(calm: pd.DataFrame) -> None:
    nervous = CONFIG.monitoring.model_copy(update={"psi_threshold": 0.01, "ks_threshold": 0.01})
    evenings = false_alarms(calm, CONFIG.model_copy(update={"monitoring": nervous}), whole(calm), 1)
    assert evenings["drift"].all()
    assert summary(evenings)["retrainings"].min() > 0


def test_a_change_of_a_known_day_is_seen_and_believed_soon_after(changing: pd.DataFrame) -> None:
    [row] = delays(changing, CONFIG, [Change(name="by telephone only", day=CHANGE)]).to_dict("records")
    assert row["since"] == CHANGE
    assert row["clients"] in (1, 2)
    assert row["retraining"] == max(3, row["clients"] + 2)
    assert row["contacts"] == 25 * row["retraining"]
    assert "contact has drifted" in row["why"]


def test_what_fired_before_the_change_is_told_apart(changing: pd.DataFrame) -> None:
    [row] = delays(changing, CONFIG, [Change(name="ten days late", day="2009-02-21")]).to_dict("records")
    assert row["clients"] == 0


def test_a_change_outside_the_table_has_no_row(calm: pd.DataFrame) -> None:
    assert delays(calm, CONFIG, [Change(name="too early", day="2009-01-06"), Change(name="too late", day="2010-01-01")]).empty
