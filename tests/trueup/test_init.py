"""`trueup init` in projects that are not this one."""

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from trueup.config import load
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory
from trueup.init import strewn
from trueup.init.begin import begin
from trueup.init.explain import explain
from trueup.init.scan import module_of, scan

from tests.trueup.conftest import GAZETTE, forget

SHOP = Path(__file__).parent / "samples" / "shop"


@pytest.fixture(autouse=True)
def imports() -> Iterator[None]:
    """Each test imports its own project."""
    before = set(sys.modules)
    yield
    forget()
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {"shop", "main", "one", "two", "parts"}:
            del sys.modules[name]


def trueup(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from trueup.cli import main; main()", *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=110)


def contents(root: Path) -> dict[str, bytes]:
    hidden = {".trueup", "__pycache__", ".git", "site"}
    files = (path for path in root.rglob("*") if path.is_file() and not hidden & set(path.parts))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_a_project_in_a_folder_src_becomes_a_verified_site(tmp_path: Path) -> None:
    shutil.copytree(GAZETTE / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "facts.py"))
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    make(tmp_path, {"pyproject.toml": '[project]\nname = "gazette"\n\n[project.scripts]\ngz = "gazette.cli:cli"\n'})
    first = trueup(tmp_path, "init")
    assert (first.returncode, first.stderr) == (0, "")
    assert "application  gazette.main:make_app: 2 operations in its OpenAPI document, and 2 routes" in first.stdout
    assert "no findings: 4 pages" in first.stdout
    assert "1 example," in first.stdout
    assert "Whether they answer so has not been tried yet." in first.stdout
    assert "trueup check --all" in first.stdout
    assert (tmp_path / "docs" / "first-request.md").read_text().endswith("application/json\n\n[]\n```\n")
    assert "WEBSOCKET" not in (tmp_path / "docs" / "reference" / "api.md").read_text(), "routes come from facts"
    before = contents(tmp_path)
    second = trueup(tmp_path, "init")
    assert second.returncode == 0
    assert "wrote" not in second.stdout
    assert "left      mkdocs.yml\n" in second.stdout
    assert "left      pyproject.toml (it has [tool.trueup])" in second.stdout
    assert contents(tmp_path) == before


def test_ten_routes_that_need_a_variable_become_a_verified_site_beside_what_is_there(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns("__pycache__"))
    before = contents(root)
    done = trueup(root, "init", "--env", "SHOP_API_KEY=for-tests")
    assert (done.returncode, done.stderr) == (0, "")
    assert "application  shop.main:app: 10 operations in its OpenAPI document, and 1 route" in done.stdout
    assert "no git repository" in done.stdout
    after = contents(root)
    assert {path for path, text in before.items() if after[path] != text} == {"pyproject.toml", ".gitignore"}
    text = after["pyproject.toml"].decode()
    assert text.startswith(before["pyproject.toml"].decode().rstrip("\n")), "what was there stays, comments too"
    section = tomllib.loads(text)["tool"]["trueup"]
    assert section["settings"] == ["shop.config:Settings"]
    assert section["commands"] == {"shop": "shop.cli:cli"}
    assert section["service"]["env"] == section["env"] == {"SHOP_API_KEY": "for-tests"}
    assert section["coverage"] == "docs/reference/coverage.json"
    assert section["claims"] == {"folders": ["."], "reviewed": "docs/reference/claims.json"}
    assert 'coverage = "docs/reference/coverage.json" # how much of the code the pages tell; it may not fall' in text
    assert "docs/reference/coverage.json" in after
    assert section["owned"] == ["operation", "schema", "setting", "command", "option"]
    assert b'"Lamp"' in after["docs/first-request.md"]
    assert b"SHOP_API_KEY=for-tests uvicorn shop.main:app\n" in after["docs/first-request.md"]
    told: list[str] = []
    begin(root, "", {}, service=False, tell=told.append)
    assert contents(root) == after, "what it was told once stands in pyproject.toml"
    assert "left      pyproject.toml (it has [tool.trueup])" in told
    assert after[".gitignore"].decode().splitlines() == ["*.db", ".trueup/", "site/"]


