import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from trueup import generated
from trueup.check import Run
from trueup.config import load
from trueup.findings import Finding
from trueup.gather import gather
from trueup.report import Report
from trueup.scope import Scope
from trueup.truth import Truth

SAMPLE = Path(__file__).parent / "sample"
GAZETTE = Path(__file__).parent / "samples" / "gazette"
PACKAGES = {"library", "gazette"}


class Project:
    """A copy of the sample project that a test may change."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def edit(self, path: str, old: str, new: str) -> int:
        """Replace the one occurrence of `old`; answers the line on which it stood."""
        file = self.root / path
        text = file.read_text()
        assert text.count(old) == 1, f"{path} holds {old!r} {text.count(old)} times"
        file.write_text(text.replace(old, new))
        return text[: text.index(old)].count("\n") + 1

    def add(self, path: str, text: str) -> None:
        """Append to a file, or make it."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as out:
            out.write(text)

    def check(self, *paths: str, links: bool = False, examples: bool = False) -> Report:
        """Run the checks, by default those that need no service."""
        forget()
        scope = Scope(paths, examples=examples, links=links)
        config = load(self.root)
        return Run(config, self.root, scope, lambda _: None, lambda: datetime(2026, 2, 3, tzinfo=UTC)).execute()

    def findings(self, *paths: str, links: bool = False) -> list[Finding]:
        return list(self.check(*paths, links=links).findings)

    def truth(self) -> Truth:
        """What the code says now."""
        forget()
        return gather(load(self.root), self.root)

    def write(self) -> list[str]:
        forget()
        config = load(self.root)
        return generated.write(gather(config, self.root), config, self.root)


def forget() -> None:
    """Let the next import of a sample read its files anew."""
    for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
        del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The library: states, problems, settings, no service."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # edits within one second must be seen
    yield copied(SAMPLE, tmp_path)
    forget()


@pytest.fixture
def gazette(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The gazette: a web socket, uploads, a mounted application, overridden dependencies, YAML, a folder `src`."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield copied(GAZETTE, tmp_path)
    forget()


def copied(sample: Path, folder: Path) -> Project:
    root = folder / "project"
    shutil.copytree(sample, root, ignore=shutil.ignore_patterns("__pycache__", ".trueup", "site"))
    return Project(root)
