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
_MEMORY = Path("/dev/shm")  # noqa: S108 (each folder in it is made by mkdtemp)
_ROOM = 2 * 1024**3
_OPEN: set[Path] = set()


@contextmanager
def scratch_folder(base: Path | None = None) -> Iterator[Path]:
    """A new folder, in `base` or where temporary files go; when it is left, by whatever way, it is removed.

    Processes that belong to it are ended before. What an earlier run left behind because it was killed is removed, too.
    """
    base = base or Path(tempfile.gettempdir())
    _sweep(base)
    # The name is short: databases put sockets below it, and the length of a socket's path is limited.
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=base))
    # A database that refuses to run as root runs as another user, who has to get through.
    folder.chmod(0o711)
    _OPEN.add(folder)
    try:
        with terminated_by_exception():
            yield folder
    finally:
        _OPEN.discard(folder)
        reap(folder)
        shutil.rmtree(folder, ignore_errors=True)


def memory() -> Path | None:
    """A file system in memory with room for the data of some services; none when there is none.

    Databases wait for the disk at every commit; data that are thrown away need not.
    """
    try:
        return _MEMORY if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM else None
    except OSError:
        return None


def _sweep(base: Path) -> None:
    for folder in base.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).split("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)) and os.access(folder, os.W_OK):
            reap(folder)
            shutil.rmtree(folder, ignore_errors=True)


def reap_open() -> None:
    """End every process that belongs to a scratch folder of this process."""
    for folder in list(_OPEN):
        reap(folder)


@contextmanager
def terminated_by_exception() -> Iterator[None]:
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
