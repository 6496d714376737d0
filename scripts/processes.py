"""Ending what a command has started: the processes, all that they have started in turn, and nothing else."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    """Ask the processes to end, and kill what is left of them and of their descendants when `patience` is over.

    Descendants are found by parentage: Airflow's tasks, and Spark below them, run in sessions of their own. Meanwhile a second Ctrl-C
    changes nothing. To be called in the main thread.
    """
    before = {number: signal.signal(number, signal.SIG_IGN) for number in SIGNALS}
    try:
        _end(processes, patience)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(processes: Sequence[subprocess.Popen[bytes]], patience: float) -> None:
    roots = [found for process in processes if (found := _find(process.pid)) is not None]
    tree = _with_descendants(roots)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in tree if number == signal.SIGKILL else roots:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        _, left = psutil.wait_procs(tree, timeout=patience)
        tree = _with_descendants(left)
    for popen in processes:
        popen.wait()


def _find(pid: int) -> psutil.Process | None:
    try:
        return psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None


def _with_descendants(roots: Sequence[psutil.Process]) -> list[psutil.Process]:
    tree: dict[psutil.Process, None] = {}
    for root in roots:
        tree[root] = None
        try:
            tree.update(dict.fromkeys(root.children(recursive=True)))
        except psutil.NoSuchProcess:
            continue
    return list(tree)
