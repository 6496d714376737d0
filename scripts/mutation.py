"""`make mutation`: puts faults into the code, one at a time, and counts those that the tests of the same folder notice.

mutmut makes the faults and runs the tests. It takes the code from `src`, as a package that is not installed: so each folder gets a
workspace below `.mutation/` in which the package lies in `src` and comes first on Python's path.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from bank_marketing.cli.shared import console, failing_well
from bank_marketing.errors import ConfigError
from scripts.environment import PROJECT

#: What was measured last, by folder: no score may fall below the whole per cents of it.
RECORD = PROJECT / "tests" / "mutation.json"

#: The page with the table that is written from RECORD, between these two lines.
PAGE = PROJECT / "docs" / "testing.md"
BEGIN, END = "<!-- mutation: written by make mutation RECORD=1 -->", "<!-- mutation: end -->"

#: Without these the score would depend on the machine: an archive on disk, the number of threads of a library.
_ELSEWHERE = ("BANK_ARCHIVE", "BANK_CAMPAIGN", "BANK_CAMPAIGNS")
_ALIKE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Score:
    """How many faults the tests of a folder noticed.

    Attributes:
        mutants: faults that were put in.
        killed: of these, noticed: a test failed, or did not end.
        seconds: what the whole run took.
        tests: seconds that the tests take by themselves, once, without a fault.
    """

    mutants: int
    killed: int
    seconds: int
    tests: float

    @property
    def percent(self) -> float:
        """Share of the faults that were noticed, 0..100."""
        return 100 * self.killed / self.mutants if self.mutants else 100.0

    def falls_below(self, recorded: Score | None) -> bool:
        """Whether fewer whole per cents are noticed than were recorded."""
        return recorded is not None and int(self.percent) < int(recorded.percent)


def folders(project: Path = PROJECT) -> dict[str, dict[str, list[str]]]:
    """What is tried: folder -> its `code` (below include/bank_marketing) and its `tests`, from pyproject.toml."""
    return dict(tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutation"])


def recorded(path: Path = RECORD) -> dict[str, Score]:
    """The scores on record, by folder."""
    return {name: Score(**numbers) for name, numbers in json.loads(path.read_text(encoding="utf-8")).items()}


def table(scores: Mapping[str, Score]) -> str:
    """The scores as the Markdown table of the page."""
    lines = ["| Folder | Mutants | Killed | Score | Seconds | Tests alone, s | Command |", "|---|--:|--:|--:|--:|--:|---|"]
    for name, score in scores.items():
        cells = f"{score.mutants:,} | {score.killed:,} | {score.percent:.1f} % | {score.seconds} | {score.tests:.1f}"
        lines.append(f"| {name} | {cells} | `make mutation FOLDER={name}` |")
    return "\n".join(lines)


def keep(name: str, score: Score, order: Iterable[str], record: Path = RECORD, page: Path = PAGE) -> None:
    """Put a score on record and into the page's table; what has no place in `order` any more goes."""
    scores = recorded(record) | {name: score}
    scores = {known: scores[known] for known in order if known in scores}
    numbers = {known: asdict(value) for known, value in scores.items()}
    record.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n{table(scores)}\n{END}{rest.split(END)[1]}", encoding="utf-8")


def prepare(workspace: Path, code: list[str], tests: list[str], project: Path = PROJECT) -> None:
    """Copy what git has into a workspace and tell mutmut what to change and which tests to run."""
    shutil.rmtree(workspace, ignore_errors=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=project, check=True, capture_output=True, text=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        source = project / name
        place = Path("src", *Path(name).parts[1:]) if name.startswith("include/") else Path("mutants", name)
        if source.is_file():
            (workspace / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, workspace / place)
    (workspace / "mutants" / "src").mkdir()  # a folder of Python's path that is not there at its start is never looked into
    (workspace / "mutants" / "include").symlink_to("src")
    lists = {
        "source_paths": ["src"],
        "only_mutate": [f"src/bank_marketing/{path}" for path in code],
        "pytest_add_cli_args": ["--timeout=120", "-p", "no:unraisableexception"],
        "pytest_add_cli_args_test_selection": tests,
    }
    lines = ["[mutmut]", "process_isolation = forkserver", "use_git_change_detection = false", "timeout_multiplier = 10"]
    lines += [f"{key} =" + "".join(f"\n    {value}" for value in values) for key, values in lists.items()]
    (workspace / "setup.cfg").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(workspace: Path) -> Score:
    """Run mutmut in a prepared workspace. Raises ConfigError: it cannot run, for instance since a test fails without any fault."""
    path = os.pathsep.join([str(workspace / "mutants" / "src"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    env = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE} | _ALIKE | {"PYTHONPATH": path}
    began = time.monotonic()
    mutmut = [sys.executable, "-m", "mutmut"]
    with (workspace / "mutmut.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            [*mutmut, "run", "--max-children", "2"], cwd=workspace, env=env, stdout=log, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        raise ConfigError(
            f"mutmut could not run, mostly since a test fails without any fault: try the folder's tests in {workspace / 'mutants'}; "
            f"its log is {log.name}"
        )
    seconds = round(time.monotonic() - began)
    subprocess.run([*mutmut, "export-cicd-stats"], cwd=workspace, env=env, check=True, capture_output=True)
    found = json.loads((workspace / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    listed = subprocess.run([*mutmut, "results"], cwd=workspace, env=env, check=True, capture_output=True, text=True)
    (workspace / "survivors.txt").write_text(listed.stdout, encoding="utf-8")
    alone = json.loads((workspace / "mutants" / "mutmut-stats.json").read_text(encoding="utf-8"))["duration_by_test"]
    return Score(
        mutants=found["total"] - found["skipped"],
        killed=found["killed"] + found["timeout"],
        seconds=seconds,
        tests=round(sum(alone.values()), 1),
    )


@failing_well
def main(
    folder: Annotated[list[str] | None, typer.Argument(help="folders of [tool.mutation]; all without")] = None,
    record: Annotated[bool, typer.Option(help="put the scores on record, unless one falls")] = False,
) -> None:
    """Score folders; ends with 1 where one notices fewer faults than is on record."""
    known, before, fallen = folders(), recorded(), []
    for name in folder or list(known):
        if name not in known:
            raise ConfigError(f"tool.mutation of pyproject.toml has no folder {name!r}; it has {', '.join(known)}")
        workspace = PROJECT / ".mutation" / name
        prepare(workspace, known[name]["code"], known[name]["tests"])
        score = measure(workspace)
        fell = score.falls_below(before.get(name))
        console.print(f"{name}: {score.killed} of {score.mutants} mutants killed, {score.percent:.1f} %, {score.seconds} s")
        console.print(f"  not noticed: {workspace / 'survivors.txt'}; one as a diff: cd {workspace} && mutmut show NAME")
        if fell:
            fallen.append(f"{name} ({score.percent:.1f} %, on record {before[name].percent:.1f} %)")
        elif record:
            keep(name, score, known)
    if fallen:
        raise ConfigError(f"fewer faults are noticed than before: {', '.join(fallen)}; add the tests that notice them")


if __name__ == "__main__":
    typer.run(main)
