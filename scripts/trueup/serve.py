"""`trueup serve`: the site and the live service from one address; what changes is built and checked again."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from rich.console import Console
from watchfiles import Change, DefaultFilter, awatch

from trueup import sitebuild
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.findings import Finding
from trueup.frontdoor import FrontDoor
from trueup.scratch import scratch_folder
from trueup.seed import Seeds
from trueup.service import Ports, Service, ServiceError, start
from trueup.terminal import terminal

_QUIET_MILLISECONDS = 300
_FAREWELL_SECONDS = 1


def serve(config: Config, root: Path, host: str, port: int) -> None:
    """Serve until interrupted.

    Raises `TrueupError` when the port is taken, and when site or service do not come up the first time; later their
    troubles are printed, and the last good state stays.
    """
    listener = _listen(host, port)
    with listener, scratch_folder() as scratch:
        stall = _Stall(config, root, scratch, terminal())
        try:
            asyncio.run(stall.run(listener, f"http://{host}:{listener.getsockname()[1]}/"))
        except KeyboardInterrupt:
            # The way to stop it.
            pass
        finally:
            stall.close()


def _listen(host: str, port: int) -> socket.socket:
    # asyncio sends at once (TCP_NODELAY) only where it reads that this is TCP; without, each answer is 40 ms late.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # From now on callers wait until the server is ready, rather than being refused.
        listener.listen()
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise TrueupError(f"cannot listen on {host}:{port} ({reason}); choose another with --port") from None
    return listener


class _Stall:
    """The site and the service that are shown now, and how they are made anew."""

    def __init__(self, config: Config, root: Path, scratch: Path, console: Console) -> None:
        self._config, self._root, self._scratch, self._console = config, root, scratch, console
        self._ports = Ports()
        self._seeds = Seeds(config, root, scratch, self._ports)
        self._site: Path | None = None
        self._service: Service | None = None
        self._round = 0
        self._child: subprocess.Popen[Any] | None = None
        self._stopping = False

    async def run(self, listener: socket.socket, address: str) -> None:
        """Bring both up, and serve them until the server is told to stop."""
        await asyncio.gather(asyncio.to_thread(self._first_site), asyncio.to_thread(self._start_service))
        door = FrontDoor(lambda: self._site, lambda: self._service.base_url if self._service else None)
        settings = uvicorn.Config(
            door,
            ws="websockets-sansio",
            lifespan="off",
            log_level="warning",
            timeout_graceful_shutdown=_FAREWELL_SECONDS,
            server_header=False,
        )
        server = uvicorn.Server(settings)
        watching = asyncio.create_task(self._watch(door))
        # Lets it begin, so that no change is missed from now on.
        await asyncio.sleep(0)
        shown = "The site and the service are" if self._service else "The site is"
        self._say(f"{shown} at {address}")
        if self._service:
            self._say(
                "The service works on fresh data, which are gone when this ends."
                if self._config.service is not None and self._config.service.apart
                else "The service runs in this folder: what it writes there stays."
            )
        self._say("Changed pages and code are built and checked again. Ctrl+C stops it.")
        try:
            await server.serve(sockets=[listener])
        finally:
            self._hurry()
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await door.close()

    def _hurry(self) -> None:
        """End a build or a check that is on its way: nobody waits for its result any more."""
        self._stopping = True
        with suppress(ProcessLookupError):
            if self._child is not None:
                self._child.terminate()

    def close(self) -> None:
        """Stop the service."""
        if self._service is not None:
            self._service.stop()
            self._service = None

    def _first_site(self) -> None:
        built = self._root / self._config.site
        if (built / "index.html").is_file():
            self._site = built
            return
        self._say("Building the site …")
        findings = self._build()
        if self._site is None:
            raise TrueupError("the site does not build:\n" + "\n".join(map(str, findings)))
        self._print(findings)

    def _build(self) -> list[Finding]:
        """Build the site beside the one that is shown, and show the new one when it is whole."""
        self._round += 1
        folder = self._scratch / f"site{self._round}"
        build = sitebuild.start(self._config, self._root, folder)
        self._child = build.process
        findings = build.finish()
        if next(folder.rglob("*.html"), None) is not None:
            before, self._site = self._site, folder
            if before is not None and before.is_relative_to(self._scratch):
                shutil.rmtree(before, ignore_errors=True)
        return findings

    def _start_service(self) -> None:
        if self._config.service is None:
            return
        self._round += 1
        folder = self._scratch / f"service{self._round}"
        self._seeds.copy(self._seeds.ensure(), folder)
        new = start(self._config.service, self._config.timeouts, root=self._root, folder=folder, ports=self._ports)
        before, self._service = self._service, new
        if before is not None:
            before.stop()

    async def _watch(self, door: FrontDoor) -> None:
        code = [self._root / name for name in self._config.packages if (self._root / name).is_dir()]
        docs, settings = self._root / self._config.docs, self._root / self._config.mkdocs
        watched = [path for path in (docs, settings, *code) if path.exists()]
        async for changes in awatch(*watched, debounce=_QUIET_MILLISECONDS, watch_filter=DefaultFilter()):
            try:
                await asyncio.to_thread(self._renew, changes, docs)
            except TrueupError as error:
                self._say(f"trueup: {error}")
            door.announce()

    def _renew(self, changes: Iterable[tuple[Change, str]], docs: Path) -> None:
        # Files with a dot in front are an editor's or a writer's, on their way to be renamed.
        paths = sorted({Path(path) for _, path in changes if not Path(path).name.startswith(".")})
        if not paths:
            return
        pages = [path for path in paths if path.suffix == ".md" and path.is_relative_to(docs)]
        code = [path for path in paths if path.suffix == ".py"]
        names = ", ".join(_relative(path, self._root) for path in paths[:3]) + (" …" if len(paths) > 3 else "")
        self._say(f"{names} changed")
        try:
            if code and not self._stopping:
                self._start_service()
        except ServiceError as error:
            # The one before it goes on; the check says what is wrong with the code.
            self._say(f"trueup: {error}")
        findings = self._build()
        if self._stopping:
            return
        self._print(findings)
        if code:
            self._check(["--no-examples", "--no-links"])
        elif existing := [_relative(path, self._root) for path in pages if path.is_file()]:
            self._check(existing)

    def _check(self, arguments: list[str]) -> None:
        """Check in another process, which imports the code as it is now."""
        program = "from trueup.cli import main; main()"
        command = [sys.executable, "-c", program, "check", "--root", str(self._root), *arguments]
        self._child = subprocess.Popen(command, cwd=self._root, stdin=subprocess.DEVNULL)
        self._child.wait()

    def _print(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._say(str(finding))

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
