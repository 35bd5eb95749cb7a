"""Requirements: a TOML file that lists them by id, and the tests that cite an id in their docstrings."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from trueup.collect.files import paths
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.facts import Fact, closest
from trueup.findings import Finding
from trueup.testcode import Test, tests_in
from trueup.testrun import PASSED, TestRun

KIND = "requirement"
"""The kind of the facts. They are not in the inventory: each new test would change it."""

_CITED = re.compile(r"([A-Z][A-Z0-9]*-\d+(?:(?:,| and) [A-Z][A-Z0-9]*-\d+)*): ")
_MEND = 'begin the docstring of one with "{id}: "'


class _Requirement(BaseModel):
    model_config = ConfigDict(extra="forbid")
    summary: str = Field(min_length=1)
    section: str = ""
    open: str = ""


_FILE = TypeAdapter(dict[str, _Requirement])


@dataclass(frozen=True)
class Citation:
    """A test that says of itself which requirement it proves."""

    id: str
    test: Test


def cited(headline: str) -> list[str]:
    """The ids that the first line of a docstring begins with: `CC-8, P8-4: one tick makes one job`."""
    found = _CITED.match(headline)
    return re.split(r"(?:,| and) ", found[1]) if found else []


def citations(root: Path) -> Iterator[Citation]:
    """Every citation in the test files that git knows, in their order."""
    for file in paths(root):
        name = PurePosixPath(file).name
        if not (name.startswith("test_") and name.endswith(".py")):
            continue
        if not _CITED.search((root / file).read_text(encoding="utf-8", errors="replace")):
            continue  # reading what it says is quick, parsing it is not
        for test in tests_in(root, file):
            for number in dict.fromkeys(one for line in test.headlines for one in cited(line)):
                yield Citation(number, test)


def facts(config: Config, root: Path) -> list[Fact]:
    """A fact for each requirement: `summary`, `section`, `open`, `tests` (node ids) and `proofs` (for readers).

    Raises `TrueupError` when the file is missing or is something else.
    """
    if config.requirements is None:
        return []
    found: dict[str, list[Test]] = {}
    for citation in citations(root):
        found.setdefault(citation.id, []).append(citation.test)
    return [
        Fact(
            KIND,
            number,
            {
                "summary": requirement.summary,
                "section": requirement.section,
                "open": requirement.open,
                "order": order,
                "tests": [test.node for test in found.get(number, [])],
                "proofs": [f"{test.sentence} (`{test.file}`)" for test in found.get(number, [])],
            },
            config.requirements.as_posix(),
            line,
        )
        for order, (number, (requirement, line)) in enumerate(_read(config.requirements, root).items(), 1)
    ]


def check(config: Config, root: Path, run: TestRun | None, *, strict: bool) -> Iterator[Finding]:
    """A finding for each requirement that no test proves, and for each citation of one that there is not.

    `run` is the last run of the tests on the code as it stands. `strict`: each test must have passed in it.
    """
    if config.requirements is None:
        return
    file, known = config.requirements.as_posix(), _read(config.requirements, root)
    proofs: dict[str, list[Test]] = {number: [] for number in known}
    families = {number.rpartition("-")[0] for number in known}
    for citation in citations(root):
        if citation.id in proofs:
            proofs[citation.id].append(citation.test)
        elif citation.id.rpartition("-")[0] in families:
            test, close = citation.test, closest(citation.id, known)
            mend = f"did you mean {close}?" if close else f"add it to {file}"
            yield Finding(
                test.file, test.line, "requirement-unknown", f"{citation.id} is no requirement of {file}", mend
            )
    for number, (requirement, line) in known.items():
        message = _lack(number, requirement, proofs[number], run, strict)
        if message:
            mend = "remove its `open`" if requirement.open else _MEND.format(id=number)
            yield Finding(file, line, "requirement-unproved", message, mend)


def _lack(number: str, requirement: _Requirement, tests: Sequence[Test], run: TestRun | None, strict: bool) -> str:
    """What a requirement lacks; empty when it is proved, or open as it says."""
    sound = [test for test in tests if not test.doubt]
    if requirement.open:
        return f"{number} is open no more: {sound[0].node} cites it" if sound else ""
    if not tests:
        return f"no test cites {number}"
    if not sound:
        return f"{number} is cited only by tests that prove nothing: {tests[0].node} {tests[0].doubt}"
    outcomes = {test.node: run.outcome(test.node) for test in sound} if run else {}
    failed = [node for node, outcome in outcomes.items() if outcome == "failed"]
    if failed:
        return f"{number} is not proved: {failed[0]} failed in the last run"
    if strict and PASSED not in outcomes.values():
        return f"{number} is not proved: {sound[0].node} has not passed on this code"
    return ""


def _read(path: Path, root: Path) -> Mapping[str, tuple[_Requirement, int]]:
    try:
        text = (root / path).read_text(encoding="utf-8")
        listed = _FILE.validate_python(tomllib.loads(text))
    except FileNotFoundError:
        raise TrueupError(f"{path}: not found; create it or remove tool.trueup.requirements") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrueupError(f"{path}: is no TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise TrueupError(f"{path}: {place}: {first['msg']}; write [ID] with summary, section, open") from None
    lines = [line.strip().strip('[]"') for line in text.splitlines()]
    return {number: (one, lines.index(number) + 1) for number, one in listed.items()}
