"""Checks that run beside others: on lanes, on each of which one comes after the other."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from trueup.scratch import reap_open, terminated_by_exception

T = TypeVar("T")

_PAUSE_SECONDS = 0.1


def result(future: Future[T]) -> T:
    """What a future gives. The main thread waits with this, so that it can be interrupted.

    The system may hand a signal to any thread, and Python acts on it only when the main thread runs again.
    """
    while not wait([future], timeout=_PAUSE_SECONDS).done:
        pass
    return future.result()


@dataclass(frozen=True)
class Timed(Generic[T]):
    """What came of a check, and the seconds that it took."""

    value: T
    seconds: float


class Lanes:
    """The lanes of one run, by name; each has a thread of its own."""

    def __init__(self) -> None:
        self._pools: dict[str, ThreadPoolExecutor] = {}
        self._begun: list[Future[Timed[object]]] = []

    def begin(self, lane: str, check: Callable[[], T]) -> "Future[Timed[T]]":
        """Let `check` run when what was begun on its lane before has ended."""
        pool = self._pools.setdefault(lane, ThreadPoolExecutor(1, thread_name_prefix=lane))
        future = pool.submit(_timed, check)
        self._begun.append(future)  # type: ignore[arg-type]  # a future only gives: what it gives is an object
        return future

    def _abandon(self) -> None:
        """Drop what waits; what runs loses its processes, and so ends."""
        for future in self._begun:
            future.cancel()
        running = set(self._begun)
        # Again and again, because a check may be about to start its next process.
        while running := wait(running, timeout=_PAUSE_SECONDS).not_done:
            reap_open()

    def _close(self) -> None:
        for pool in self._pools.values():
            pool.shutdown()


@contextmanager
def opened_lanes() -> Iterator[Lanes]:
    """Lanes for as long as the block runs; when it is left by an exception, what still runs on them is ended."""
    lanes = Lanes()
    try:
        # What runs on lanes is no main thread, where signals arrive.
        with terminated_by_exception():
            yield lanes
    except BaseException:
        lanes._abandon()
        raise
    finally:
        lanes._close()


def _timed(check: Callable[[], T]) -> Timed[T]:
    started = time.perf_counter()
    value = check()
    return Timed(value, time.perf_counter() - started)
