"""The workflows: pinned, modest, and made of commands that run on any machine."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import pipeline_checks
from scripts.environment import PROJECT

FOLDER = PROJECT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
ACTION = PROJECT / ".github" / "actions" / "environment" / "action.yml"


def load(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())  # type: ignore[no-any-return]


def jobs(path: Path) -> dict[str, dict[str, Any]]:
    return load(path)["jobs"]  # type: ignore[no-any-return]


def steps() -> list[dict[str, Any]]:
    found = [step for path in FILES for job in jobs(path).values() for step in job.get("steps", [])]
    return found + load(ACTION)["runs"]["steps"]


def test_there_are_the_workflows_that_the_docs_name() -> None:
    assert [path.stem for path in FILES] == ["ci-cd", "deploy", "nightly", "release", "weekly"]


def test_every_action_is_pinned_by_commit_with_its_version_beside_it() -> None:
    text = "\n".join(path.read_text() for path in [*FILES, ACTION])
    used = re.findall(r"uses: (?!\./)(.+)", text)
    assert len(used) > 10
    for line in used:
        assert re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line


def test_an_action_has_one_version_everywhere() -> None:
    text = "\n".join(path.read_text() for path in [*FILES, ACTION])
    versions: dict[str, set[str]] = {}
    for name, pin in re.findall(r"uses: ([\w./-]+)@(\S+ # \S+)", text):
        versions.setdefault(name, set()).add(pin)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_is_permitted_by_default_and_no_job_runs_for_ever(path: Path) -> None:
    workflow = load(path)
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert job["permissions"], name
        assert "uses" in job or job["timeout-minutes"] <= 180, name
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        assert writes <= {"id-token", "pull-requests", "contents"}, name
    if "workflow_call" not in workflow[True]:  # YAML reads the key `on` as true
        assert workflow["concurrency"]["group"]


def test_who_may_write_to_a_pull_request_runs_none_of_its_code() -> None:
    for path in FILES:
        for name, job in jobs(path).items():
            if job["permissions"].get("pull-requests") == "write":
                assert not [
                    step for step in job["steps"] if "checkout" in step.get("uses", "") or "make" in step.get("run", "")
                ], name


def test_four_stages_need_each_other_and_pull_requests_stop_after_quality() -> None:
    found = jobs(FOLDER / "ci-cd.yml")
    assert found["build"]["needs"] == ["quality", "metrics"]
    assert "refs/heads/main" in found["build"]["if"]
    assert found["staging"]["needs"] == ["build"]
    assert found["production"]["needs"] == ["staging"]
    assert found["notify"]["if"].startswith("always()")
    assert set(found["notify"]["needs"]) == {"quality", "metrics", "build", "staging", "production"}
    assert found["comment"]["if"].startswith("github.event_name == 'pull_request'")


def test_no_key_of_aws_is_kept_anywhere() -> None:
    for path in [*FILES, ACTION]:
        text = path.read_text()
        assert "aws-access-key-id" not in text.lower()
        assert set(re.findall(r"secrets\.(\w+)", text)) <= {"SONAR_TOKEN", "NOTIFY_WEBHOOK_URL"}


def test_shell_steps_are_make_targets_and_modules_of_this_repository() -> None:
    """What CI does can be done here: the few other commands are those that only GitHub and AWS have."""
    elsewhere = ("aws ecr get-login-password", "gh pr comment", "gh release create", "cat metrics.md >>")
    targets = set(re.findall(r"^([a-z0-9-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))
    commands = [line.strip() for step in steps() if "run" in step for line in step["run"].splitlines() if line.strip()]
    assert len(commands) > 12
    for command in commands:
        if command.startswith(elsewhere):
            continue
        words = command.split()
        if words[0] == "make":
            assert words[1] in targets, command
        else:
            assert words[:2] == ["python3", "-m"], command
            assert (PROJECT / (words[2].replace(".", "/") + ".py")).is_file(), command


def test_what_tries_or_trains_on_the_campaign_has_its_archive_or_does_not_run() -> None:
    """A pipeline without it would skip those tests in silence."""
    needing = ("make coverage", "make test", "make test-e2e", "make run", "make replay", "make test-compose")
    checked = 0
    for path in FILES:
        for name, job in jobs(path).items():
            if [step for step in job.get("steps", []) if step.get("run", "").startswith(needing)]:
                [prepared] = [step for step in job["steps"] if step.get("uses") == "./.github/actions/environment"]
                assert prepared.get("with", {}).get("archive") == "true", f"{path.stem}: {name}"
                checked += 1
    assert checked == 5
    steps_of_action = [step for step in load(ACTION)["runs"]["steps"] if step.get("if") == "inputs.archive == 'true'"]
    assert [step.get("run") for step in steps_of_action] == [None, "make archive"]
    assert "source.py" in steps_of_action[0]["with"]["key"], "the file that holds the checksum"


def test_the_containers_are_tried_every_week() -> None:
    workflow = load(FOLDER / "weekly.yml")
    [plan] = workflow[True]["schedule"]
    assert plan["cron"].split()[2:] == ["*", "*", "0"]
    assert "make test-compose" in [step.get("run") for step in workflow["jobs"]["containers"]["steps"]]


def test_the_scores_of_the_tests_are_held_every_week() -> None:
    """`make mutation` ends with 1 where a score falls; nobody hears of a failure that `notify` does not wait for."""
    jobs_of_week = jobs(FOLDER / "weekly.yml")
    assert "make mutation" in [step.get("run") for step in jobs_of_week["mutation"]["steps"]]
    assert jobs_of_week["notify"]["needs"] == ["containers", "mutation"]


def test_no_expression_is_pasted_into_a_shell() -> None:
    for step in steps():
        assert "${{" not in step.get("run", ""), step


def test_make_lint_refuses_an_unpinned_action_an_unknown_key_and_an_unknown_property(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / ".github", tmp_path / ".github")
    shutil.copy(PROJECT / ".cfnlintrc.yaml", tmp_path)
    release, nightly = (tmp_path / ".github" / "workflows" / name for name in ("release.yml", "nightly.yml"))
    release.write_text(re.sub(r"actions/checkout@[0-9a-f]{40} # \S+", "actions/checkout@v6", release.read_text()))
    template = tmp_path / "deploy" / "cloudformation" / "bad.yaml"
    template.parent.mkdir(parents=True)
    template.write_text("Resources:\n  Topic:\n    Type: AWS::SNS::Topic\n    Properties: {TopicNam: alarms}\n")
    complaints = pipeline_checks.run_all(tmp_path, pipeline_checks.checks(tmp_path))
    assert any(text.startswith("cfn-lint") and "TopicNam" in text for text in complaints)
    assert any(text.startswith("zizmor") and "unpinned-uses" in text for text in complaints)
    nightly.write_text(nightly.read_text().replace("runs-on:", "run-on:"))
    [schema] = [command for command in pipeline_checks.checks(tmp_path) if "vendor.github-workflows" in command]
    assert "runs-on" in pipeline_checks.run_all(tmp_path, [schema])[0]
