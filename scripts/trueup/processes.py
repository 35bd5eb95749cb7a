"""Processes that outlive what started them: found by the scratch folder they work in, and ended."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Protocol

import psutil

MARK = "TRUEUP_SCRATCH"
"""The environment variable that tells to which scratch folder a process belongs; inherited by all it starts."""

_GRACE_SECONDS = 3.0
_KILLED_SECONDS = 15.0
"""How long a killed process may take to be gone; on a busy machine that is not at once."""
_PAUSE_SECONDS = 0.01
_UNSEEN = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess, OSError)


class Process(Protocol):
    """A process that leads a group of its own; `subprocess.Popen` is one."""

    @property
    def pid(self) -> int:
        """Its number, and that of its group."""
        ...

    @property
    def returncode(self) -> int | Any:
        """The exit status, as far as it is known."""
        ...

    def poll(self) -> int | None:
        """The exit status, once it has ended."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired`."""
        ...

    def send_signal(self, sig: int, /) -> None:
        """Send a signal, unless it has ended."""
        ...


def belonging(scratch: Path) -> Iterator[psutil.Process]:
    """Every running process that carries the mark of `scratch`, or works in it.

    A daemon leaves its group and its parent, but rarely its environment and its working folder.
    """
    for process in psutil.process_iter():
        if process.pid == os.getpid():
            continue
        with contextlib.suppress(*_UNSEEN):
            if _within(process.environ().get(MARK, ""), scratch) or _within(process.cwd(), scratch):
                yield process


def reap(scratch: Path) -> int:
    """End every process that belongs to `scratch`, and return how many there were."""
    ended: set[int] = set()
    deadline = monotonic() + _GRACE_SECONDS
    # Looked for again until none is left: one may start another meanwhile, and a killed one takes a moment to go.
    while found := list(belonging(scratch)):
        for process in found:
            ended.add(process.pid)
            with contextlib.suppress(*_UNSEEN):
                process.kill()
        if monotonic() > deadline:
            break
        sleep(_PAUSE_SECONDS)
    return len(ended)


def end_group(process: Process, *, gently: str = "", within: float = _GRACE_SECONDS) -> None:
    """End a process and the group it leads: first with the signal named `gently`, if given, then without asking."""
    if gently and process.poll() is None:
        process.send_signal(signal.Signals[gently])
        # One that has been stopped takes no signal before it goes on.
        process.send_signal(signal.SIGCONT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=within)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_KILLED_SECONDS)


def _within(folder: str, scratch: Path) -> bool:
    return bool(folder) and Path(folder.removesuffix(" (deleted)")).is_relative_to(scratch)
