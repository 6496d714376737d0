"""A promotion or rollback swaps the model while it serves; what cannot be loaded leaves the last good one."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import httpx
import pytest

from bank_marketing.registry.registry import Registry
from tests.support.served import CHOICES, PROSPECT, Platform, Running, running
from tests.support.waiting import wait_for

URL = "/api/v1/predictions"


@pytest.fixture
def changing(tmp_path_factory: pytest.TempPathFactory) -> Platform:
    """A platform of its own: these tests change what is in production."""
    made = Platform(tmp_path_factory.mktemp("changing"))
    first = made.train("one", CHOICES[0])
    made.train("two", CHOICES[1])
    made.promote(first)
    return made


def test_models_are_swapped_under_load_without_a_failed_request(changing: Platform) -> None:
    key = changing.key()
    seen: list[tuple[int, int, float]] = []
    stop = threading.Event()

    def ask(url: str) -> None:
        with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=30) as client:
            while not stop.is_set():
                answer = client.post(URL, json={"prospect": PROSPECT})
                body = answer.json()
                seen.append((answer.status_code, body["model"]["version"], body["probability"]))

    with running(changing, model_check_seconds=0.1) as server:
        callers = [threading.Thread(target=ask, args=(server.url,)) for _ in range(4)]
        for caller in callers:
            caller.start()
        for version in (2, 1, 2):
            changing.registry.rollback(version, reason="a test", who="tester")
            wait_for(lambda: seen[-1][1] == version)  # noqa: B023  called before the next turn
        stop.set()
        for caller in callers:
            caller.join()
    assert {status for status, _, _ in seen} == {200}
    assert {version for _, version, _ in seen} == {1, 2}
    assert len({(version, p) for _, version, p in seen}) == 2  # no answer mixes two models


def test_a_model_that_does_not_load_keeps_the_last_good_one(changing: Platform) -> None:
    key = changing.key()
    with running(changing, model_check_seconds=0.1) as server:
        before = httpx.get(f"{server.url}/readyz").json()
        assert (before["problem"], before["model"]["version"]) == ("", 1)
        second = changing.registry.get(2)
        for path in (changing.home / "artifacts" / "mlflow").rglob("artifacts/model/model.skops"):
            path.write_bytes(path.read_bytes() + b"x")
        changing.promote(second)
        wait_for(lambda: bool(httpx.get(f"{server.url}/readyz").json()["problem"]))
        ready = httpx.get(f"{server.url}/readyz")
        assert ready.status_code == 200
        assert "its files were altered" in ready.json()["problem"]
        assert str(changing.home) not in ready.text
        answer = httpx.post(server.url + URL, json={"prospect": PROSPECT}, headers={"X-API-Key": key})
        assert (answer.status_code, answer.json()["model"]["version"]) == (200, 1)
        assert "bank_api_model_check_failed 1.0" in httpx.get(f"{server.url}/metrics").text


def test_a_registry_that_is_down_keeps_the_last_good_one(changing: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(changing, model_check_seconds=0.1) as server:

        def down(self: Registry) -> None:
            raise OSError("no route to host")

        with monkeypatch.context() as patched:
            patched.setattr(Registry, "production", down)
            wait_for(lambda: "could not be loaded" in httpx.get(f"{server.url}/readyz").json()["problem"])
        wait_for(lambda: httpx.get(f"{server.url}/readyz").json()["problem"] == "")


def test_a_first_promotion_makes_the_service_ready(changing: Platform) -> None:
    changing.registry.client.delete_registered_model_alias(changing.settings.model_name, "production")
    with running(changing, model_check_seconds=0.1) as server:
        assert httpx.get(f"{server.url}/readyz").status_code == 503
        changing.promote(changing.registry.get(2))
        wait_for(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)


def test_what_breaks_under_the_service_is_noticed_and_said_without_a_path(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    platform = Platform(tmp_path)
    platform.promote(platform.train("one", CHOICES[0]))
    (file,) = (tmp_path / "artifacts" / "mlflow").rglob("artifacts/model/model.skops")
    database = tmp_path / "artifacts" / "mlflow.db"

    def found(server: Running) -> str:
        ready = httpx.get(f"{server.url}/readyz")
        assert ready.status_code == 200  # the last good model serves
        assert str(tmp_path) not in ready.text
        return str(ready.json()["problem"])

    with running(platform, model_check_seconds=0.1) as server:
        assert found(server) == ""
        content = file.read_bytes()
        file.write_bytes(content[:-1])
        wait_for(lambda: "its files were altered" in found(server))
        file.write_bytes(content)
        wait_for(lambda: found(server) == "")
        database.rename(tmp_path / "elsewhere.db")
        wait_for(lambda: found(server) == "The model registry does not answer.")
        assert str(database) in caplog.text  # whoever operates it learns which


def test_missing_features_are_not_called_a_missing_model(tmp_path: Path) -> None:
    platform = Platform(tmp_path)
    platform.promote(platform.train("one", CHOICES[0]))
    shutil.rmtree(tmp_path / "artifacts" / "runs")
    with running(platform) as server:
        answer = httpx.get(f"{server.url}/readyz")
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/no-features")
        assert "run the training DAG" in answer.json()["detail"]
