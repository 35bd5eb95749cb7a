"""`trueup serve`: site and service behind one address."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import psutil
import pytest
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.frontdoor import RELOAD_PATH
from trueup.processes import MARK
from trueup.serve import serve

PARCELS = f"{sys.executable} {Path(__file__).with_name('parcels.py')} {{port}} {{data}}"
PROGRAM = """
import sys
from pathlib import Path
from trueup.config import load
from trueup.serve import serve
serve(load(Path(sys.argv[1])), Path(sys.argv[1]), "127.0.0.1", 0)
"""


class Stall:
    """A running `trueup serve`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-c", PROGRAM, str(root)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        self.lines = [self.line()]
        while "Ctrl+C" not in self.lines[-1]:
            self.lines.append(self.line())
        shown = next(line for line in self.lines if " at http" in line)
        self.address = shown.rpartition(" ")[2].strip()
        self.client = httpx.Client(base_url=self.address, trust_env=False, timeout=20)

    def line(self) -> str:
        stdout = self.process.stdout
        assert stdout is not None
        text = stdout.readline()
        assert text, "it ended"
        return text

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def stop(self) -> int:
        self.client.close()
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=20)
        if self.process.stdout:
            self.process.stdout.close()
        return code


def project(root: Path, service: str = PARCELS) -> Path:
    (root / "docs").mkdir()
    (root / "docs" / "index.md").write_text("# Home\n\nWelcome.\n", encoding="utf-8")
    (root / "mkdocs.yml").write_text("site_name: Parcels\ntheme: {name: mkdocs}\n", encoding="utf-8")
    (root / "pyproject.toml").write_text(
        f"[tool.trueup.service]\ncommand = {service!r}\nready = '/ready'\ndepends = ['mkdocs.yml']\n", encoding="utf-8"
    )
    return root


@pytest.fixture(scope="module")
def stall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    root = project(tmp_path_factory.mktemp("serve"))
    for name, text in {
        "index.html": "<html><head></head><body>home</body></html>",
        "guide/index.html": "<html><body>guide</body></html>",
        "404.html": "<html><body>lost</body></html>",
        "a b.txt": "plain",
    }.items():
        (root / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "site" / name).write_text(text, encoding="utf-8")
    running = Stall(root)
    yield running
    pid = running.process.pid
    assert running.stop() == 0
    assert [process for process in psutil.process_iter() if _of(process, pid)] == []


def _of(process: psutil.Process, pid: int) -> bool:
    try:
        return f"trueup-{pid}-" in process.environ().get(MARK, "")
    except (psutil.Error, OSError):
        return False


def test_files_of_the_site_are_served_with_live_reload(stall: Stall) -> None:
    home = stall.client.get("/")
    assert "home<script>" in home.text
    assert RELOAD_PATH in home.text
    assert 'dataset.service = "live"</script></head>' in home.text, "its scripts know that the service is there"
    assert stall.client.get("/guide").headers["location"].endswith("/guide/")
    assert "guide" in stall.client.get("/guide/").text
    assert stall.client.get("/a%20b.txt").text == "plain"
    assert stall.client.head("/").status_code == 200


def test_everything_else_is_the_service(stall: Stall) -> None:
    assert stall.client.get("/parcels").json() == {"items": [], "total": 0}
    answer = stall.client.post("/parcels", json={"to": "Ada"})
    assert answer.status_code == 201
    assert stall.client.get(answer.headers["location"]).json()["to"] == "Ada"
    assert stall.client.post("/").status_code != 200, "only reading is the site's"


def test_people_get_the_page_of_the_site_for_what_is_nowhere_and_programs_the_service(stall: Stall) -> None:
    for_people = stall.client.get("/nowhere", headers={"Accept": "text/html,*/*"})
    assert (for_people.status_code, "lost" in for_people.text) == (404, True)
    assert stall.client.get("/nowhere").json() == {"title": "no such page"}


@pytest.mark.parametrize(
    "path", ["/../pyproject.toml", "/%2e%2e/pyproject.toml", "/..%2fpyproject.toml", "/%00", "//etc/passwd"]
)
def test_nothing_outside_the_site_is_served(stall: Stall, path: str) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(stall.address).port or 0)) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = raw.makefile("rb").read()
    assert b" 404 " in answer.splitlines()[0]
    assert b"tool.trueup" not in answer


def test_answers_stream(stall: Stall) -> None:
    with stall.client.stream("GET", "/stream") as answer:
        pieces = answer.iter_text()
        assert next(pieces) == "data: first\n\n"
        assert httpx.get(f"{stall.address}release").status_code == 200
        assert "".join(pieces) == "data: second\n\n"


def test_a_request_reaches_the_service_as_it_was_sent(stall: Stall) -> None:
    with socket.create_connection(("127.0.0.1", httpx.URL(stall.address).port or 0)) as raw:
        raw.sendall(b"GET /headers?a=%20b HTTP/1.1\r\nHost: jobs.example\r\nX-A: 1\r\nConnection: close\r\n\r\n")
        answer = raw.makefile("rb").read()
    headers = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert headers.pop("x-forwarded-for") == "127.0.0.1"
    assert headers == {"host": "jobs.example", "x-a": "1", "x-forwarded-proto": "http"}


def test_a_large_body_passes(stall: Stall) -> None:
    assert stall.client.post("/parcels", json={"to": "x" * 2_000_000}).status_code == 201


def test_a_changed_page_is_built_and_checked_again(tmp_path: Path) -> None:
    with Stall(project(tmp_path)) as running:
        assert running.lines[0] == "Building the site …\n"
        assert "Welcome" in running.client.get("/").text
        with running.client.stream("GET", RELOAD_PATH) as events:
            heard = events.iter_lines()
            assert next(heard) == ": here"
            (tmp_path / "docs" / "index.md").write_text("# Home\n\n```bash\nfalse\n```\n", encoding="utf-8")
            assert next(line for line in heard if line) == "event: reload"
        assert "Welcome" not in running.client.get("/").text
        assert running.line() == "docs/index.md changed\n"
        printed = running.line()
        while "example-failed" not in printed:
            printed = running.line()


def test_it_stops_at_once_in_the_middle_of_a_check(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    with Stall(project(tmp_path)) as running:
        page = f"```bash\necho now >{fifo}\nsleep 600\n```\n"
        (tmp_path / "docs" / "index.md").write_text(page, encoding="utf-8")
        with fifo.open() as said:
            assert said.readline() == "now\n"
        assert running.stop() == 0


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            TrueupError, match=rf"cannot listen on 127\.0\.0\.1:{port} \(Address already in use\); choose"
        ):
            serve(Config(), tmp_path, "127.0.0.1", port)


def test_a_service_that_does_not_start_is_one_error(tmp_path: Path) -> None:
    root = project(tmp_path, f"{PARCELS} --broken")
    (root / "site").mkdir()
    (root / "site" / "index.html").write_text("x", encoding="utf-8")
    result = subprocess.run([sys.executable, "-c", PROGRAM, str(root)], capture_output=True, text=True, check=False)
    assert "the shelf fell down" in result.stderr
