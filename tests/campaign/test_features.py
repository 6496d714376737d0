"""What a campaign declares of its features is checked as a whole, against its contract, and named by file and line when it is wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bank_marketing.campaign import CAMPAIGNS, load_campaign
from bank_marketing.campaign.features import FeatureSpec
from bank_marketing.campaign.wording import describe, group_of
from bank_marketing.errors import ConfigError
from tests.support.campaign import FEATURES


def changed(folder: Path, old: str, new: str) -> Path:
    """A copy of the first campaign in which one thing is declared otherwise."""
    shutil.copytree(CAMPAIGNS / "bank_marketing", folder / "cards")
    path = folder / "cards" / "features.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    return folder / "cards"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{column: age, divide: 10}", "{column: income, divide: 10}", "no column 'income' that is known before the call"),
        ("{column: age, divide: 10}", "{column: duration, divide: 10}", "duration is known only after the call"),
        ("{column: age, divide: 10}", "{column: job, divide: 10}", "job is text, a number is needed"),
        ("{column: age, divide: 10}", "{column: age, divide: 10, log: true}", "only one of divide, log can be done"),
        ("{column: age, divide: 10}", "{column: age, rate: 5}", "exactly one of column, rate, volume, segment"),
        ("{column: age, divide: 10}", "{column: age, halve: true}", "Extra inputs are not permitted"),
        (
            "contacted_before: {column: pdays, never: [999]}",
            "contacted_before: {column: pdays, never: [-1]}",
            "pdays 999 means never",
        ),
        ("age_decades: {column", "log_previous: {column", "log_previous is said twice"),
        ("{rate: 20}", "{rate: 30}", "no count has a window of 30 contact days"),
        ("{segment: contact, least", "{segment: region, least", "there is no segment 'region'"),
        ("counted: {cellular: [cellular]}", "counted: {cellular: [mobile]}", "contact has no category 'mobile'"),
        ("categories: [job, marital,", "categories: [job, age,", "age has no categories in the contract"),
        ("categories: [job, marital,", "categories: [job, job,", "job is named twice"),
        ("[client, macro]", "[client, market_figures]", "there is no block 'market_figures'"),
        ("default_set: trailing_channel", "default_set: everything", "there is no set 'everything'"),
        ("bins: [30, 45, 60]", "bins: [30, 45]", "2 bins need 3 labels, not 4"),
        ("housemaid: Domestic", "butler: Domestic", "job has no category 'butler'"),
        ("  day_of_week:\n    categories", "  month:\n    categories", "a sentence for month"),
        ("{age:.0f} years old", "{years:.0f} years old", "nothing called 'years'"),
        ("segment_job: {segment: job}", "segment_job: {segment: age}", "age has no categories in the contract"),
        ("segment_job: {segment: job}", "segment_job: {segment: duration}", "duration is known only after the call"),
        (
            "segment_job: {segment: job}",
            "segment_job: {segment: job, half_life: 3}",
            "exactly one of segment, half_life, share",
        ),
        ("segment_job: {segment: job}", "log_previous: {segment: job}", "a number or a column called log_previous already"),
        ("segment_job: {segment: job}", "age: {segment: job}", "a number or a column called age already"),
        ("half_life: 10}", "half_life: 0}", "greater than 0"),
        (
            "{share: [{column: previous, above: 0}]}",
            "{share: [{column: previous}]}",
            "a share is of flags: one of above, below",
        ),
        ("{share: [{column: campaign, above: 1}]}", "{share: [{column: calls, above: 1}]}", "no column 'calls' that is known"),
        ("{change_of: euribor3m, days: 5}", "{change_of: euribor3m}", "over how many days euribor3m is taken"),
        ("{published: emp_var_rate, days: 150}", "{published: job, days: 150}", "job is text, a number is needed"),
        (
            "gap: {number: {column: days_since_last_contact_day, missing: 1, log1p: true}}",
            "gap: {number: {rate: 5}}",
            "of a column",
        ),
        ("- {value: unknown, text: The campaign has no results yet}", "", "the last case must hold always"),
    ],
)
def test_what_cannot_be_is_refused_with_file_and_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    folder = changed(tmp_path, old, new)
    with pytest.raises(ConfigError, match=rf"cards/features\.yaml, line \d+: .*{told}"):
        load_campaign(folder)


def test_the_line_is_that_of_the_value(tmp_path: Path) -> None:
    folder = changed(tmp_path, "{rate: 20}", "{rate: 30}")
    lines = (folder / "features.yaml").read_text(encoding="utf-8").splitlines()
    with pytest.raises(ConfigError, match=rf"line {1 + lines.index('    rate_20d: {rate: 30}')}: blocks.trailing.rate_20d: "):
        load_campaign(folder)


def test_a_stored_model_can_carry_the_declaration_and_its_digest_is_that_of_what_decides() -> None:
    stored = FeatureSpec.model_validate_json(FEATURES.text)
    assert stored.model_copy(update={"experimental": FEATURES.experimental}) == FEATURES
    assert FEATURES.model_copy(update={"slices": {}, "reasons": {}}).digest == FEATURES.digest
    assert FEATURES.model_copy(update={"windows": (1, 5)}).digest != FEATURES.digest
    retitled = {name: one.model_copy(update={"title": "x"}) for name, one in FEATURES.attributes.items()}
    assert FEATURES.model_copy(update={"attributes": retitled}).digest == FEATURES.digest


def test_without_words_of_its_own_a_feature_has_a_generic_sentence() -> None:
    bare = FEATURES.model_copy(update={"reasons": {}})
    row = {"job": "retired", "age": 64, "euribor3m": 1.25, "contact": "cellular", "pdays": None}
    assert group_of(bare, "age_over_60") == "age"
    assert group_of(bare, "channel_rate") == "contact"
    assert group_of(bare, "rate_5d") == "recent_conversion"
    assert describe(bare, "job", row) == ("retired", "Occupation: retired")
    assert describe(bare, "age", row) == ("64", "Age: 64")
    assert describe(bare, "euribor3m", row) == ("1.25", "Euribor 3 months: 1.25")
    assert describe(bare, "recent_conversion", row) == ("", "Recent conversion")
    assert describe(bare, "pdays", row) == ("", "Days since last contact")


def test_a_category_that_nobody_has_worded_has_one_too() -> None:
    assert describe(FEATURES, "job", {"job": "astronaut"}) == ("astronaut", "Occupation: astronaut")


def test_only_sets_whose_figures_are_known_on_the_day_can_be_in_production() -> None:
    assert not FEATURES.point_in_time("raw_macro")
    assert all(FEATURES.point_in_time(name) for name in FEATURES.sets if name != "raw_macro")
