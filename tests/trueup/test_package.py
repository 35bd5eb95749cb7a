"""trueup as other projects install it: a package of its own, which declares what it imports and holds all its files."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from trueup.collect.files import paths

from tests.trueup.test_init import APP, make

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "scripts" / "trueup"
#: Imported by others' code only when it is there: pytest loads the plug-in itself.
THEIRS = {"pytest"}


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=! ;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def declared() -> dict[str, str]:
    requirements = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]["dependencies"]
    return {name_of(each): plain(each) for each in requirements}


def plain(requirement: str) -> str:
    """A requirement without its extras."""
    return re.sub(r"\[.*?\]", "", requirement)


def imported() -> dict[str, str]:
    """Each top-level name that is imported, and a file that does."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            found |= {name.partition(".")[0]: path.name for name in names}
    return {name: file for name, file in found.items() if name not in {*sys.stdlib_module_names, "trueup"}}


def test_what_trueup_imports_it_declares_or_gets_with_what_it_declares() -> None:
    reachable, waiting = set(), [*declared()]
    while waiting:
        name = waiting.pop()
        if name in reachable:
            continue
        reachable.add(name)
        needs = importlib.metadata.requires(name) or []
        waiting += [name_of(each) for each in needs if "extra ==" not in each and installed(name_of(each))]
    providers = importlib.metadata.packages_distributions()
    missing = {
        name: file
        for name, file in imported().items()
        if name not in THEIRS and not {name_of(each) for each in providers[name]} & reachable
    }
    assert missing == {}, "add it to the dependencies in scripts/trueup/pyproject.toml"


def installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def test_both_projects_ask_for_the_same_versions() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = document["dependency-groups"]
    ours = [*document["project"]["dependencies"], *groups["docs"], *groups["verify"]]
    bounds = {name_of(each): plain(each) for each in ours}
    assert {name: bounds.get(name) for name in declared()} == declared()
    # Programs that it runs are not imported.
    assert {name_of(each) for each in groups["verify"]} <= declared().keys()


@pytest.mark.slow
def test_an_installed_trueup_begins_in_a_project_of_its_own(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=PACKAGE, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("trueup-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = {name.removeprefix("trueup/") for name in archive.namelist() if name.startswith("trueup/")}
        assert names == {path for path in paths(PACKAGE) if path != "pyproject.toml"}
        # The packages that it needs are those of this environment; installing them anew would take minutes.
        venv.create(tmp_path / "venv", with_pip=False, symlinks=True)
        (place,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
        archive.extractall(place)
    others = [path for path in sys.path if path.endswith("site-packages")]
    (place / "others.pth").write_text("\n".join(others))
    project = make(tmp_path / "project", {"main.py": APP})
    program = "import trueup, sys; from trueup.cli import main; print(trueup.__file__); main()"
    done = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "python"), "-c", program, "init", "--no-service"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(str(place)), "it is the installed one"
    assert "no findings" in done.stdout


def test_the_style_sheet_of_new_projects_is_that_of_this_one() -> None:
    ours = (ROOT / "docs" / "assets" / "trueup.css").read_text()
    assert (PACKAGE / "init" / "templates" / "trueup.css").read_text() == ours
