"""A project that is installed as a copy is found out; one that is installed to be edited is not."""

import json
import sys
from pathlib import Path

import pytest
from trueup import installed


def environment(folder: Path, root: Path, origin: dict[str, object] | None) -> None:
    """What an installer leaves of the project `harbour` in an environment."""
    (root / "pyproject.toml").write_text('[project]\nname = "harbour"\n')
    info = folder / "harbour-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Name: harbour\nVersion: 1\n")
    if origin is not None:
        (info / "direct_url.json").write_text(json.dumps(origin))


@pytest.mark.parametrize(
    ("origin", "found"),
    [
        ({"url": "file://{root}", "dir_info": {}}, True),
        ({"url": "file://{root}", "dir_info": {"editable": True}}, False),
        ({"url": "file:///elsewhere/harbour", "dir_info": {}}, False),
        (None, False),
    ],
    ids=["copied", "editable", "another folder", "from an index"],
)
def test_a_copy_of_the_project_is_a_finding(tmp_path: Path, monkeypatch, origin, found) -> None:
    root = tmp_path / "har bour"
    root.mkdir()
    place = root.as_uri()
    if origin:
        origin = {**origin, "url": origin["url"].replace("file://{root}", place)}
    environment(tmp_path / "packages", root, origin)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "packages"), *sys.path])
    assert [finding.code for finding in installed.check(root)] == (["package-copied"] if found else [])


def test_a_project_without_a_name_or_that_is_not_installed_is_passed_over(tmp_path: Path) -> None:
    for text in ("", '[project]\nname = "nowhere-to-be-found"\n'):
        (tmp_path / "pyproject.toml").write_text(text)
        assert list(installed.check(tmp_path)) == []
