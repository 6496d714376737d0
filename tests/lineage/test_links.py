"""Each kind of link: intact, altered, missing or only recorded, in a sentence that names what and where."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bank_marketing.artifacts import ArtifactRef, LocalStore, Manifest
from bank_marketing.etl.snapshot import CleanDay
from bank_marketing.lineage.links import (
    NAMED,
    Link,
    archive_link,
    artifact_link,
    clean_days_link,
    landed_file_link,
    landed_files_link,
)

FIRST = date(2009, 3, 2)


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(f"file://{tmp_path}/store")


def published(store: LocalStore, name: str, content: str = "x", **fields: Any) -> Manifest:
    with store.stage() as stage:
        (stage.path / "file.txt").write_text(content)
        return stage.publish(store.uri(name), "thing", **fields)


def file_of(ref: ArtifactRef) -> Path:
    return Path(ref.uri.removeprefix("file://")) / "file.txt"


def overwrite(path: Path, content: str = "y") -> None:
    path.chmod(0o644)
    path.write_text(content)


@pytest.mark.parametrize(("state", "broken"), [("intact", False), ("altered", True), ("missing", True), ("recorded", False)])
def test_a_chain_ends_where_a_link_is_altered_or_missing(state: Any, broken: bool) -> None:
    assert Link(name="x", state=state).broken is broken


def test_an_artifact_says_when_and_by_which_run_and_code_it_was_made(store: LocalStore) -> None:
    made = published(store, "a", as_of=FIRST, dag_id="training", run_id="nightly", rows={"rows": 7})
    link = artifact_link("features", store, made.ref, {"choice": "ridge"})
    assert link == Link(
        name="features",
        state="intact",
        problem="",
        uri=made.uri,
        digest=made.content_digest,
        facts={
            "as_of": "2009-03-02",
            "run": "training/nightly",
            "created_at": made.created_at.isoformat(timespec="seconds"),
            "code_version": made.code_version,
            "rows": {"rows": 7},
            "choice": "ridge",
        },
    )


def test_what_an_artifact_does_not_know_is_left_out_and_given_facts_come_first(store: LocalStore) -> None:
    made = published(store, "a")
    facts = artifact_link("features", store, made.ref, {"code_version": "given"}).facts
    assert facts == {"created_at": made.created_at.isoformat(timespec="seconds"), "code_version": "given"}


def test_an_artifact_that_is_gone_is_missing_and_keeps_its_facts(store: LocalStore) -> None:
    ref = ArtifactRef(kind="thing", uri=store.uri("nowhere"), digest="d" * 64)
    link = artifact_link("features", store, ref, {"choice": "ridge"})
    assert (link.name, link.state, link.uri, link.digest, link.facts) == (
        "features", "missing", ref.uri, ref.digest, {"choice": "ridge"},
    )  # fmt: skip
    assert link.problem.startswith(f"no artifact at {ref.uri}")


def test_an_artifact_whose_file_or_digest_is_another_is_altered(store: LocalStore) -> None:
    made = published(store, "a", run_id="nightly", dag_id="training")
    other = artifact_link("features", store, ArtifactRef(kind="thing", uri=made.uri, digest="d" * 64))
    assert (other.state, other.facts) == ("altered", {})
    assert "not the thing dddddddddddd that was asked for" in other.problem
    overwrite(file_of(made.ref))
    link = artifact_link("features", store, made.ref)
    assert link.state == "altered"
    assert "file.txt was altered" in link.problem
    assert link.facts["run"] == "training/nightly", "its origin is known all the same"


def clean_day(number: int, **fields: Any) -> CleanDay:
    values: dict[str, Any] = {
        "contact_date": FIRST + timedelta(days=number), "source_sha256": "0" * 64, "path": f"clean/{number}", "digest": "d" * 64,
        "rows_read": 1, "clean": 1, "rejected": 0, "duplicates": 0,
    }  # fmt: skip
    return CleanDay(**values | fields)


def clean_days(store: LocalStore, count: int) -> list[CleanDay]:
    refs = [published(store, f"clean/{number}", str(number)).ref for number in range(count)]
    return [clean_day(number, digest=ref.digest) for number, ref in enumerate(refs)]


def test_clean_days_are_checked_whole(store: LocalStore) -> None:
    days = clean_days(store, 7)
    whole = Link(name="clean days", state="intact", uri=store.uri("clean"), facts={"checked": 7, "broken": 0})
    assert clean_days_link(store, days) == whole
    assert clean_days_link(store, []).facts == {"checked": 0, "broken": 0}
    overwrite(Path(store.uri("clean/3").removeprefix("file://")) / "file.txt")
    link = clean_days_link(store, iter(days))
    assert (link.state, link.facts) == ("altered", {"checked": 7, "broken": 1})
    assert "clean/3/file.txt was altered" in link.problem


def landed(folder: Path, count: int) -> list[CleanDay]:
    days = []
    for number in range(count):
        day = FIRST + timedelta(days=number)
        path = folder / "contacts" / f"dt={day}" / "contacts.csv"
        path.parent.mkdir(parents=True)
        path.write_text(f"rows of {day}")
        days.append(clean_day(number, source_sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    return days


def test_landed_files_are_checked_by_the_sha256_they_had(tmp_path: Path) -> None:
    days = landed(tmp_path, 7)
    link = landed_files_link(tmp_path, days)
    assert link == Link(name="landed files", state="intact", uri=str(tmp_path / "contacts"), facts={"checked": 7, "broken": 0})
    first = tmp_path / "contacts" / "dt=2009-03-02" / "contacts.csv"
    first.write_text("corrected")
    link = landed_files_link(tmp_path, days)
    assert (link.state, link.facts) == ("altered", {"checked": 7, "broken": 1})
    assert link.problem == f"{first} is not the file that was read: it was corrected since, or altered"


@pytest.mark.parametrize(("gone", "more"), [(1, ""), (NAMED, ""), (NAMED + 1, "; and 1 more"), (NAMED + 2, "; and 2 more")])
def test_the_first_broken_ones_are_named_and_the_others_counted(tmp_path: Path, gone: int, more: str) -> None:
    days = landed(tmp_path, NAMED + 2)
    paths = [tmp_path / "contacts" / f"dt={day.contact_date}" / "contacts.csv" for day in days[:gone]]
    for path in paths:
        path.unlink()
    link = landed_files_link(tmp_path, days)
    assert (link.state, link.facts) == ("missing", {"checked": NAMED + 2, "broken": gone})
    assert link.problem == "; ".join(f"{path} is no longer there" for path in paths[:NAMED]) + more


def test_one_altered_among_missing_ones_makes_them_altered(tmp_path: Path) -> None:
    days = landed(tmp_path, 3)
    (tmp_path / "contacts" / "dt=2009-03-02" / "contacts.csv").unlink()
    (tmp_path / "contacts" / "dt=2009-03-03" / "contacts.csv").write_text("other")
    assert landed_files_link(tmp_path, days).state == "altered"


def test_one_landed_file(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"rows")
    sha256 = hashlib.sha256(b"rows").hexdigest()
    intact = Link(name="landed list", state="intact", uri=str(path), digest=sha256, facts={"uploaded": True})
    assert landed_file_link("landed list", path, sha256, {"uploaded": True}) == intact
    assert landed_file_link("landed list", path, sha256).facts == {}
    other = landed_file_link("landed list", path, "0" * 64)
    assert (other.state, other.digest) == ("altered", "0" * 64)
    gone = landed_file_link("landed list", tmp_path, sha256)
    assert (gone.state, gone.problem) == ("missing", f"{tmp_path} is no longer there"), "a folder is no file"


SHA = hashlib.sha256(b"as landed").hexdigest()


def test_an_archive_at_hand_is_computed_anew(tmp_path: Path) -> None:
    archive = tmp_path / "archive.zip"
    archive.write_bytes(b"as landed")
    source = {"kind": "archive", "title": "The archive", "digest": SHA}
    whole = Link(name="archive", state="intact", uri=str(archive), digest=SHA, facts={"source": "The archive"})
    assert archive_link(source, archive) == whole
    archive.write_bytes(b"another")
    link = archive_link(source, archive)
    now = hashlib.sha256(b"another").hexdigest()
    assert (link.state, link.digest, link.uri, link.facts) == ("altered", SHA, str(archive), {"source": "The archive"})
    assert link.problem == f"{archive} has sha256 {now[:12]}, the landed one had {SHA[:12]}"


@pytest.mark.parametrize("where", [lambda folder: None, lambda folder: folder / "nowhere.zip", lambda folder: folder])
def test_an_archive_elsewhere_is_on_record(tmp_path: Path, where: Callable[[Path], Path | None]) -> None:
    link = archive_link({"kind": "archive", "title": "The archive", "digest": SHA}, where(tmp_path))
    facts = {"source": "The archive", "checked": "by its digest alone: the archive is not at hand"}
    assert link == Link(name="archive", state="recorded", digest=SHA, facts=facts)


def test_what_came_from_no_archive_is_on_record(tmp_path: Path) -> None:
    file = tmp_path / "archive.zip"
    file.write_bytes(b"as landed")
    synthetic = archive_link({"kind": "synthetic", "seed": 7, "scale": 3}, file)
    assert synthetic == Link(name="archive", state="recorded", facts={"source": "SYNTHETIC campaign (seed 7, scale 3)"})
    feed = archive_link({"kind": "feed", "digest": SHA}, file)
    assert feed == Link(name="archive", state="recorded", digest=SHA, facts={"source": "landed feed"})


def test_a_moment_is_given_to_the_second(store: LocalStore) -> None:
    made = published(store, "a")
    said = artifact_link("features", store, made.ref).facts["created_at"]
    assert datetime.fromisoformat(str(said)) == made.created_at.replace(microsecond=0)
    assert datetime.now(UTC) - datetime.fromisoformat(str(said)) < timedelta(minutes=5)
