"""The processes of a trial: started, killed, frozen and started again."""

import asyncio
import json
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

#: A process that is asked to end gets this long.
STOP_SECONDS = 30
#: What may happen to a process, and how often compared with the others.
DISTURBANCES = {"kills": 8, "freezes": 1, "stops": 1}


@dataclass
class Place:
    """A process that is to run; ``pid`` is None while nothing does."""

    role: str
    environment: dict[str, str]
    pid: int | None = None
    frozen: bool = False


class Zygote(AbstractContextManager["Zygote"]):
    """The process that starts all others; when it is left, none of them is."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.zygote"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._answer() == "ready"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def do(self, **command: Any) -> Any:
        """Give a command and return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@dataclass
class Fleet:
    """Service and worker processes on one database; ``done`` counts what was done to them."""

    zygote: Zygote
    environment: dict[str, str]
    folder: Path
    services: int
    workers: int
    chance: random.Random
    places: list[Place] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        ports = [_free_port() for _ in range(self.services)]
        self.places = [Place("service", {"PORT": str(port)}) for port in ports]
        self.places += [Place("worker", {}) for _ in range(self.workers)]
        self.addresses = [f"http://127.0.0.1:{port}" for port in ports]

    def start_missing(self) -> None:
        """Start what does not run."""
        for pid in self.zygote.do(do="ended"):
            for place in self.places:
                if place.pid == pid:
                    place.pid, place.frozen = None, False
        for number, place in enumerate(self.places):
            if place.pid is None:
                environment = {**self.environment, **place.environment}
                log = str(self.folder / f"{place.role}-{number}.log")
                place.pid = self.zygote.do(do="start", role=place.role, environment=environment, log=log)
                self.done["starts"] += 1

    def _signal(self, place: Place, number: signal.Signals) -> None:
        self.zygote.do(do="signal", pid=place.pid, number=int(number))

    async def disturb(self, *, freeze_seconds: float) -> None:
        """Do something to one process: mostly kill it, sometimes freeze it for longer than its lease, or end it."""
        place = self.chance.choice(self.places)
        what = self.chance.choices([*DISTURBANCES], [*DISTURBANCES.values()])[0]
        self.done[what] += 1
        match what:
            case "kills":
                self._signal(place, signal.SIGKILL)
            case "stops":
                self._signal(place, signal.SIGTERM)
            case "freezes":
                self._signal(place, signal.SIGSTOP)
                await asyncio.sleep(freeze_seconds)
                self._signal(place, signal.SIGCONT)
        await asyncio.sleep(self.chance.uniform(0, 0.3))
        self.start_missing()

    async def stop(self) -> None:
        """Ask all processes to end, kill those that do not, and return when none is left."""
        left = {place.pid for place in self.places if place.pid}
        self._all(signal.SIGTERM)
        patience = time.monotonic() + STOP_SECONDS
        while left:
            left -= set(self.zygote.do(do="ended"))
            await asyncio.sleep(0.05)
            if time.monotonic() > patience:
                self._all(signal.SIGKILL)

    def _all(self, number: signal.Signals) -> None:
        for place in self.places:
            self._signal(place, number)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port
