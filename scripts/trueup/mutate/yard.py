"""Forked workers: each does one piece of work in a process of its own, within bounds of time and memory.

The process that forks has imported third-party packages, but never the project: so each fork imports the project as it
stands in its own tree, and imports nothing twice.
"""

import contextlib
import importlib
import os
import pickle
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NoReturn

_GRACE = 5.0
_MIB = 1024 * 1024


@dataclass(frozen=True)
class Task:
    """Work for one process: `work` is called there and its answer, which must pickle, is handed back.

    `seconds` bounds its time, `memory` (MiB, 0: none) its address space.
    """

    key: Any
    work: Callable[[], Any]
    seconds: float
    memory: int = 0


@dataclass(frozen=True)
class Done:
    """What came of a task: its answer, or what went wrong. `cpu` is the processor time of it and all it started."""

    key: Any
    answer: Any = None
    trouble: str = ""
    cpu: float = 0.0


@dataclass
class _Running:
    task: Task
    pid: int
    deadline: float


def preload(modules: Iterable[str]) -> None:
    """Import modules that forks will want. One that does not import is left to the forks."""
    for name in modules:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def run(draw: Callable[[], Task | None], jobs: int) -> Iterator[Done]:
    """Do tasks in up to `jobs` processes at a time; yields what came of each, in the order of their ends.

    `draw` gives the next task, none when there is none just now; it is asked again after each that has ended. Whatever
    way this ends, no process is left.
    """
    running: dict[Connection, _Running] = {}
    try:
        while True:
            while len(running) < jobs and (task := draw()) is not None:
                connection, pid = _fork(task)
                running[connection] = _Running(task, pid, time.monotonic() + task.seconds)
            if not running:
                return
            yield from _ended(running)
    finally:
        for connection, one in running.items():
            _end(one.pid)
            connection.close()


def single(task: Task) -> Done:
    """Do one task and wait for it."""
    waiting = [task]
    (done,) = run(lambda: waiting.pop() if waiting else None, 1)
    return done


def _ended(running: dict[Connection, _Running]) -> list[Done]:
    """Wait until a task has ended or its time is over."""
    soonest = min(one.deadline for one in running.values())
    ready = wait(list(running), max(0.0, soonest - time.monotonic()))
    found = []
    for connection in [one for one in running if one in ready]:
        one = running.pop(connection)
        found.append(_answer(one, connection))
    now = time.monotonic()
    for connection in [connection for connection, one in running.items() if one.deadline <= now]:
        one = running.pop(connection)
        cpu = _end(one.pid)
        connection.close()
        found.append(Done(one.task.key, trouble=f"did not end within {one.task.seconds:g} s", cpu=cpu))
    return found


def _answer(one: _Running, connection: Connection) -> Done:
    try:
        answer, trouble = pickle.loads(connection.recv_bytes())  # noqa: S301 (written by a fork of this process)
    except (EOFError, OSError):
        answer, trouble = None, ""
    connection.close()
    status, cpu = _reap(one.pid)
    if not trouble and answer is None:
        trouble = f"its process ended with {status}"
    return Done(one.task.key, answer, trouble, cpu)


def _fork(task: Task) -> tuple[Connection, int]:
    receiving, sending = Pipe(duplex=False)
    sys.stdout.flush()
    sys.stderr.flush()
    # What libraries do around a fork swallows an interruption that comes just then, so it has to wait.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pid = os.fork()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if pid == 0:
        receiving.close()
        _become(task, sending)
    sending.close()
    return receiving, pid


def _become(task: Task, sending: Connection) -> NoReturn:
    """Do the task and end, without unwinding anything that the parent has open."""
    status = 1
    try:
        os.setsid()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        if task.memory:
            resource.setrlimit(resource.RLIMIT_AS, (task.memory * _MIB, task.memory * _MIB))
        try:
            outcome = (task.work(), "")
        except Exception:
            outcome = (None, traceback.format_exc())
        sending.send_bytes(pickle.dumps(outcome))
        status = 0
    finally:
        os._exit(status)


def _end(pid: int) -> float:
    """End a process and its group, first with a request; answers the processor time that it took."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline:
        found, _, usage = os.wait4(pid, os.WNOHANG)
        if found:
            _end_group(pid)
            return usage.ru_utime + usage.ru_stime
        time.sleep(0.02)
    _end_group(pid)
    return _reap(pid)[1]


def _end_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _reap(pid: int) -> tuple[str, float]:
    try:
        _, status, usage = os.wait4(pid, 0)
    except ChildProcessError:
        return "an unknown status", 0.0
    _end_group(pid)
    code = os.waitstatus_to_exitcode(status)
    told = f"signal {-code}" if code < 0 else f"exit {code}"
    return told, usage.ru_utime + usage.ru_stime
