"""`make s3-jars`: what Spark needs to read and write s3a:// URIs, from Maven Central, each file checked against its pinned sha256.

pip's PySpark carries Hadoop's client without hadoop-aws. `spark_jobs/jars.lock` lists that module in PySpark's own Hadoop version with
those parts of the AWS SDK that S3 needs: 13 MB, where the SDK's bundle has 686. Standard library only: images run it before anything
is installed. A mirror of Maven Central is named by MAVEN_MIRROR.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
LOCK = PROJECT / "spark_jobs" / "jars.lock"
FOLDER = PROJECT / ".cache" / "spark-jars"
CENTRAL = "https://repo1.maven.org/maven2"

#: Tries for each file, and seconds that the server may be silent.
TRIES, PATIENCE = 3, 30


class JarsError(Exception):
    """The jars cannot be had; the message says what to do."""


@dataclass(frozen=True)
class Jar:
    """One file of Maven Central."""

    place: str
    sha256: str

    @property
    def name(self) -> str:
        """Its file name."""
        return self.place.rpartition("/")[2]


def locked(lock: Path = LOCK) -> list[Jar]:
    """The jars of the lock: each line `group:artifact:version sha256`, comments after #."""
    jars = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].split()
        if words:
            group, artifact, version = words[0].split(":")
            jars.append(Jar(f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar", words[1]))
    return jars


def fetch(folder: Path = FOLDER, *, jars: list[Jar] | None = None, central: str = "") -> int:
    """Bring `folder` in step with the lock: fetch what is missing or altered, remove other jars. Returns how many were fetched.

    Raises:
        JarsError: a file cannot be fetched, or is not what the lock says.
    """
    wanted = locked() if jars is None else jars
    folder.mkdir(parents=True, exist_ok=True)
    for other in set(folder.glob("*.jar")) - {folder / jar.name for jar in wanted}:
        other.unlink()
    missing = [jar for jar in wanted if _digest(folder / jar.name) != jar.sha256]
    base = (central or os.environ.get("MAVEN_MIRROR") or CENTRAL).rstrip("/")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda jar: _fetch(jar, folder, base), missing))
    return len(missing)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _fetch(jar: Jar, folder: Path, base: str) -> None:
    url = f"{base}/{jar.place}"
    content = _download(url)
    found = hashlib.sha256(content).hexdigest()
    if found != jar.sha256:
        raise JarsError(f"{url} has the sha256 {found}, and {LOCK.name} wants {jar.sha256}: it was not kept")
    part = folder / f"{jar.name}.part"
    part.write_bytes(content)
    part.replace(folder / jar.name)


def _download(url: str) -> bytes:
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise JarsError(f"{url}: jars are fetched by https:// only")
    problem = ""
    for attempt in range(TRIES):
        time.sleep(attempt)
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310  the scheme was checked above
                content: bytes = answer.read()
                return content
        except OSError as error:
            problem = str(error)
    raise JarsError(f"{url} cannot be fetched ({problem}): check the network, or name a mirror with MAVEN_MIRROR=https://…")


def main(arguments: list[str]) -> int:
    """Fetch into the folder given, else into the cache; returns the exit code."""
    folder = Path(arguments[0]) if arguments else FOLDER
    try:
        fetched = fetch(folder)
    except JarsError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{len(locked())} jars for s3a:// in {folder}, {fetched} fetched")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
