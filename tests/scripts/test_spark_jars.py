"""Spark's jars for S3: the right version, whole and unaltered, or a sentence that says what to do."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import pytest

from scripts import spark_jars
from scripts.spark_jars import Jar, JarsError, fetch, locked

PLACE = "org/example/one/1.0/one-1.0.jar"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture
def central(tmp_path: Path) -> Iterator[str]:
    """A repository with one jar."""
    jar = tmp_path / "central" / PLACE
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"a jar")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "central")))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def jar() -> Jar:
    return Jar(PLACE, hashlib.sha256(b"a jar").hexdigest())


def test_the_lock_fits_the_hadoop_inside_pyspark() -> None:
    found = find_spec("pyspark")
    assert found is not None
    own = {path.name for path in (Path(str(found.origin)).parent / "jars").glob("*.jar")}
    versions = {jar.name.removeprefix("hadoop-aws-") for jar in locked() if jar.name.startswith("hadoop-aws-")}
    assert {f"hadoop-client-api-{version}" for version in versions} <= own
    assert len(versions) == 1
    assert not own & {jar.name for jar in locked()}, "what PySpark carries is not fetched again"
    assert all(len(jar.sha256) == 64 for jar in locked())


def test_a_folder_is_brought_in_step(central: str, jar: Jar, tmp_path: Path) -> None:
    folder = tmp_path / "jars"
    folder.mkdir()
    (folder / "old-0.9.jar").write_bytes(b"of an earlier lock")
    assert fetch(folder, jars=[jar], central=central) == 1
    assert [path.name for path in folder.iterdir()] == ["one-1.0.jar"]
    assert fetch(folder, jars=[jar], central=central) == 0
    (folder / "one-1.0.jar").write_bytes(b"cut of")
    assert fetch(folder, jars=[jar], central=central) == 1
    assert (folder / "one-1.0.jar").read_bytes() == b"a jar"


def test_an_altered_jar_is_not_kept(central: str, tmp_path: Path) -> None:
    with pytest.raises(JarsError, match="was not kept"):
        fetch(tmp_path / "jars", jars=[Jar(PLACE, "0" * 64)], central=central)
    assert list((tmp_path / "jars").iterdir()) == []


def test_a_jar_that_cannot_be_had_names_the_way_out(
    central: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jar: Jar
) -> None:
    monkeypatch.setattr(spark_jars, "TRIES", 1)
    with pytest.raises(JarsError, match="MAVEN_MIRROR"):
        fetch(tmp_path, jars=[Jar("org/example/two/1.0/two-1.0.jar", jar.sha256)], central=central)
    with pytest.raises(JarsError, match="https:// only"):
        fetch(tmp_path, jars=[jar], central="http://mirror.example.com")
