"""Guarantees and the tests that prove them: what stands in the source, and what came of the last run."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from trueup.check import Run, Scope
from trueup.config import load
from trueup.evidence import Proof, read, render
from trueup.pages import read_page
from trueup.testcode import NoTest, Test, find
from trueup.testrun import RESULTS, TestRun, code_digest, current, save

TESTS = '''\
"""Tests of the library."""

import pytest


def holds(value):
    assert value


def test_a_loan_ends():
    assert 1 + 1 == 2


def test_through_another_function():
    holds(True)


def test_nothing():
    print("a test")


def test_a_constant():
    assert True


def test_an_error_is_raised():
    with pytest.raises(ValueError):
        int("x")


@pytest.mark.skip(reason="later")
def test_skipped():
    assert 1


@pytest.mark.xfail
def test_expected_to_fail():
    assert 0


def test_gives_up():
    pytest.skip("not here")
    assert 1


class TestDesk:
    @pytest.mark.parametrize("number", [1, 2])
    def test_numbers(self, number):
        assert number < 3
'''

GOOD = ["test_a_loan_ends", "test_through_another_function", "test_an_error_is_raised", "TestDesk::test_numbers"]

CLAIM = "\n## Loans\n\n/// evidence | A loan never lasts for ever.\n- tests/test_loans.py::{}\n///\n"


@pytest.fixture
def library(project: Any) -> Any:
    project.add("tests/test_loans.py", TESTS)
    return project


def codes(library: Any, test: str) -> list[tuple[str, str]]:
    library.add("docs/guide/loans.md", CLAIM.format(test))
    return [(each.code, each.message) for each in library.findings() if each.code.startswith("evidence")]


@pytest.mark.parametrize(
    "test",
    [
        "test_a_loan_ends",
        "test_through_another_function",
        "test_an_error_is_raised",
        "TestDesk::test_numbers",
    ],
)
def test_a_test_that_can_fail_is_evidence(library: Any, test: str) -> None:
    assert codes(library, test) == []


@pytest.mark.parametrize(
    ("test", "doubt"),
    [
        ("test_nothing", "asserts nothing"),
        ("test_a_constant", "asserts nothing"),
        ("test_skipped", "is marked skip"),
        ("test_expected_to_fail", "is marked xfail"),
        ("test_gives_up", "calls skip() whatever happens"),
    ],
)
def test_a_test_that_cannot_fail_is_none(library: Any, test: str, doubt: str) -> None:
    found = codes(library, test)
    assert [code for code, _ in found] == ["evidence-void"]
    assert found[0][1].endswith(doubt)


def test_what_a_browser_is_expected_to_show_is_evidence(library: Any) -> None:
    library.add("tests/test_screen.py", "def test_x(page):\n    expect(page).to_have_title('Loans')\n")
    found = find(library.root, "tests/test_screen.py::test_x")
    assert isinstance(found, Test)
    assert found.doubt == ""


def test_a_whole_file_may_be_marked(library: Any) -> None:
    library.add(
        "tests/test_slow.py", "import pytest\npytestmark = [pytest.mark.skip]\ndef test_x():\n    assert 1 < 2\n"
    )
    found = find(library.root, "tests/test_slow.py::test_x")
    assert isinstance(found, Test)
    assert found.doubt == "is marked skip"


@pytest.mark.parametrize(
    ("node", "suggestion"),
    [
        ("tests/test_loans.py::test_a_loan_end", "tests/test_loans.py::test_a_loan_ends"),
        ("tests/test_desk.py::test_a_loan_ends", "tests/test_loans.py::test_a_loan_ends"),
        ("test_a_loan_ends", "tests/test_loans.py::test_a_loan_ends"),
        ("tests/test_loans.py", None),
    ],
)
def test_a_test_that_does_not_exist_is_suggested(library: Any, node: str, suggestion: str | None) -> None:
    found = find(library.root, node)
    assert isinstance(found, NoTest)
    assert found.suggestion == suggestion


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("/// evidence\n- a.py::test_x\n///\n", "makes no claim"),
        ("/// evidence | It holds.\n///\n", "names no tests"),
        ("/// evidence | It holds.\ntest: a.py::test_x\n///\n", "names no tests"),
        ("/// evidence | It holds.\n- [\n///\n", "is no YAML"),
    ],
)
def test_a_block_that_cannot_be_read_says_why(library: Any, block: str, message: str) -> None:
    library.add("docs/guide/loans.md", f"\n{block}")
    found = [each for each in library.findings() if each.code == "block-option"]
    assert len(found) == 1
    assert message in found[0].message


def test_names_in_a_claim_are_held_against_facts(library: Any) -> None:
    library.add("docs/guide/loans.md", CLAIM.format("test_a_loan_ends").replace("for ever", "for `LOANS_DAYS`"))
    assert [each.code for each in library.findings()] == ["setting-unknown"]


def shown(root: Path, run: TestRun | None, strict: bool = False) -> tuple[str, list[str]]:
    page = read_page(root, root / "docs", root / "docs/guide/loans.md")
    proof = Proof(root, run, strict, "https://example.org/{file}#L{line}")
    evidence = read(page, next(each for each in page.directives if each.name == "evidence"), proof)
    return render(evidence, evidence.claim, proof), [each.code for each in evidence.findings]


NUMBERS = "tests/test_loans.py::TestDesk::test_numbers"


@pytest.mark.parametrize(
    ("outcomes", "told", "codes", "strict"),
    [
        ({f"{NUMBERS}[1]": "passed", f"{NUMBERS}[2]": "passed"}, "Proved by 1 test, passed on 2026-02-03", [], []),
        ({f"{NUMBERS}[1]": "passed", f"{NUMBERS}[2]": "failed"}, "1 test, not all passed", ["evidence-failed"], None),
        ({NUMBERS: "skipped"}, "1 test, not all passed", ["evidence-failed"], None),
        ({f"{NUMBERS}_more": "passed"}, "1 test, not run in this build", [], ["evidence-unproved"]),
        (None, "1 test, not run in this build", [], ["evidence-unproved"]),
    ],
)
def test_the_page_says_what_came_of_the_tests(
    library: Any, outcomes: dict[str, str] | None, told: str, codes: list[str], strict: list[str] | None
) -> None:
    library.add("docs/guide/loans.md", CLAIM.format("TestDesk::test_numbers"))
    run = TestRun("d", "2026-02-03T04:05:06+00:00", "abc", outcomes) if outcomes is not None else None
    text, found = shown(library.root, run)
    assert f'"{told}"' in text
    assert "](https://example.org/tests/test_loans.py#L" in text
    assert "assert number < 3" in text
    assert found == codes
    assert shown(library.root, run, strict=True)[1] == (codes if strict is None else strict)


def test_only_a_run_of_the_code_as_it_stands_counts(library: Any) -> None:
    config = load(library.root)
    save(TestRun(code_digest(config, library.root), "2026-02-03T00:00:00+00:00", "abc", {"a": "passed"}), library.root)
    save(TestRun(code_digest(config, library.root), "2026-02-04T00:00:00+00:00", "abc", {"b": "failed"}), library.root)
    run = current(config, library.root)
    assert run is not None
    assert run.outcomes == {"a": "passed", "b": "failed"}
    library.add("docs/guide/loans.md", "\nMore prose.\n")
    assert current(config, library.root) is not None
    library.add("library/states.py", "\n# changed\n")
    assert current(config, library.root) is None


def test_what_python_keeps_is_no_code(library: Any) -> None:
    subprocess.run(["git", "init", "-q"], cwd=library.root, check=True)
    before = code_digest(load(library.root), library.root)
    library.add("tests/__pycache__/test_loans.pyc", "compiled")
    assert code_digest(load(library.root), library.root) == before


def test_a_broken_file_of_outcomes_counts_as_none(library: Any) -> None:
    path = library.root / RESULTS
    path.parent.mkdir()
    for text in ("{", "[]", '{"digest": 1}'):
        path.write_text(text)
        assert current(load(library.root), library.root) is None


def pytest_run(root: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    return json.loads((root / RESULTS).read_text())


def test_the_plug_in_keeps_the_outcomes_and_check_asks_for_them(library: Any) -> None:
    found = pytest_run(library.root, "tests")["outcomes"]
    assert found["tests/test_loans.py::test_a_loan_ends"] == "passed"
    assert found["tests/test_loans.py::test_skipped"] == "skipped"
    assert found["tests/test_loans.py::test_expected_to_fail"] == "xfailed"
    assert found[f"{NUMBERS}[2]"] == "passed"
    library.add("docs/guide/loans.md", CLAIM.format("test_a_loan_ends"))
    library.write()
    assert strict(library) == []
    library.add("tests/test_loans.py", "\n# another text\n")
    assert strict(library) == ["evidence-unproved"]


def test_a_check_without_evidence_tells_how_many_promises_no_run_proves(library: Any) -> None:
    def note() -> str:
        return next(each.note for each in library.check().checks if each.name == "bindings")

    assert note() == ""
    library.add("docs/guide/loans.md", CLAIM.format("test_a_loan_ends") + CLAIM.format("test_an_error_is_raised"))
    assert note() == "2 promises not checked against a test run (--evidence)"
    pytest_run(library.root, "tests/test_loans.py::test_a_loan_ends")
    assert note() == "1 promise not checked against a test run (--evidence)"
    pytest_run(library.root, "tests")
    assert note() == ""
    library.add("tests/test_loans.py", "\n# another text\n")
    assert note() == "2 promises not checked against a test run (--evidence)"


def test_a_run_that_changes_the_code_is_not_kept(library: Any) -> None:
    library.add(
        "tests/test_edits.py",
        "from pathlib import Path\n\n\ndef test_x():\n"
        "    path = Path('library/states.py')\n    assert path.write_text(path.read_text() + '# changed')\n",
    )
    before = pytest_run(library.root, "tests/test_loans.py")
    assert "tests/test_loans.py::test_a_loan_ends" in before["outcomes"]
    assert pytest_run(library.root, "tests/test_edits.py") == before


def test_workers_of_xdist_report_to_one_file(library: Any) -> None:
    assert len(pytest_run(library.root, "tests", "-n", "2")["outcomes"]) == 10


def strict(library: Any) -> list[str]:
    scope = Scope(examples=False, links=False, evidence=True)
    run = Run(load(library.root), library.root, scope, lambda _: None, lambda: datetime(2026, 2, 3, tzinfo=UTC))
    return [each.code for each in run.execute().findings]


@pytest.mark.parametrize("sentence", ["It is never lost.", "A loan\nALWAYS ends.", "It is sent at most once."])
def test_a_promise_without_evidence_is_found(library: Any, sentence: str) -> None:
    claims(library, '"docs/guide"')
    library.add("docs/guide/loans.md", f"\n## Promises\n\n{sentence}\n")
    assert [each.code for each in library.findings()] == ["claim-unproved"]


@pytest.mark.parametrize("sentence", ["Write `never` here.", "See [it](always.md#never).", "It is nevertheless lent."])
def test_what_is_no_promise_is_not(library: Any, sentence: str) -> None:
    claims(library, '"docs/guide"')
    library.add("vocabulary.toml", '"never" = "a word"\n')
    library.add("docs/guide/loans.md", f"\n## Promises\n\n{sentence}\n")
    assert [each.code for each in library.findings() if each.code == "claim-unproved"] == []


def test_evidence_in_the_section_proves_its_promises_and_no_others(library: Any) -> None:
    claims(library, '"docs/guide"')
    library.add(
        "docs/guide/loans.md", CLAIM.format("test_a_loan_ends") + "\nIt never does.\n\n## More\n\nIt never did.\n"
    )
    found = library.findings()
    assert [(each.code, each.line) for each in found] == [("claim-unproved", line_of(library, "It never did."))]


def test_the_vocabulary_exempts_a_phrase_and_must_need_it(library: Any) -> None:
    claims(library, '"docs/guide"')
    library.add("docs/guide/loans.md", "\n## Promises\n\nBooks that were never lent, and never will.\n")
    library.add("vocabulary.toml", '"never lent" = "a state of a book"\n"never read" = "a state of a book"\n')
    assert sorted(each.code for each in library.findings()) == ["claim-unproved", "vocabulary-stale"]


def claims(library: Any, folders: str) -> None:
    library.add("pyproject.toml", f"\n[tool.trueup.claims]\nfolders = [{folders.replace('docs/', '')}]\n")


def line_of(library: Any, text: str) -> int:
    lines = (library.root / "docs/guide/loans.md").read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
