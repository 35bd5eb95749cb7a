"""Starting, copying and ending the documented service."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from trueup.config import Config, ServiceConfig, TimeoutConfig
from trueup.processes import MARK, belonging, reap
from trueup.scratch import scratch_folder
from trueup.seed import Seeds
from trueup.service import Ports, Service, ServiceError, start

PARCELS = f"{sys.executable} {Path(__file__).with_name('parcels.py')} {{port}} {{data}}"
TIMEOUTS = TimeoutConfig(start=10, stop=0.3)


def service_config(options: str = "", **more: object) -> ServiceConfig:
    return ServiceConfig.model_validate({"command": f"{PARCELS} {options}", "ready": "/ready", **more})


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


def started(config: ServiceConfig, folder: Path, **env: str) -> Service:
    return start(config, TIMEOUTS, root=folder.parent, folder=folder, ports=Ports(), env=env)


def test_a_service_starts_answers_and_stops(scratch: Path) -> None:
    service = started(service_config(env={"PLACE": "{data} {port} {x}"}), scratch / "a", MORE="yes")
    try:
        place = httpx.get(f"{service.base_url}/env/PLACE").json()["PLACE"]
        assert place == f"{scratch}/a/data {service.port} {{x}}"
        assert httpx.get(f"{service.base_url}/env/MORE").json() == {"MORE": "yes"}
    finally:
        service.stop()
    assert not service.alive
    assert list(belonging(scratch)) == []


def test_the_environment_of_the_caller_is_not_handed_on(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "of the caller")
    service = started(service_config(), scratch / "a")
    try:
        assert httpx.get(f"{service.base_url}/env/SECRET").json() == {"SECRET": None}
    finally:
        service.stop()


def test_what_a_service_leaves_behind_is_ended(scratch: Path) -> None:
    service = started(service_config("--linger"), scratch / "a")
    assert len(list(belonging(scratch))) == 2
    service.stop()
    assert list(belonging(scratch)) == []


def test_a_service_that_ignores_the_signal_is_killed(scratch: Path) -> None:
    service = started(service_config("--slow-stop"), scratch / "a")
    service.stop()
    assert not service.alive


def test_a_service_that_ends_is_an_error_with_its_log(scratch: Path) -> None:
    with pytest.raises(ServiceError, match=r"(?s)ended with status 1 before it was ready.*the shelf fell down"):
        started(service_config("--broken"), scratch / "a")


def test_a_command_that_does_not_exist_is_named(scratch: Path) -> None:
    with pytest.raises(ServiceError, match=r"tool\.trueup\.service\.command: 'no-such-command' cannot be started"):
        started(ServiceConfig(command="no-such-command {port}"), scratch / "a")


def test_a_service_that_is_never_ready_says_what_was_asked(scratch: Path) -> None:
    config = service_config().model_copy(update={"ready": "/never"})
    timeouts = TimeoutConfig(start=0.5, stop=1)
    with pytest.raises(ServiceError, match=r"not ready within 0\.5 s: GET /never: status 404"):
        start(config, timeouts, root=scratch, folder=scratch / "a", ports=Ports())
    assert list(belonging(scratch)) == []


def seeds(config: ServiceConfig, root: Path, scratch: Path) -> Seeds:
    return Seeds(Config(service=config, timeouts=TIMEOUTS), root, scratch, Ports())


POST = """curl -sf -d '{"to": "Ada"}' "$BASE_URL/parcels" >/dev/null"""


def test_a_seed_is_made_once_and_copied(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "code.py").write_text("1", encoding="utf-8")
    source = seeds(service_config(setup=[POST], depends=["code.py"]), tmp_path, scratch)
    seed = source.ensure()
    assert source.ensure() == seed
    assert (seed / "opened").read_text() == "x"
    source.copy(seed, scratch / "page")
    service = started(service_config(), scratch / "page")
    try:
        assert httpx.get(f"{service.base_url}/parcels").json()["items"][0]["to"] == "Ada"
    finally:
        service.stop()
    assert (seed / "opened").read_text() == "x", "the seed itself is never opened again"


def test_a_changed_file_makes_another_seed_and_drops_those_not_used_lately(tmp_path: Path, scratch: Path) -> None:
    (tmp_path / "code.py").write_text("1", encoding="utf-8")
    source = seeds(service_config(depends=["code.py"]), tmp_path, scratch)
    first = source.ensure()
    (tmp_path / "code.py").write_text("2", encoding="utf-8")
    second = source.ensure()
    assert second != first
    assert first.exists(), "a run of the older code may still copy it"
    os.utime(first, (0, 0))
    (tmp_path / "code.py").write_text("3", encoding="utf-8")
    source.ensure()
    assert not first.exists()
    assert second.exists()


def test_a_failing_set_up_shows_its_output(tmp_path: Path, scratch: Path) -> None:
    source = seeds(service_config(setup=["echo no paper >&2; false"]), tmp_path, scratch)
    with pytest.raises(ServiceError, match=r"(?s)tool\.trueup\.service\.setup: .* ended with status 1.*no paper"):
        source.ensure()
    assert list(belonging(scratch)) == []
    assert list((tmp_path / ".trueup" / "cache").glob("seed-*")) == []
    # Every page that waits for it is told the same.
    with pytest.raises(ServiceError, match="no paper"):
        source.ensure()


def test_a_page_that_needs_a_service_without_one_says_what_to_set(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(ServiceError, match=r"tool\.trueup\.service is not set"):
        Seeds(Config(), tmp_path, scratch, Ports()).ensure()


def test_a_scratch_folder_ends_its_processes_and_vanishes() -> None:
    with scratch_folder() as folder:
        sleeper = subprocess.Popen(["sleep", "600"], env={MARK: str(folder)}, start_new_session=True)
    assert sleeper.wait(timeout=5) < 0
    assert not folder.exists()


def test_what_a_killed_run_left_is_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f"trueup-{ended.pid}-abc"
    left.mkdir()
    with subprocess.Popen(["sleep", "600"], cwd=left) as sleeper, scratch_folder():
        assert sleeper.wait(timeout=5) < 0
        assert not left.exists()


def test_reaping_spares_everybody_else(tmp_path: Path) -> None:
    assert reap(tmp_path) == 0
    assert psutil.pid_exists(os.getpid())


def test_ports_are_handed_out_once() -> None:
    ports = Ports()
    handed = [ports.next() for _ in range(50)]
    assert len(set(handed)) == len(handed)
