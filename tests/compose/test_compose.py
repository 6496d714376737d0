"""`make up` and what a newcomer then does with it, on a real engine. In order: each test builds on those before it."""

from __future__ import annotations

import csv
import json
import logging
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.compose_secrets import MAKERS
from tests.compose.stack import Stack
from tests.support.served import PROSPECT

log = logging.getLogger(__name__)

DAG, RUN = "bank_marketing_training", "compose-test"

STEPS = {"secrets", "buckets", "landing", "airflow-init"}
SERVERS = {
    "postgres", "s3", "mail", "spark-master", "spark-worker", "mlflow", "api",
    "airflow-api-server", "airflow-scheduler", "airflow-dag-processor", "airflow-triggerer",
}  # fmt: skip

#: What all images share, on Python's slim image. A base of one's own may be larger, with more certificates for one.
SHARED_BYTES = 0.15e9

#: The one image whose first process must be root: it becomes `postgres` by itself.
STARTS_AS_ROOT = {"postgres"}


def predict(stack: Stack) -> dict[str, Any]:
    """The answer for one prospect, once the service has seen the model in production."""
    answer = stack.api("POST", "/api/v1/predictions", json={"prospect": PROSPECT})
    return dict(answer.json()) if answer.status_code == 200 else {}


def facts(stack: Stack) -> dict[str, Any]:
    """What must outlive any restart: runs, objects, models, mails, and the answer that the service gives."""
    answer = stack.wait(lambda: predict(stack), 180, "a prediction")
    return {
        "tasks": stack.task_states(DAG, RUN),
        "artifacts": {key for key in stack.objects() if "/predictions/" not in key},
        "models": stack.objects("mlflow", "PLATFORM_MLFLOW_S3"),
        "mails": sorted(mail["subject"] for mail in stack.mails()),
        "probability": answer["probability"],
        "version": answer["model"]["version"],
    }


def test_everything_is_up_and_healthy_after_one_command(stack: Stack) -> None:
    states = {
        container["Service"]: (container["State"], container["Health"], container["ExitCode"])
        for container in stack.containers()
    }
    assert {name: states[name] for name in STEPS} == dict.fromkeys(STEPS, ("exited", "", 0))
    assert {name: states[name][:2] for name in SERVERS} == dict.fromkeys(SERVERS, ("running", "healthy"))
    assert set(states) == STEPS | SERVERS
    assert stack.url("PLATFORM_AIRFLOW_PORT") in stack.told


def test_the_secrets_are_private_complete_and_shown_on_request(stack: Stack) -> None:
    assert set(MAKERS) <= set(stack.secrets)
    assert stack.dotenv.stat().st_mode & 0o777 == 0o600
    shown = stack.compose("run", "--rm", "secrets", "show")
    assert stack.secrets["PLATFORM_ADMIN_PASSWORD"] in shown


def test_the_engine_tells_no_secret_of_any_container(stack: Stack) -> None:
    """Environment, command, labels: everything that `docker inspect` shows, of the steps that have ended as well."""
    assert set(stack.inspect()) == STEPS | SERVERS
    told = stack.everything_inspected()
    assert not [name for name in MAKERS if stack.secrets[name] in told]


def test_secrets_in_volumes_are_for_their_readers_alone(stack: Stack) -> None:
    listed = stack.compose("run", "--rm", "--entrypoint", "find", "secrets", "/run/bank", "-type", "f", "-printf", "%m %p\\n")
    modes = {path: mode for mode, path in (line.split() for line in listed.splitlines() if "/run/bank/" in line)}
    assert len(modes) >= 11
    assert set(modes.values()) == {"440"}, modes
    for service in ("api", "mlflow", "airflow-scheduler", "spark-worker"):
        code, told = stack.try_compose("exec", "--no-TTY", "--user", "4242:4242", service, "sh", "-c", "cat /run/bank/*/*")
        assert code, service
        assert "Permission denied" in told or "No such file" in told


def test_containers_have_no_rights_that_they_do_not_need(stack: Stack) -> None:
    for name, container in stack.inspect().items():
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"], name
        assert host["CapDrop"] == ["ALL"], name
        assert host["Memory"] > 0, name
        assert host["PidsLimit"] > 0, name
        assert host["NanoCpus"] > 0, name
        assert any("no-new-privileges" in option for option in host["SecurityOpt"]), name
        assert host["LogConfig"]["Config"]["max-size"], name
        assert name in STARTS_AS_ROOT or container["Config"]["User"].split(":")[0] not in ("", "0", "root"), name
        bound = [each["HostIp"] for ports in (host["PortBindings"] or {}).values() for each in ports]
        assert set(bound) <= {"127.0.0.1"}, name


@pytest.mark.parametrize("image", ["api", "mlflow"])
def test_an_image_that_runs_no_spark_stays_below_a_gigabyte(stack: Stack, image: str) -> None:
    found = stack.inspect()[image]["Image"]
    shared = stack.inspect()["secrets"]["Image"]
    size, below = (int(stack.docker("image", "inspect", "--format", "{{.Size}}", each)) for each in (found, shared))
    log.info("image %s: %.2f GB, of which %.2f are what all images share", image, size / 1e9, below / 1e9)
    assert size - below < 1e9 - SHARED_BYTES


