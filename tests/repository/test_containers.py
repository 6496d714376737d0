"""The container files, read without an engine: what every service must have, and what may stand in none."""

from __future__ import annotations

import os
import re
import subprocess
from typing import Any

import pytest
import yaml

from bank_marketing.serving.settings import ApiSettings
from scripts.compose_addresses import PORTS, PROXY, addresses
from scripts.compose_secrets import BOUND_TO_DATA, MAKERS, OPTIONAL
from scripts.compose_up import IMAGES
from scripts.environment import PROJECT

COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (PROJECT / "Dockerfile").read_text(encoding="utf-8")

#: The target that each image is built from.
TARGETS = {"secrets", "airflow", "spark", "mlflow", "api"}

every_service = pytest.mark.parametrize("name", list(SERVICES))


def environment(name: str) -> dict[str, str]:
    return {key: str(value) for key, value in SERVICES[name].get("environment", {}).items()}


@every_service
def test_no_value_of_a_secret_is_interpolated_into_a_container(name: str) -> None:
    """`${NAME:+NAME}` hands over the name where it is set; anything else would hand over the value."""
    written = yaml.safe_dump({key: value for key, value in SERVICES[name].items() if key != "build"}, width=10_000)
    for secret in (*MAKERS, *OPTIONAL):
        assert set(re.findall(rf"\$\{{{secret}\b[^}}]*\}}", written)) <= {f"${{{secret}:+{secret}}}"}, secret
    assert not {*MAKERS, *OPTIONAL} & set(environment(name))


def test_every_secret_is_looked_for_in_the_env_file() -> None:
    assert set(re.findall(r"\$\{(\w+):\+", environment("secrets")["PLATFORM_GIVEN"])) == {*MAKERS, *OPTIONAL}
    assert set(BOUND_TO_DATA) <= set(MAKERS)


@every_service
def test_every_container_has_its_bounds(name: str) -> None:
    limits = SERVICES[name]["deploy"]["resources"]["limits"]
    assert set(limits) == {"memory", "cpus", "pids"}
    assert limits["cpus"] in ("1", "${PLATFORM_CPUS:-2}"), "an engine refuses more cores than it has"


def test_the_commit_goes_only_into_images_that_write_it_into_records() -> None:
    """Another commit makes other images of these alone, and replaces no other container."""
    readers = {
        service["image"].partition("/")[2].partition(":")[0]
        for service in SERVICES.values()
        if "COMMIT" in service.get("build", {}).get("args", {})
    }
    assert readers == {"airflow", "api"}
    holders = {f"${{COMPOSE_PROJECT_NAME:-bank-marketing}}/{name}:${{PLATFORM_TAG:-dev}}" for name in readers}
    for name, service in SERVICES.items():  # Compose replaces what depends on a replaced container as well
        if service["image"] not in holders and "profiles" not in service and name != "addresses":
            assert not {each for each in service.get("depends_on", {}) if SERVICES[each]["image"] in holders}, name
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL))
    assert {name for name, text in stages.items() if "ARG COMMIT" in text} == readers
    for name in readers:  # what follows the commit is built again with each one
        assert not re.search(r"^(COPY|RUN(?! if))", stages[name].partition("ARG COMMIT")[2], re.MULTILINE), name


def test_each_target_carries_what_it_runs() -> None:
    stages = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL))
    assert set(stages) >= TARGETS == set(IMAGES)
    for name, lacks in {
        "secrets": ("venv", "include", "jars", "dags"),
        "mlflow": ("include", "jars", "dags", "spark_jobs"),
        "api": ("jars", "dags", "plugins", "scripts", "spark_jobs"),
        "spark": ("dags", "plugins", "scripts"),
    }.items():
        copied = " ".join(re.findall(r"^COPY (.*)", stages[name], re.MULTILINE))
        assert not [word for word in lacks if word in copied], name
    bases = dict(re.findall(r"^FROM (\S+) AS (secrets|mlflow|api|spark|airflow)$", DOCKERFILE, re.MULTILINE)[::1])
    assert set(bases) == {"base", "java"}
    assert re.search(r"^FROM base AS api$", DOCKERFILE, re.MULTILINE), "no Java"


def test_the_modules_that_an_image_copies_find_each_other_there() -> None:
    """scripts/ is copied file by file: what one of them imports has to come along."""
    for name in ("secrets", "airflow", "mlflow"):
        stage = re.findall(rf"^FROM \S+ AS {name}\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)[0]
        copied = set(re.findall(r"scripts/(\w+)\.py", stage))
        assert copied, name
        for module in copied - {"__init__"}:
            text = (PROJECT / "scripts" / f"{module}.py").read_text(encoding="utf-8")
            text = text if name != "mlflow" else text.replace("from scripts import airflow_settings", "")  # of another step
            imported = set(re.findall(r"from scripts\.(\w+) import", text)) | set(
                re.findall(r"from scripts import (\w+)", text)
            )
            assert imported <= copied, f"{name}: {module}"


def test_images_that_are_not_ours_are_pinned_to_a_release() -> None:
    ours = "${COMPOSE_PROJECT_NAME:-bank-marketing}/"
    others = {service["image"] for service in SERVICES.values() if not service["image"].startswith(ours)}
    for image in {*others, re.findall(r"^ARG PYTHON_IMAGE=(\S+)", DOCKERFILE, re.MULTILINE)[0]}:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)*(@sha256:[0-9a-f]{64})?$", image), image
    dependabot = (PROJECT / ".github" / "dependabot.yml").read_text(encoding="utf-8")
    assert {"docker", "docker-compose"} <= set(re.findall(r"package-ecosystem: (\S+)", dependabot))


