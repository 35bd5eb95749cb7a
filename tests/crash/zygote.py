"""Starts service and worker processes by forking, so that a restart costs no imports: python -m tests.crash.zygote.

It reads one JSON command a line and answers each with one line. When its input ends, it kills all that it started.
"""

import asyncio
import json
import os
import signal
import socket
import sys
import traceback
from contextlib import suppress
from typing import Any

import uvicorn

from app.main import create_app
from app.services import open_services
from app.settings import Settings
from app.telemetry.logging import configure
from tests.crash.ledger import WITH_LEDGER


def serve(settings: Settings) -> None:
    """Be a service process: the HTTP API, with workers and recovery."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((settings.host, settings.port))
    server = uvicorn.Server(uvicorn.Config(create_app(settings, registry=WITH_LEDGER), log_config=None))
    server.run(sockets=[listener])


def work(settings: Settings) -> None:
    """Be a worker process."""

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        async with open_services(settings, WITH_LEDGER):
            await stop.wait()

    asyncio.run(run())


ROLES = {"service": serve, "worker": work}


def start(role: str, environment: dict[str, str], log: str) -> int:
    """Fork a process of this role and return its id."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setpgid(0, 0)
        target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for number in (1, 2):
            os.dup2(target, number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(environment)
        settings = Settings(_env_file=None)
        configure(settings.log_format, settings.log_level)
        ROLES[role](settings)
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def ended(children: set[int]) -> list[int]:
    """Return the processes that have ended, and forget them."""
    found = []
    for pid in list(children):
        if os.waitpid(pid, os.WNOHANG)[0]:
            children.discard(pid)
            found.append(pid)
    return found


def main() -> None:
    """Obey until the input ends."""
    children: set[int] = set()

    def answer(value: Any) -> None:
        sys.stdout.write(json.dumps(value) + "\n")
        sys.stdout.flush()

    answer("ready")
    for line in sys.stdin:
        command = json.loads(line)
        match command["do"]:
            case "start":
                pid = start(command["role"], command["environment"], command["log"])
                children.add(pid)
                answer(pid)
            case "signal":
                # Only one that has not been waited for: its id cannot have been given to another process.
                if command["pid"] in children:
                    os.kill(command["pid"], command["number"])
                answer(command["pid"] in children)
            case "ended":
                answer(ended(children))
    for pid in children:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
