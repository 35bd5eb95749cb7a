"""What a run tells while it works."""

import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from trueup.progress import Playing

COMMAND = [sys.executable, "-B", "-c", "from trueup.cli import main; main()", "check", "--no-links", "--no-memory"]


def test_acts_are_told_as_they_begin_and_end() -> None:
    told: list[str] = []
    playing = Playing(told.append, 2)
    with playing.act("a.md:1"), playing.act("b.md:2"):
        pass
    assert told == [
        "examples: 0 of 2 played; now a.md:1",
        "examples: 0 of 2 played; now a.md:1, b.md:2",
        "examples: 1 of 2 played; now a.md:1",
        "examples: 2 of 2 played",
    ]


def test_acts_at_once_are_counted() -> None:
    told: list[str] = []
    playing, together = Playing(told.append, 4), Barrier(4)

    def act(name: str) -> None:
        with playing.act(name):
            together.wait(30)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(act, "abcd"))
    assert any("and 2 more" in text for text in told)
    assert told[-1] == "examples: 4 of 4 played"


@pytest.mark.parametrize(("ci", "shown"), [("", True), ("1", False)])
def test_progress_is_shown_on_a_terminal_and_not_in_ci(project: Any, ci: str, shown: bool) -> None:
    controller, terminal = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "CI": ci, "COLUMNS": "120"}
    env.pop("NO_COLOR", None)
    process = subprocess.Popen(COMMAND, cwd=project.root, env=env, stdout=subprocess.DEVNULL, stderr=terminal)
    os.close(terminal)
    seen = b""
    while piece := _read(controller):
        seen += piece
    os.close(controller)
    assert process.wait(60) == 0
    assert (b"facts" in seen) == shown
    assert bool(seen) == shown


def _read(controller: int) -> bytes:
    try:
        return os.read(controller, 65536)
    except OSError:  # the other end is closed
        return b""


def test_progress_is_not_written_into_a_file(project: Any) -> None:
    result = subprocess.run(COMMAND, cwd=project.root, capture_output=True, text=True, check=True)
    assert result.stderr == ""
