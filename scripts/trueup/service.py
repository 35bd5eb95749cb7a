"""The documented service, live: a fresh one for each page, started from one prepared seed."""

import contextlib
import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Protocol

import httpx

from trueup.config import ServiceConfig, TimeoutConfig
from trueup.errors import TrueupError
from trueup.processes import MARK, Process, end_group, reap

_ATTEMPTS = 3
_POLL_SECONDS = 0.05
_LOG_LINES = 20
_GONE_SECONDS = 5.0


class ServiceError(TrueupError):
    """The service, or a command that prepares it, failed; the text ends with the last lines of its log."""


def base_environment(scratch: Path) -> dict[str, str]:
    """The environment of all that trueup runs: of the caller's only the search path, so that runs are alike."""
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "HOME": str(scratch),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "PYTHONUNBUFFERED": "1",
        MARK: str(scratch),
    }


@dataclass(frozen=True)
class Service:
    """A running service. `data` is its data folder, `env` what a command needs to address the same data."""

    process: Process
    port: int
    data: Path
    log: Path
    env: Mapping[str, str]
    config: ServiceConfig
    timeouts: TimeoutConfig

    @property
    def folder(self) -> Path:
        """The folder that holds all that belongs to it."""
        return self.data.parent

    @property
    def base_url(self) -> str:
        """Where the service answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of commands that talk to it, over HTTP or through its data."""
        return {**self.env, "BASE_URL": self.base_url, "PORT": str(self.port), "SERVICE_PID": str(self.process.pid)}

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self.process.poll() is None

    @property
    def ended(self) -> bool:
        """Whether it has ended. One that takes no connections any more gets a moment to be gone."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=_GONE_SECONDS).close()
        except ConnectionRefusedError:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=_GONE_SECONDS)
        except OSError:
            pass  # it is frozen, which is not gone
        return not self.alive

    def tail(self) -> str:
        """The last lines that the service logged."""
        return tail(self.log)

    def stop(self) -> None:
        """Stop it gracefully, then by force; afterwards nothing that it started runs."""
        end_group(self.process, gently=self.config.stop_signal, within=self.timeouts.stop)
        reap(self.folder)


class Starter(Protocol):
    """What starts a process otherwise than anew."""

    def start(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Process:
        """Start `argv` in a session of its own; what it prints goes to the file `log`."""
        ...


class Ports:
    """Free ports of this machine, none handed out twice in a run."""

    def __init__(self) -> None:
        self._taken: set[int] = set()
        self._lock = threading.Lock()

    def next(self) -> int:
        """A port that nobody listens on now."""
        with self._lock:
            while True:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", 0))
                    port = int(probe.getsockname()[1])
                if port not in self._taken:
                    self._taken.add(port)
                    return port


def start(
    config: ServiceConfig,
    timeouts: TimeoutConfig,
    *,
    root: Path,
    folder: Path,
    ports: Ports,
    env: Mapping[str, str] | None = None,
    starter: Starter | None = None,
) -> Service:
    """Start a service whose data is `folder`/data, and wait until it is ready.

    `env` is added to the configured environment; `starter` starts the process, if not anew. Raises `ServiceError` when
    it ends, or is not ready in time.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return _start(config, timeouts, root, folder, ports.next(), env or {}, starter)
        except _PortTakenError:
            continue
    return _start(config, timeouts, root, folder, ports.next(), env or {}, starter)


class _PortTakenError(ServiceError):
    """Somebody else took the port between choosing and using it."""


def _start(
    config: ServiceConfig,
    timeouts: TimeoutConfig,
    root: Path,
    folder: Path,
    port: int,
    extra: Mapping[str, str],
    starter: Starter | None,
) -> Service:
    data, log = folder / "data", folder / "service.log"
    data.mkdir(parents=True, exist_ok=True)
    names = {"{port}": str(port), "{data}": str(data)}
    own = {key: fill(value, names) for key, value in {**config.env, **extra}.items()}
    env = base_environment(folder) | own
    command = shlex.split(fill(config.command, names))
    try:
        process = (starter or _Anew()).start(command, cwd=root, env=env, log=log)
    except OSError as error:
        raise ServiceError(
            f"tool.trueup.service.command: {command[0]!r} cannot be started ({error.strerror}); correct the command"
        ) from None
    service = Service(process, port, data, log, own, config, timeouts)
    try:
        _await_ready(service)
    except BaseException:
        service.stop()
        raise
    return service


class _Anew:
    def start(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Process:
        with log.open("wb") as sink:
            return subprocess.Popen(
                argv,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def _await_ready(service: Service) -> None:
    url = service.base_url + service.config.ready
    deadline = monotonic() + service.timeouts.start
    answer = "nothing listens"
    with httpx.Client(trust_env=False) as client:
        while monotonic() < deadline:
            # Waiting for its end is also the pause between two looks.
            with contextlib.suppress(subprocess.TimeoutExpired):
                status = service.process.wait(timeout=_POLL_SECONDS)
                text = f"the service ended with status {status} before it was ready; its log:\n{service.tail()}"
                taken = "address already in use" in text.lower() or "cannot listen" in text.lower()
                raise (_PortTakenError if taken else ServiceError)(text)
            try:
                status = client.get(url, timeout=2).status_code
            except httpx.HTTPError as error:
                answer = str(error) or type(error).__name__
                continue
            if status == httpx.codes.OK:
                return
            answer = f"status {status}"
    raise ServiceError(
        f"the service was not ready within {service.timeouts.start:g} s: GET {service.config.ready}: {answer}; "
        f"see tool.trueup.service.ready and tool.trueup.timeouts.start; its log:\n{service.tail()}"
    )


def fill(text: str, names: Mapping[str, str]) -> str:
    """`text` with `{port}` and `{data}` replaced; other braces are left alone."""
    for name, value in names.items():
        text = text.replace(name, value)
    return text


def tail(log: Path) -> str:
    """The last lines of a log file."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    return "\n".join(lines[-_LOG_LINES:]) or "(nothing)"
