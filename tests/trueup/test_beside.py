"""Lanes: what is begun on one comes in order, lanes run beside each other, and an interruption ends all of them."""

import subprocess
import threading
from pathlib import Path

import pytest
from trueup.beside import opened_lanes
from trueup.processes import MARK
from trueup.scratch import scratch_folder


def test_a_lane_keeps_its_order_and_another_does_not_wait_for_it():
    done: list[int] = []
    go_on = threading.Event()
    with opened_lanes() as lanes:
        first = lanes.begin("one", lambda: done.append(1) if go_on.wait(20) else None)
        second = lanes.begin("one", lambda: done.append(2))
        assert lanes.begin("two", lambda: "other").result(20).value == "other"
        assert not second.done()
        go_on.set()
        second.result(20)
    assert done == [1, 2]
    assert first.result().seconds >= 0


def test_what_a_check_raises_arrives_with_its_result():
    with opened_lanes() as lanes:
        broken = lanes.begin("one", lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            broken.result(20)


def test_an_interruption_ends_the_processes_of_what_runs_and_drops_what_waits(tmp_path: Path):
    running = threading.Event()
    processes: list[subprocess.Popen[bytes]] = []

    def check() -> int:
        with scratch_folder(tmp_path) as folder:
            processes.append(subprocess.Popen(["sleep", "600"], env={MARK: str(folder), "PATH": "/usr/bin:/bin"}))
            running.set()
            return processes[0].wait()

    with pytest.raises(KeyboardInterrupt), opened_lanes() as lanes:  # noqa: PT012 (it is raised where the block waits)
        lanes.begin("one", check)
        waiting = lanes.begin("one", lambda: "never")
        assert running.wait(20)
        raise KeyboardInterrupt
    assert waiting.cancelled()
    assert processes[0].returncode != 0
    assert not list(tmp_path.iterdir())
