"""Sends a crowd of clients to a service, and holds every answer against the OpenAPI document.

    uv run python scripts/crowd.py [--clients 200] [--seconds 60] [--write]

Starts a service with default settings on data of its own. Each client does one thing after another, as people, programs
and their mistakes do: jobs of several types are created, looked at, listed, controlled and followed, with and without a
valid token, with and without a valid body. An answer counts as undocumented when its operation does not name its
status, or its problem code. It ends with status 1 when there was one, or a connection that broke.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import taken
from day import quantile
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "docs" / "crowd.json"

#: Seconds that an answer may take before the client gives up.
PATIENCE = 60.0
#: The first admin of a service that was started for a crowd.
ADMIN = {"name": "ada", "password": "correct horse battery"}


@dataclass(frozen=True)
class Answer:
    """What came of a request: ``seconds`` until its last byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.body)


class Connection:
    """One connection that is kept alive, as slim as it can be: what it costs is taken from the service's processors."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, method: str, path: str, *, token: str = "", body: bytes | None = None) -> Answer:
        """Send a request, and return the answer to it.

        Raises:
            OSError, EOFError: the connection broke.
        """
        reader, writer = self._streams or await self._open()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        if body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        started = time.perf_counter()
        writer.write("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
        content = b""
        if method != "HEAD":
            content = await reader.readexactly(int(headers.get("content-length", 0)))
        seconds = time.perf_counter() - started
        # A stream has no length: only its head is read.
        if "content-length" not in headers or headers.get("connection") == "close":
            self.close()
        return Answer(int(head[0].split()[1]), headers, content, seconds)

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._streams = await asyncio.open_connection(self._host, self._port, limit=2**20)
        return self._streams

    def close(self) -> None:
        """Hang up; the next request opens a new connection."""
        if self._streams:
            self._streams[1].close()
            self._streams = None


@dataclass
class Tally:
    """What all clients have seen: seconds and statuses by operation, and what should not have been."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    undocumented: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)


class Documented:
    """What the OpenAPI document says may be answered."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._operations = {
            (method.upper(), path): operation["responses"]
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            if isinstance(operation, dict) and "responses" in operation
        }

    def fault(self, method: str, template: str, answer: Answer) -> str | None:
        """Say what of an answer is not documented; None: all of it is."""
        response = self._operations[method, template].get(str(answer.status))
        if response is None:
            return f"{method} {template}: status {answer.status}"
        media = answer.headers.get("content-type", "").partition(";")[0]
        if media not in response.get("content", {media: {}}):
            return f"{method} {template}: {answer.status} {media}"
        if media != "application/problem+json":
            return None
        code = answer.json().get("code")
        return None if code in response.get("x-problems", []) else f"{method} {template}: {answer.status} {code}"


#: What a job is created from: type and payload, with as many that are not valid as people send.
CREATED: Sequence[Any] = (
    *({"type": "geocode_households", "data": {"mode": "static", "limit": 5}},) * 8,
    {"type": "geocoding", "data": {"mode": "dynamic"}, "priority": 90},
    {"type": "import_voters", "data": {"file_id": "00000000-0000-4000-8000-000000000000"}},
    {"type": "bake_bread", "data": {}},
    {"type": "geocode_households", "data": {"mode": "sideways"}},
    {"type": "geocode_households", "priority": "high"},
)
LISTS = (
    "", "?limit=200", "?status=completed", "?type=geocode_households&limit=5", "?created_by=me", "?limit=0",
    "?cursor=nonsense", "?status=asleep",
)  # fmt: skip
ACTIONS = ("pause", "resume", "cancel", "retry", "explode")


class Client:
    """One of the crowd."""

    def __init__(self, address: str, tokens: Sequence[str], seed: int, documented: Documented, tally: Tally) -> None:
        self._connection = Connection(address)
        self._chance = random.Random(seed)  # noqa: S311 (no secret depends on it)
        self._tokens = tokens
        self._documented = documented
        self._tally = tally
        self._jobs = [str(uuid4())]

    async def stay(self, until: float, most: int | None) -> None:
        """Do one thing after another, until a time of the loop's clock; at most so many."""
        clock = asyncio.get_running_loop()
        done = 0
        while clock.time() < until and (most is None or done < most):
            await self._one()
            done += 1
        self._connection.close()

    async def _one(self) -> None:
        choose = self._chance.choices
        (act,) = choose(
            (self._create, self._look, self._list, self._control, self._other, self._follow), (30, 35, 12, 12, 8, 1)
        )
        await act()

    async def _create(self) -> None:
        body = self._chance.choice(CREATED)
        sent = json.dumps(body).encode() if self._chance.random() > 0.02 else b"{"
        answer = await self._ask("POST", "/api/v1/jobs", body=sent)
        if answer and answer.status == 201:
            self._jobs.append(answer.json()["id"])

    async def _look(self) -> None:
        part = self._chance.choice(("", "/progress", "/progress", "/events", "/checkpoints"))
        await self._ask("GET", f"/api/v1/jobs/{{job_id}}{part}", job=self._any())

    async def _list(self) -> None:
        await self._ask("GET", "/api/v1/jobs", query=self._chance.choice(LISTS))

    async def _control(self) -> None:
        action = self._chance.choice(ACTIONS)
        body = json.dumps({"action": action}).encode()
        await self._ask("POST", "/api/v1/jobs/{job_id}/control", job=self._any(), body=body)

    async def _other(self) -> None:
        path = self._chance.choice(
            ("/api/health", "/api/health/live", "/api/metrics", "/api/v1/job-types", "/api/v1/households",
             "/api/v1/users", "/api/v1/schedules", "/api/v1/auth/me")
        )  # fmt: skip
        await self._ask("GET", path)

    async def _follow(self) -> None:
        await self._ask("GET", "/api/v1/jobs/stream")

    def _any(self) -> str:
        """A job of this client, most often a recent one; or what is no id at all."""
        return self._chance.choice(self._jobs[-5:]) if self._chance.random() > 0.03 else "42"

    async def _ask(
        self,
        method: str,
        template: str,
        *,
        query: str = "",
        job: str = "",
        body: bytes | None = None,
    ) -> Answer | None:
        token = self._chance.choice(self._tokens)
        path = template.replace("{job_id}", job) + query
        try:
            async with asyncio.timeout(PATIENCE):
                answer = await self._connection.send(method, path, token=token, body=body)
        except (OSError, EOFError) as error:
            self._connection.close()
            self._tally.broken[f"{method} {template}: {type(error).__name__}"] += 1
            return None
        self._tally.seconds.append(answer.seconds)
        self._tally.statuses[answer.status] += 1
        if fault := self._documented.fault(method, template, answer):
            self._tally.undocumented[fault] += 1
        return answer


