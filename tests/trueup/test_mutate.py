"""The proof as it is run: `trueup mutate` on the sample project, in a process of its own, because it forks."""

import contextlib
import hashlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from trueup.errors import TrueupError
from trueup.mutate.choice import Sample, choose
from trueup.mutate.mutant import Edit, Expected, Mutant, Side

COMMAND = [sys.executable, "-c", "from trueup.cli import main; main()", "mutate"]


def mutate(project: Any, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, "--root", str(project.root), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=110)


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def leftovers(pid: int) -> list[Path]:
    return [path for base in (Path("/dev/shm"), Path("/tmp")) for path in base.glob(f"trueup-{pid}-*")]


def operator(project: Any, name: str, expected: str) -> None:
    """Let the project bring an operator that removes the options of its command."""
    project.add(
        "library/mutations.py",
        "from trueup.mutate.mutant import Edit, Expected, Mutant, Side\n\n\n"
        "def made(ground):\n"
        "    text = ground.text('library/settings.py').replace('default=21', 'default=22')\n"
        f"    yield Mutant('{name}', Side.CODE, 'longer loans', 'library/settings.py:17',\n"
        f"                 (Edit('library/settings.py', text),), {expected})\n",
    )
    project.edit(
        "pyproject.toml", "[project]", "[tool.trueup.mutate]\noperators = ['library.mutations:made']\n\n[project]"
    )


def test_mutants_are_killed_and_harmless_edits_pass_and_nothing_is_touched(project: Any) -> None:
    before = fingerprint(project.root)
    chosen = ["setting default changed", "docs: state misspelt", "harmless: comment added to a page"]
    result = mutate(project, "--format", "json", *(option for name in chosen for option in ("--only", name)))
    assert result.returncode == 0, result.stderr + result.stdout
    document = json.loads(result.stdout)
    assert document["totals"]["killed"] == document["totals"]["mutants"] == 2
    assert document["totals"]["silent"] == document["totals"]["harmless"] == 2
    assert {row["fate"] for row in document["mutants"]} == {"killed", "silent"}
    assert {group["name"]: group["codes"] for group in document["classes"] if group["side"] == "code"} == {
        "setting default changed": ["fact-changed"]
    }
    assert fingerprint(project.root) == before


def test_a_survivor_is_shown_and_ends_with_1(project: Any) -> None:
    operator(project, "wrongly expected", "Expected(('fact-removed',), ('setting LOAN_DAYS',))")
    result = mutate(project, "--only", "wrongly expected")
    assert result.returncode == 1, result.stderr
    assert "0/1" in result.stdout
    assert "survived: wrongly expected: longer loans" in result.stdout
    assert "expected: fact-removed naming setting LOAN_DAYS" in result.stdout
    assert "default 21 → 22" in result.stdout, "what was reported instead"


def test_a_harmless_edit_that_is_reported_ends_with_1(project: Any) -> None:
    operator(project, "harmless: not so", "None")
    project.edit("library/mutations.py", "Side.CODE", "Side.HARMLESS")
    result = mutate(project, "--only", "harmless: not so")
    assert result.returncode == 1, result.stderr
    assert "false alarm: harmless: not so" in result.stdout


def test_a_program_that_does_not_import_says_nothing(project: Any) -> None:
    operator(project, "broken", "Expected(('fact-removed',))")
    project.edit("library/mutations.py", "'default=22'", "'default=='")
    result = mutate(project, "--only", "broken", "--format", "json")
    assert result.returncode == 0, result.stdout
    totals = json.loads(result.stdout)["totals"]
    assert (totals["mutants"], totals["invalid"]) == (0, 1)


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("library/settings.py", "default=21", "default=22", "the project is not clean, so nothing can be proved"),
        ("library/settings.py", "from enum import Enum", "from enum import Enun", "cannot import name 'Enun'"),
    ],
)
def test_a_project_that_is_not_clean_proves_nothing(project: Any, path: str, old: str, new: str, told: str) -> None:
    project.edit(path, old, new)
    result = mutate(project, "--only", "docs")
    assert result.returncode == 2
    assert told in result.stderr
    assert result.stderr.count("\n") == 1, result.stderr


