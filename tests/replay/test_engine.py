"""A replay knows on each evening what had landed by then, and can be stopped at any moment."""

from __future__ import annotations

import hashlib
import shutil
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bank_marketing.errors import ArtifactCorrupt, NotEnoughHistory
from bank_marketing.modeling.threshold import GRID
from bank_marketing.replay.checkpoints import Checkpoints
from bank_marketing.replay.engine import Period, period_of, periods, replay
from bank_marketing.replay.figures import POLICIES, called_by, figures
from bank_marketing.replay.platform import fit
from bank_marketing.replay.table import known_on
from tests.support import replayed
from tests.support.features import PRICES
from tests.support.replayed import CONFIG, FIRST, LAST

TABLE = replayed.campaign()
PLAN = replayed.plan_of(TABLE)

#: Last known change of the campaign.
CHANGED = date(2009, 3, 1)

#: A Wednesday: its outcomes, and those of all later days, are turned round in the other world.
FLIPPED = "2009-02-25"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def lived(folder: Path) -> list[Period]:
    """The replay without a stop. Tests only read it."""
    return replayed.lived(TABLE, folder)


@pytest.fixture(scope="module")
def predictions(lived: list[Period]) -> pd.DataFrame:
    return pd.concat([period.predictions.assign(period=period.name) for period in lived], ignore_index=True)


