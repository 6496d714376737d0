"""What all commands share: a version that names the commit, and help that helps."""

from __future__ import annotations

import typer
from typer.testing import CliRunner

from bank_marketing import __version__
from bank_marketing.artifacts.manifest import code_version
from bank_marketing.cli import app


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
