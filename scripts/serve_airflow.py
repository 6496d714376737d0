"""`make airflow`: the embedded Airflow with its UI, on a machine's own port and with data to work on.

One parent of Airflow's four parts, instead of `airflow standalone`: it ends all of them and whatever they run when it ends, by Ctrl-C or
TERM, and says which part has ended when one does by itself. Nothing listens but the UI, on this machine alone: tasks' logs are files here.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from bank_marketing.errors import BankMarketingError, ConfigError
from scripts.environment import passwords
from scripts.processes import Stopped, end, stoppable

#: Name of a part -> its command. The log servers are for machines that do not share a disk, and would listen on all interfaces.
PARTS = {
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
    "api-server": ("api-server",),
}


def main() -> int:
    """Land the campaign when nothing has landed, say where the UI is, and run Airflow until somebody ends it."""
    try:
        url = _prepare()
    except BankMarketingError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if not url:
        return 1
    user, password = next(iter(passwords(Path(os.environ["AIRFLOW_HOME"])).items()))
    print(f"Airflow's UI: {url}   user {user}   password {password}   (Ctrl-C ends it)", flush=True)
    with stoppable():
        running: dict[str, subprocess.Popen[bytes]] = {}
        try:
            for name, command in PARTS.items():
                running[name] = _start(name, command)
            ended = _watch(running, url)
            code = running[ended].returncode
            why = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            print(
                f"The {ended} {why}: ending the rest. Its last lines are above; start again: make airflow",
                file=sys.stderr,
                flush=True,
            )
            return 1
        except Stopped as stopped:
            print(f"{stopped}: ending Airflow …", flush=True)
            return 0
        finally:
            end(list(running.values()))


def _prepare() -> str:
    """Check the port and the landing zone; returns the UI's address, empty when the campaign could not be landed."""
    from bank_marketing.landing.zone import LandingZone
    from bank_marketing.settings import Settings

    port = configured_port("AIRFLOW__API__PORT", 8080)
    if taken(port):
        raise ConfigError(
            f"port {port} is taken. End what listens there, or take another: AIRFLOW__API__PORT=8081 make airflow"
        )
    if LandingZone(Settings().landing).last_day is None and subprocess.run(["bank-marketing", "land"], check=False).returncode:
        return ""
    # Links in mails lead to this port, whatever it is.
    os.environ.setdefault("AIRFLOW__API__BASE_URL", f"http://localhost:{port}")
    return f"http://localhost:{port}"


def _start(name: str, command: tuple[str, ...]) -> subprocess.Popen[bytes]:
    """Start a part in a session of its own, so that a terminal's Ctrl-C reaches this parent alone; its lines are shown with its name."""
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    threading.Thread(target=_show, args=(name, process), daemon=True).start()
    return process


def _show(name: str, process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        print(f"{name:13} | {line.decode(errors='replace').rstrip()}", flush=True)


def _watch(running: Mapping[str, subprocess.Popen[bytes]], url: str) -> str:
    """Say when Airflow is ready; returns the name of the first part that has ended."""
    ready = False
    while True:
        for name, process in running.items():
            if process.poll() is not None:
                return name
        if not ready and _answers(url):
            ready = True
            print(f"Airflow is ready: {url}\n{_next()}", flush=True)
        time.sleep(0.5)


def _next() -> str:
    """The first step, on a day that has landed and that a call list follows. Nothing runs before it: DAGs begin paused."""
    from bank_marketing.landing.zone import LandingZone
    from bank_marketing.settings import Settings

    settings = Settings()
    days = LandingZone(settings.landing).contact_dates
    day = date(2010, 6, 30) if date(2010, 6, 30) in days else days[-1]
    return (
        f"Next: trigger {settings.campaign_name}_training with the day {day}; after it, switch the schedules on that you want."
    )


def _answers(url: str) -> bool:
    """Whether the UI answers, asked past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/api/v2/version", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def configured_port(name: str, default: int) -> int:
    """The port that a variable names. Raises ConfigError where it is none."""
    value = os.environ.get(name) or str(default)
    if not value.isdecimal() or not 0 < int(value) < 65536:
        raise ConfigError(f"{name}={value} is no port: name a number from 1 to 65535")
    return int(value)


def taken(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