def test_the_score_is_kept_as_facts(project: Any) -> None:
    assert mutate(project, "--only", "setting default changed", "--write").returncode == 0
    document = json.loads((project.root / "docs/mutation.json").read_text())
    truth = project.truth().inventory
    assert truth.get("mutation", "total").attributes["killed"] == document["totals"]["killed"] == 1
    assert truth.get("mutation_class", "code: setting default changed").attributes["good"] == 1
    assert project.findings() == []


def test_patches_are_exported_with_what_they_must_cause(project: Any, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=project.root, check=True)
    result = mutate(project, "--only", "docs", "--export", str(tmp_path / "mutants"))
    assert result.returncode == 0, result.stderr
    listed = json.loads((tmp_path / "mutants/mutants.json").read_text())
    assert len(listed) > 10
    for entry in listed:
        patch = tmp_path / "mutants" / entry["patch"]
        applied = subprocess.run(
            ["git", "apply", "--check", str(patch)], cwd=project.root, capture_output=True, text=True
        )
        assert applied.returncode == 0, f"{entry['patch']}: {applied.stderr}"
        assert entry["codes"], entry


def test_an_interrupted_run_leaves_nothing(project: Any) -> None:
    before = fingerprint(project.root)
    process = subprocess.Popen([*COMMAND, "--root", str(project.root), "--all"], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 90
        while not any(any(folder.glob("m[0-9]*")) for folder in leftovers(process.pid)):
            assert process.poll() is None, "it ended before anything was judged"
            assert time.monotonic() < deadline
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) != 0
    finally:
        process.kill()
        process.wait()
    assert leftovers(process.pid) == []
    assert fingerprint(project.root) == before


BOUNDS = """
import json, sys, time
from trueup.mutate.yard import Task, run

def forever():
    time.sleep(600)

def hungry():
    return len(bytearray(3 * 1024**3))

def broken():
    raise ValueError("a shelf is missing")

tasks = [Task("time", forever, 0.3), Task("memory", hungry, 30, 1024), Task("error", broken, 30),
         Task("fine", lambda: 7, 30)]
print(json.dumps({done.key: done.answer if done.answer else done.trouble.strip().splitlines()[-1]
                  for done in run(lambda: tasks.pop() if tasks else None, 2)}))
"""


def test_time_memory_and_errors_of_a_task_are_bounded() -> None:
    result = subprocess.run([sys.executable, "-c", BOUNDS], capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(result.stdout) == {
        "time": "did not end within 0.3 s",
        "memory": "MemoryError",
        "error": "ValueError: a shelf is missing",
        "fine": 7,
    }


def made(group: str, number: int) -> Mutant:
    return Mutant(group, Side.CODE, f"number {number}", f"f{number % 3}.py:1", (Edit("f.py", ""),), Expected())


def test_a_choice_can_be_repeated_and_samples_make_the_whole() -> None:
    mutants = [made(group, number) for group in ("a", "b", "c") for number in range(9)]
    whole = choose(mutants, each=4, seed=1).chosen
    assert len(whole) == 12
    assert choose(reversed(mutants), each=4, seed=1).chosen == whole
    assert choose(mutants, each=4, seed=2).chosen != whole
    parts = [choose(mutants, each=4, seed=1, sample=Sample(number, 5)).chosen for number in range(1, 6)]
    assert sorted(mutant.id for part in parts for mutant in part) == sorted(mutant.id for mutant in whole)
    # Each file is met before any is met twice.
    assert {mutant.place for mutant in whole if mutant.group == "a"} == {"f0.py:1", "f1.py:1", "f2.py:1"}


def test_samples_rotate_with_the_commit() -> None:
    assert Sample.parse("3/8", "") == Sample(3, 8)
    assert {Sample.parse("4", commit).number for commit in ("a0", "a1", "a2", "a3")} == {1, 2, 3, 4}
    for text in ("0/8", "9/8", "x", "8/"):
        with pytest.raises(TrueupError, match="write N/M"):
            Sample.parse(text, "")


def test_an_unknown_class_is_named() -> None:
    with pytest.raises(TrueupError, match="did you mean 'state removed'"):
        choose([made("state removed", 1)], each=1, seed=1, only=["state remove"])