def test_the_page_starts_the_service_with_a_folder_of_the_reader(tmp_path: Path) -> None:
    make(tmp_path, {"main.py": APP})
    env = {"DATABASE_URL": "sqlite:///{data}/a.db", "GREETING": "good day"}
    begin(tmp_path, "", env, service=True, tell=lambda _: None)
    page = (tmp_path / "docs" / "first-request.md").read_text()
    start = "DATABASE_URL=sqlite:////tmp/main/a.db GREETING='good day' uvicorn main:app"
    assert f"\nmkdir -p /tmp/main\n{start}\n" in page
    service = load(tmp_path).service
    assert service is not None
    assert service.env == env


def test_a_promise_on_a_new_page_needs_a_test(tmp_path: Path) -> None:
    make(tmp_path, {"main.py": APP, "README.md": "# Mine\n"})
    begin(tmp_path, "", {}, service=False, tell=lambda _: None)
    (tmp_path / "docs" / "index.md").write_text("# Mine\n\nNothing is ever lost; it always answers.\n")
    done = trueup(tmp_path, "check", "docs/index.md")
    assert "docs/index.md:3: 'always' promises something that nothing here proves" in done.stdout


def test_findings_in_pages_that_are_there_are_explained(tmp_path: Path) -> None:
    make(tmp_path, {"main.py": APP, "docs/index.md": "# Mine\n\nAsk `GET /nothing`, and set `THIS_ONE`.\n"})
    done = trueup(tmp_path, "init", "--no-service")
    assert done.returncode == 1
    assert "left      docs/index.md" in done.stdout
    assert "docs/index.md:3: no operation GET /nothing" in done.stdout or "operation-unknown" in done.stdout
    assert "A page names a request that the service does not answer." in done.stdout
    assert "Next: mend the first one, and run trueup check again." in done.stdout


APP = """from fastapi import FastAPI

app = FastAPI()


@app.get("/a")
def a() -> dict[str, int]:
    return {}
"""
LIFESPAN = """async def life(app):
    raise RuntimeError("no paper")
    yield


app = FastAPI(lifespan=life)
"""
FACTORY = """from fastapi import FastAPI


def build(debug: bool = False) -> FastAPI:
    app = FastAPI(title="Built")
    return app


def part(name: str) -> FastAPI:
    return FastAPI(title=name)
"""
MOUNTED = """import fastapi
from fastapi import FastAPI as Api

from parts import inner

application = Api()
application.mount("/inner", inner)
if True:
    debugging: fastapi.FastAPI = fastapi.FastAPI(debug=True)
"""


def make(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_the_scan_sees_objects_and_factories_and_not_what_is_mounted(tmp_path: Path) -> None:
    found = scan(
        make(
            tmp_path,
            {
                "one.py": FACTORY,
                "src/two/__init__.py": MOUNTED,
                "parts.py": "from fastapi import FastAPI\ninner = FastAPI()\n",
                "tests/test_app.py": APP,
                "conftest.py": APP,
                "docs/example.py": APP,
                "broken.py": "def (",
            },
        )
    )
    assert [each.target for each in found.apps] == ["two:application", "two:debugging"]
    assert [(each.target, each.line) for each in found.factories] == [("one:build", 4)]
    assert [line.partition(" ")[0] for line in found.broken] == ["broken.py:1:"]
    assert found.files == 4


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("a/b.py", "a.b"),
        ("src/a/__init__.py", "a"),
        ("main.py", "main"),
        ("tests/a.py", ""),
        ("a-b/c.py", ""),
        ("a/b.txt", ""),
        ("setup.py", ""),
    ],
)
def test_a_file_is_named_as_it_is_imported(path: str, module: str) -> None:
    assert module_of(path) == module


