"""Requirements and the tests that cite them, held against each other."""

import pytest
from trueup import requirements
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.testrun import TestRun

TESTS = '''"""LIB-3: one reader has a book."""

def test_a_book_is_lent_once():
    """LIB-1, LIB-2 and LIB-1: more words."""
    assert lend()

class TestReturns:
    """LIB-4: a book comes back."""

    def test_it_comes_back(self):
        assert lend()

def test_nothing():
    """LIB-5: it says."""
'''


@pytest.fixture
def held(tmp_path):
    def hold(listed, tests=TESTS, run=None, strict=False):
        (tmp_path / "tests").mkdir(exist_ok=True)
        (tmp_path / "tests" / "test_loans.py").write_text(tests)
        (tmp_path / "wanted.toml").write_text(listed)
        config = Config(requirements="wanted.toml")
        facts = {fact.key: fact for fact in requirements.facts(config, tmp_path)}
        return facts, [str(found) for found in requirements.check(config, tmp_path, run, strict=strict)]

    return hold


def wanted(*ids, **extra):
    rows = [f'[{one}]\nsummary = "What {one} asks for."' for one in ids]
    return "\n".join([*rows, *(f'[{one}]\nsummary = "x"\nopen = "{why}"' for one, why in extra.items())])


def test_each_test_proves_what_it_its_class_and_its_module_cite(held):
    facts, findings = held(wanted("LIB-1", "LIB-2", "LIB-3", "LIB-4"))
    assert facts["LIB-2"].attributes["tests"] == ["tests/test_loans.py::test_a_book_is_lent_once"]
    assert facts["LIB-4"].attributes["proofs"] == ["it comes back (`tests/test_loans.py`)"]
    assert len(facts["LIB-3"].attributes["tests"]) == 3
    assert [line.partition(" [")[0] for line in findings] == [
        "tests/test_loans.py:13: LIB-5 is no requirement of wanted.toml; did you mean LIB-1?"
    ]


@pytest.mark.parametrize(
    ("listed", "finding"),
    [
        (wanted("LIB-9"), 'wanted.toml:1: no test cites LIB-9; begin the docstring of one with "LIB-9: "'),
        (wanted("LIB-5"), "LIB-5 is cited only by tests that prove nothing: tests/test_loans.py::test_nothing asserts"),
        (wanted("LIB-8") + '\nopen = "not built"', None),
        (wanted("LIB-1") + '\nopen = "not built"', "LIB-1 is open no more: tests/test_loans.py::test_a_book_is_lent_"),
    ],
)
def test_a_requirement_is_proved_or_open(held, listed, finding):
    mine = [line for line in held(listed)[1] if "[requirement-unproved]" in line]
    assert len(mine) == (finding is not None)
    assert all(finding in line for line in mine)


@pytest.mark.parametrize(
    ("outcome", "strict", "message"),
    [("passed", True, ""), ("skipped", False, ""), ("skipped", True, "has not passed"), ("failed", False, "failed")],
)
def test_what_came_of_the_tests_counts(held, outcome, strict, message):
    run = TestRun("digest", "2026-03-02", "abc", {"tests/test_loans.py::test_a_book_is_lent_once": outcome})
    mine = [line for line in held(wanted("LIB-1"), run=run, strict=strict)[1] if "[requirement-unproved]" in line]
    assert len(mine) == bool(message)
    assert all(message in line for line in mine)


def test_a_file_that_is_none_is_named(held):
    with pytest.raises(TrueupError, match=r"wanted.toml: LIB-1.summary: .* write \[ID\] with summary"):
        held("[LIB-1]\n")
