"""What a command has started ends with it: sessions, their descendants in other sessions, orphans of a killed leader, the stubborn."""

from __future__ import annotations

import os
import signal
import subprocess

import psutil
import pytest

from scripts.processes import end
from tests.support.waiting import wait_for

#: A child in its session and a grandchild in a session of its own, as Airflow's tasks have.
FAMILY = 'sleep 600 & setsid sh -c "sleep 601 & wait" & {leader}'


def family(leader: str) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    process = subprocess.Popen(["sh", "-c", FAMILY.format(leader=leader)], start_new_session=True)
    root = psutil.Process(process.pid)
    wait_for(lambda: len(root.children(recursive=True)) >= 3)
    return process, [root, *root.children(recursive=True)]


def alive(tree: list[psutil.Process]) -> list[int]:
    return [process.pid for process in tree if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("leader", ["wait", "trap '' TERM; while :; do sleep 1; done"])
def test_descendants_end_whether_the_leader_obeys_or_not(leader: str) -> None:
    process, tree = family(leader)
    end([process], patience=2)
    assert not alive(tree)
    assert process.returncode is not None


def test_who_has_lost_its_leader_ends_too() -> None:
    process, tree = family("wait")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(alive(tree)) >= 3
    in_session = [child for child in tree[1:] if os.getsid(child.pid) == process.pid]
    end([process], patience=2)
    assert not alive(in_session)
    for child in tree:  # the grandchild in another session is nobody's any more: LocalExecutor's tasks have a worker above them
        if child.is_running():
            child.kill()