async def crowd(address: str, *, clients: int, seconds: float, most: int | None = None, seed: int = 1) -> Tally:
    """Send ``clients`` to the service at ``address``, which has the admin ``ADMIN``; each makes ``most`` requests."""
    connection = Connection(address)
    signed = await connection.send("POST", "/api/v1/auth/login", body=json.dumps(ADMIN).encode())
    token = signed.json()["access_token"]
    document = await connection.send("GET", "/api/openapi.json")
    connection.close()
    tally, documented = Tally(), Documented(document.json())
    # One of ten comes without a token, one of twenty with a wrong one.
    tokens = [token] * 17 + ["", "", "wrong"]
    until = asyncio.get_running_loop().time() + seconds
    async with asyncio.TaskGroup() as group:
        for number in range(clients):
            visitor = Client(address, tokens, seed * 100_000 + number, documented, tally)
            group.create_task(visitor.stay(until, most))
    return tally


@asynccontextmanager
async def service(data: Path, **env: str) -> AsyncIterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run ``jobs serve`` on ``data``; gives its address and process once it answers."""
    port = str(taken.free_port())
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "DATA_DIR": str(data / "data"), "LOG_FORMAT": "json", **env}
    with (data / "service.log").open("ab") as log:
        command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", port]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: ASYNC220 (at once)
    try:
        connection = Connection(address)
        async with asyncio.timeout(60):
            while True:
                if process.poll() is not None:
                    raise SystemExit(f"the service has ended: {(data / 'service.log').read_text()[-2000:]}")
                try:
                    if (await connection.send("GET", "/api/health/live")).status == 200:
                        break
                except OSError:
                    await asyncio.sleep(0.01)
        connection.close()
        yield address, process
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(process.wait, 60)


async def set_up(address: str) -> str:
    """Make the first admin, and return a token."""
    connection = Connection(address)
    body = json.dumps(ADMIN).encode()
    await connection.send("POST", "/api/v1/setup", body=body)
    signed = await connection.send("POST", "/api/v1/auth/login", body=body)
    connection.close()
    return str(signed.json()["access_token"])


async def visit(clients: int, seconds: float) -> Tally:
    """Start a service, and send the crowd."""
    with TemporaryDirectory(prefix="crowd-") as folder:
        data = Path(folder)
        data.chmod(0o755)  # noqa: ASYNC240 (at once)
        async with service(data) as (address, _):
            await set_up(address)
            return await crowd(address, clients=clients, seconds=seconds)


def result(tally: Tally, clients: int, seconds: float) -> list[dict[str, Any]]:
    """Return the rows that the page shows: key, value, unit and meaning."""
    refused = sum(count for status, count in tally.statuses.items() if 400 <= status < 500)
    rows: list[tuple[str, float, str, str]] = [
        ("clients", clients, "clients", "Clients at the same time"),
        ("requests", len(tally.seconds), "requests", f"Requests in {seconds:g} seconds"),
        ("p50", round(quantile(tally.seconds, 0.5) * 1000), "ms", "Half of the answers take at most"),
        ("p99", round(quantile(tally.seconds, 0.99) * 1000), "ms", "99 % of the answers take at most"),
        ("refused", refused, "answers", "Refused as documented: mistakes of the clients"),
        ("unavailable", tally.statuses[503], "answers", "Unavailable, as documented (503)"),
        ("undocumented", sum(tally.undocumented.values()), "answers", "Not documented"),
        ("broken", sum(tally.broken.values()), "connections", "Connections that broke"),
    ]
    return [dict(zip(("key", "value", "unit", "meaning"), row, strict=True)) for row in rows]


def main() -> None:
    """Send a crowd; print, and write, what it has seen."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--write", action="store_true", help="write docs/crowd.json, which the page shows")
    options = parser.parse_args()
    tally = asyncio.run(visit(options.clients, options.seconds))
    found = result(tally, options.clients, options.seconds)
    if options.write:
        TARGET.write_text(json.dumps({"taken": taken.taken(), "seen": found}, indent=2) + "\n")
    table = Table("What", "Value", "Unit", box=None, pad_edge=False)
    for row in found:
        table.add_row(row["meaning"], f"{row['value']:,}", row["unit"])
    for fault, count in (tally.undocumented + tally.broken).most_common():
        table.add_row(fault, f"{count:,}", "times")
    Console().print(table)
    sys.exit(bool(tally.undocumented or tally.broken))


if __name__ == "__main__":
    main()
