"""Symbols: read from the project that is asked about."""

from pathlib import Path

import pytest
from trueup.collect.symbols import collect


def package(root: Path, name: str) -> Path:
    folder = root / "shelves"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(f"{name} = 1\n")
    return root


def test_a_package_of_the_current_folder_is_not_mistaken_for_that_of_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = package(tmp_path / "here", "HERE"), package(tmp_path / "there", "THERE")
    monkeypatch.chdir(here)
    found = {fact.key: fact.place for fact in collect(there, ["shelves"])}
    assert found == {"shelves": "shelves/__init__.py:1", "shelves.THERE": "shelves/__init__.py:1"}


def test_a_changed_package_is_read_again(tmp_path: Path) -> None:
    root = package(tmp_path, "BEFORE")
    assert "shelves.BEFORE" in {fact.key for fact in collect(root, ["shelves"])}
    (root / "shelves/__init__.py").write_text("AFTER = 1\n")
    assert {fact.key for fact in collect(root, ["shelves"])} == {"shelves", "shelves.AFTER"}
