"""The server from the wheel starts although its first attempt fails."""

from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import psycopg
import pytest

from app.database.embedded import EmbeddedPostgres

pytestmark = pytest.mark.anyio


async def test_a_server_that_did_not_start_at_once_starts_at_the_next_attempt(monkeypatch: pytest.MonkeyPatch):
    # Not in pytest's folder: as root the server runs as another user, and pytest closes its folder to others.
    with TemporaryDirectory(prefix="jobs-tests-") as folder:
        data = Path(folder) / "data"
        async with EmbeddedPostgres(data):
            pass
        half_written = data / "postmaster.pid"
        half_written.write_text("1\n")
        pauses: list[float] = []

        async def mend(seconds: float) -> None:
            pauses.append(seconds)
            half_written.unlink()

        monkeypatch.setattr(anyio, "sleep", mend)
        server = EmbeddedPostgres(data)
        address = await server.start()
        monkeypatch.undo()
        try:
            assert len(pauses) == 1
            async with await psycopg.AsyncConnection.connect(address) as connection:
                found = await (await connection.execute("SELECT 1")).fetchone()
            assert found == (1,)
        finally:
            await server.stop()
