"""What follows from a changed field, and which days are asked back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bank_marketing.campaign import load_campaign
from bank_marketing.contract import Contract
from bank_marketing.contract.request import prospect_model
from bank_marketing.scoring.state import CampaignState
from bank_marketing.serving.forms import ProspectForm, day_question
from bank_marketing.serving.model_cache import Campaign
from tests.support.campaign import CONTRACT
from tests.support.served import PROSPECT


def form_of(contract: Contract) -> ProspectForm:
    return ProspectForm(contract, prospect_model(contract))


DESK = form_of(CONTRACT)
FORM = {name: str(value) for name, value in PROSPECT.items()}


@pytest.mark.parametrize(
    ("changes", "followed"),
    [
        ({"poutcome": "success"}, {"previous": "1"}),
        ({"previous": "2"}, {"poutcome": "failure"}),
        ({"age": "40"}, {}),
        ({"poutcome": "success", "previous": "3"}, {}),
        ({"age": "7"}, {}),
    ],
)
def test_a_field_follows_where_a_changed_one_leaves_no_choice(changes: dict[str, str], followed: dict[str, str]) -> None:
    base = DESK.read(FORM)
    form, found = DESK.with_followers(FORM | changes, base)
    assert found == followed
    assert form == FORM | changes | followed
    assert (DESK.read(form).row is None) == (changes == {"age": "7"})


@pytest.mark.parametrize("campaign", ["bank_marketing", "bank_full"])
def test_each_field_has_a_name_of_its_own_and_the_first_says_whom_it_is_about(campaign: str) -> None:
    groups = form_of(load_campaign(campaign).contract).groups(None)
    titles = [field.title for group in groups for field in group.fields]
    assert titles[0] == "Client ID"
    assert not [(one, other) for one in titles for other in titles if other.startswith(f"{one} ")], (
        "one name is half of another"
    )


def test_a_client_may_be_named_on_the_form() -> None:
    first = DESK.groups(None)[0].fields[0]
    assert (first.name, first.kind, first.value) == ("contact_id", "text", "")
    row = DESK.read(FORM | {"contact_id": "00041"}).row
    assert row is not None
    assert row["contact_id"] == "00041"
    nameless = DESK.read({name: value for name, value in FORM.items() if name != "contact_id"}).row
    assert nameless is not None
    assert nameless["contact_id"] is None


@pytest.mark.parametrize(
    ("day", "asks"),
    [
        (date(2010, 7, 1), ""),
        (date(2010, 7, 30), ""),
        (date(2010, 8, 2), "2010-08-02 is 33 days after 2010-06-30"),
        (date(2010, 7, 4), "2010-07-04 is a Sunday, and the campaign does not call on Sundays. If it is meant"),
        (date(2027, 1, 3), "2027-01-03 is a Sunday, and the campaign does not call on Sundays; it is 6,031 days after"),
    ],
)
def test_an_unusual_day_is_asked_back(day: date, asks: str) -> None:
    state = CampaignState(
        as_of=date(2010, 6, 30), last_contact_day=date(2010, 6, 30), counts={}, features_uri="file:///none", features_digest="f"
    )
    campaign = Campaign(state, datetime(2010, 6, 30, tzinfo=UTC), {}, synthetic=False)
    question = day_question(campaign, day)
    assert question.startswith(asks)
    assert bool(question) == bool(asks)
    assert DESK.read(FORM | {"sure": "yes"}).sure


def test_a_category_has_the_words_of_its_contract_and_a_form_of_its_own_otherwise() -> None:
    fields = {field.name: dict(field.choices) for group in DESK.groups(None) for field in group.fields}
    assert fields["job"]["admin."] == "Administration"
    assert fields["education"] == {
        "basic.4y": "Basic, 4 years",
        "basic.6y": "Basic, 6 years",
        "basic.9y": "Basic, 9 years",
        "high.school": "High school",
        "illiterate": "Illiterate",
        "professional.course": "Professional course",
        "university.degree": "University degree",
        "unknown": "Unknown",
    }
    assert fields["poutcome"]["nonexistent"] == "No earlier campaign"
