"""The command ``jobs``, in a process of its own: what it does, and what it says when it cannot."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from app.cli import OPEN_REQUESTS_SECONDS, _bind
from tests.waiting import eventually


@pytest.fixture
def free_port():
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def command(*args: str, timeout: float = 60, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from app.cli import main; main()", *args],
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **env}, cwd=cwd,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("env", "line"),
    [
        ({"PORT": "seventy"}, "jobs: PORT: .* integer.*seventy"),
        ({"WORKER_COUNT": "-1"}, "jobs: WORKER_COUNT: .*greater than or equal to 0.*-1"),
        ({"DATABASE_URL": "mysql://x"}, "jobs: DATABASE_URL: .*must start with postgresql://"),
        ({"REDIS_URL": "http://x"}, "jobs: REDIS_URL: .*must start with redis://"),
        ({"LEASE_SECONDS": "5", "HEARTBEAT_SECONDS": "4"}, "HEARTBEAT_SECONDS is 4, more than a third"),
    ],
)
def test_a_bad_setting_is_named_in_one_line(env, line):
    done = command("settings", **env)
    assert done.returncode == 2
    assert re.search(line, done.stderr), done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_taken_port_is_named_in_one_line(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("serve", "--port", str(port), DATA_DIR=str(tmp_path))
    assert done.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == [], "nothing was started"


@pytest.mark.anyio
async def test_answers_are_sent_without_waiting_for_the_client_to_acknowledge_their_header():
    """Else each one on a connection that is kept takes 40 ms."""
    accepted = asyncio.get_running_loop().create_future()
    with _bind("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        async with await asyncio.start_server(lambda _, writer: accepted.set_result(writer), sock=listener):
            _, client = await asyncio.open_connection("127.0.0.1", port)
            writer = await accepted
            assert writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            writer.close()
            client.close()


def test_a_database_that_cannot_be_reached_is_named_in_one_line(tmp_path):
    done = command("migrate", DATABASE_URL="postgresql://127.0.0.1:9/jobs", DATA_DIR=str(tmp_path))
    assert done.returncode == 2
    assert "Check DATABASE_URL" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_settings_are_shown_and_secrets_are_not(tmp_path):
    done = command("settings", DATA_DIR=str(tmp_path), JWT_SECRET="x" * 40)
    assert done.returncode == 0
    assert "WORKER_COUNT" in done.stdout
    assert "x" * 40 not in done.stdout


def test_an_option_comes_before_the_environment_that_before_the_file_and_this_before_the_default(tmp_path):
    (tmp_path / ".env").write_text("WORKER_COUNT=8\nLIST_LIMIT=9\nPORT=1\nWORKER_CUONT=7\n")
    done = command("settings", cwd=tmp_path, WORKER_COUNT="6")
    assert (done.returncode, done.stderr) == (0, ""), "a name that is none is ignored"
    shown = dict(re.findall(r"^([A-Z_]+) +(\S+)", done.stdout, re.MULTILINE))
    assert [shown[name] for name in ("WORKER_COUNT", "LIST_LIMIT", "LEASE_SECONDS")] == ["6", "9", "15.0"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = command("serve", "--port", str(port), cwd=tmp_path, PORT="2")
    assert f"cannot listen on 127.0.0.1:{port} " in done.stderr


def test_settings_are_shown_as_they_are_written():
    assert "[red]:100:" in command("settings", DATA_DIR="/[red]:100:").stdout


@pytest.mark.parametrize("address", ["postgresql://jobs:geheim@db/jobs", "postgresql:///jobs?password=geheim&host=db"])
def test_the_password_in_an_address_is_not_shown(tmp_path, address):
    done = command("settings", DATA_DIR=str(tmp_path), DATABASE_URL=address)
    assert "***" in done.stdout
    assert "geheim" not in done.stdout


@pytest.mark.parametrize(("name", "value"), [("JWT_SECRET", "geheim"), ("DATABASE_URL", "mysql://jobs:geheim@db/jobs")])
def test_a_wrong_secret_is_not_repeated(tmp_path, name, value):
    done = command("settings", **{"DATA_DIR": str(tmp_path), name: value})
    assert done.returncode == 2
    assert name in done.stderr
    assert "geheim" not in done.stderr


def test_an_admin_is_created_and_the_schema_migrated(database_url, tmp_path):
    env = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path)}
    assert command("migrate", **env).stdout == "The schema is up to date.\n"
    done = command("create-admin", "ada", "--password", "correct horse battery", **env)
    assert (done.returncode, done.stdout) == (0, "ada can sign in as admin now.\n")
    again = command("create-admin", "Ada", "--password", "correct horse battery", **env)
    assert again.returncode == 2
    assert "jobs: " in again.stderr
    assert len(again.stderr.splitlines()) == 1
    assert command("create-admin", "grace", "--password", "correct horse battery", **env).returncode == 0, "one more"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("create-admin", "ada"), "jobs: password: Value should have at least 10 characters, not 7\n"),
        (("create-admin", "a b"), "jobs: name: "),
        (("set-password", "ada"), "jobs: password: "),
    ],
    ids=" ".join,
)
def test_what_the_api_would_refuse_is_refused_before_a_database_is_opened(tmp_path, args, line):
    secret = "geheim1" if args[-1] == "ada" else "correct horse battery"
    done = command(*args, "--password", secret, DATABASE_URL="postgresql://127.0.0.1:9/x", DATA_DIR=str(tmp_path))
    assert done.returncode == 2
    assert done.stderr.startswith(line)
    assert secret not in done.stderr


def test_a_user_is_changed_and_the_last_admin_stays(database_url, tmp_path):
    env = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path)}
    command("create-admin", "ada", "--password", "correct horse battery", **env)
    done = command("change-user", "ADA", "--enable", **env)
    assert (done.returncode, done.stdout) == (0, "ada is admin and may sign in.\n")
    for args, line in (
        (("change-user", "ada", "--role", "operator"), "the last admin"),
        (("change-user", "ada", "--role", "root"), "no role 'root'"),
    ):
        refused = command(*args, **env)
        assert refused.returncode == 2
        assert line in refused.stderr
        assert len(refused.stderr.splitlines()) == 1


@contextmanager
def serving(database_url, folder, port, *, name="serve", **more):
    """Run `jobs serve`, or another command, with its log in ``folder``, and stop it at the end as a supervisor does."""
    env = {**os.environ, "DATABASE_URL": database_url, "DATA_DIR": str(folder), "PORT": str(port), **more}
    with (
        (folder / "service.log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-c", "from app.cli import main; main()", name], env=env, stderr=log
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(40)


async def healthy(port):
    async def answers():
        try:
            answer = await client.get(f"http://127.0.0.1:{port}/api/health")
        except httpx.TransportError:
            return False
        return answer.status_code == 200

    async with httpx.AsyncClient() as client:
        await eventually(answers, within=60)


@pytest.mark.anyio
async def test_serve_answers_and_stops_on_sigterm(database_url, tmp_path, free_port):
    """P8-6: a process stops gracefully on SIGTERM."""
    with serving(database_url, tmp_path, free_port) as process:
        await healthy(free_port)
    log = (tmp_path / "service.log").read_text()
    assert process.returncode == 0
    assert "worker.stopped" in log
    assert "service.stopped" in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
@pytest.mark.parametrize("name", ["serve", "worker"])
@pytest.mark.anyio
async def test_serve_and_worker_stop_when_they_are_asked_to(database_url, tmp_path, free_port, name, number):
    """P8-6: also by hand, in the foreground."""
    with serving(database_url, tmp_path, free_port, name=name, LOG_FORMAT="json") as process:

        async def started():
            return "service.started" in (tmp_path / "service.log").read_text()

        await eventually(started, within=60)
        process.send_signal(number)
        assert process.wait(40) == 0
    lines = [json.loads(line) for line in (tmp_path / "service.log").read_text().splitlines()]
    assert [line["event"] for line in lines][-2:] == ["worker.stopped", "service.stopped"]


@pytest.mark.parametrize("trusted", ["127.0.0.1", "127.0.0.2"])
@pytest.mark.anyio
async def test_the_address_of_a_client_comes_from_a_proxy_that_is_trusted_and_from_no_other(
    database_url, tmp_path, free_port, trusted
):
    async def refused(proxy, clients):
        """The statuses of one wrong sign-in after the other, through a proxy for different clients."""
        made = httpx.AsyncHTTPTransport(local_address=proxy)
        async with httpx.AsyncClient(transport=made, base_url=f"http://127.0.0.1:{free_port}") as client:
            for name in clients:
                answer = await client.post(
                    "/api/v1/auth/login",
                    json={"name": "nobody", "password": "wrong horse battery"},
                    headers={"X-Forwarded-For": name},
                )
                yield answer.status_code

    others = {"127.0.0.1": {}, "127.0.0.2": {"FORWARDED_ALLOW_IPS": "127.0.0.2"}}
    with serving(database_url, tmp_path, free_port, SIGN_IN_ADDRESS_FAILURES="1", **others[trusted]):
        await healthy(free_port)
        clients = ["203.0.113.1", "203.0.113.2", "203.0.113.1"]
        assert [status async for status in refused(trusted, clients)] == [401, 401, 429]
        (other,) = others.keys() - {trusted}
        assert [status async for status in refused(other, ["203.0.113.3", "203.0.113.4"])] == [401, 429]


@pytest.mark.slow
@pytest.mark.anyio
async def test_an_open_request_gets_its_seconds_at_a_stop_and_no_more(database_url, tmp_path, free_port):
    with serving(database_url, tmp_path, free_port) as process:
        await healthy(free_port)
        with socket.create_connection(("127.0.0.1", free_port)) as caller:
            head = "POST /api/v1/auth/login HTTP/1.1", "Host: test", "Content-Length: 99", "Expect: 100-continue"
            caller.sendall("\r\n".join((*head, "Content-Type: application/json", "", "")).encode())
            assert caller.recv(100).startswith(b"HTTP/1.1 100 "), "the service waits for the body, which never comes"
            process.send_signal(signal.SIGTERM)
            stopped = time.monotonic()
            caller.settimeout(60)
            caller.recv(100)
            took = time.monotonic() - stopped
    # The answer, or the end of the connection, may come late on a machine that is busy.
    assert OPEN_REQUESTS_SECONDS <= took < OPEN_REQUESTS_SECONDS + 15
    assert process.returncode == 0


@pytest.mark.parametrize("name", ["serve", "worker", "migrate"])
def test_a_database_that_cannot_be_reached_costs_one_line(tmp_path, free_port, name):
    address = "postgresql://jobs:geheim@127.0.0.1:1/jobs"
    done = command(name, DATABASE_URL=address, DATA_DIR=str(tmp_path), PORT=str(free_port))
    assert done.returncode == 2
    assert done.stderr.startswith("jobs: The database cannot be reached")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_a_redis_that_cannot_be_reached_costs_one_line(database_url, tmp_path, free_port, name):
    env = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path), "PORT": str(free_port), "LOG_LEVEL": "error"}
    done = command(name, REDIS_URL="redis://:geheim@127.0.0.1:1/0", **env)
    assert done.returncode == 2
    assert done.stderr.startswith("jobs: Redis cannot be reached at redis://:***@127.0.0.1:1/0 (")
    assert len(done.stderr.splitlines()) == 1
