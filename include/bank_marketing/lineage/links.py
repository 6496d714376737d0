"""One link of a chain: what stood there, and whether it still does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from bank_marketing.artifacts import ArtifactRef, ArtifactStore, Manifest
from bank_marketing.artifacts.digests import file_digest
from bank_marketing.errors import ArtifactCorrupt, ArtifactMissing
from bank_marketing.etl.snapshot import CleanDay
from bank_marketing.landing.zone import LandedSource

#: `recorded` stands on record without a digest of its own to check it against.
State = Literal["intact", "altered", "missing", "recorded"]

#: Broken members that one link names.
NAMED = 5


class Link(BaseModel):
    """Something a prediction came from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    state: State
    problem: str = ""
    uri: str = ""
    digest: str = ""
    facts: dict[str, JsonValue] = {}

    @property
    def broken(self) -> bool:
        """Whether the chain ends here."""
        return self.state in ("altered", "missing")


def artifact_link(name: str, store: ArtifactStore, ref: ArtifactRef, facts: Mapping[str, Any] | None = None) -> Link:
    """An artifact, every file of it checked against its manifest and the manifest against the reference."""
    state: State = "intact"
    problem, told = "", dict(facts or {})
    try:
        manifest = store.manifest(ref)
        told = _origin(manifest) | told
        store.verify(ref)
    except ArtifactMissing as error:
        state, problem = "missing", str(error)
    except ArtifactCorrupt as error:
        state, problem = "altered", str(error)
    return Link(name=name, state=state, problem=problem, uri=ref.uri, digest=ref.digest, facts=told)


def _origin(manifest: Manifest) -> dict[str, Any]:
    """When, by which run and code an artifact was made."""
    made = {
        "as_of": manifest.as_of.isoformat() if manifest.as_of else None,
        "run": f"{manifest.dag_id}/{manifest.run_id}" if manifest.run_id else None,
        "created_at": manifest.created_at.isoformat(timespec="seconds"),
        "code_version": manifest.code_version,
        "rows": dict(manifest.rows) or None,
    }
    return {name: value for name, value in made.items() if value}


def clean_days_link(store: ArtifactStore, days: Iterable[CleanDay]) -> Link:
    """The clean directories of a snapshot, each checked whole."""
    problems, count = [], 0
    for day in days:
        count += 1
        ref = ArtifactRef(kind="clean_contacts", uri=store.uri(day.path), digest=day.digest)
        checked = artifact_link("clean day", store, ref)
        if checked.broken:
            problems.append(checked)
    return _summed("clean days", problems, count, store.uri("clean"))


def landed_files_link(landing: Path, days: Iterable[CleanDay]) -> Link:
    """The landed files that the clean days were read from, by the sha256 they had when they were ingested."""
    problems, count = [], 0
    for day in days:
        count += 1
        path = landing / "contacts" / f"dt={day.contact_date}" / "contacts.csv"
        checked = landed_file_link("landed file", path, day.source_sha256)
        if checked.broken:
            problems.append(checked)
    return _summed("landed files", problems, count, str(landing / "contacts"))


def landed_file_link(name: str, path: Path, sha256: str, facts: Mapping[str, Any] | None = None) -> Link:
    """One landed file against the sha256 it had when it was read."""
    state: State = "intact"
    problem = ""
    if not path.is_file():
        state, problem = "missing", f"{path} is no longer there"
    elif file_digest(path) != sha256:
        state = "altered"
        problem = f"{path} is not the file that was read: it was corrected since, or altered"
    return Link(name=name, state=state, problem=problem, uri=str(path), digest=sha256, facts=dict(facts or {}))


def _summed(name: str, problems: list[Link], count: int, uri: str) -> Link:
    told = "; ".join(link.problem for link in problems[:NAMED])
    if len(problems) > NAMED:
        told += f"; and {len(problems) - NAMED} more"
    state: State = "intact"
    if problems:
        state = "missing" if all(link.state == "missing" for link in problems) else "altered"
    return Link(name=name, state=state, problem=told, uri=uri, facts={"checked": count, "broken": len(problems)})


def archive_link(source: Mapping[str, Any], archive: Path | None) -> Link:
    """The archive behind the landed files, computed anew where it is at hand.

    Args:
        source: what landed, as the snapshot says: kind, digest, seed, scale.
        archive: where the archive would be; None when the campaign has none.
    """
    label = LandedSource.model_validate(source).label
    digest = str(source.get("digest") or "")
    if source.get("kind") != "archive":
        return Link(name="archive", state="recorded", digest=digest, facts={"source": label})
    if archive is None or not archive.is_file():
        facts: dict[str, JsonValue] = {"source": label, "checked": "by its digest alone: the archive is not at hand"}
        return Link(name="archive", state="recorded", digest=digest, facts=facts)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    same = found == digest
    problem = "" if same else f"{archive} has sha256 {found[:12]}, the landed one had {digest[:12]}"
    state: State = "intact" if same else "altered"
    return Link(name="archive", state=state, problem=problem, uri=str(archive), digest=digest, facts={"source": label})
