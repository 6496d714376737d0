"""API keys: hashed, several, revocable; the commands that make them."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bank_marketing.cli import app
from bank_marketing.errors import ConfigError
from bank_marketing.serving.keys import KeyRing, hash_key


def test_a_key_is_kept_as_a_hash_in_a_private_file(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    made, secret = ring.create("analyst")
    text = ring.path.read_text()
    assert secret not in text
    assert json.loads(text)["keys"][0]["sha256"] == hash_key(secret)
    assert stat.S_IMODE(ring.path.stat().st_mode) == 0o600
    assert ring.owner(secret) == made
    assert ring.owner(secret + "x") is None
    assert ring.owner("") is None


def test_several_keys_live_beside_each_other_and_end_alone(tmp_path: Path) -> None:
    ring, elsewhere = KeyRing(tmp_path / "keys.json"), KeyRing(tmp_path / "keys.json")
    (one, first), (_, second) = ring.create("one"), elsewhere.create("two")
    assert ring.owner(second) is not None
    ring.revoke(one.key_id)
    assert (elsewhere.owner(first), elsewhere.valid(one.key_id)) == (None, None)
    assert elsewhere.owner(second) is not None
    with pytest.raises(ConfigError, match="has no key nobody"):
        ring.revoke("nobody")


def test_a_broken_file_lets_nobody_in(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    ring.path.write_text("{")
    with pytest.raises(ConfigError, match="nobody is let in until that is fixed"):
        ring.owner("bmk_x")


def test_hashes_from_the_environment_are_accepted_too(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json", f"job={hash_key('bmk_abc')}")
    found = ring.owner("bmk_abc")
    assert found is not None
    assert found.name == "job"
    with pytest.raises(ConfigError, match="name=sha256"):
        KeyRing(tmp_path / "keys.json", "job=bmk_abc")


def test_the_commands_make_list_and_revoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_HOME", str(tmp_path))
    runner = CliRunner()
    made = runner.invoke(app, ["api-key", "create", "analyst"])
    assert made.exit_code == 0, made.output
    secret = next(word for word in made.output.split() if word.startswith("bmk_"))
    ring = KeyRing(tmp_path / ".secrets" / "api_keys.json")
    key = ring.owner(secret)
    assert key is not None
    listed = runner.invoke(app, ["api-key", "list"])
    assert key.key_id in listed.output
    assert secret not in listed.output
    assert runner.invoke(app, ["api-key", "revoke", key.key_id]).exit_code == 0
    assert ring.owner(secret) is None
    assert runner.invoke(app, ["api-key", "revoke", "none"]).exit_code == 1
