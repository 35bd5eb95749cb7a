"""The kept site: only changed pages are built anew, and nothing that is wrong with a whole site is missed."""

import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from trueup.check import Run
from trueup.config import load
from trueup.keptsite import kept_site
from trueup.memory import Memory
from trueup.report import Report
from trueup.scope import Scope

from .conftest import SAMPLE, Project, copied, forget

PAGES = 4


def check(root: Path) -> Report:
    forget()
    scope = Scope(examples=False)
    memory = Memory.open(root)
    return Run(load(root), root, scope, lambda _: None, lambda: datetime(2026, 2, 3, tzinfo=UTC), memory).execute()


def left(report: Report) -> int:
    """How many pages were left as they were."""
    (entry,) = [entry for entry in report.checks if entry.name == "site"]
    assert entry.counted >= PAGES
    return entry.cached


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose site has been built, as it was then. What is remembered of a project is of its place, too."""
    folder = tmp_path_factory.mktemp("kept")
    project = copied(SAMPLE, folder)
    report = check(project.root)
    assert not report.findings
    assert left(report) == 0
    return project.root.rename(folder / "snapshot")


@pytest.fixture
def built(snapshot: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """The project with the site that was kept."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # edits within one second must be seen
    root = shutil.copytree(snapshot, snapshot.with_name("project"))
    yield Project(root)
    forget()
    shutil.rmtree(root)


def test_an_unchanged_site_is_not_built(built: Project) -> None:
    assert left(check(built.root)) == PAGES


def test_an_edited_page_is_built_alone_and_its_links_are_looked_at(built: Project) -> None:
    built.edit("docs/index.md", "Everything is set in", "All of it is set in")
    report = check(built.root)
    assert not report.findings
    assert left(report) == PAGES - 1
    assert "All of it is set in" in (built.root / ".trueup/cache/site/index.html").read_text()
    line = built.edit("docs/index.md", "guide/settings.md)", "guide/settings.md#how)")
    for _ in range(2):
        assert [(f.path, f.line) for f in check(built.root).findings] == [("docs/index.md", line)]


def test_an_anchor_that_other_pages_lead_to_may_not_go(built: Project) -> None:
    built.add("docs/guide/loans.md", "\n## Late {#late}\n\nToo late.\n")
    line = built.edit("docs/index.md", "guide/settings.md)", "guide/loans.md#late)")
    assert not check(built.root).findings
    built.edit("docs/guide/loans.md", "{#late}", "{#later}")
    found = check(built.root).findings
    assert {(f.path, f.line) for f in found} == {("docs/index.md", line)}


WHOLE = [
    ("docs/index.md", "# ", "---\ntitle: Home\n---\n# "),  # every page shows the title
    ("mkdocs.yml", "site_name: ", "site_name: My "),
    ("library/main.py", '"""', '"""Again. '),
]


@pytest.mark.parametrize(("path", "old", "new"), WHOLE)
def test_what_other_pages_show_makes_all_pages_anew(built: Project, path: str, old: str, new: str) -> None:
    file = built.root / path
    file.write_text(file.read_text().replace(old, new, 1))
    assert left(check(built.root)) == 0


def test_a_new_page_makes_all_pages_anew(built: Project) -> None:
    built.add("docs/new.md", "# New\n")
    assert left(check(built.root)) == 0


def test_a_fact_that_moves_to_another_page_makes_all_pages_anew(built: Project) -> None:
    block = "/// facts | settings\n///\n"
    built.edit("docs/guide/settings.md", block, "")
    built.add("docs/guide/loans.md", f"\n{block}")
    report = check(built.root)
    assert not report.findings
    assert left(report) == 0
    assert "../loans/#setting-loan_days" in (built.root / ".trueup/cache/site/guide/settings/index.html").read_text()


def test_a_site_with_something_wrong_is_not_kept(built: Project) -> None:
    built.edit("docs/index.md", "guide/settings.md)", "guide/nowhere.md)")
    assert check(built.root).findings
    assert not (built.root / ".trueup/cache/site.json").exists()
    built.edit("docs/index.md", "guide/nowhere.md)", "guide/settings.md)")
    built.edit("docs/index.md", "Everything is set in", "All of it is set in")
    report = check(built.root)
    assert not report.findings
    assert left(report) == 0


@pytest.mark.parametrize("notes", ["", "[]", "{}", '{"shared": 1, "pages": []}'])
def test_notes_that_are_damaged_are_passed_over(built: Project, notes: str) -> None:
    (built.root / ".trueup/cache/site.json").write_text(notes)
    built.edit("docs/index.md", "Everything is set in", "All of it is set in")
    report = check(built.root)
    assert not report.findings
    assert left(report) == 0


def test_a_run_beside_another_leaves_its_site_alone(built: Project) -> None:
    built.edit("docs/index.md", "Everything is set in", "All of it is set in")
    with kept_site(built.root, "x") as mine:
        assert mine is not None
        report = check(built.root)
    assert not report.findings
    assert left(report) == 0
    assert "All of it" not in (built.root / ".trueup/cache/site/index.html").read_text()