def content(folder: Path) -> dict[str, str]:
    """Digest of every file below a folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_every_contact_of_the_stretch_is_scored_once_on_its_own_morning(predictions: pd.DataFrame) -> None:
    expected = TABLE[TABLE["contact_date"].between(str(FIRST), str(LAST))]
    pd.testing.assert_frame_equal(
        predictions[["contact_id", "contact_date", "y"]],
        expected[["contact_id", "contact_date", "y"]].reset_index(drop=True),
        check_dtype=False,
    )


def test_the_platform_trains_when_told_and_changes_its_model_only_when_the_judge_says_so(lived: list[Period]) -> None:
    events = [event for period in lived for event in period.events]
    kinds = {event.kind for event in events}
    assert {"promoted", "rejected"} <= kinds
    promoted = [event for event in events if event.kind == "promoted"]
    assert "windows violate" in promoted[0].why
    scored = pd.concat([period.predictions for period in lived])
    for event in promoted:
        before, after = scored["contact_date"] <= event.day, scored["contact_date"] > event.day
        assert scored.loc[before, "version"].max() < event.version
        assert scored.loc[after, "version"].min() >= event.version


def test_a_stopped_replay_goes_on_where_it_was_and_ends_in_the_same_bytes(
    lived: list[Period], folder: Path, tmp_path: Path
) -> None:
    list(islice(replay(TABLE, CONFIG, PLAN, Checkpoints(tmp_path)), 2))
    kept = list(PLAN)[:2]
    assert sorted(path.name for path in tmp_path.iterdir()) == kept
    written = {name: (tmp_path / name / "predictions.parquet").stat().st_mtime_ns for name in kept}
    third = PLAN[list(PLAN)[2]]

    def power_cut(day: str) -> None:
        if day == third[3]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(replay(TABLE, CONFIG, PLAN, Checkpoints(tmp_path), power_cut))
    assert sorted(path.name for path in tmp_path.iterdir()) == kept, "half a week leaves no checkpoint"
    days: list[str] = []
    again = list(replay(TABLE, CONFIG, PLAN, Checkpoints(tmp_path), days.append))
    assert days == [day for week in PLAN.values() for day in week], "progress counts the days that were read, too"
    assert {name: (tmp_path / name / "predictions.parquet").stat().st_mtime_ns for name in kept} == written
    assert content(tmp_path) == content(folder)
    for one, other in zip(lived, again, strict=True):
        pd.testing.assert_frame_equal(one.predictions, other.predictions)
        assert (one.events, one.monitored) == (other.events, other.monitored)


def test_a_finished_replay_is_read_and_not_lived_again(lived: list[Period], folder: Path) -> None:
    nothing = TABLE.assign(y=0)  # living a single day of it would show
    again = list(replay(nothing, CONFIG, PLAN, Checkpoints(folder)))
    for one, other in zip(lived, again, strict=True):
        pd.testing.assert_frame_equal(one.predictions, other.predictions)


@pytest.mark.parametrize(
    "name", ["production/model.json", "production/model.skops", "state.json", "made.parquet", "period.json"]
)
def test_an_altered_checkpoint_is_not_gone_on_from(lived: list[Period], folder: Path, tmp_path: Path, name: str) -> None:
    period = list(PLAN)[-1]
    shutil.copytree(folder, tmp_path / "copy")
    checkpoints = Checkpoints(tmp_path / "copy")
    checkpoints.state(period, CONFIG)
    victim = tmp_path / "copy" / period / name
    victim.write_bytes(victim.read_bytes() + b" ")
    for read in (lambda: checkpoints.state(period, CONFIG), lambda: checkpoints.period(period)):
        with pytest.raises(ArtifactCorrupt, match=rf"was altered \(.*{name}\): run the same command with --fresh"):
            read()


def test_outcomes_of_later_days_change_no_earlier_figure(
    lived: list[Period], predictions: pd.DataFrame, tmp_path: Path
) -> None:
    other = replayed.lived(replayed.campaign(flip_from=FLIPPED), tmp_path)
    theirs = pd.concat([period.predictions.assign(period=period.name) for period in other], ignore_index=True)
    told = [column for column in predictions if column != "y"]
    until = predictions["contact_date"] <= FLIPPED  # the day's own morning included
    pd.testing.assert_frame_equal(predictions.loc[until, told], theirs.loc[until, told])
    assert _before(lived) == _before(other)
    weeks = [name for name in PLAN if PLAN[name][-1] < FLIPPED]
    assert len(weeks) == 3
    mine, others = (figures(rows[rows["period"].isin(weeks)], PRICES) for rows in (predictions, theirs))
    pd.testing.assert_frame_equal(mine, others)
    after = predictions["contact_date"] > FLIPPED
    for column in ("p_platform", "p_refitted", "p_trailing"):
        assert not np.allclose(predictions.loc[after, column], theirs.loc[after, column]), "the flip was felt, only later"


def _before(periods: list[Period]) -> list[Any]:
    """What the platform did and saw on the evenings before the flip."""
    events = [event for period in periods for event in period.events if event.day < FLIPPED]
    return [events, [entry for period in periods for entry in period.monitored if entry["day"] < FLIPPED]]


def test_the_first_model_serves_for_ever_in_its_own_policy(predictions: pd.DataFrame, folder: Path) -> None:
    first = Checkpoints(folder).state(list(PLAN)[-1], CONFIG).first
    assert first is not None
    rows = TABLE[TABLE["contact_date"].between(str(FIRST), str(LAST))]
    np.testing.assert_array_equal(predictions["p_first"], first.predict_proba(rows))
    assert set(predictions["t_first"]) == {first.threshold}
    assert first.trained_through < str(FIRST)


def test_the_refitted_policy_uses_the_model_of_the_end_of_the_week_before(predictions: pd.DataFrame) -> None:
    weeks = list(PLAN)
    model, _ = fit(CONFIG, known_on(TABLE, PLAN[weeks[2]][-1]))
    rows = TABLE[TABLE["contact_date"].isin(PLAN[weeks[3]])]
    np.testing.assert_array_equal(predictions.loc[predictions["period"] == weeks[3], "p_refitted"], model.predict_proba(rows))


def test_the_trailing_rule_is_the_rate_of_the_five_days_before(predictions: pd.DataFrame) -> None:
    days = TABLE["contact_date"].drop_duplicates().to_list()
    for day in (str(FIRST), FLIPPED, str(LAST)):
        at = days.index(day)
        expected = TABLE.loc[TABLE["contact_date"].isin(days[at - 5 : at]), "y"].mean()
        assert predictions.loc[predictions["contact_date"] == day, "p_trailing"].to_list() == pytest.approx([expected] * 25)


def test_calling_everyone_counted_by_hand(predictions: pd.DataFrame) -> None:
    table = figures(predictions, PRICES, CHANGED)
    spans = {"whole replay": (str(FIRST), str(LAST)), "from 2009-03 on": ("2009-03-01", str(LAST))}
    spans |= {name: (days[0], days[-1]) for name, days in PLAN.items()}
    for span, between in spans.items():
        [row] = table[(table["span"] == span) & (table["policy"] == "everyone")].to_dict("records")
        y = TABLE.loc[TABLE["contact_date"].between(*between), "y"]
        precision = y.sum() / len(y)
        assert row["called"] == row["rows"] == len(y)
        assert row["conversions"] == row["positives"] == y.sum()
        assert row["profit"] == pytest.approx(PRICES.deposit_margin * y.sum() - PRICES.call_cost * len(y))
        assert row["f1"] == pytest.approx(2 * precision / (1 + precision))
        assert np.isnan(row["roc_auc"]), "who calls everyone ranks nobody"


def test_all_six_policies_have_figures_in_every_span(predictions: pd.DataFrame) -> None:
    table = figures(predictions, PRICES, CHANGED)
    keys = [policy.key for policy in POLICIES]
    assert keys == ["platform", "first", "refitted", "trailing", "everyone", "hindsight"]
    for span, rows in table.groupby("span"):
        assert rows["policy"].to_list() == keys, span
        assert rows[["f1", "called", "conversions", "profit"]].notna().all(axis=None), span
        ranked = rows[rows["policy"] != "everyone"]
        assert ranked[["roc_auc", "pr_auc", "lift_at_10", "brier"]].notna().all(axis=None), span
    assert set(table["span"]) == {"whole replay", "from 2009-03 on", *PLAN}


def test_figures_are_those_of_scikit_learn(predictions: pd.DataFrame) -> None:
    from sklearn import metrics

    table = figures(predictions, PRICES, CHANGED).set_index(["span", "policy"])
    y = predictions["y"]
    for policy in (policy for policy in POLICIES if policy.scores):
        row = table.loc[("whole replay", policy.key)]
        called, p = called_by(policy, predictions), predictions[f"p_{policy.scores}"]
        assert row["roc_auc"] == pytest.approx(metrics.roc_auc_score(y, p))
        assert row["f1"] == pytest.approx(metrics.f1_score(y, called, zero_division=0))
        assert row["brier"] == pytest.approx(metrics.brier_score_loss(y, p))
        assert row["profit"] == pytest.approx(PRICES.deposit_margin * y[called].sum() - PRICES.call_cost * called.sum())


def test_no_threshold_beats_the_one_of_hindsight_on_the_same_probabilities(predictions: pd.DataFrame) -> None:
    from sklearn.metrics import f1_score

    table = figures(predictions, PRICES, CHANGED).set_index(["span", "policy"])
    for span in (*PLAN, "whole replay"):
        rows = predictions if span == "whole replay" else predictions[predictions["period"] == span]
        best = max(f1_score(rows["y"], rows["p_platform"] >= threshold, zero_division=0) for threshold in GRID)
        assert table.loc[(span, "hindsight"), "f1"] == pytest.approx(best)


@pytest.mark.parametrize(("every", "period"), [("month", "2009-02"), ("week", "2009-02-23"), ("day", "2009-02-25")])
def test_a_day_belongs_to_its_month_its_week_or_itself(every: Any, period: str) -> None:
    assert period_of("2009-02-25", every) == period


def test_a_stretch_without_contact_days_is_told_apart_from_a_failure() -> None:
    with pytest.raises(NotEnoughHistory, match="no contact day has landed from 2009-03-08 to 2009-02-02"):
        periods(TABLE, LAST, FIRST, "week")
