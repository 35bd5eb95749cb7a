"""Two services and three workers on one database, started as docs/admin/install.md starts them."""

import os
import signal
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psycopg
import pytest
import taken

from tests.waiting import eventually

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
USER = {"name": "ada", "password": "correct horse battery"}
IMPORTS = 12
SAMPLE = Path(__file__).parents[2] / "docs" / "samples" / "households.csv"


class Process:
    """A process of the fleet; its log is in a file."""

    def __init__(self, folder: Path, name: str, *arguments: str, **env: str) -> None:
        self.log = folder / f"{name}.log"
        command = [str(Path(sys.executable).parent / "jobs"), *arguments]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env={**os.environ, **env}, stdout=log, stderr=log)

    async def says(self, line: str) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        return line in self.log.read_text()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


async def test_two_services_and_three_workers_share_work_and_outlive_the_loss_of_any_one(database_url, tmp_path):
    env = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path / "data"), "WORKER_COUNT": "1"}
    env |= {"LEASE_SECONDS": "2", "HEARTBEAT_SECONDS": "0.5", "RECONCILE_SECONDS": "0.5"}
    ports = [taken.free_port() for _ in range(2)]
    async with AsyncExitStack() as stack:

        def start(name: str, *arguments: str) -> Process:
            process = Process(tmp_path, name, *arguments, **env)
            stack.callback(process.end)
            return process

        services = [start(f"serve{number}", "serve", "--port", str(port)) for number, port in enumerate(ports)]
        workers = [start(f"worker{number}", "worker", "--count", "1") for number in range(3)]
        for process, line in [(one, "service.started") for one in services] + [
            (one, "worker.started") for one in workers
        ]:
            await eventually(lambda process=process, line=line: process.says(line), within=60)
        first, second = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api", timeout=30))
            for port in ports
        ]
        await eventually(lambda: _answers(first), within=60)
        await eventually(lambda: _answers(second), within=60)
        assert (await first.post("/v1/setup", json=USER)).status_code == 201
        token = (await second.post("/v1/auth/login", json=USER)).json()["access_token"]
        for client in (first, second):
            client.headers["Authorization"] = f"Bearer {token}"
        upload = await first.post("/v1/files", content=SAMPLE.read_bytes(), headers={"Content-Type": "text/csv"})
        body = {"type": "import_voters", "data": {"file_id": upload.json()["id"]}}
        for _ in range(IMPORTS):
            assert (await second.post("/v1/jobs", json=body)).status_code == 201

        with psycopg.connect(database_url, autocommit=True) as database:

            async def claimed_by(least: int) -> bool:
                query = "SELECT count(DISTINCT actor_id) FROM job_events WHERE event = 'claim'"
                return database.execute(query).fetchone()[0] >= least

            async def completed() -> bool:
                query = "SELECT count(*) FROM jobs WHERE status = 'completed'"
                return database.execute(query).fetchone()[0] == IMPORTS

            await eventually(lambda: claimed_by(3), within=60)
            for lost in (services[0], workers[0]):
                lost.process.send_signal(signal.SIGKILL)
                lost.process.wait()
            await eventually(completed, within=90)
            assert (await second.get("/v1/jobs", params={"limit": 1})).status_code == 200
        left = [services[1], *workers[1:]]
        for process in left:
            process.process.send_signal(signal.SIGTERM)
        for process in left:
            assert process.process.wait(30) == 0, process.log.read_text()
            assert "service.stopped" in process.log.read_text()


async def _answers(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/live")).status_code == 200
    except httpx.TransportError:
        return False
