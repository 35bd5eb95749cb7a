"""Evidence blocks: `/// evidence | claim` in a page, with the tests that prove the claim."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trueup.findings import Finding
from trueup.nouns import counted
from trueup.pages import Directive, Page
from trueup.testcode import NoTest, Test, find
from trueup.testrun import PASSED, TestRun
from trueup.yamltext import read_yaml

_UNRUN = "not run in this build"
_FORM = "write `- tests/test_file.py::test_name` on each line"


@dataclass(frozen=True)
class Proof:
    """What claims are held against: the tests below `root`, and the last run of them when it was of this code.

    `strict` makes it a finding that a test has not been run. `link` is the template of an address, with `{file}` and
    `{line}`.
    """

    root: Path
    run: TestRun | None = None
    strict: bool = False
    link: str = ""

    def outcome(self, test: Test) -> str:
        """What came of a test in the run; empty when it was not run."""
        return self.run.outcome(test.node) if self.run else ""


@dataclass(frozen=True)
class Evidence:
    """One block: its claim, the tests that exist, and what is wrong with it."""

    claim: str
    tests: Sequence[Test] = ()
    findings: Sequence[Finding] = ()


def read(page: Page, directive: Directive, proof: Proof) -> Evidence:
    """The evidence that a block names, each test looked up and held against the run."""

    def wrong(message: str, mend: str) -> Evidence:
        return Evidence(
            directive.argument, findings=[Finding(page.path, directive.line, "block-option", message, mend)]
        )

    if not directive.argument:
        return wrong("the evidence block makes no claim", "write /// evidence | What holds.")
    try:
        nodes = nodes_of(directive)
    except yaml.YAMLError as error:
        return wrong(f"the evidence block is no YAML: {str(error).splitlines()[0]}", _FORM)
    if not nodes:
        return wrong("the evidence block names no tests", _FORM)
    tests: list[Test] = []
    findings: list[Finding] = []
    for node in nodes:
        line = _line(directive, node)
        found = find(proof.root, node)
        if isinstance(found, NoTest):
            mend = f"did you mean {found.suggestion}?" if found.suggestion else _FORM
            findings.append(Finding(page.path, line, "evidence-missing", found.message, mend))
            continue
        tests.append(found)
        findings += _doubts(page, line, found, proof)
    return Evidence(directive.argument, tests, findings)


def nodes_of(directive: Directive) -> Sequence[str]:
    """The pytest node ids that a block names; none when it holds something else. Raises `yaml.YAMLError`."""
    body: Any = read_yaml(directive.body)
    nodes = body.get("tests") if isinstance(body, dict) and set(body) == {"tests"} else body
    return nodes if isinstance(nodes, list) and all(isinstance(node, str) for node in nodes) else []


def unrun(pages: Iterable[Page], proof: Proof) -> str:
    """How many promises of these pages no run of tests on this code proves, in words; empty when that is asked for."""
    if proof.strict:
        return ""
    blocks = (directive for page in pages for directive in page.directives if directive.name == "evidence")
    count = sum(not _run(directive, proof.run) for directive in blocks)
    return f"{counted(count, 'promise')} not checked against a test run (--evidence)" if count else ""


def _run(directive: Directive, run: TestRun | None) -> bool:
    try:
        return run is not None and all(run.outcome(node) for node in nodes_of(directive))
    except yaml.YAMLError:
        return False


def _doubts(page: Page, line: int, test: Test, proof: Proof) -> list[Finding]:
    where = f"{test.file}:{test.line}"
    if test.doubt:
        return [
            Finding(page.path, line, "evidence-void", f"the test at {where} {test.doubt}", "name one that can fail")
        ]
    outcome = proof.outcome(test)
    if outcome and outcome != PASSED:
        message = f"{test.node} {'failed' if outcome == 'failed' else f'was {outcome}'} in the last run ({where})"
        return [Finding(page.path, line, "evidence-failed", message, f"mend it: pytest {test.node}")]
    if proof.strict and not outcome:
        message = f"{test.node} has not been run on this code"
        return [Finding(page.path, line, "evidence-unproved", message, f"run it: pytest {test.node}")]
    return []


def render(evidence: Evidence, claim: str, proof: Proof) -> str:
    """The claim, and below it, folded, each test with its outcome and source; `claim` has its values filled in."""
    if not evidence.tests:
        return ""
    outcomes = [proof.outcome(test) for test in evidence.tests]
    count = "1 test" if len(outcomes) == 1 else f"{len(outcomes)} tests"
    unrun = outcomes.count("")
    if set(outcomes) == {PASSED} and proof.run:
        state, told = "passed", f"Proved by {count}, passed on {proof.run.finished[:10]}"
    elif set(outcomes) <= {"", PASSED}:
        state, told = "unrun", f"{count}, {_UNRUN if unrun == len(outcomes) else f'{unrun} {_UNRUN}'}"
    else:
        state, told = "failed", f"{count}, not all passed"
    lines = [f"**{claim}**", f"{{: .trueup-claim .trueup-{state} }}", "", f'??? quote "{told}"']
    return "\n".join([*lines, *(line for test in evidence.tests for line in _shown(test, proof))])


def _shown(test: Test, proof: Proof) -> list[str]:
    """A test as indented Markdown: what it says, its outcome, its place and its source."""
    place = f"{test.file}:{test.line}"
    link = f"[{place}]({proof.link.format(file=test.file, line=test.line)})" if proof.link else f"`{place}`"
    sentence = test.sentence[:1].upper() + test.sentence[1:]
    fence = "`" * 8  # longer than any that a test holds
    lines = ["", f"{sentence}: {proof.outcome(test) or _UNRUN} ({link})", ""]
    lines += [f"{fence}python", *test.source.split("\n"), fence]
    return [f"    {line}" if line else "" for line in lines]


def _line(directive: Directive, node: str) -> int:
    lines = enumerate(directive.body.splitlines(), directive.line + 1)
    return next((number for number, text in lines if node in text), directive.line)
