"""Files that others rely on: SonarQube's paths, the citation, the changelog, the hooks, the lists of what was accepted."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

from bank_marketing import __version__
from scripts import audit, release_notes
from scripts.audit import Accepted, Hole
from scripts.environment import PROJECT


def properties() -> dict[str, str]:
    lines = (PROJECT / "sonar-project.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_sonar_finds_what_it_is_told_to_look_at() -> None:
    found = properties()
    for key in ("sonar.sources", "sonar.tests"):
        for path in found[key].split(","):
            assert (PROJECT / path).is_dir(), path
            assert list((PROJECT / path).rglob("*.*")), path
    assert not set(found["sonar.sources"].split(",")) & set(found["sonar.tests"].split(","))
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    assert pyproject["tool"]["coverage"]["run"]["relative_files"] is True
    lowest = pyproject["project"]["requires-python"].removeprefix(">=")
    assert found["sonar.python.version"].split(",")[0] == lowest
    makefile = (PROJECT / "Makefile").read_text()
    assert "--cov-report=xml" in makefile
    assert found["sonar.python.coverage.reportPaths"] == "coverage.xml"
    for pattern in found["sonar.coverage.exclusions"].split(","):
        assert list(PROJECT.glob(pattern)) or pattern.startswith("**"), pattern


def test_the_authors_of_the_data_are_cited() -> None:
    cited = yaml.safe_load((PROJECT / "CITATION.cff").read_text())
    assert {entry["doi"] for entry in cited["references"]} == {"10.24432/C5K306", "10.1016/j.dss.2014.03.001"}
    assert cited["version"] == __version__
    assert cited["license"] == "Apache-2.0"
    assert "Apache License" in (PROJECT / "LICENSE").read_text()


def test_this_version_can_be_released() -> None:
    assert release_notes.notes(f"v{__version__}").startswith("### ")
    assert release_notes.main([f"v{__version__}"]) == 0


def test_a_tag_that_does_not_agree_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert release_notes.main(["v99.0.0"]) == 1
    assert f"the package says {__version__}" in capsys.readouterr().err
    with pytest.raises(release_notes.NotReleasableError, match="no section"):
        release_notes.section("# Changelog\n\n## [1.0.0]\n\n## [0.9.0]\n\nwords\n", "1.0.0")
    assert release_notes.section("## [1.0.0] - x\n\n- a\n\n## [0.9.0]\n\n- b\n", "1.0.0") == "- a"


def test_every_hook_runs_a_tool_of_the_environment() -> None:
    config = yaml.safe_load((PROJECT / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repository in config["repos"] for hook in repository["hooks"]]
    assert {"ruff-check", "ruff-format", "mypy", "import-linter", "yamllint", "pipeline", "lock"} <= {
        hook["id"] for hook in hooks
    }
    for hook in hooks:
        tool = hook["entry"].split()[0]
        assert (PROJECT / tool).exists(), tool


def test_dependabot_watches_folders_that_exist() -> None:
    for update in yaml.safe_load((PROJECT / ".github" / "dependabot.yml").read_text())["updates"]:
        for folder in update.get("directories", [update.get("directory")]):
            assert (PROJECT / folder.strip("/")).is_dir(), folder


def test_a_known_hole_stays_only_until_its_day() -> None:
    hole = Hole(package="left-pad", version="1.0", ids=("PYSEC-1", "CVE-2026-1"), mended_in=())
    accepted = (
        Accepted(
            id="CVE-2026-1", package="left-pad", reason="only reached with a feature we do not use", until=date(2026, 12, 1)
        ),
    )
    assert audit.open_holes([hole], (), date(2026, 11, 25)) == [hole]
    assert audit.open_holes([hole], accepted, date(2026, 12, 1)) == []
    assert audit.open_holes([hole], accepted, date(2026, 12, 2)) == [hole]
    assert isinstance(audit.load_accepted(), tuple)


def test_a_secret_that_is_new_is_found_and_a_moved_one_is_not(tmp_path: Path) -> None:
    import subprocess

    def write(text: str) -> None:
        (tmp_path / "settings.py").write_text(text)

    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    write('password = "hunter2-but-long"\n')
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    known = audit.secrets_in(tmp_path)
    assert [
        kind for file, kind in (line.split(": ") for line in audit.new_secrets(known, {"results": {}})) if file == "settings.py"
    ]
    write('# moved down\n\npassword = "hunter2-but-long"\n')
    assert audit.new_secrets(audit.secrets_in(tmp_path), known) == []
    write('password = "another-one-entirely"\n')
    assert audit.new_secrets(audit.secrets_in(tmp_path), known) == ["settings.py: Secret Keyword"]


def test_prose_names_only_files_and_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    for name in ("CONTRIBUTING.md", "SECURITY.md", "docs/cicd.md"):
        text = (PROJECT / name).read_text()
        for target in re.findall(r"`make ([a-z0-9-]+)", text):
            assert target in targets, f"{name}: make {target}"
        for path in re.findall(r"`((?:scripts|deploy|tests|include|docs|\.ci|\.github)/[\w./-]+\.\w+)`", text):
            assert (PROJECT / path).exists(), f"{name}: {path}"


def test_no_secret_is_committed_that_nobody_has_looked_at() -> None:
    found = audit.new_secrets(audit.secrets_in(PROJECT), json.loads(audit.BASELINE.read_text(encoding="utf-8")))
    assert not found, "look at each; what is none is accepted with `make audit ACCEPT=1`"
