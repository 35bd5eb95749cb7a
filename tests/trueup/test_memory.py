"""The memory: a clean result is recalled while nothing that it read has changed, and never otherwise."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from trueup import memory as memories
from trueup import recollection
from trueup.check import Run
from trueup.config import load
from trueup.memory import FOLDER, Memory, opened
from trueup.report import CheckEntry, Report
from trueup.scope import Scope

from .conftest import forget


def now() -> datetime:
    return datetime(2026, 2, 3, tzinfo=UTC)


def keep(root: Path, value: Any = "found", *reads: str) -> bool:
    memory = Memory.open(root)
    memory.remember("kind", *reads, value=value)
    return memory.settle()


def stored(root: Path) -> list[Path]:
    return sorted((root / FOLDER).glob("*"))


@pytest.mark.parametrize("value", ["text", 0, [], {"a": [1, {"b": None}]}, "ü"])
def test_a_result_is_recalled_for_the_same_reads_only(tmp_path: Path, value: Any) -> None:
    assert keep(tmp_path, value, "a", "b")
    memory = Memory.open(tmp_path)
    assert memory.recall("kind", "a", "b") == value
    assert memory.recall("kind", "ab") is None
    assert memory.recall("kind", "a", "b", "") is None
    assert memory.recall("other", "a", "b") is None


@pytest.mark.parametrize("value", [(1, 2), {1: "a"}, None, float("nan")])
def test_what_would_come_back_as_something_else_is_not_remembered(tmp_path: Path, value: Any) -> None:
    assert not keep(tmp_path, value)
    assert Memory.open(tmp_path).recall("kind") is None


def test_nothing_is_written_when_a_file_was_written_to_meanwhile(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("1")
    for texts in (["2"], ["3", "2"]):
        memory = Memory.open(tmp_path)
        memory.remember("kind", value=1)
        for text in texts:
            file.write_text(text)
        assert not memory.settle()
        assert Memory.open(tmp_path).recall("kind") is None


@pytest.mark.parametrize("content", [b"", b"\n", b"x", b"{}", b"\xff\n\xff", b"0 0\n1"])
def test_a_file_that_is_something_else_is_passed_over_and_replaced(tmp_path: Path, content: bytes) -> None:
    keep(tmp_path)
    (file,) = stored(tmp_path)
    file.write_bytes(content)
    assert Memory.open(tmp_path).recall("kind") is None
    keep(tmp_path)
    assert Memory.open(tmp_path).recall("kind") == "found"


def test_every_damage_to_a_file_is_noticed(tmp_path: Path) -> None:
    keep(tmp_path)
    (file,) = stored(tmp_path)
    whole = file.read_bytes()
    memory = Memory.open(tmp_path)
    assert memory.recall("kind") == "found"
    for place in range(len(whole)):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert memory.recall("kind") is None, place
        file.write_bytes(whole[:place])
        assert memory.recall("kind") is None, place


def test_a_result_under_the_name_of_another_is_passed_over(tmp_path: Path) -> None:
    keep(tmp_path, "one", "1")
    (one,) = stored(tmp_path)
    keep(tmp_path, "two", "2")
    (two,) = [file for file in stored(tmp_path) if file != one]
    one.replace(two)
    assert Memory.open(tmp_path).recall("kind", "2") is None


def test_a_place_that_cannot_be_written_to_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / ".trueup").write_text("in the way")
    keep(tmp_path)
    assert Memory.open(tmp_path).recall("kind") is None


def test_runs_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda number: keep(tmp_path, "x" * 10_000, str(number % 3)), range(40)))
    memory = Memory.open(tmp_path)
    assert [memory.recall("kind", str(number)) for number in range(3)] == ["x" * 10_000] * 3
    assert len(stored(tmp_path)) == 3


def test_it_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memories, "LIMIT_BYTES", 1_000)
    for number in range(20):
        keep(tmp_path, "x" * 100, str(number))
    files = stored(tmp_path)
    assert 1 <= len(files) <= 5
    assert sum(file.stat().st_size for file in files) <= 1_000
    os.utime(files[0], (0, 0))
    keep(tmp_path, "new", "new")
    assert files[0] not in stored(tmp_path)


def test_files_that_are_opened_are_noted(tmp_path: Path) -> None:
    for name in ("before", "during", "after"):
        (tmp_path / name).write_text(name)
    with opened() as paths:
        (tmp_path / "during").read_text()
    (tmp_path / "after").read_text()
    assert {Path(path).name for path in paths if path.startswith(str(tmp_path))} == {"during"}


class Checks:
    """Runs of the checks over a sample project, each as a process of its own would do it."""

    def __init__(self, project: Any) -> None:
        self.project = project
        self.root: Path = project.root

    def run(self, *paths: str, remembering: bool = True) -> Report:
        forget()
        scope = Scope(paths, links=False)
        memory = Memory.open(self.root) if remembering else Memory.none()
        known = recollection.recall(memory, scope, self.root, now)
        return known or Run(load(self.root), self.root, scope, lambda _: None, now, memory).execute()

    def entry(self, name: str, *paths: str) -> CheckEntry:
        return next(entry for entry in self.run(*paths).checks if entry.name == name)

    def cached(self, name: str, *paths: str) -> bool:
        entry = self.entry(name, *paths)
        assert entry.cached in {0, entry.counted}
        return entry.cached > 0


@pytest.fixture
def checks(project: Any) -> Checks:
    found = Checks(project)
    report = found.run()
    assert not report.findings
    assert all(entry.cached == 0 for entry in report.checks)
    return found


def test_an_unchanged_project_is_answered_from_memory_and_says_so(checks: Checks) -> None:
    cold, warm = checks.run(remembering=False), checks.run()
    assert all(entry.cached == entry.counted for entry in warm.checks)
    assert [(entry.name, entry.counted) for entry in warm.checks] == [
        (entry.name, entry.counted) for entry in cold.checks
    ]
    assert (warm.pages, warm.facts, warm.generated) == (cold.pages, cold.facts, cold.generated)
    assert all(entry.cached == 0 for entry in cold.checks)


def test_each_scope_has_a_memory_of_its_own(checks: Checks) -> None:
    assert len(checks.run("docs/index.md").pages) == 1
    assert len(checks.run().pages) > 1


def test_facts_outlast_an_edit_of_a_page_and_not_one_of_the_code(checks: Checks) -> None:
    checks.project.edit("docs/index.md", "Everything is set in", "All of it is set in")
    cached = {entry.name: entry.cached for entry in checks.run().checks}
    assert cached["facts"]
    assert not cached["bindings"]
    checks.project.add("library/states.py", "# a comment\n")
    assert not checks.cached("facts")
    assert checks.cached("facts")


EDITS = [
    ("library/settings.py", "default=21", "default=28", "fact-changed"),
    ("docs/index.md", "`lent`", "`lend`", "code-unknown"),
    ("docs/guide/settings.md", "`LOAN_DAYS=30`", "`LOAN_DAYS=91`", "value-invalid"),
    ("docs/inventory.json", '"default": 21', '"default": 22', "fact-changed"),
    ("pyproject.toml", '"transition"', '"transition", "file"', "fact-undocumented"),
    ("vocabulary.toml", "[words]\n", '[words]\n"Dewey" = "a librarian"\n', "vocabulary-stale"),
]


@pytest.mark.parametrize(("path", "old", "new", "code"), EDITS)
def test_an_error_is_found_although_much_is_remembered(
    checks: Checks, path: str, old: str, new: str, code: str
) -> None:
    file = checks.root / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    for _ in range(2):
        assert code in {finding.code for finding in checks.run().findings}, "what fails is not remembered"
    file.write_text(text)
    assert not checks.run().findings


def test_a_collector_that_reads_a_page_is_asked_again_when_the_page_changes(project: Any) -> None:
    project.add(
        "library/facts.py", f"\nfrom pathlib import Path\n\nWORDS = Path('{project.root}/docs/index.md').read_text()\n"
    )
    checks = Checks(project)
    assert not checks.cached("facts")
    assert checks.cached("facts")
    project.add("docs/guide/loans.md", "\nMore.\n")
    assert checks.cached("facts")
    project.add("docs/index.md", "\nMore.\n")
    assert not checks.cached("facts")


class Plays:
    """A project with examples that count how often they were run."""

    def __init__(self, project: Any, folder: Path) -> None:
        self.checks = Checks(project)
        self.project = project
        self.marks = folder
        folder.mkdir()
        project.add("pyproject.toml", "\n[tool.trueup.timeouts]\nblock = 20\n")
        project.edit("pyproject.toml", "[tool.trueup]\n", '[tool.trueup]\nscenarios = "scenarios"\n')
        project.add("scenarios/plain.sh", "true\n")
        project.add(
            "scenarios/pages.sh", 'root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)\ncp -r "$root/docs" .\n'
        )
        self.page("one")
        self.page("plain", scenario="plain")
        self.page("pages", scenario="pages")

    def page(self, name: str, scenario: str = "") -> None:
        front = f"---\ntrueup:\n  scenario: {scenario}\n---\n" if scenario else ""
        block = f"```bash\necho x >> {self.marks / name}\n```\n"
        self.project.add(f"docs/{name}.md", f"{front}# Page {name}\n\n{block}")

    def played(self, *paths: str, examples: int = 1) -> set[str]:
        """The pages whose examples a run plays; `paths` hold as many `examples`."""
        before = self._counts()
        report = self.checks.run(*paths)
        assert not report.findings
        assert sum(entry.examples for entry in report.pages.values()) == (examples if paths else 3)
        after = self._counts()
        return {name for name in after if after[name] != before.get(name, 0)}

    def _counts(self) -> dict[str, int]:
        return {path.name: len(path.read_text().splitlines()) for path in self.marks.iterdir()}


@pytest.fixture
def plays(project: Any, tmp_path: Path) -> Plays:
    found = Plays(project, tmp_path / "marks")
    found.project.write()
    assert found.played() == {"one", "plain", "pages"}
    return found


def test_examples_are_played_again_when_something_that_they_read_has_changed(plays: Plays) -> None:
    assert plays.played() == set()
    plays.project.add("docs/guide/loans.md", "\nMore.\n")
    assert plays.played() == {"pages"}, "its scenario copies all pages"
    plays.project.edit("docs/one.md", "echo x >>", "echo y; echo x >>")
    assert plays.played() == {"one", "pages"}
    plays.project.add("vocabulary.toml", "# a comment\n")
    assert plays.played() == set()
    plays.project.add("library/main.py", "# a comment\n")
    assert plays.played() == {"one", "plain", "pages"}
    plays.project.add("scenarios/plain.sh", "# a comment\n")
    assert plays.played() == {"one", "plain", "pages"}
    plays.project.add("data.csv", "1\n")
    assert plays.played() == {"one", "plain", "pages"}


def test_prose_plays_nothing_anew(plays: Plays) -> None:
    plays.project.edit("docs/one.md", "# Page one", "Some prose.\n\n# Page one, again")
    assert plays.played("docs/one.md") == set()


def test_an_example_that_tells_its_line_is_played_again_where_it_stands_elsewhere(plays: Plays) -> None:
    plays.project.edit("docs/one.md", "echo x >>", 'echo "$LINENO" >/dev/null; echo x >>')
    assert plays.played("docs/one.md") == {"one"}
    plays.project.edit("docs/one.md", "# Page one", "Some prose.\n\n# Page one")
    assert plays.played("docs/one.md") == {"one"}


def test_of_a_page_only_the_scene_that_has_changed_is_played_again(plays: Plays) -> None:
    scene = "/// scene\n///\n\n```bash\necho x >> {mark}\n```\n"
    for name in ("first", "second"):
        plays.project.add("docs/one.md", f"\n## {name}\n\n" + scene.format(mark=plays.marks / name))
    assert plays.played("docs/one.md", examples=3) == {"one", "first", "second"}
    plays.project.edit("docs/one.md", f"x >> {plays.marks / 'second'}", f"y >> {plays.marks / 'second'}")
    assert plays.played("docs/one.md", examples=3) == {"one", "second"}


def test_some_pages_share_the_memory_of_all(plays: Plays) -> None:
    plays.project.edit("docs/one.md", "echo x >>", "echo y; echo x >>")
    assert plays.played("docs/one.md") == {"one"}
    assert plays.played() == {"pages"}


def test_who_names_a_line_sees_it_run(plays: Plays) -> None:
    assert plays.played("docs/one.md:3") == {"one"}
    assert plays.played("docs/one.md:3") == {"one"}


def test_examples_that_fail_are_run_again(plays: Plays) -> None:
    text = (plays.project.root / "docs" / "one.md").read_text()
    plays.project.edit("docs/one.md", "echo x >>", "false; echo x >>")
    for _ in range(2):
        assert [finding.code for finding in plays.checks.run().findings] == ["example-failed"]
    (plays.project.root / "docs" / "one.md").write_text(text)
    assert plays.played() == set(), "they are as they were before"


def test_the_command_line_recalls_unless_told_not_to(project: Any) -> None:
    def check(*options: str) -> dict[str, Any]:
        program = "from trueup.cli import main; main()"
        command = [sys.executable, "-B", "-c", program, "check", "--no-links", "--format", "json", *options]
        result = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
        return dict(json.loads(result.stdout))

    def cached(report: dict[str, Any]) -> set[bool]:
        return {entry["cached"] == entry["counted"] for entry in report["checks"] if entry["counted"]}

    assert cached(check()) == {False}
    assert cached(check()) == {True}
    assert cached(check("--no-memory")) == {False}


def test_an_answer_from_memory_imports_nothing_that_takes_long(project: Any) -> None:
    slow = {"markdown", "fastapi", "mkdocs", "griffe", "httpx", "library"}
    program = f"import sys; from trueup.cli import cli; cli(standalone_mode=False); print(*{slow} & set(sys.modules))"
    command = [sys.executable, "-B", "-c", program, "check", "--no-links", "--no-examples"]
    loaded = []
    for _ in range(2):
        result = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
        assert "no findings" in result.stdout, result.stdout + result.stderr
        loaded.append(set(result.stdout.splitlines()[-1].split()))
    assert "library" in loaded[0]
    assert loaded[1] == set()
