"""The tree and the surroundings: whatever a check may have read changes their digests."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trueup import surroundings
from trueup.tree import digest_of, read_tree

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)

names = st.sampled_from(["a.py", "b.md", "docs/a.md", "docs/b/c.toml", "x y.txt", "ü.md", ".env"])
contents = st.binary(max_size=8)
trees = st.dictionaries(names, contents, max_size=6)


def write(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@given(trees, trees)
def test_two_trees_have_one_digest_only_when_they_are_alike(one: dict[str, bytes], other: dict[str, bytes]) -> None:
    with TemporaryDirectory() as first, TemporaryDirectory() as second:
        same = read_tree(write(Path(first), one)).digest() == read_tree(write(Path(second), other)).digest()
    assert same == (one == other)


@given(trees.filter(bool), st.data())
def test_only_what_is_left_out_may_change(files: dict[str, bytes], data: st.DataObject) -> None:
    left_out = data.draw(st.sampled_from(sorted(files)))
    changed = data.draw(st.sampled_from(sorted(files)))
    with TemporaryDirectory() as folder:
        before = read_tree(write(Path(folder), files)).digest([left_out])
        after = read_tree(write(Path(folder), {changed: files[changed] + b"."})).digest([left_out])
    assert (before == after) == (changed == left_out)


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_texts_have_one_digest_only_when_they_are_split_alike(one: list[str], other: list[str]) -> None:
    assert (digest_of(one) == digest_of(other)) == (one == other)


def test_a_mode_and_the_target_of_a_link_count(tmp_path: Path) -> None:
    write(tmp_path, {"run": b"x", "other": b"x"})
    (tmp_path / "link").symlink_to("run")
    seen = {read_tree(tmp_path).digest()}
    (tmp_path / "run").chmod(0o755)
    seen.add(read_tree(tmp_path).digest())
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("other")
    seen.add(read_tree(tmp_path).digest())
    (tmp_path / "other").unlink()
    seen.add(read_tree(tmp_path).digest())
    assert len(seen) == 4


def test_a_file_that_is_changed_and_changed_back_is_noticed(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": b"1"})
    before = read_tree(tmp_path)
    write(tmp_path, {"a.py": b"2"})
    write(tmp_path, {"a.py": b"1"})
    after = read_tree(tmp_path)
    assert after.digest() == before.digest()
    assert after.moment != before.moment


def test_a_repository_counts_what_git_knows_would_add_or_ignores_as_a_single_file(tmp_path: Path) -> None:
    files = ["a.py", "new.py", ".env", "build/made.txt", "site/index.html", ".trueup/tests.json", "__pycache__/a.pyc"]
    write(tmp_path, dict.fromkeys([*files, ".trueup/report.json", ".trueup/cache/x", "env/lib.py"], b"x"))
    write(tmp_path, {"env/pyvenv.cfg": b"", ".gitignore": b".env\nbuild/\n"})
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "a.py"], cwd=tmp_path, check=True)
    assert set(read_tree(tmp_path).files) == {"a.py", "new.py", ".env", ".gitignore", ".trueup/tests.json"}


def around(root: Path, now: datetime = NOW, **environ: str) -> str:
    return surroundings.digest(root, now, {"PATH": str(root), **environ})


def test_every_day_is_another(tmp_path: Path) -> None:
    assert around(tmp_path) == around(tmp_path, NOW + timedelta(hours=11))
    assert around(tmp_path) != around(tmp_path, NOW + timedelta(hours=12))


@pytest.mark.parametrize("name", ["DATA_DIR", "LANG", "PYTHONPATH", "GIT_DIR", "X"])
def test_variables_count(tmp_path: Path, name: str) -> None:
    assert around(tmp_path) != around(tmp_path, **{name: "1"})
    assert around(tmp_path, **{name: "1"}) != around(tmp_path, **{name: "2"})


@pytest.mark.parametrize("name", ["PWD", "COLUMNS", "TERM", "TERM_PROGRAM", "SSH_TTY", "_"])
def test_variables_of_the_terminal_do_not(tmp_path: Path, name: str) -> None:
    assert around(tmp_path) == around(tmp_path, **{name: "1"})


def test_a_new_program_counts(tmp_path: Path) -> None:
    before = around(tmp_path)
    os.utime(tmp_path, (0, 0))
    assert around(tmp_path) != before


def test_an_installed_package_and_code_elsewhere_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packages, elsewhere = tmp_path / "site-packages", tmp_path / "elsewhere"
    write(tmp_path, {"site-packages/x-1.dist-info/RECORD": b"", "elsewhere/code.py": b"1"})
    monkeypatch.setattr(sys, "path", [*sys.path, str(packages), str(elsewhere), str(tmp_path / "gone")])
    seen = {around(Path("/nowhere"))}
    (packages / "x-1.dist-info").rename(packages / "x-2.dist-info")
    seen.add(around(Path("/nowhere")))
    write(tmp_path, {"elsewhere/code.py": b"2"})
    seen.add(around(Path("/nowhere")))
    assert len(seen) == 3
