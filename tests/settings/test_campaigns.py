"""Several campaigns in one deployment: each has its own landing zone, artifacts and registered model."""

from __future__ import annotations

from pathlib import Path

import pytest

from bank_marketing.settings import Settings


def test_the_default_campaign_lives_in_the_roots_and_others_below_them(tmp_path: Path) -> None:
    default = Settings(home=tmp_path)
    other = default.for_campaign("bank_full")
    assert (default.landing, default.model_name) == (tmp_path / "landing", "bank_marketing")
    assert (other.landing, other.model_name) == (tmp_path / "landing" / "bank_full", "bank_full")
    assert other.artifacts == (tmp_path / "artifacts" / "bank_full").as_uri()
    assert other.tracking_uri == default.tracking_uri
    assert other.for_campaign("bank_marketing").landing == default.landing


def test_roots_that_are_set_hold_for_each_campaign(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, landing_root=tmp_path / "in", artifact_root="s3://bank/store/", call_cost=3.5)
    other = settings.for_campaign(str(tmp_path / "mine" / "cards"))
    assert (settings.artifacts, other.artifacts) == ("s3://bank/store", "s3://bank/store/cards")
    assert (other.landing, other.model_name, other.call_cost) == (tmp_path / "in" / "cards", "cards", 3.5)


def test_what_is_one_campaign_s_own_does_not_follow_to_another(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, model_name="mine", results_file=tmp_path / "results.json")
    other = settings.for_campaign("bank_full")
    assert (other.model_name, other.results_file) == ("bank_full", None)