def test_strangers_get_nothing(stack: Stack) -> None:
    mlflow = f"{stack.url('PLATFORM_MLFLOW_PORT')}/api/2.0/mlflow"
    assert stack.http.get(f"{mlflow}/registered-models/search").status_code == 401
    assert stack.http.get(f"{mlflow}/registered-models/search", auth=("admin", "password1234")).status_code == 401
    assert stack.http.get(f"{stack.url('PLATFORM_AIRFLOW_PORT')}/api/v2/dags").status_code == 401
    assert (
        stack.http.post(f"{stack.url('PLATFORM_API_PORT')}/api/v1/predictions", json={"prospect": PROSPECT}).status_code == 401
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        stack.s3("").list_objects_v2(Bucket="bank-marketing")
    with pytest.raises(ClientError, match="AccessDenied"):  # each key opens one bucket
        stack.s3("PLATFORM_MLFLOW_S3").list_objects_v2(Bucket="bank-marketing")


def test_another_commit_replaces_only_what_writes_it_into_records(stack: Stack) -> None:
    before = stack.ids()
    commit = {"PLATFORM_COMMIT": "f" * 40, "PLATFORM_CPUS": "2"}
    stack.compose("build", **commit)
    stack.compose("up", "--detach", "--wait", "--scale", "addresses=0", **commit)
    after = stack.ids()
    assert stack.inside("api", "cat", "/opt/bank-marketing/COMMIT").strip() == "f" * 40
    replaced = {name for name in before if before[name] != after[name]}
    assert replaced == {name for name in before if name.startswith("airflow") or name in ("api", "landing")}
    stack.up()  # of this checkout's own commit again


def test_plain_compose_up_ends_with_the_addresses(stack: Stack) -> None:
    told = stack.compose("run", "--rm", "--no-deps", "addresses")
    assert stack.url("PLATFORM_AIRFLOW_PORT") in told
    assert "2010-06-30" in told


def test_the_connection_says_where_spark_runs(stack: Stack) -> None:
    connection = stack.airflow("GET", "/connections/spark_default")
    assert (connection["host"], connection["port"]) == ("spark://spark-master", 7077)


def test_the_training_dag_is_green_on_the_campaign(trained: dict[str, str]) -> None:
    tasks = [
        "ingest_data",
        "validate_data",
        "transform_data",
        "train_model",
        "evaluate_model",
        "promote_model",
        "notify_success",
    ]
    assert trained == dict.fromkeys(tasks, "success")


def test_what_make_up_names_as_next_is_what_happens_and_nothing_else(stack: Stack, trained: dict[str, str]) -> None:
    """Schedules are on, as a newcomer has them: unpausing starts the run of last night, for a campaign that ended in 2010."""
    assert f"trigger the DAG {DAG} in Airflow, with the day 2010-06-30" in stack.told
    stack.wait(lambda: not stack.runs(DAG, "queued", "running"), 300, "all runs have ended")
    for run_id, state in stack.runs(DAG).items():
        assert state == "success", run_id
        if run_id != RUN:
            assert stack.task_states(DAG, run_id)["train_model"] in ("skipped", None), (
                f"{run_id} has trained, which nobody asked for"
            )
    learned = stack.wait(lambda: stack.api("GET", "/api/v1/model").json().get("trained_through"), 120, "a model")
    assert learned <= "2010-06-30"


def test_unpausing_the_nightly_scoring_makes_no_red_run(stack: Stack, trained: dict[str, str]) -> None:
    dag = "bank_marketing_batch_scoring"
    before = len(stack.mails())
    stack.airflow("PATCH", f"/dags/{dag}", json={"is_paused": False})
    stack.wait(lambda: stack.runs(dag), 180, "the run of last night")
    stack.wait(lambda: not stack.runs(dag, "queued", "running"), 600, "all runs have ended")
    assert set(stack.runs(dag).values()) == {"success"}
    assert len(stack.mails()) == before


def test_its_logs_tell_the_story_and_nothing_else(stack: Stack, trained: dict[str, str]) -> None:
    for task, state in trained.items():
        if state == "success":
            told = str(stack.airflow("GET", f"/dags/{DAG}/dagRuns/{RUN}/taskInstances/{task}/logs/1")["content"])
            assert "Pushing xcom" in told, task
            assert not [word for word in ("task.stderr", "task.stdout", "Traceback", "Git") if word in told], task


def test_its_artifacts_lie_in_the_object_store(stack: Stack, trained: dict[str, str]) -> None:
    manifests = {key for key in stack.objects() if key.endswith("manifest.json")}
    for task in ("ingest_data", "transform_data", "train_model"):
        assert f"artifacts/runs/{DAG}/2010-06-30/{RUN}/{task}/manifest.json" in manifests
    assert sum(key.startswith("artifacts/clean/contacts/") for key in manifests) == 390  # days
    assert stack.objects("mlflow", "PLATFORM_MLFLOW_S3")
    assert not [key for key in stack.objects() if "/_staging/" in key], "not even Spark's empty markers"


def test_its_spark_jobs_ran_on_the_cluster(stack: Stack, trained: dict[str, str]) -> None:
    done = {app["name"]: app["state"] for app in stack.spark()["completedapps"]}
    assert done == {f"bank-marketing {task} 2010-06-30": "FINISHED" for task in ("ingest_data", "transform_data")}


def test_its_report_is_in_the_mailbox(stack: Stack, trained: dict[str, str]) -> None:
    (mail,) = [mail for mail in stack.mails() if "2010-06-30" in mail["subject"]]
    assert "SYNTHETIC" not in mail["subject"]
    assert {each["address"] for each in mail["to"]} <= {"marketing@bank.example", "ml-oncall@bank.example"}


def test_the_model_answers_through_the_api(stack: Stack, trained: dict[str, str]) -> None:
    answer = stack.wait(lambda: predict(stack), 120, "a prediction")
    assert 0 < answer["probability"] < 1
    assert answer["reasons"]
    code = stack.inside("api", "cat", "/opt/bank-marketing/COMMIT").strip()
    assert len(code.removesuffix("+changes")) == 40


def test_the_nightly_list_is_scored_on_the_cluster_and_traced_by_one_command(stack: Stack, trained: dict[str, str]) -> None:
    states = stack.run_dag("bank_marketing_batch_scoring", "compose-test", {"as_of": "2010-06-30"})
    assert set(states.values()) == {"success"}
    done = {app["name"]: app["state"] for app in stack.spark()["completedapps"]}
    assert done["bank-marketing score_prospects 2010-06-30"] == "FINISHED"
    [key] = [key for key in stack.objects() if key.endswith("contact_date=2010-07-01/call_list.csv")]
    text = stack.s3().get_object(Bucket="bank-marketing", Key=key)["Body"].read().decode("utf-8-sig")
    first = next(csv.DictReader(text.splitlines(), delimiter=";"))
    told = stack.inside("api", "bank-marketing", "trace", first["contact_id"])
    assert "Every link is as it was" in told


def test_a_list_by_hand_is_made_where_spark_is(stack: Stack, trained: dict[str, str]) -> None:
    code, told = stack.try_compose("exec", "--no-TTY", "api", "bank-marketing", "call-list", "--as-of", "2010-06-30")
    assert code == 1
    assert "docker compose exec airflow-scheduler bank-marketing call-list" in told
    assert "Traceback" not in told
    made = stack.inside("airflow-scheduler", "bank-marketing", "call-list", "--as-of", "2010-06-30")
    assert "2010-07-01" in made


def test_a_job_outlives_its_killed_worker(stack: Stack, trained: dict[str, str]) -> None:
    """Killed in mid-job, all of it at once; the engine starts it again, and the result is that of an undisturbed run."""
    stack.start_dag(DAG, "worker-killed", {"as_of": "2010-06-30", "promote": "no"})
    stack.wait(lambda: stack.spark()["activeapps"], 300, "a Spark job has started")
    stack.compose("exec", "--no-TTY", "spark-worker", "sh", "-c", "kill -9 -1")
    assert set(stack.wait_for_dag(DAG, "worker-killed").values()) == {"success"}
    stack.wait_until_well()

    def features(run: str) -> Any:
        key = f"artifacts/runs/{DAG}/2010-06-30/{run}/transform_data/manifest.json"
        return json.load(stack.s3().get_object(Bucket="bank-marketing", Key=key)["Body"])["content_digest"]

    assert features("worker-killed") == features(RUN)


def test_each_container_restarted_in_turn_loses_nothing(stack: Stack, trained: dict[str, str]) -> None:
    before = facts(stack)
    for service in sorted(SERVERS):
        stack.compose("restart", service)
        stack.wait_until_well()
        assert facts(stack) == before, service


def test_down_and_up_keep_the_data(stack: Stack, trained: dict[str, str]) -> None:
    before, secrets = facts(stack), stack.secrets
    stack.compose("down")
    _, seconds = stack.up()
    log.info("make up on full volumes: %.0f s", seconds)
    assert stack.secrets == secrets
    assert facts(stack) == before


def test_more_workers_share_the_cluster(stack: Stack) -> None:
    stack.compose("up", "--detach", "--wait", "--no-recreate", "--scale", "spark-worker=2", "spark-worker")
    stack.wait(lambda: sum(worker["state"] == "ALIVE" for worker in stack.spark()["workers"]) == 2, 120, "two workers")


def test_a_lost_env_file_is_written_again_from_the_volume(stack: Stack) -> None:
    secrets = stack.secrets
    stack.write_dotenv()
    started = time.perf_counter()
    stack.up()
    assert {name: stack.secrets[name] for name in MAKERS} == {name: secrets[name] for name in MAKERS}
    log.info("make up with everything running: %.0f s", time.perf_counter() - started)
