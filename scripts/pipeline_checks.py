"""What `make lint` checks of the pipeline: CloudFormation templates, workflows, Dependabot, without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from scripts.environment import PROJECT

BIN = Path(sys.executable).parent


def checks(project: Path) -> list[list[str]]:
    """The commands; actionlint's only where it is installed (it is no Python package)."""
    github = project / ".github"
    workflows = [str(path) for path in sorted((github / "workflows").glob("*.yml"))]
    actions = [str(path) for path in sorted((github / "actions").glob("*/action.yml"))]
    schema = [str(BIN / "check-jsonschema"), "--builtin-schema"]
    commands = [
        [str(BIN / "cfn-lint")],
        [*schema, "vendor.github-workflows", *workflows],
        [*schema, "vendor.github-actions", *actions],
        [*schema, "vendor.dependabot", str(github / "dependabot.yml")],
        [str(BIN / "zizmor"), "--offline", "--no-progress", "--quiet", str(github)],
    ]
    if actionlint := shutil.which("actionlint"):
        commands.append([actionlint, *workflows])
    return commands


def run_all(project: Path, commands: Sequence[Sequence[str]]) -> list[str]:
    """Run commands at the same time; gives what those that complain say."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        ended = pool.map(lambda c: subprocess.run(c, cwd=project, capture_output=True, text=True, check=False), commands)
    return [f"{Path(done.args[0]).name}: {done.stdout}{done.stderr}" for done in ended if done.returncode]


def main(project: Path = PROJECT) -> int:
    """Run them all; 1 when one of them complains."""
    commands = checks(project)
    complaints = run_all(project, commands)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    print(f"pipeline: {len(commands)} checks, {len(complaints)} failed")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
