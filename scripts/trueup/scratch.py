"""The scratch folder of one run: everything that examples and services write, gone afterwards."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import psutil

from trueup.processes import reap

_PREFIX = "trueup-"


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A new folder; when it is left, by whatever way, its processes are ended and it is removed.

    What an earlier run left behind because it was killed is removed as well.
    """
    _sweep()
    # The name is short: databases put sockets below it, and the length of a socket's path is limited.
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    # A database that refuses to run as root runs as another user, who has to get through.
    folder.chmod(0o711)
    try:
        with _terminated_by_exception():
            yield folder
    finally:
        reap(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)) and folder.owner() == Path.home().owner():
            reap(folder)
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _terminated_by_exception() -> Iterator[None]:
    """Let SIGTERM unwind the stack, as SIGINT does, so that what runs is ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def unwind(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, unwind)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
