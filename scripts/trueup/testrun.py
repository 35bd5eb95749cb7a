"""The last run of the tests: what came of each, and of which code. Written by `trueup.pytest_plugin`."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from trueup.collect.files import paths
from trueup.config import Config

RESULTS = Path(".trueup/tests.json")
"""Where the outcomes are kept, relative to the project root."""

PASSED = "passed"
"""The only outcome that proves anything."""

_WORST = ("failed", "skipped", "xfailed", "xpassed", PASSED)


@dataclass(frozen=True)
class TestRun:
    """Outcomes by pytest node id, of the code with this digest. `finished` is an ISO time in UTC."""

    digest: str
    finished: str
    commit: str
    outcomes: Mapping[str, str] = field(default_factory=dict)

    __test__ = False

    def outcome(self, node: str) -> str:
        """The worst outcome of a test and of all its parameters; empty when it was not run."""
        return min(self._by_test.get(node, ()), key=_rank, default="")

    @cached_property
    def _by_test(self) -> Mapping[str, set[str]]:
        found: dict[str, set[str]] = {}
        for name, what in self.outcomes.items():
            found.setdefault(name.partition("[")[0], set()).add(what)
        return found


def _rank(outcome: str) -> int:
    return _WORST.index(outcome) if outcome in _WORST else 0


def code_digest(config: Config, root: Path) -> str:
    """The digest of all that tests depend on: every file that git knows, except what is below the docs folder.

    Python files below it count too: they may be tested like any other.
    """
    whole = hashlib.sha256()
    for path in paths(root):
        inside = Path(path).is_relative_to(config.docs) or Path(path).is_relative_to(config.site)
        if inside and not path.endswith(".py"):
            continue
        try:
            content = (root / path).read_bytes()
        except OSError:
            continue
        whole.update(f"{path}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        whole.update(content)
    return whole.hexdigest()


def load(root: Path) -> TestRun | None:
    """The last run, whatever its code was; none when there is none, or the file is not ours to read."""
    try:
        return TestRun(**json.loads((root / RESULTS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def current(config: Config, root: Path) -> TestRun | None:
    """The last run, when it was of the code as it stands."""
    run = load(root)
    return run if run is not None and run.digest == code_digest(config, root) else None


def save(run: TestRun, root: Path) -> None:
    """Keep a run as the last one; outcomes of an earlier run of the same code are kept with it."""
    before = load(root)
    if before is not None and before.digest == run.digest:
        run = TestRun(run.digest, run.finished, run.commit, {**before.outcomes, **run.outcomes})
    path = root / RESULTS
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(run), indent=1) + "\n", encoding="utf-8")
    partial.replace(path)
