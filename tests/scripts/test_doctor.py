from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import doctor
from scripts.environment import PROJECT


def test_a_wrong_archive_path_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BANK_ARCHIVE", str(tmp_path / "none.zip"))
    finding = doctor.check_archive()
    assert finding.state == "bad"
    assert str(tmp_path / "none.zip") in finding.found
    assert "unset" in finding.mend


def test_an_altered_archive_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bank-additional.zip").write_bytes(b"another file")
    monkeypatch.setenv("BANK_ARCHIVE", str(tmp_path / "bank-additional.zip"))
    assert doctor.check_archive().state == "bad"


def test_a_taken_port_is_a_note_with_another_port_to_take(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        monkeypatch.setenv("BANK_API_PORT", str(port))
        monkeypatch.setenv("AIRFLOW__API__PORT", "80 80")
        airflow, finding = doctor.check_ports()
    assert (airflow.state, airflow.found) == ("bad", "AIRFLOW__API__PORT=80 80 is no port")
    assert (finding.name, finding.state) == (f"port {port}", "note")
    assert "make serve PORT=8001" in finding.mend


def test_a_full_disk_is_bad(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "DISK_GB", 1e9)
    assert doctor.check_disk().state == "bad"


def test_it_runs_on_a_bare_python_and_says_what_to_do_next(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-m", "scripts.doctor"],  # -S: no installed package is seen
        cwd=PROJECT,
        env={"PYTHONPATH": "include", "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Java          none of 17 or newer" in done.stdout
    assert "make run" in done.stdout


def test_what_the_shell_brought_is_named_with_what_was_done_about_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANK_DROPPED_VARIABLES", "PYTHONPATH SPARK_HOME")
    monkeypatch.setenv("BANK_ADAPTED_VARIABLES", "NO_PROXY no_proxy LC_ALL SPARK_LOCAL_IP USER LOGNAME")
    found = [finding.found for finding in doctor.check_shell() if finding.name == "shell"]
    assert found[0] == "not taken over: PYTHONPATH, SPARK_HOME"
    assert len(found) == 5
    for word, told in zip(("proxy", "letters", "does not resolve", "has no name"), found[1:], strict=True):
        assert word in told


def test_an_env_file_that_cannot_be_read_is_bad(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.delenv("BANK_ENV_FILE", raising=False)
    assert [finding.state for finding in doctor.check_shell() if finding.name == ".env"] == ["bad"]


def test_a_landed_day_that_no_calendar_has_is_bad(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BANK_LANDING_ROOT", str(tmp_path))
    (tmp_path / "contacts" / "dt=2012-02-29").mkdir(parents=True)
    assert doctor.check_landing().state == "ok"
    (tmp_path / "contacts" / "dt=2010-02-29").mkdir()
    finding = doctor.check_landing()
    assert finding.state == "bad"
    assert "dt=2010-02-29" in finding.found
    assert "2012" not in finding.found
