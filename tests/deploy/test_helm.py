"""deploy/helm: what the files name exists, nobody is root, no secret stands there; an executor starts as Kubernetes starts it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyspark
import pytest
import yaml
from airflow.configuration import conf

from bank_marketing.settings import Settings
from scripts.environment import PROJECT
from tests.support.mlflow_server import free_port
from tests.support.spark_cluster import spark_cluster

HELM = PROJECT / "deploy" / "helm"

#: Variables of Airflow that are no option of its configuration.
CONNECTIONS = ("AIRFLOW_CONN_SPARK_DEFAULT", "AIRFLOW_CONN_SMTP_DEFAULT")


def document(name: str) -> Any:
    return yaml.safe_load((HELM / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def values() -> dict[str, Any]:
    found: dict[str, Any] = document("values.yaml")
    return found


def variables(values: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in values["env"]}


def known(section: str, option: str) -> bool:
    return option in conf.configuration_description.get(section, {}).get("options", {})


def test_every_setting_is_one_of_the_platform_or_of_airflow(values: dict[str, Any]) -> None:
    for name in variables(values):
        if name.startswith("BANK_"):
            assert name.removeprefix("BANK_").lower() in Settings.model_fields, name
        elif name.startswith("AIRFLOW__"):
            _, section, option = name.split("__")
            assert known(section.lower(), option.lower()), name
    options = [(section, option) for section, given in values["config"].items() for option in given]
    assert all(known(section, option) for section, option in options), options
    assert [entry["envName"] for entry in values["secret"]] == list(CONNECTIONS)


def test_dags_and_plugins_are_those_of_the_image(values: dict[str, Any]) -> None:
    image = (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    for name in ("AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER"):
        assert f"{name}={variables(values)[name]}" in image
    assert not values["dags"]["gitSync"]["enabled"]
    assert not values["dags"]["persistence"]["enabled"]


def test_the_airflow_is_that_of_the_lock(values: dict[str, Any]) -> None:
    assert f"\napache-airflow=={values['airflowVersion']} " in (PROJECT / "requirements-runtime.lock").read_text(
        encoding="utf-8"
    )


def test_no_process_is_root_or_may_become_it(values: dict[str, Any]) -> None:
    pod, container = values["securityContexts"]["pod"], values["securityContexts"]["containers"]
    assert pod["runAsNonRoot"] is True
    assert (pod["runAsUser"], pod["runAsGroup"], values["uid"]) == (50000, 0, 50000)
    assert container == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert "USER 50000:0" in (PROJECT / "Dockerfile").read_text(encoding="utf-8")
    assert values["createUserJob"] == {"enabled": False}, "the chart's own user has the password admin"


def test_no_secret_stands_there_and_each_is_made_in_the_docs(values: dict[str, Any]) -> None:
    docs = (PROJECT / "docs" / "deployment.md").read_text(encoding="utf-8")
    named = {
        values["data"]["metadataSecretName"]: {"connection"},
        values["data"]["brokerUrlSecretName"]: {"connection"},
        values["fernetKeySecretName"]: {"fernet-key", "api-secret-key", "jwt-secret"},
        "bank-connections": {entry["secretKey"] for entry in values["secret"]},
    }
    assert values["fernetKeySecretName"] == values["apiSecretKeySecretName"] == values["jwtSecretName"]
    for secret, keys in named.items():
        made = re.search(rf"create secret generic {secret} (.+?)\n(?!\s)", docs, re.DOTALL)
        assert made, secret
        assert keys == set(re.findall(r"--from-literal=([\w-]+)=", made[1])), secret
    assert not re.search(r"://[^/\s]*:[^/\s]*@", (HELM / "values.yaml").read_text(encoding="utf-8"))


def test_probes_are_those_of_the_image(values: dict[str, Any]) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location("probe", PROJECT / "deploy" / "docker" / "probe.py")
    assert spec is not None
    assert spec.loader is not None
    probe = module_from_spec(spec)
    spec.loader.exec_module(probe)
    parts = {name: values[name] for name in ("scheduler", "dagProcessor", "triggerer")} | {
        "worker": values["workers"]["celery"]
    }
    for name, part in parts.items():
        *command, asked = part["livenessProbe"]["command"]
        assert command == ["bank-entrypoint", "bank-probe"], name
        assert asked in probe.PROBES, name
        assert part["logGroomerSidecar"] == {"enabled": False}, "its script is in Airflow's own image only"
        assert part["resources"]["limits"]["memory"], name


def test_what_is_mounted_is_made(values: dict[str, Any]) -> None:
    made = {(item["kind"], item["metadata"]["name"]) for item in document("spark.yaml")["items"]}
    claims = {volume["persistentVolumeClaim"]["claimName"] for volume in values["volumes"] if "persistentVolumeClaim" in volume}
    maps = {volume["configMap"]["name"] for volume in values["volumes"] if "configMap" in volume}
    assert {("PersistentVolumeClaim", claim) for claim in claims} <= made
    assert maps == set(values["extraConfigMaps"])
    assert {mount["name"] for mount in values["volumeMounts"]} == {volume["name"] for volume in values["volumes"]}
    spark = options(values)
    assert spark["spark.kubernetes.executor.volumes.persistentVolumeClaim.landing.options.claimName"] in claims
    assert ("ServiceAccount", spark["spark.kubernetes.authenticate.executor.serviceAccountName"]) in made
    landing = {mount["mountPath"] for mount in values["volumeMounts"] if mount["name"] == "landing"}
    assert {spark["spark.kubernetes.executor.volumes.persistentVolumeClaim.landing.mount.path"]} == landing
    assert {variables(values)["BANK_LANDING_ROOT"]} == landing


def options(values: dict[str, Any]) -> dict[str, str]:
    text = yaml.safe_load(values["extraConfigMaps"]["bank-spark"]["data"].replace("{{ .Release.Namespace }}", "bank"))
    return dict(line.split(maxsplit=1) for line in text["spark-defaults.conf"].splitlines())


def test_the_migration_loads_pools_and_connections_with_a_command_that_exists(values: dict[str, Any]) -> None:
    from scripts.airflow_settings import main

    migrate, load = values["migrateDatabaseJob"]["args"][-1].split(" && ")
    assert migrate == "airflow db migrate"
    module, _, arguments = load.removeprefix("python -m ").partition(" ")
    assert module == main.__module__
    assert arguments.split() == ["--into", "/tmp/settings", "--import"]


@pytest.mark.timeout(600)
def test_an_executor_starts_as_kubernetes_starts_it_and_works() -> None:
    """A cluster without workers: the one executor is a process of the image's entry point, told by variables what Spark tells a pod."""
    port = free_port()
    with spark_cluster(workers=0) as cluster:
        driver = (
            "from pyspark.sql import SparkSession\n"
            f"spark = SparkSession.builder.master({cluster.url!r}).config('spark.driver.port', {port}).getOrCreate()\n"
            "conf = spark.sparkContext.getConf()\n"
            "print('driver', conf.get('spark.driver.host'), conf.get('spark.app.id'), flush=True)\n"
            "print('sum', spark.sparkContext.range(100).map(lambda number: number * 2).sum(), flush=True)\n"
        )
        local = os.environ | cluster.variables | {"SPARK_LOCAL_HOSTNAME": "127.0.0.1"}
        with subprocess.Popen([sys.executable, "-c", driver], env=local, stdout=subprocess.PIPE, text=True) as asking:
            assert asking.stdout is not None
            _, host, application = asking.stdout.readline().split()
            assert host == "127.0.0.1", "SPARK_LOCAL_HOSTNAME is what executors call"
            pod = {
                "SPARK_DRIVER_URL": f"spark://CoarseGrainedScheduler@{host}:{port}",
                "SPARK_EXECUTOR_ID": "1", "SPARK_EXECUTOR_CORES": "1", "SPARK_EXECUTOR_MEMORY": "512m",
                "SPARK_APPLICATION_ID": application, "SPARK_EXECUTOR_POD_IP": host, "SPARK_EXECUTOR_POD_NAME": "pod-1",
                "SPARK_RESOURCE_PROFILE_ID": "0", "SPARK_JAVA_OPT_0": "-Dtold=by a pod",
                "SPARK_JAVA_OPT_1": "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "SPARK_JAVA_OPT_2": "--add-opens=java.base/java.nio=ALL-UNNAMED",
            }  # fmt: skip
            image = {
                "SPARK_HOME": str(Path(pyspark.__file__).parent),
                "SPARK_CONF_DIR": str(PROJECT / "deploy" / "docker" / "spark"),
                "PYSPARK_PYTHON": sys.executable,
            }
            entry_point = ["/bin/sh", str(PROJECT / "deploy" / "docker" / "entrypoint.sh"), "executor"]
            with subprocess.Popen(entry_point, env=os.environ | image | pod, stderr=subprocess.DEVNULL) as executor:
                try:
                    assert asking.stdout.readline().split() == ["sum", "9900"]
                    told = Path(f"/proc/{executor.pid}/cmdline").read_text().split("\0")
                    assert "-Dtold=by a pod" in told
                finally:
                    executor.kill()
                    asking.kill()
