"""`trueup check --watch`: what is saved is checked, whatever state it is in."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

PROGRAM = "from trueup.cli import main; main()"


class Watch:
    """A running `trueup check --watch` over a project."""

    def __init__(self, root: Path, *arguments: str) -> None:
        command = [sys.executable, "-u", "-B", "-c", PROGRAM, "check", "--watch", *arguments]
        # Edits within one second must be seen, by whatever is imported.
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
        self.process = subprocess.Popen(
            command, cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.first = self.until("Watching.")

    def until(self, text: str) -> list[str]:
        """The lines that are printed next, up to the one that holds `text`."""
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line.rstrip("\n"))
            if text in line:
                return lines
        raise AssertionError(f"it ended without saying {text!r}:\n" + "\n".join(lines))

    def stop(self) -> int:
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        _, alive = psutil.wait_procs(children, timeout=30)
        assert alive == []
        return status


@pytest.fixture
def watch(project: Any) -> Iterator[Watch]:
    found = Watch(project.root, "--no-examples")
    yield found
    if found.process.poll() is None:
        found.stop()


def test_a_saved_page_is_checked_and_the_last_result_is_the_status(project: Any, watch: Watch) -> None:
    assert watch.first[0].startswith("all pages: no findings (")
    project.edit("docs/index.md", "`lent`", "`lend`")
    lines = watch.until("docs/index.md: 1 finding")
    assert any("did you mean lent? [code-unknown]" in line for line in lines)
    project.edit("docs/index.md", "`lend`", "`lent`")
    watch.until("docs/index.md: no findings")
    assert watch.stop() == 0


def test_code_is_looked_at_anew_and_may_be_broken_for_a_while(project: Any, watch: Watch) -> None:
    code = project.root / "library" / "settings.py"
    text = code.read_text()
    code.write_text(text.replace("default=21", "default=28"))
    assert any("default 21 → 28" in line for line in watch.until("library/settings.py changed; all pages: "))
    code.write_text("def (\n")
    watch.until("SyntaxError: invalid syntax (library/settings.py:1)")
    code.write_text(text)
    watch.until("library/settings.py changed; all pages: no findings")
    (project.root / "pyproject.toml").write_text("[tool.")
    watch.until("pyproject.toml: is no TOML")
    assert watch.stop() == 2


def test_only_pages_that_were_asked_for_are_checked(project: Any) -> None:
    watch = Watch(project.root, "--no-examples", "docs/guide")
    project.edit("docs/index.md", "`lent`", "`lend`")
    project.edit("docs/guide/loans.md", "`lent → overdue`", "`lent → nowhere`")
    lines = watch.until("docs/guide/loans.md: 1 finding")
    assert not any("lend" in line for line in lines)
    assert watch.stop() == 1


def test_examples_are_played_after_the_page_was_checked_and_ended_with_the_watch(project: Any, tmp_path: Path) -> None:
    watch = Watch(project.root, "docs/index.md")
    project.add("docs/index.md", "\n```bash\ntrue\n```\n")
    watch.until("docs/index.md: no findings (")
    watch.until("with examples: no findings, 1 example (")
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    project.add("docs/index.md", f"\n```bash\necho now >{fifo}\nsleep 600\n```\n")
    with fifo.open() as said:
        assert said.readline() == "now\n"
    assert watch.stop() == 0
