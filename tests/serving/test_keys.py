"""API keys: hashed, several, revocable; the commands that make them."""

from __future__ import annotations

import base64
import hashlib
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bank_marketing.cli import app
from bank_marketing.errors import ConfigError
from bank_marketing.serving.keys import ApiKey, KeyRing, hash_key, write_private


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


def test_a_key_is_long_and_says_what_it_is_and_when_it_was_made(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    made, secret = KeyRing(tmp_path / "new" / "folder" / "keys.json").create("analyst")
    assert secret.startswith("bmk_")
    assert len(base64.urlsafe_b64decode(secret.removeprefix("bmk_") + "=")) == 32, "256 random bits"
    assert len(made.key_id) == 8
    assert before <= made.created_at <= datetime.now(UTC)
    assert (made.name, made.revoked_at, made.created_at.tzinfo) == ("analyst", None, UTC)
    assert stat.S_IMODE((tmp_path / "new" / "folder").stat().st_mode) == 0o700


def test_text_that_is_no_text_is_no_key_and_no_error(tmp_path: Path) -> None:
    assert KeyRing(tmp_path / "keys.json").owner("bmk_\udcff") is None
    assert hash_key("\udcff") == hashlib.sha256(b"\xff").hexdigest()


def test_the_end_of_a_key_is_kept_once_and_others_are_named(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    with pytest.raises(ConfigError, match=r"has no key nobody; there are: none$"):
        ring.revoke("nobody")
    one, two = ring.create("one")[0], ring.create("two")[0]
    ended = ring.revoke(one.key_id)
    assert ended.revoked_at is not None
    assert ended.revoked_at.utcoffset() == timedelta(0)
    assert ring.revoke(one.key_id) == ended, "the first moment stands"
    assert ring.all() == (ended, two)
    with pytest.raises(ConfigError, match=rf"has no key nobody; there are: {one.key_id}, {two.key_id}$"):
        ring.revoke("nobody")


def test_a_file_is_read_again_when_it_changed_and_only_then(tmp_path: Path) -> None:
    ring, elsewhere = KeyRing(tmp_path / "keys.json"), KeyRing(tmp_path / "keys.json")
    assert ring.all() == ()
    made, _ = elsewhere.create("one")
    first = ring.all()
    assert first == (made,)
    assert ring.all()[0] is first[0]
    ring.path.unlink()
    assert ring.all() == ()


@pytest.mark.parametrize(
    ("text", "reason"), [("{", "it is no file of keys"), ('{"keys": 1}', "it is no file of keys"), (None, "Is a directory")]
)
def test_why_a_file_cannot_be_read_is_said(tmp_path: Path, text: str | None, reason: str) -> None:
    path = tmp_path / "keys.json"
    path.mkdir() if text is None else path.write_text(text)
    with pytest.raises(ConfigError) as refused:
        KeyRing(path).all()
    assert str(refused.value) == f"{path} cannot be read as API keys ({reason}): nobody is let in until that is fixed"


def test_what_cannot_be_looked_at_lets_nobody_in_either(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be read as API keys \(Not a directory\)"):
        KeyRing(tmp_path / "file" / "keys.json").all()


def test_a_private_file_is_written_whole_in_folders_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "secret"
    write_private(path, "Zürich")
    write_private(path, "Zug")
    assert path.read_bytes() == b"Zug"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["secret"]


def test_several_hashes_of_the_environment(tmp_path: Path) -> None:
    one, two = hash_key("bmk_one"), hash_key("bmk_two").upper()
    found = KeyRing(tmp_path / "keys.json", f" one={one}, two={two},,").all()
    epoch = datetime.fromtimestamp(0, UTC)
    assert found == (
        ApiKey(key_id="env-one", name="one", sha256=one, created_at=epoch),
        ApiKey(key_id="env-two", name="two", sha256=two.lower(), created_at=epoch),
    )
    told = "^BANK_API_KEY_HASHES is name=sha256 of the key in hexadecimal, several with commas between$"
    for wrong in (f"={one}", f"a={one}0", f"a={one[1:]}", f"a=b={one}", "a"):
        with pytest.raises(ConfigError, match=told):
            KeyRing(tmp_path / "keys.json", wrong)


def test_a_key_of_the_environment_is_not_written_beside_the_others(tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json", f"job={hash_key('bmk_abc')}")
    made, secret = ring.create("analyst")
    assert [key.name for key in ring.all()] == ["job", "analyst"]
    assert [key["name"] for key in json.loads(ring.path.read_text())["keys"]] == ["analyst"]
    assert ring.owner(secret) == ring.valid(made.key_id) == made
    assert ring.valid("env-job") is not None
