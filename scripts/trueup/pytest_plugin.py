"""The pytest plug-in that keeps the outcomes of tests, so that guarantees in pages can be held against them.

It is active in every project with `[tool.trueup]`, and writes `.trueup/tests.json`. A run during which the code changed
is not kept: nobody could say what it has tested.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from trueup import repository, testrun
from trueup.config import Config, load
from trueup.errors import TrueupError
from trueup.project import find_root
from trueup.testrun import PASSED, TestRun


def pytest_configure(config: pytest.Config) -> None:
    """Take part in the main process of a run over a project of trueup."""
    if hasattr(config, "workerinput"):  # a worker of pytest-xdist; its outcomes reach the main process
        return
    try:
        root = find_root(config.rootpath)
        project = load(root)
    except TrueupError:
        return
    config.pluginmanager.register(Recorder(project, root, config.rootpath), "trueup-recorder")


class Recorder:
    """Notes the outcome of each test."""

    def __init__(self, config: Config, root: Path, rootdir: Path) -> None:
        self._config = config
        self._root = root
        self._prefix = "" if rootdir == root else f"{rootdir.relative_to(root).as_posix()}/"
        self._outcomes: dict[str, str] = {}
        self._digest = ""

    def pytest_sessionstart(self) -> None:
        """Note what is going to be tested."""
        self._digest = testrun.code_digest(self._config, self._root)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how one phase of a test ended; the worst of them is its outcome."""
        outcome: str = report.outcome
        if hasattr(report, "wasxfail"):
            outcome = "xpassed" if report.passed else "xfailed"
        node = self._prefix + report.nodeid
        if report.when == "call" or outcome != PASSED:
            self._outcomes[node] = outcome if self._outcomes.get(node, PASSED) == PASSED else self._outcomes[node]

    def pytest_sessionfinish(self) -> None:
        """Keep the outcomes, unless the code changed meanwhile."""
        if self._outcomes and testrun.code_digest(self._config, self._root) == self._digest:
            finished = datetime.now(UTC).isoformat(timespec="seconds")
            commit = repository.state(self._root).commit
            testrun.save(TestRun(self._digest, finished, commit, self._outcomes), self._root)
