"""What the registry's scan found in the images of a build, and what of it stops the way to a cluster."""

from __future__ import annotations

import json
import time
from datetime import date
from pathlib import Path
from typing import Any, Literal

import yaml
from botocore.exceptions import ClientError
from pydantic import Field, ValidationError

from bank_marketing.components.context import Entity
from bank_marketing.errors import ConfigError
from scripts.deploy.aws import Clients, code_of, told
from scripts.deploy.errors import ImageRefused
from scripts.deploy.images import Images, place

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED"]

#: Most severe first.
SEVERITIES: tuple[Severity, ...] = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")

#: An image's manifest, or the index of one with attestations.
MANIFESTS = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]

#: A basic scan of an image of 3 GB takes a few minutes.
PATIENCE_SECONDS = 900.0
POLL_SECONDS = 5.0


class Accepted(Entity):
    """A finding that may run for a while, who says so, and until when."""

    id: str = Field(pattern=r"^[A-Z]+-[0-9A-Za-z-]+$")
    reason: str = Field(min_length=20)
    until: date


class Finding(Entity):
    """A known hole in one image."""

    image: str
    id: str
    severity: Severity
    package: str


def load_accepted(path: Path) -> tuple[Accepted, ...]:
    """Read the accepted findings. Raises ConfigError: one has no reason or no end."""
    try:
        return tuple(Accepted(**entry) for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or [])
    except (ValidationError, TypeError) as error:
        raise ConfigError(f"{path}: every entry needs id, reason and until: {error}") from error


def check(
    clients: Clients, images: Images, *, stop_at: Severity, accepted: tuple[Accepted, ...] = (), today: date
) -> list[Finding]:
    """All findings of the images.

    Raises:
        ImageRefused: one at or above `stop_at` is not accepted, or its acceptance is over.
    """
    found = [finding for target, uri in images.root.items() for finding in _findings(clients, target, uri)]
    tolerated = {entry.id for entry in accepted if entry.until >= today}
    grave = SEVERITIES[: SEVERITIES.index(stop_at) + 1]
    stops = sorted({(f.severity, f.id, f.package) for f in found if f.severity in grave and f.id not in tolerated})
    if stops:
        listed = ", ".join(f"{identity} ({severity}, {package})" for severity, identity, package in stops[:10])
        raise ImageRefused(
            f"{len(stops)} finding(s) of {stop_at} or worse: {listed}. Build on a newer base image, or accept one for a while, with "
            "its reason, in deploy/accepted_findings.yaml."
        )
    return found


def _findings(clients: Clients, target: str, uri: str) -> list[Finding]:
    return [
        Finding(image=target, id=entry["name"], severity=entry["severity"], package=_package(entry))
        for digest in _scannable(clients, uri)
        for entry in _finished(clients, uri, digest).get("imageScanFindings", {}).get("findings", [])
    ]


def _scannable(clients: Clients, uri: str) -> list[str]:
    """Digests that the registry scans. A build with attestations is an index: of it, the images, not the attestations."""
    name, digest = place(uri)
    with told(f"reading the manifest of {uri}"):
        answer = clients.ecr.batch_get_image(
            repositoryName=name, imageIds=[{"imageDigest": digest}], acceptedMediaTypes=MANIFESTS
        )
    if not answer["images"]:
        raise ImageRefused(f"{uri} is not in the registry: build and push it first")
    manifest = json.loads(answer["images"][0]["imageManifest"])
    if "manifests" not in manifest:
        return [digest]
    return [entry["digest"] for entry in manifest["manifests"] if entry.get("platform", {}).get("os") != "unknown"]


def _package(entry: dict[str, Any]) -> str:
    values = {attribute["key"]: attribute.get("value", "") for attribute in entry.get("attributes", [])}
    return f"{values.get('package_name', '?')} {values.get('package_version', '')}".strip()


def _finished(clients: Clients, uri: str, digest: str) -> dict[str, Any]:
    """All pages of a finished scan; starts one where none was made."""
    name, _ = place(uri)
    image = {"repositoryName": name, "imageId": {"imageDigest": digest}}
    deadline = time.monotonic() + PATIENCE_SECONDS
    with told(f"the scan of {uri}"):
        while True:
            try:
                first: dict[str, Any] = clients.ecr.describe_image_scan_findings(**image)
            except ClientError as error:
                if code_of(error) != "ScanNotFoundException":
                    raise
                clients.ecr.start_image_scan(**image)
                continue
            state = first["imageScanStatus"]["status"]
            if state in ("COMPLETE", "ACTIVE"):
                return _with_all_pages(clients, image, first)
            if state not in ("IN_PROGRESS", "PENDING") or time.monotonic() > deadline:
                raise ImageRefused(f"the scan of {uri} is {state}: what was not scanned does not run")
            time.sleep(POLL_SECONDS)


def _with_all_pages(clients: Clients, image: dict[str, Any], first: dict[str, Any]) -> dict[str, Any]:
    page = first
    while page.get("nextToken"):
        page = clients.ecr.describe_image_scan_findings(**image, nextToken=page["nextToken"])
        first["imageScanFindings"]["findings"] += page["imageScanFindings"].get("findings", [])
    return first
