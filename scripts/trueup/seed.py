"""The seed: the service's data after its first start and set-up, copied for each page and kept between runs."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from trueup.config import Config, ServiceConfig
from trueup.processes import end_group
from trueup.service import Ports, ServiceError, base_environment, fill, start, tail

_FORMAT = "1"
#: A seed that has not been used for this long is removed when another one is made.
_KEPT_SECONDS = 600


class Seeds:
    """The seeds of one project, in its cache folder; those not used lately go."""

    def __init__(self, config: Config, root: Path, scratch: Path, ports: Ports) -> None:
        self._config, self._root, self._scratch, self._ports = config, root, scratch, ports
        self._cache = root / ".trueup" / "cache"
        self._failed: ServiceError | None = None

    def ensure(self) -> Path:
        """The folder of the seed that fits the code as it is now, made if need be.

        Raises `ServiceError` when the service does not start or a set-up command fails.
        """
        service = self._config.service
        if service is None:
            raise ServiceError("a page needs the live service, but tool.trueup.service is not set; add it")
        seed = self._cache / f"seed-{self._digest(service)}"
        with self._locked():
            if self._failed is not None:
                # It would fail again, once for each page.
                raise self._failed
            if not seed.is_dir():
                self._forget()
                try:
                    self._make(service, seed)
                except ServiceError as error:
                    self._failed = error
                    raise
            seed.touch()
        return seed

    def _forget(self) -> None:
        # A run of older code may still copy its own seed, so that is left alone for a while.
        for old in self._cache.glob("seed-*"):
            if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                shutil.rmtree(old)

    def copy(self, seed: Path, folder: Path) -> None:
        """Copy a seed to `folder`/data. Raises `ServiceError` when there is no room."""
        folder.mkdir(parents=True)
        folder.chmod(0o711)
        _copy(seed, folder / "data")

    def _make(self, config: ServiceConfig, seed: Path) -> None:
        folder = self._scratch / "seed"
        folder.mkdir()
        folder.chmod(0o711)
        service = start(config, self._config.timeouts, root=self._root, folder=folder, ports=self._ports)
        try:
            names = {"{port}": str(service.port), "{data}": str(service.data)}
            env = base_environment(folder) | service.variables
            for command in config.setup:
                self._set_up(fill(command, names), env, folder)
        finally:
            service.stop()
        self._cache.mkdir(parents=True, exist_ok=True)
        part = self._cache / f"part-{os.getpid()}"
        with suppress(FileNotFoundError):
            shutil.rmtree(part)
        _copy(service.data, part)
        # Renamed last, so that a seed is either whole or not there.
        part.rename(seed)
        shutil.rmtree(folder, ignore_errors=True)

    def _set_up(self, command: str, env: dict[str, str], folder: Path) -> None:
        log = folder / "setup.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                ["bash", "-e", "-o", "pipefail", "-c", command],
                cwd=self._root,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            limit = self._config.timeouts.block
            try:
                status: int | None = process.wait(timeout=limit)
            except subprocess.TimeoutExpired:
                status = None
            finally:
                end_group(process)
        if status != 0:
            how = f"did not end within {limit:g} s" if status is None else f"ended with status {status}"
            raise ServiceError(f"tool.trueup.service.setup: {command!r} {how}; its output:\n{tail(log)}")

    def _digest(self, service: ServiceConfig) -> str:
        """The digest of all that the seed depends on: the configuration and the service's own files."""
        total = hashlib.sha256(f"{_FORMAT}\n{service.model_dump_json()}\n".encode())
        for path in sorted(set(self._inputs(service))):
            total.update(f"{path.relative_to(self._root)}\n".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
        return total.hexdigest()[:16]

    def _inputs(self, service: ServiceConfig) -> Iterator[Path]:
        folders = [self._root / name for name in service.depends] or [
            Path(place) for name in self._config.packages for place in _places(name)
        ]
        for folder in [*folders, self._root / "uv.lock"]:
            found = [folder] if folder.is_file() else folder.rglob("*")
            for path in found:
                if path.is_file() and "__pycache__" not in path.parts and path.is_relative_to(self._root):
                    yield path

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep another run of the same project from making the same seed at the same time."""
        self._cache.mkdir(parents=True, exist_ok=True)
        with (self._cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _copy(source: Path, target: Path) -> None:
    """Copy a folder with its owners: a database may belong to another system user."""
    result = subprocess.run(["cp", "-a", "--", str(source), str(target)], capture_output=True, text=True, check=False)
    if result.returncode:
        reason = (result.stderr.strip().splitlines() or ["cp failed"])[-1]
        raise ServiceError(f"the service's data cannot be copied to {target.parent}: {reason}; make room there")


def _places(package: str) -> list[str]:
    try:
        spec = importlib.util.find_spec(package)
    except ModuleNotFoundError:
        return []
    return list(spec.submodule_search_locations or []) if spec is not None else []