FAILURES = [
    ({"main.py": "x = 1\n"}, "no FastAPI application in 1 Python files; run trueup init in the project's folder"),
    (
        {"main.py": "import fastapi\nfrom fastapi import (\n"},
        "no FastAPI application in 1 Python files; not readable: ",
    ),
    (
        {"one.py": APP, "two.py": APP},
        "2 FastAPI applications: one:app (one.py:3), two:app (two.py:3); choose one: trueup init --app one:app",
    ),
    ({"main.py": APP + "1 / 0\n"}, "importing 'main' failed: ZeroDivisionError: division by zero (main.py:9)"),
    (
        {"main.py": "import no_such_thing\n" + APP},
        "importing 'main' failed: ModuleNotFoundError: No module named 'no_such_thing' (main.py:1); install what",
    ),
    ({"main.py": APP + "raise SystemExit(3)\n"}, "importing 'main' failed: SystemExit: 3 (main.py:9)"),
    (
        {"main.py": "import os\n" + APP + 'os.environ["SHOP_DATABASE"]\n'},
        "main:app needs SHOP_DATABASE in its environment (main.py:10); run trueup init --env SHOP_DATABASE=…",
    ),
    ({"main.py": APP, "pyproject.toml": "[project\n"}, "pyproject.toml: cannot be read: "),
]


@pytest.mark.parametrize(("files", "message"), FAILURES, ids=[message[:40] for _, message in FAILURES])
def test_what_keeps_it_from_beginning_is_one_line_and_leaves_nothing(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    make(tmp_path, files)
    with pytest.raises(TrueupError) as caught:
        begin(tmp_path, "", {}, service=True, tell=lambda _: None)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)
    assert contents(tmp_path).keys() == files.keys()


def test_settings_that_are_missing_are_named_as_variables(tmp_path: Path) -> None:
    shutil.copytree(SHOP, tmp_path / "shop", ignore=shutil.ignore_patterns("__pycache__"))
    with pytest.raises(TrueupError) as caught:
        begin(tmp_path / "shop", "", {}, service=True, tell=lambda _: None)
    assert str(caught.value) == (
        "shop.main:app needs SHOP_API_KEY in its environment (shop/config.py:14); run trueup init --env SHOP_API_KEY=…"
    )


def test_a_service_that_does_not_start_is_told_with_its_log_and_leaves_nothing(tmp_path: Path) -> None:
    make(tmp_path, {"main.py": APP.replace("app = FastAPI()\n", LIFESPAN)})
    with pytest.raises(TrueupError) as caught:
        begin(tmp_path, "", {}, service=True, tell=lambda _: None)
    assert "the service ended with status 3 before it was ready" in str(caught.value).splitlines()[0]
    assert "no paper" in str(caught.value)
    assert "trueup init --env NAME=VALUE; or --no-service" in str(caught.value)
    assert contents(tmp_path).keys() == {"main.py"}


CLINIC = """import os

from fastapi import FastAPI
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    address: str = "sqlite:///./clinic.db"
    files: str = "rooms"


async def life(app):
    with open(Settings().address.removeprefix("sqlite:///"), "a") as file:
        file.write("!")
    yield


app = FastAPI(lifespan=life)


@app.get("/a")
def a() -> dict[str, int]:
    return {}
"""


def test_a_service_that_writes_into_the_project_is_told_with_the_variable(tmp_path: Path) -> None:
    make(tmp_path, {"main.py": CLINIC, ".gitignore": "*.db\n"})
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    first: list[str] = []
    begin(tmp_path, "", {}, service=True, tell=first.append)
    assert (
        "your service wrote clinic.db into the project; give it a folder of its own: "
        "trueup init --env 'ADDRESS=sqlite:///{data}/clinic.db'"
    ) in first
    forget()
    del sys.modules["main"]
    second: list[str] = []
    begin(tmp_path, "", {"ADDRESS": "sqlite:///{data}/clinic.db"}, service=True, tell=second.append)
    assert "extended  pyproject.toml (ADDRESS)" in second
    assert "your service wrote" not in "\n".join(second), "the database that was there is left alone too"
    config = load(tmp_path)
    assert config.service is not None
    assert config.env == config.service.env == {"ADDRESS": "sqlite:///{data}/clinic.db"}


