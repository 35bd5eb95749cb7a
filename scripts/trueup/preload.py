"""Services forked from one process that has imported their modules, instead of started anew each time."""

import importlib.metadata
import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trueup.config import ServiceConfig
from trueup.errors import TrueupError
from trueup.processes import end_group
from trueup.service import base_environment

_YARD = Path(__file__).with_name("forkyard.py")
_IMPORT_SECONDS = 60.0


class Forked:
    """A forked service; to be used like a `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._over = threading.Event()

    def poll(self) -> int | None:
        """The exit status, once it has ended."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises `subprocess.TimeoutExpired`."""
        if not self._over.wait(timeout) or self.returncode is None:
            raise subprocess.TimeoutExpired([str(self.pid)], timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def ended(self, status: int) -> None:
        """Note its exit status."""
        self.returncode = status
        self._over.set()


class Forkyard:
    """The process that forks services of one command. It imports `modules` when it starts, in the background."""

    def __init__(self, command: str, modules: Sequence[str], scratch: Path) -> None:
        """Raises `TrueupError` when `command` is no Python console script of this environment."""
        if not importlib.metadata.entry_points(group="console_scripts", name=command):
            raise TrueupError(
                f"tool.trueup.service.preload: {command!r} is no console script of this Python environment; "
                "remove preload, or start the service with one"
            )
        read_request, self._requests = os.pipe()
        self._answers, write_answer = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_YARD), str(read_request), str(write_answer), command, *modules],
                env=base_environment(scratch),
                cwd=scratch,
                stdin=subprocess.DEVNULL,
                pass_fds=(read_request, write_answer),
                start_new_session=True,
            )
        finally:
            os.close(read_request)
            os.close(write_answer)
        self._lock = threading.Lock()
        self._replies: queue.Queue[Mapping[str, Any]] = queue.Queue()
        self._forked: dict[int, Forked] = {}
        self._reader = threading.Thread(target=self._read, name="forkyard", daemon=True)
        self._reader.start()

    @classmethod
    def of(cls, service: ServiceConfig, scratch: Path) -> "Forkyard | None":
        """The process for a service; none when its configuration preloads nothing."""
        return cls(shlex.split(service.command)[0], service.preload, scratch) if service.preload else None

    def start(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Forked:
        """Fork a service. Raises `TrueupError` when the modules cannot be imported or forked."""
        request = {"argv": list(argv), "env": dict(env), "cwd": str(cwd), "log": str(log)}
        with self._lock:
            os.write(self._requests, json.dumps(request).encode() + b"\n")
            try:
                reply = self._replies.get(timeout=_IMPORT_SECONDS)
            except queue.Empty:
                reply = {"error": f"no answer within {_IMPORT_SECONDS:g} s"}
        if "error" in reply:
            raise TrueupError(f"tool.trueup.service.preload: {reply['error']}; correct the modules or remove it")
        return reply["forked"]  # type: ignore[no-any-return]

    def close(self) -> None:
        """End the process. Services that it forked are ended by whoever started them."""
        os.close(self._requests)
        end_group(self._process, gently=signal.SIGTERM.name)
        self._reader.join()
        os.close(self._answers)

    def _read(self) -> None:
        with os.fdopen(os.dup(self._answers), "rb") as answers:
            for line in answers:
                answer = json.loads(line)
                if "status" in answer:
                    self._forked.pop(answer["pid"]).ended(answer["status"])
                elif "pid" in answer:
                    forked = self._forked[answer["pid"]] = Forked(answer["pid"])
                    self._replies.put({"forked": forked})
                else:
                    self._replies.put(answer)
        self._replies.put({"error": "the process that imports the modules has ended"})
        for forked in self._forked.values():
            forked.ended(-1)
