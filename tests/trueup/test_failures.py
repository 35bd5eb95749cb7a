"""Failures as facts: what a page says of them, and what is found when the two disagree."""

from typing import Any

import pytest
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory
from trueup.failures import show
from trueup.markup import Directive
from trueup.pages import Page
from trueup.scenes import OptionError, read_options

GONE = "# The shelf is gone.\nrm -r shelf\n[ ! -e shelf ]\n"


@pytest.fixture
def library(project: Any) -> Any:
    """The sample project with one failure, which a page treats."""
    project.edit("pyproject.toml", 'vocabulary = "', 'failures = "failures"\nvocabulary = "')
    project.add("failures/shelf-gone.sh", GONE)
    project.add("docs/guide/loans.md", "\n## Gone\n\n/// failure | shelf-gone\n///\n\nSee `shelf-gone`.\n")
    project.write()
    return project


def test_a_failure_is_a_fact_that_its_page_owns(library: Any) -> None:
    assert library.findings() == []
    assert '"key": "shelf-gone"' in (library.root / "docs/inventory.json").read_text()


def test_an_unknown_and_an_untreated_failure_are_found(library: Any) -> None:
    line = library.edit("docs/guide/loans.md", "/// failure | shelf-gone", "/// failure | shelf-gnoe")
    found = [str(finding) for finding in library.findings()]
    assert (
        f"docs/guide/loans.md:{line}: unknown failure shelf-gnoe; did you mean shelf-gone? [failure-unknown]" in found
    )
    assert (
        "failures/shelf-gone.sh:1: failure shelf-gone is treated by no page; "
        "write a section with /// failure | shelf-gone, or remove the file [failure-untreated]"
    ) in found


def test_a_failure_that_is_not_named_and_a_wrong_option(library: Any) -> None:
    library.edit("docs/guide/loans.md", "/// failure | shelf-gone\n", "/// failure\nenw: {}\n")
    message = "unknown option enw; failure takes env, own; correct the option [block-option]"
    assert any(str(finding).endswith(message) for finding in library.findings())
    library.edit("docs/guide/loans.md", "enw: {}\n", "")
    assert any("no failure is named" in finding.message for finding in library.findings())


def test_a_changed_script_is_a_changed_fact(library: Any) -> None:
    library.edit("failures/shelf-gone.sh", "rm -r shelf", "rm -rf shelf")
    changed = [finding for finding in library.findings() if finding.code == "fact-changed"]
    assert [finding.path for finding in changed] == ["failures/shelf-gone.sh"]


@pytest.mark.parametrize("text", ["", "rm -r shelf\n", "#\nrm x\n"])
def test_a_script_that_says_nothing_is_an_error(library: Any, text: str) -> None:
    (library.root / "failures/shelf-gone.sh").write_text(text)
    with pytest.raises(TrueupError, match=r"failures/shelf-gone\.sh:1: says nothing"):
        library.findings()


def test_a_folder_that_is_not_there_is_an_error(library: Any) -> None:
    library.edit("pyproject.toml", 'failures = "failures"', 'failures = "failure"')
    with pytest.raises(TrueupError, match=r"failure: no such folder; correct tool\.trueup\.failures"):
        library.findings()


def box(body: str, argument: str = "shelf-gone", name: str = "failure") -> str:
    fact = Fact("failure", "shelf-gone", {"summary": 'The "shelf" is gone.', "script": "rm -r shelf\n"}, "f.sh", 1)
    return show(Directive(1, 2, "", argument, body, name), Inventory([fact])).markdown


def test_a_reader_sees_which_failure_it_is_and_how_it_was_made() -> None:
    shown = box("env: {SHELVES: 0}")
    assert shown.startswith("??? failure \"The service fails here: the 'shelf' is gone\"\n")
    assert "`shelf-gone`{#failure-shelf-gone}" in shown
    assert "started with `SHELVES=0`" in shown
    assert "    ~~~~bash\n    rm -r shelf\n    ~~~~" in shown
    assert "{#" not in box("own: false")
    assert box("", name="scene", argument="") == ""


@pytest.mark.parametrize(
    ("body", "option"),
    [("env: [", ""), ("env: 1", "env"), ("env: {A: []}", "env"), ("x: 1", "x"), ("own: maybe", "own")],
)
def test_wrong_options_are_named(body: str, option: str) -> None:
    page = Page("docs/x.md", "x.md", f"/// failure | a\n{body}\n///\n")
    with pytest.raises(OptionError) as error:
        read_options(page.directives[0])
    assert error.value.option == option
