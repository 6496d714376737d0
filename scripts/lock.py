"""The lock: which exact files get installed, by hash. `python -m scripts.lock` writes it, `… check` verifies that it is in step.

requirements.lock is what a checkout installs, tools included. The others are parts of it with the same versions, one for each image:
requirements-runtime.lock is Airflow's (all of requirements.txt), requirements-api.lock what the group `api` of pyproject.toml asks for,
and so on. Standard library only: the set-up reads the lock before anything is installed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
LOCK = PROJECT / "requirements.lock"
RUNTIME_LOCK = PROJECT / "requirements-runtime.lock"

#: Groups of pyproject.toml that are locked beside requirements.txt.
GROUPS = ("dev", "java")

#: Groups of pyproject.toml that images install instead of requirements.txt.
IMAGES = ("api", "mlflow", "spark")

#: File name of each image's lock -> what is resolved into it.
PARTS = {RUNTIME_LOCK.name: ("requirements.txt",)} | {f"requirements-{name}.lock": ("--group", name) for name in IMAGES}

_INPUTS = re.compile(r"^# inputs: ([0-9a-f]{64})$", re.MULTILINE)
_ENTRY = re.compile(
    r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==([^\s;\\]+)(?:\s*;\s*([^\\\n]*?))?\s*(?:\\?\n|$)", re.MULTILINE
)


def digest_of(*paths: Path) -> str:
    """SHA-256 over the content of files, in order."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()


def inputs_digest(project: Path = PROJECT) -> str:
    """SHA-256 of all that decides about the lock: requirements.txt, and the groups and overrides of pyproject.toml."""
    pyproject = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    groups = pyproject.get("dependency-groups", {})
    wanted = [groups.get(name, []) for name in (*GROUPS, *IMAGES)]
    overrides = pyproject.get("tool", {}).get("uv", {}).get("override-dependencies", [])
    lines = [
        line.partition(" #")[0].strip() for line in (project / "requirements.txt").read_text(encoding="utf-8").splitlines()
    ]
    stated = [line for line in lines if line and not line.startswith("#")]
    python = pyproject["project"]["requires-python"]
    return hashlib.sha256(repr((python, stated, wanted, overrides)).encode()).hexdigest()


def entries(text: str) -> dict[str, str]:
    """The lock's entries: package name (normalised) -> its lines, hashes included.

    A package may stand there several times, with another version for another Python or system; its lines are kept together.
    """
    found = list(_ENTRY.finditer(text))
    ends = [match.start() for match in found[1:]] + [len(text)]
    together: dict[str, str] = {}
    for match, end in zip(found, ends, strict=True):
        name = _normal(match[1])
        together[name] = together.get(name, "") + text[match.start() : end]
    return together


def versions(text: str) -> dict[str, set[str]]:
    """The lock's versions: package name (normalised) -> the versions that it has somewhere."""
    found: dict[str, set[str]] = {}
    for match in _ENTRY.finditer(text):
        found.setdefault(_normal(match[1]), set()).add(match[2])
    return found


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _compile(
    target: Path, project: Path, wanted: tuple[str, ...], *, part_of: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Resolve what is wanted into `target`; versions that it already holds are kept where they still fit.

    With `part_of`, the versions are those of this lock.
    """
    uv = project / ".venv" / "bin" / "uv"
    command = [str(uv) if uv.exists() else "uv", "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", _lowest_python(project), "--custom-compile-command", "make lock"]
    # Nothing of the machine that resolves may end up in the lock.
    command += ["--no-emit-index-url", "--no-emit-find-links", "--no-annotate"]
    if part_of is not None:
        command += ["--constraint", str(part_of)]
    command += ["--output-file", str(target), *wanted]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        text = target.read_text(encoding="utf-8")
        header = f"# inputs: {inputs_digest(project)}\n"
        text = (
            _INPUTS.sub(header.strip(), text)
            if _INPUTS.search(text)
            else re.sub(r"^(?!#)", header, text, count=1, flags=re.MULTILINE)
        )
        target.write_text(text, encoding="utf-8")
    return done


def _lowest_python(project: Path) -> str:
    requires = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]["requires-python"]
    return str(requires).removeprefix(">=")


def _compile_all(folder: Path, project: Path) -> subprocess.CompletedProcess[str]:
    """Resolve all locks into `folder`; the answer is the first failure, or the last success."""
    lock = folder / LOCK.name
    everything = (*(word for group in GROUPS for word in ("--group", group)), "requirements.txt")
    done = _compile(lock, project, everything)
    for name, wanted in PARTS.items():
        if done.returncode == 0:
            part = folder / name
            part.unlink(missing_ok=True)  # its versions come from the lock alone
            done = _compile(part, project, wanted, part_of=lock)
    return done


def write(project: Path = PROJECT, *, upgrade: bool = False) -> int:
    """Write the locks; with `upgrade`, take the newest versions that fit instead of keeping the present ones."""
    if upgrade:
        (project / LOCK.name).unlink(missing_ok=True)
    done = _compile_all(project, project)
    if done.returncode:
        sys.stderr.write(done.stderr)
        return 1
    counts = [
        f"{len(versions((project / name).read_text(encoding='utf-8')))} packages in {name}" for name in (LOCK.name, *PARTS)
    ]
    print(f"lock: {', '.join(counts)}")
    return 0


def check(project: Path = PROJECT) -> int:
    """Whether the locks are what compiling would write: 0, or 1 with the reason. Without a network, their inputs are compared."""
    locks = [project / name for name in (LOCK.name, *PARTS)]
    wanted = inputs_digest(project)
    for lock in locks:
        stated = _INPUTS.search(lock.read_text(encoding="utf-8")) if lock.exists() else None
        if stated is None or stated[1] != wanted:
            print(
                f"lock: requirements.txt or the groups of pyproject.toml changed after {lock.name} was written; run: make lock"
            )
            return 1
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(locks[0], folder)
        done = _compile_all(Path(folder), project)
        if done.returncode:
            reason = done.stderr.strip().splitlines()
            if not re.search(r"fetch|connect|dns|network|timed? ?out|request", done.stderr, re.IGNORECASE):
                sys.stderr.write(done.stderr)
                return 1
            print(
                f"lock: its inputs are unchanged; not compiled again, the registry does not answer ({reason[0] if reason else '?'})"
            )
            return 0
        for lock in locks:
            if (Path(folder) / lock.name).read_bytes() != lock.read_bytes():
                print(f"lock: compiling again gives another {lock.name}; run: make lock")
                return 1
    print("lock: in step with requirements.txt and pyproject.toml")
    return 0


if __name__ == "__main__":
    sys.exit(check() if sys.argv[1:] == ["check"] else write(upgrade=sys.argv[1:] == ["upgrade"]))
