"""The command line: exit codes, formats, and one clear line for whatever keeps it from working."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from trueup.cli import main
from trueup.report import load
from trueup.values import Values

from .conftest import forget


@dataclass
class Result:
    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command line in a folder, in this process."""

    def run(root: Path, *arguments: str) -> Result:
        forget()
        monkeypatch.chdir(root)
        monkeypatch.setenv("COLUMNS", "200")
        monkeypatch.setattr(sys, "argv", ["trueup", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return Result(int(ended.value.code or 0), out, err)

    return run


@pytest.fixture
def quick(run: Run) -> Run:
    """Runs the checks that need neither a service nor a site."""
    return lambda root, *arguments: run(root, "check", "--no-links", "--no-examples", *arguments)


def test_a_true_project_exits_with_0_and_says_what_was_checked(project: Any, quick: Run) -> None:
    result = quick(project.root)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "no findings: 4 pages" in result.stdout
    assert result.stderr == ""
    report = load(project.root)
    assert report is not None
    assert report.pages["docs/index.md"].facts >= 5


def test_findings_exit_with_1_and_print_in_every_format(project: Any, run: Run, quick: Run) -> None:
    project.edit("docs/index.md", "`lent`", "`lend`")
    line = "docs/index.md:3: unknown name lend; did you mean lent? [code-unknown]"
    text = quick(project.root)
    assert text.returncode == 1
    assert line in text.stdout.splitlines()
    assert json.loads(quick(project.root, "--format", "json").stdout)["findings"][0]["code"] == "code-unknown"
    github = quick(project.root, "--format", "github")
    assert (
        "::error file=docs/index.md,line=3,title=code-unknown::unknown name lend; did you mean lent?" in github.stdout
    )
    again = run(project.root, "report")
    assert again.returncode == 1
    assert line in again.stdout.splitlines()


def test_facts_are_listed_as_a_page_writes_them(project: Any, run: Run) -> None:
    found = run(project.root, "facts", "LIMIT")
    assert found.returncode == 0, found.stderr
    lines = found.stdout.splitlines()
    assert lines[0] == "parameter listLoans.limit (library/main.py:32)"
    assert "    {{ parameter.listLoans.limit.default }}      20" in lines
    assert "setting LOAN_DAYS" in run(project.root, "facts", "until a loan is due").stdout, "told by what it means"


def test_every_value_that_is_listed_is_one(project: Any, run: Run) -> None:
    listed = [line.strip() for line in run(project.root, "facts", "").stdout.splitlines() if line.startswith("    ")]
    assert len(listed) > 100
    for line in listed:
        form, _, value = line.partition(" }}  ")
        filled = Values(project.truth().inventory).fill(form + " }}")
        assert not filled.unknown, line
        assert " ".join(filled.text.split()).startswith(value.strip().removesuffix("…")), line


def test_a_word_that_no_fact_has_is_one_line_and_status_1(project: Any, run: Run) -> None:
    found = run(project.root, "facts", "LONE_DAYS")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == ("no fact has 'LONE_DAYS' in its key, summary or description; did you mean LOAN_DAYS?\n")


def test_some_pages_only_leave_the_last_report_alone(project: Any, quick: Run) -> None:
    assert quick(project.root).returncode == 0
    project.edit("docs/index.md", "`lent`", "`lend`")
    assert quick(project.root, "docs/index.md").returncode == 1
    assert quick(project.root, "docs/guide").returncode == 0
    report = load(project.root)
    assert report is not None
    assert not report.findings


BROKEN = [
    ("library/main.py", "import this_is_not_there\n", "importing 'library.main' failed: ModuleNotFoundError"),
    ("library/main.py", "def (\n", "SyntaxError: invalid syntax (library/main.py:"),
    ("library/facts.py", "collect = lambda: 1 / 0\n", "collector library.facts:collect failed: ZeroDivisionError"),
    ("library/facts.py", "collect = lambda: [{'kind': 'x'}]\n", "collector library.facts:collect: key: Field required"),
    ("pyproject.toml", "[tool.trueup.nonsense]\nx = 1\n", "[tool.trueup]: unknown key nonsense"),
    ("pyproject.toml", "[tool.\n", "pyproject.toml: is no TOML"),
    ("vocabulary.toml", '"x" = ""\n', "vocabulary.toml: 'x' has no reason"),
    ("vocabulary.toml", "x\n", "vocabulary.toml: is no TOML"),
    ("docs/inventory.json", "}", "docs/inventory.json: is no inventory"),
    ("docs/openapi.json", "}", "docs/openapi.json: is no JSON"),
]


@pytest.mark.parametrize(("path", "text", "message"), BROKEN)
def test_what_keeps_it_from_working_is_one_clear_line(
    project: Any, path: str, text: str, message: str, quick: Run
) -> None:
    project.add(path, text)
    result = quick(project.root)
    assert result.returncode == 2, result.stdout
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_page_in_another_encoding_is_one_clear_line(project: Any, quick: Run) -> None:
    (project.root / "docs" / "latin.md").write_bytes("# Übersicht\n".encode("latin-1"))
    result = quick(project.root)
    assert result.returncode == 2
    assert result.stderr == "trueup: docs/latin.md: is no UTF-8 text (byte 2); save it as UTF-8\n"


def test_misuse_exits_with_2(project: Any, tmp_path: Path, run: Run, quick: Run) -> None:
    assert quick(project.root, "docs/missing.md").returncode == 2
    assert run(project.root, "check", "--nonsense").returncode == 2
    assert run(project.root, "report").returncode == 2
    elsewhere = run(tmp_path, "check")
    assert elsewhere.returncode == 2
    assert "no pyproject.toml with [tool.trueup] here or above" in elsewhere.stderr


def test_commands_work_from_a_folder_below(project: Any, quick: Run) -> None:
    assert quick(project.root / "docs", "index.md").returncode == 0


def test_build_stamps_pages_that_are_true_and_says_so_when_they_are_not(project: Any, run: Run) -> None:
    result = run(project.root, "build")
    assert result.returncode == 0, result.stdout + result.stderr
    built = project.root / "site" / "guide" / "settings" / "index.html"
    assert "Verified on <time" in built.read_text()
    assert "7 facts" in built.read_text()
    project.edit("docs/guide/settings.md", "A loan lasts", "Each loan lasts")
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q"], cwd=project.root, check=True, timeout=60)
    assert "Not verified in this build." in built.read_text()
    assert "Verified on <time" in (project.root / "site" / "index.html").read_text()
    project.edit("docs/inventory.json", '"default": 21', '"default": 22')
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q"], cwd=project.root, check=True, timeout=60)
    assert "Not verified in this build." in (project.root / "site" / "index.html").read_text()
