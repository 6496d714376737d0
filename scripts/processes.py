"""Ending what a command has started: the processes, all that they have started in turn, and nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

import psutil

#: Seconds that a process gets to end by itself: Airflow writes the state of its tasks, Spark removes its temporary files.
PATIENCE = 15.0


class Stopped(KeyboardInterrupt):
    """Somebody wants this command to end: Ctrl-C, TERM, or a terminal that was closed."""


#: What asks a command to end.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise Stopped in the main thread where TERM and HUP would end the process and leave its children behind."""
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stopped(signal.Signals(number).name)


def end(processes: Sequence[subprocess.Popen[bytes]], patience: float = PATIENCE) -> None:
    """Ask the processes, each the leader of a session, to end; kill what is left of them and theirs when `patience` (seconds) is over.

    Theirs are their sessions and all descendants: Airflow's tasks, and Spark below them, run in sessions of their own. Meanwhile a
    second Ctrl-C changes nothing. To be called in the main thread.
    """
    before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        _end(processes, patience)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(processes: Sequence[subprocess.Popen[bytes]], patience: float) -> None:
    leaders = {process.pid for process in processes if process.poll() is None}
    tree = _with_descendants([found for process in processes for found in _session(process.pid)])
    for process in tree:
        # A leader ends its session; who has another leader, or has lost it, is asked itself.
        if process.pid in leaders or _session_id(process.pid) not in leaders:
            _signal(process, signal.SIGTERM)
    _, left = psutil.wait_procs(tree, timeout=patience)
    tree = _with_descendants(left)
    for process in tree:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(tree, timeout=patience)
    for popen in processes:
        popen.wait()


def _session(leader: int) -> list[psutil.Process]:
    """The processes of a session, also when its leader has ended."""
    return [process for process in psutil.process_iter() if _session_id(process.pid) == leader]


def _session_id(pid: int) -> int:
    try:
        return os.getsid(pid)
    except OSError:  # it has ended
        return 0


def _signal(process: psutil.Process, number: int) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _with_descendants(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    tree: dict[psutil.Process, None] = {}
    for root in roots:
        tree[root] = None
        with suppress(psutil.NoSuchProcess):
            tree.update(dict.fromkeys(root.children(recursive=True)))
    return list(tree)
