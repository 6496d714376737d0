"""`make audit`: known holes in what is locked (pip-audit), and secrets in what is committed (detect-secrets).

Both have a list of what was looked at and accepted: .ci/accepted_vulnerabilities.yaml, each entry with a reason and an end, and
.secrets.baseline, which `make audit ACCEPT=1` writes again after a look at what it would add.
"""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from pydantic import Field, ValidationError

from bank_marketing.cli.shared import failing_well
from bank_marketing.components.context import Entity
from bank_marketing.errors import ConfigError
from scripts.environment import PROJECT

BIN = Path(sys.executable).parent
ACCEPTED = PROJECT / ".ci" / "accepted_vulnerabilities.yaml"
BASELINE = PROJECT / ".secrets.baseline"

#: Hashes are no secrets: the locks, results.json and the predictions that tests hold are full of them, workflows pin actions by theirs.
NOT_SEARCHED = [
    "--exclude-files",
    r"(^|/)((requirements.*|jars)\.lock|\.secrets\.baseline|results\.json|first_campaign\.json)$",
    "--exclude-lines",
    "@[0-9a-f]{40}",
]


class Accepted(Entity):
    """A hole that may stay for a while."""

    id: str = Field(pattern=r"^(CVE|GHSA|PYSEC)-[0-9A-Za-z-]+$")
    package: str
    reason: str = Field(min_length=20)
    until: date


class Hole(Entity):
    """A known hole in a locked package."""

    package: str
    version: str
    ids: tuple[str, ...]
    mended_in: tuple[str, ...]


def load_accepted(path: Path = ACCEPTED) -> tuple[Accepted, ...]:
    """The accepted holes. Raises ConfigError: an entry lacks a reason or an end."""
    try:
        return tuple(Accepted(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or [])
    except (ValidationError, TypeError) as error:
        raise ConfigError(f"{path}: every entry needs id, package, reason and until: {error}") from error


def holes(lock: Path) -> list[Hole]:
    """What the advisory databases know of a lock's versions. Raises ConfigError: they could not be asked."""
    command = [
        str(BIN / "pip-audit"),
        "--requirement",
        str(lock),
        "--disable-pip",
        "--require-hashes",
        "--progress-spinner",
        "off",
    ]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)
    try:
        found = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError) as error:
        raise ConfigError(f"pip-audit could not say anything about {lock.name}: {done.stderr.strip()[-600:]}") from error
    return [
        Hole(
            package=entry["name"],
            version=entry["version"],
            ids=(vulnerability["id"], *vulnerability.get("aliases", [])),
            mended_in=tuple(vulnerability["fix_versions"]),
        )
        for entry in found
        for vulnerability in entry.get("vulns", [])
    ]


def open_holes(found: list[Hole], accepted: tuple[Accepted, ...], today: date) -> list[Hole]:
    """Those that nobody has accepted until today or later."""
    tolerated = {entry.id for entry in accepted if entry.until >= today}
    return [hole for hole in found if not tolerated.intersection(hole.ids)]


def secrets_in(project: Path) -> dict[str, Any]:
    """What looks like a secret in the committed files: a baseline without line numbers, so that moving a line is no news."""
    command = [str(BIN / "detect-secrets"), "scan", "--slim", *NOT_SEARCHED]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def new_secrets(found: dict[str, Any], baseline: dict[str, Any]) -> list[str]:
    """`file: kind` of each finding that the baseline does not have."""

    def keys(content: dict[str, Any]) -> set[tuple[str, str, str]]:
        return {
            (file, entry["type"], entry["hashed_secret"]) for file, entries in content["results"].items() for entry in entries
        }

    return [f"{file}: {kind}" for file, kind, _ in sorted(keys(found) - keys(baseline))]


@failing_well
def main(accept: Annotated[bool, typer.Option("--accept", help="Write .secrets.baseline again.")] = False) -> None:
    """Look for known holes and for secrets; 1 when there are some."""
    found = secrets_in(PROJECT)
    if accept:
        found.pop("generated_at", None)
        BASELINE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(
            f"{BASELINE.name}: {sum(map(len, found['results'].values()))} findings accepted; look at each before you commit it"
        )
    news = new_secrets(found, json.loads(BASELINE.read_text(encoding="utf-8")))
    for line in news:
        print(f"looks like a secret: {line}", file=sys.stderr)
    wrong = open_holes(holes(PROJECT / "requirements.lock"), load_accepted(), datetime.now(UTC).date())
    for hole in wrong:
        mended = f"mended in {', '.join(hole.mended_in)}" if hole.mended_in else "not mended yet"
        print(f"known hole: {hole.package} {hole.version}: {', '.join(hole.ids)}; {mended}", file=sys.stderr)
    print(f"audit: {len(news)} new secret(s), {len(wrong)} open hole(s)")
    if news or wrong:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
