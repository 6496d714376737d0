"""Pages write days and percentages in the campaign's locale; what programs read stays as it is."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

import httpx

from bank_marketing.campaign import CAMPAIGNS
from bank_marketing.settings import Settings
from tests.support.served import CHOICES, PROSPECT, Platform, running


def test_pages_of_a_german_campaign(tmp_path: Path) -> None:
    folder = tmp_path / "bank_marketing"
    shutil.copytree(CAMPAIGNS / "bank_marketing", folder)
    with (folder / "params.yaml").open("a", encoding="utf-8") as params:
        params.write("\nlocale: de\n")
    platform = Platform(tmp_path / "home")
    platform.settings = Settings(home=tmp_path / "home", campaign=str(folder), **asdict(platform.prices))
    platform.promote(platform.train("one", CHOICES[0]))
    with running(platform, auth="off") as served, httpx.Client(base_url=served.url, timeout=30) as client:
        client.get("/readyz").raise_for_status()
        loaded = served.service.models.current
        last = loaded.campaign.state.last_contact_day
        model, campaign = client.get("/model").text, client.get("/campaign").text
        assert f"data to {last:%d.%m.%Y}" in model
        assert f"<dt>Calls from</dt><dd>{100 * loaded.threshold:.1f}".replace(".", ",") + "\u00a0%</dd>" in model
        assert f"Pulse, as of {last:%d.%m.%Y}" in campaign
        assert 'data-locale="de"' in campaign
        answer = client.post("/api/v1/predictions", json={"prospect": PROSPECT}).json()
        assert answer["day"] == loaded.campaign.next_day.isoformat()
        assert f'value="{loaded.campaign.next_day}"' in client.get("/score").text, "a field for dates takes ISO 8601 alone"
