"""A bad setting is one line that names its variable and where it was set."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from bank_marketing.errors import ConfigError
from bank_marketing.serving.settings import ApiSettings
from bank_marketing.settings import Settings
from scripts.environment import PROJECT


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("BANK_RETENTION_LOGS_DAYS", "sixty", "is not a whole number"),
        ("BANK_RETENTION_LOGS_DAYS", "0", "must be greater than 0"),
        ("BANK_S3_TIMEOUT_SECONDS", "8,5", "is not a number: write 8.5"),
        ("BANK_S3_TIMEOUT_SECONDS", "inf", "is not a finite number"),
        ("BANK_S3_TIMEOUT_SECONDS", "nan", "is not a finite number"),
        ("BANK_SPARK_DRIVER_MEMORY", "2 GB", "is not of the form"),
    ],
)
def test_a_value_that_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        Settings()
    assert str(caught.value).startswith(f"{name}={value} (the environment) {sentence}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("BANK_API_PORT", "x", "is not a whole number"),
        ("BANK_API_PORT", "70000", "must be at most 65535"),
        ("BANK_API_AUTH", "none", "must be 'on' or 'off'"),
        ("BANK_API_SECURE_COOKIE", "ja", "is neither true nor false"),
    ],
)
def test_so_it_is_for_the_service(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=rf"^{name}={value} \(the environment\) {sentence}$"):
        ApiSettings()


def test_all_bad_ones_are_named_at_once_and_the_files_line_with_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("\nBANK_S3_TIMEOUT_SECONDS=x\n")
    monkeypatch.setenv("BANK_ENV_FILE", str(path))
    monkeypatch.setenv("BANK_S3_TIMEOUT_SECONDS", "x")
    monkeypatch.setenv("BANK_LIST_DUE_MINUTES", "-1")
    with pytest.raises(ConfigError) as caught:
        Settings()
    assert set(str(caught.value).split("; ")) == {
        f"BANK_S3_TIMEOUT_SECONDS=x ({path}, line 2) is not a number",
        "BANK_LIST_DUE_MINUTES=-1 (the environment) must be greater than 0",
    }


def test_a_variable_that_must_be_json_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_PARAMS", "x")
    with pytest.raises(ConfigError, match=r"^a BANK_… variable is no JSON: .*\"params\""):
        Settings()


@pytest.mark.parametrize(("name", "command"), [("BANK_S3_TIMEOUT_SECONDS", "models"), ("BANK_API_PORT", "serve")])
def test_a_command_ends_with_that_line_and_no_traceback(name: str, command: str) -> None:
    done = subprocess.run(
        [PROJECT / ".venv" / "bin" / "bank-marketing", command],
        env=dict(os.environ) | {name: "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"ConfigError: {name}=x (the environment)")
    assert done.stderr.count("\n") == 1
