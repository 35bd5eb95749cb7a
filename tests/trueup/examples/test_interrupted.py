"""An interrupted run."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from tests.trueup.examples.stories import PARCELS, Project, marked

PROGRAM = """
import sys
from pathlib import Path
from trueup.config import load
from trueup.examples.run import run_pages
from trueup.pages import read_pages
root = Path(sys.argv[1])
run_pages(load(root), read_pages(root, Path("docs")), root=root, write=False, jobs=2)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_at_once_and_leaves_nothing(project: Project, number: signal.Signals) -> None:
    fifo = project.root / "fifo"
    os.mkfifo(fifo)
    (project.root / "pyproject.toml").write_text(
        f"[tool.trueup.service]\ncommand = {PARCELS + ' --linger'!r}\nready = '/ready'\ndepends = ['code.py']\n",
        encoding="utf-8",
    )
    for name in "abcd":
        project.page(f'```bash\ncurl -s "$BASE_URL/parcels"\necho {name} >{fifo}\nsleep 600\n```\n', f"{name}.md")
    running = subprocess.Popen([sys.executable, "-c", PROGRAM, str(project.root)], stderr=subprocess.DEVNULL)
    with fifo.open() as said:
        assert said.readline().strip() in "abcd"
    running.send_signal(number)
    assert running.wait(timeout=20) != 0
    mark = f"trueup-{running.pid}-"
    assert [process for process in psutil.process_iter() if marked(process, mark)] == []
    assert not list(Path(tempfile.gettempdir()).glob(f"{mark}*"))
