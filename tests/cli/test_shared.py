"""What all commands share: a version that names the commit, and help that helps."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import typer
from typer.testing import CliRunner

from bank_marketing import __version__
from bank_marketing.artifacts.manifest import code_version
from bank_marketing.cli import app
from bank_marketing.cli.shared import failing_well


def test_the_version_names_the_commit_that_manifests_name() -> None:
    told = CliRunner().invoke(app, ["--version"])
    assert told.exit_code == 0
    assert told.stdout == f"bank-marketing {__version__} ({code_version()})\n"


def test_each_command_and_each_option_says_what_it_is_for() -> None:
    root = typer.main.get_command(app)
    groups, silent = [((), root)], []
    while groups:
        path, group = groups.pop()
        for name, command in getattr(group, "commands", {}).items():
            if not command.help:
                silent.append((*path, name))
            silent += [(*path, name, option.name) for option in command.params if not getattr(option, "help", None)]
            groups.append(((*path, name), command))
    assert not silent


def test_what_nobody_foresaw_is_one_paragraph_and_its_traceback_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    @failing_well
    def broken() -> None:
        client = {"age": 41}
        raise KeyError(f"no such column{len(client)}")

    with pytest.raises(typer.Exit) as ended:
        broken()
    assert ended.value.exit_code == 70
    told = capsys.readouterr().err
    assert told.startswith("KeyError: 'no such column1'\nThis is a defect")
    assert "Traceback" not in told
    kept = Path(re.findall(r"kept in (\S+\.txt): please report it", told)[0])
    text = kept.read_text()
    kept.unlink()
    assert "Traceback (most recent call last)" in text
    assert "in broken" in text


@pytest.mark.parametrize("error", [typer.Exit(3), typer.Abort(), click.UsageError("x")])
def test_what_typer_ends_a_command_with_goes_through(error: Exception) -> None:
    @failing_well
    def ending() -> None:
        raise error

    with pytest.raises(type(error)):
        ending()
