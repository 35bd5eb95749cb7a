"""Services that are forked from a process which has imported their modules."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from trueup.config import ServiceConfig, TimeoutConfig
from trueup.errors import TrueupError
from trueup.preload import Forkyard
from trueup.processes import belonging
from trueup.scratch import scratch_folder
from trueup.service import Ports, Service, ServiceError, start

APP = """
import os, sys
print("starting", sys.argv[1:2])
async def app(scope, receive, send):
    text = f"{os.getpid()} {os.environ.get('PLACE')} {os.getcwd()}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": text})
"""


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:
        (folder / "desk.py").write_text(APP, encoding="utf-8")
        yield folder
        assert list(belonging(folder)) == []


@pytest.fixture
def yard(scratch: Path) -> Iterator[Forkyard]:
    yard = Forkyard("uvicorn", ["uvicorn.main"], scratch)
    yield yard
    yard.close()


def opened(yard: Forkyard, scratch: Path, name: str, app: str = "desk:app") -> Service:
    config = ServiceConfig(
        command=f"uvicorn --app-dir {scratch} --lifespan off --port {{port}} {app}", env={"PLACE": "{data}"}
    )
    timeouts = TimeoutConfig(start=20, stop=5)
    return start(config, timeouts, root=scratch, folder=scratch / name, ports=Ports(), starter=yard)


def test_forked_services_are_like_new_ones(yard: Forkyard, scratch: Path) -> None:
    services = [opened(yard, scratch, name) for name in "ab"]
    try:
        answers = [httpx.get(service.base_url).text.split() for service in services]
        for service, name, (pid, place, folder) in zip(services, "ab", answers, strict=True):
            assert int(pid) == service.process.pid
            assert place == f"{scratch}/{name}/data"
            assert folder == str(scratch)
            assert "starting ['--app-dir']" in service.tail()
            assert service.alive
    finally:
        for service in services:
            service.stop()
    assert [service.alive for service in services] == [False, False]
    assert "Finished server process" in services[0].tail(), "it ended gracefully"


def test_a_killed_one_is_noticed(yard: Forkyard, scratch: Path) -> None:
    service = opened(yard, scratch, "a")
    service.process.send_signal(signal.SIGKILL)
    assert service.process.wait(5) == -9
    assert not service.alive
    service.stop()


def test_a_running_one_can_be_waited_for_in_vain(yard: Forkyard, scratch: Path) -> None:
    service = opened(yard, scratch, "a")
    with pytest.raises(subprocess.TimeoutExpired):
        service.process.wait(0.01)
    service.stop()


def test_one_that_ends_is_an_error_with_its_log(yard: Forkyard, scratch: Path) -> None:
    with pytest.raises(ServiceError, match=r"(?s)ended with status 3 before it was ready.*no_such_app"):
        opened(yard, scratch, "a", "no_such_app:app")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no_such_module", "ModuleNotFoundError: .*no_such_module"),
        ("json:no_such_function", "AttributeError: .*no_such_function"),
    ],
)
def test_what_cannot_be_preloaded_is_named(scratch: Path, name: str, words: str) -> None:
    yard = Forkyard("uvicorn", [name], scratch)
    try:
        with pytest.raises(TrueupError, match=rf"tool\.trueup\.service\.preload: {words}"):
            opened(yard, scratch, "a")
    finally:
        yard.close()


def test_a_function_that_is_named_is_called_once_before(scratch: Path) -> None:
    noted = scratch / "noted"
    scratch.joinpath("warm.py").write_text(f"def up():\n    open({str(noted)!r}, 'a').write('x')\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trueup.preload.base_environment", lambda _: os.environ | {"PYTHONPATH": str(scratch)})
        yard = Forkyard("uvicorn", ["warm:up"], scratch)
    try:
        for name in ("a", "b"):
            opened(yard, scratch, name).stop()
    finally:
        yard.close()
    assert noted.read_text() == "x"


def test_a_command_that_is_no_console_script_is_refused(scratch: Path) -> None:
    with pytest.raises(TrueupError, match="'bash' is no console script"):
        Forkyard("bash", [], scratch)


def test_a_yard_that_is_killed_says_so(scratch: Path) -> None:
    yard = Forkyard("uvicorn", ["uvicorn.main"], scratch)
    try:
        for process in belonging(scratch):
            process.kill()
        with pytest.raises((TrueupError, OSError)):
            opened(yard, scratch, "a")
    finally:
        yard.close()
