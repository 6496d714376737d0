"""The gate between the registry and a cluster."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from bank_marketing.errors import ConfigError
from scripts.deploy import scan
from scripts.deploy.cli import ACCEPTED
from scripts.deploy.errors import ImageRefused
from scripts.deploy.images import Images, place
from scripts.deploy.scan import Accepted
from tests.support.aws import REGION, Account

#: The endpoint starts, makes its stacks and a model in the first test that needs them; on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(900)


TODAY = date(2026, 11, 25)


@pytest.fixture
def pushed(account: Account, first: Images, request: pytest.FixtureRequest) -> Images:
    images = account.push(request.node.name)
    report(account, images, "api", [])
    report(account, images, "mlflow", [("MEDIUM", "CVE-2026-0002")])
    return images


def report(account: Account, images: Images, target: str, findings: list[tuple[str, str]]) -> None:
    """Tell the endpoint what its scan of an image finds."""
    name, digest = place(images.root[target])
    answer: dict[str, Any] = {
        "registryId": "123456789012",
        "repositoryName": name,
        "imageId": {"imageDigest": digest},
        "imageScanStatus": {"status": "COMPLETE"},
        "imageScanFindings": {
            "findings": [
                {
                    "name": identity,
                    "severity": severity,
                    "attributes": [{"key": "package_name", "value": "openssl"}, {"key": "package_version", "value": "3.0"}],
                }
                for severity, identity in findings
            ]
        },
    }
    told = httpx.post(f"{account.url}/moto-api/static/ecr/scan-finding-results", json={"region": REGION, "results": [answer]})
    assert told.status_code == 201


def test_a_grave_finding_stops_and_names_the_package(account: Account, pushed: Images) -> None:
    report(account, pushed, "airflow", [("CRITICAL", "CVE-2026-0001")])
    with pytest.raises(ImageRefused, match=r"CVE-2026-0001 \(CRITICAL, openssl 3.0\)"):
        scan.check(account.clients, pushed, stop_at="HIGH", today=TODAY)


def test_an_accepted_finding_passes_until_its_day(account: Account, pushed: Images) -> None:
    report(account, pushed, "airflow", [("HIGH", "CVE-2026-0003")])
    accepted = (Accepted(id="CVE-2026-0003", reason="not reachable: the code path needs a TTY", until=TODAY),)
    found = scan.check(account.clients, pushed, stop_at="HIGH", accepted=accepted, today=TODAY)
    assert {(finding.image, finding.id) for finding in found} == {("airflow", "CVE-2026-0003"), ("mlflow", "CVE-2026-0002")}
    with pytest.raises(ImageRefused, match="CVE-2026-0003"):
        scan.check(account.clients, pushed, stop_at="HIGH", accepted=accepted, today=date(2026, 11, 26))


def test_what_is_below_the_threshold_is_told_and_passes(account: Account, pushed: Images) -> None:
    report(account, pushed, "airflow", [])
    assert [finding.severity for finding in scan.check(account.clients, pushed, stop_at="HIGH", today=TODAY)] == ["MEDIUM"]
    with pytest.raises(ImageRefused):
        scan.check(account.clients, pushed, stop_at="MEDIUM", today=TODAY)


def test_of_an_index_the_image_is_scanned_and_not_its_attestation(account: Account, pushed: Images) -> None:
    name, image = place(pushed.root["api"])
    index = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                {"digest": image, "platform": {"os": "linux", "architecture": "amd64"}},
                {"digest": "sha256:" + "a" * 64, "platform": {"os": "unknown", "architecture": "unknown"}},
            ],
        }
    )
    digest = f"sha256:{hashlib.sha256(index.encode()).hexdigest()}"
    account.clients.ecr.put_image(
        repositoryName=name,
        imageManifest=index,
        imageManifestMediaType="application/vnd.oci.image.index.v1+json",
        imageDigest=digest,
        imageTag="index",
    )
    whole = Images({"api": pushed.root["api"].partition("@")[0] + "@" + digest})
    report(account, pushed, "api", [("HIGH", "CVE-2026-0004")])
    assert scan._scannable(account.clients, whole.root["api"]) == [image]


def test_an_acceptance_needs_a_reason_and_an_end(tmp_path: Path) -> None:
    path = tmp_path / "accepted.yaml"
    path.write_text("- {id: CVE-2026-0001, reason: no, until: 2027-01-01}\n")
    with pytest.raises(ConfigError, match="reason"):
        scan.load_accepted(path)
    assert isinstance(scan.load_accepted(ACCEPTED), tuple)