@pytest.mark.parametrize(
    ("paths", "mend"),
    [
        (["rooms/1/plan.txt", "rooms/2/plan.txt"], "FILES={data}"),
        (["log.txt"], "VARIABLE={data}/log.txt"),
        (["bedrooms/a.txt"], "VARIABLE={data}/a.txt"),
        ([".venv/x", "env/pyvenv.cfg", "env/lib/x", "a/__pycache__/x"], ""),
    ],
)
def test_what_a_service_wrote_names_the_setting_of_its_place(tmp_path: Path, paths: list[str], mend: str) -> None:
    inventory = Inventory([Fact("setting", "FILES", {"default": "rooms"}), Fact("setting", "PORT", {"default": 80})])
    before = strewn.moments(tmp_path)
    make(tmp_path, dict.fromkeys(paths, "x"))
    told = strewn.told(before, strewn.moments(tmp_path), inventory)
    assert told.partition("--env ")[2].strip("'") == mend


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_one_line(tmp_path: Path) -> None:
    make(tmp_path, {"main.py": APP})
    tmp_path.chmod(0o500)
    with pytest.raises(TrueupError, match="cannot be written to; run trueup init in a folder of your own"):
        begin(tmp_path, "", {}, service=False, tell=lambda _: None)


def test_a_file_in_the_place_of_a_folder_is_one_line(tmp_path: Path) -> None:
    make(tmp_path, {"main.py": APP, "docs": "not a folder"})
    with pytest.raises(TrueupError, match="docs: is a file, and a folder is needed; rename it"):
        begin(tmp_path, "", {}, service=False, tell=lambda _: None)


def test_a_named_application_is_taken_and_a_command_without_a_name_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, {"one.py": FACTORY, "two.py": APP, "parts.py": "import typer\ntool = typer.Typer()\n"})
    told: list[str] = []
    begin(tmp_path, "one:build", {"A": "1"}, service=False, tell=told.append)
    config = load(tmp_path)
    assert (config.app, config.packages, config.env, config.service) == ("one:build", ["one"], {"A": "1"}, None)
    assert told[0] == "application  one:build: 0 operations in its OpenAPI document"
    assert 'commands = { NAME = "parts:tool" }' in "\n".join(told)
    with pytest.raises(TrueupError, match="--app one: write module:object, such as one:app"):
        begin(tmp_path, "one", {}, service=False, tell=told.append)


def test_a_builders_configuration_that_is_there_is_left_and_its_lack_is_told(tmp_path: Path) -> None:
    make(tmp_path, {"main.py": APP, "mkdocs.yml": "site_name: Mine\ndocs_dir: pages\nmarkdown_extensions: [tables]\n"})
    told: list[str] = []
    begin(tmp_path, "", {}, service=False, tell=told.append)
    assert (tmp_path / "pages" / "index.md").exists()
    assert load(tmp_path).docs == Path("pages")
    lack = "add to its markdown_extensions: attr_list, pymdownx.details, pymdownx.superfences, trueup.extension"
    assert f"left      mkdocs.yml ({lack})" in told


def test_no_findings_are_explained_without_claiming_more_than_was_checked() -> None:
    text = "\n".join(explain([], 1))
    assert "their examples have run" in text
    assert "no example has run" in "\n".join(explain([], 0))
    assert "The API reference repeats what your routes declare." in text
    assert "answered and not declared: trueup check --all" in text
