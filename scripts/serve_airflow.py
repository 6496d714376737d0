"""`make airflow`: the embedded Airflow with its UI, on a machine's own port and with data to work on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from scripts.environment import passwords


def main() -> int:
    """Land the campaign when nothing has landed, say where the UI is, and become `airflow standalone`."""
    from bank_marketing.landing.zone import LandingZone
    from bank_marketing.settings import Settings

    port = int(os.environ.get("AIRFLOW__API__PORT", "8080"))
    if taken(port):
        print(
            f"Port {port} is taken. End what listens there, or take another: AIRFLOW__API__PORT=8081 make airflow",
            file=sys.stderr,
        )
        return 1
    if LandingZone(Settings().landing).last_day is None:
        landed = subprocess.run(["bank-marketing", "land"], check=False)
        if landed.returncode:
            return landed.returncode
    # Links in mails lead to this port, whatever it is.
    os.environ.setdefault("AIRFLOW__API__BASE_URL", f"http://localhost:{port}")
    user, password = next(iter(passwords(Path(os.environ["AIRFLOW_HOME"])).items()))
    print(f"Airflow's UI: http://localhost:{port}   user {user}   password {password}   (Ctrl-C ends it)", flush=True)
    os.execvp("airflow", ["airflow", "standalone"])


def taken(port: int) -> bool:
    """Whether something listens on a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