def test_the_proxy_lets_an_idle_connection_go_before_the_service_does() -> None:
    [held] = re.findall(r"keepalive (\d+)s", (PROJECT / "deploy" / "docker" / "Caddyfile").read_text(encoding="utf-8"))
    assert int(held) < ApiSettings().keep_alive_seconds


def test_two_checkouts_can_have_images_of_their_own() -> None:
    built = {service["image"] for service in SERVICES.values() if "build" in service}
    assert built == {f"${{COMPOSE_PROJECT_NAME:-bank-marketing}}/{name}:${{PLATFORM_TAG:-dev}}" for name in TARGETS}


def test_every_part_of_the_stack_can_be_started_alone() -> None:
    """`docker compose up api` builds what it needs: an image without a `build` beside it comes from a service that must end first."""

    def needed(name: str) -> set[str]:
        return {name}.union(*(needed(each) for each in SERVICES[name].get("depends_on", {})))

    for name, service in SERVICES.items():
        if service.get("pull_policy") == "never":
            assert service["image"] in {SERVICES[each]["image"] for each in needed(name) if "build" in SERVICES[each]}, name


def test_a_dag_author_has_the_checkout_mounted_into_every_container_of_airflow() -> None:
    develop = yaml.safe_load((PROJECT / "deploy" / "docker" / "develop.yaml").read_text(encoding="utf-8"))["services"]
    airflow = "${COMPOSE_PROJECT_NAME:-bank-marketing}/airflow:${PLATFORM_TAG:-dev}"
    running = {name for name, service in SERVICES.items() if service["image"] == airflow and service["restart"] != "no"}
    assert set(develop) == running
    for name, service in develop.items():
        mounts = dict(entry.rsplit(":", 1)[0].split(":") for entry in service["volumes"])
        assert all(target.startswith("/opt/bank-marketing/") for target in mounts.values())
        assert all((PROJECT / source).exists() for source in mounts), name
        assert {"./dags", "./include", "./plugins"} <= set(mounts)
    assert "/opt/bank-marketing/COMMIT" in mounts.values(), "what is mounted is not the image's commit"


def test_the_last_step_names_every_address_that_is_published() -> None:
    published = {
        variable
        for service in SERVICES.values()
        for port in service.get("ports", [])
        for variable in re.findall(r"\{(\w+_PORT)", port)
    }
    assert published == {*PORTS, *PROXY} == {name for name in environment("addresses") if name.endswith("_PORT")}
    for name, (default, _, _) in (PORTS | PROXY).items():
        assert environment("addresses")[name] == f"${{{name}:-{default}}}"
    servers = {
        name for name, service in SERVICES.items() if service.get("restart") == "unless-stopped" and "profiles" not in service
    }

    def waited(name: str) -> set[str]:
        return set().union(*({each} | waited(each) for each in SERVICES[name].get("depends_on", {})))

    assert servers <= waited("addresses")


def test_addresses_are_those_of_the_env_file() -> None:
    shown = list(addresses({"PLATFORM_API_PORT": "8123"}))
    assert len(shown) == len(PORTS)
    assert any("http://localhost:8123" in line for line in shown)
    assert any("http://localhost:8080" in line for line in shown)
    assert "https://localhost:8443" in "\n".join(addresses({"COMPOSE_PROFILES": "celery,proxy"}))


def test_what_the_entry_point_makes_of_an_unknown_user(tmp_path: Any) -> None:
    """A UID without a passwd entry gets a name, of which Java, Python and the shell hear; a known one is left alone."""
    script = (
        (PROJECT / "deploy" / "docker" / "entrypoint.sh")
        .read_text(encoding="utf-8")
        .replace("/tmp/.passwd", f"{tmp_path}/passwd")
    )
    (tmp_path / "bin").mkdir()
    getent = tmp_path / "bin" / "getent"
    for known in (False, True):
        getent.write_text(f"#!/bin/sh\nexit {0 if known else 2}\n", encoding="utf-8")
        getent.chmod(0o755)
        done = subprocess.run(
            ["sh", "-c", script, "sh", "/usr/bin/env"],
            env={"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "HOME": str(tmp_path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert (f"USER=bank-{os.getuid()}" in done.stdout) is not known
        assert ("NSS_WRAPPER_PASSWD" in done.stdout) is not known
    assert f"bank-{os.getuid()}:x:{os.getuid()}:0:" in (tmp_path / "passwd").read_text(encoding="utf-8")
