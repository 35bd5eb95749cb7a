"""The scaffold: the files that a project gets. Nothing that is there is overwritten."""

import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import tomlkit
import yaml
from tomlkit.exceptions import TOMLKitError

from trueup.config import Config
from trueup.errors import TrueupError
from trueup.facts import Inventory
from trueup.init.probe import Request
from trueup.init.survey import Survey
from trueup.sitebuild import read_site

_TEMPLATES = Path(__file__).parent / "templates"
_IGNORED = (".trueup/", "site/")
_EXTENSIONS = ("attr_list", "tables", "pymdownx.details", "pymdownx.superfences", "trueup.extension")
_NOTES: Mapping[str, str] = MappingProxyType(
    {
        "coverage": "how much of the code the pages tell; it may not fall",
        "owned": "each of these needs one page that shows it",
        "values": "numbers with a unit are taken from the code",
        "claims": "never, always, at most once, … need a test, and a person who has read it",
    }
)
"""What keys of the configuration ask of people who write pages."""


@dataclass(frozen=True)
class Written:
    """What was done with one file: written, extended, or left as it was."""

    path: str
    verb: str
    note: str = ""

    def __str__(self) -> str:
        return f"{self.verb:<9} {self.path}{f' ({self.note})' if self.note else ''}"


def docs_folder(root: Path) -> str:
    """The folder of the pages, as a `mkdocs.yml` that is there says."""
    return str(read_site(root / "mkdocs.yml").get("docs_dir") or "docs") if (root / "mkdocs.yml").exists() else "docs"


def section(found: Survey, docs: str, env: Mapping[str, str], *, service: bool, bound: bool) -> dict[str, Any]:
    """The table `[tool.trueup]` for a project; the kinds of facts that need an owner are added once they are known.

    `bound`: numbers in pages must be bound to facts, and promises must name tests.
    """
    table: dict[str, Any] = {
        "app": found.app,
        "openapi": f"{docs}/reference/openapi.json",
        "inventory": f"{docs}/reference/inventory.json",
        "packages": list(found.packages),
    }
    if docs != "docs":
        table["docs"] = docs
    if found.settings:
        table["settings"] = list(found.settings)
    if found.commands:
        table["commands"] = dict(found.commands)
    table["vocabulary"] = f"{docs}/vocabulary.toml"
    table["coverage"] = f"{docs}/reference/coverage.json"
    if bound:
        table["values"] = {"folders": ["."]}
        table["claims"] = {"folders": ["."], "reviewed": f"{docs}/reference/claims.json"}
    if env:
        table["env"] = dict(env)
    if service:
        table["service"] = {
            "command": command(found),
            "ready": found.openapi_url or "/",
            "depends": list(found.depends),
        }
        if env:
            table["service"]["env"] = dict(env)
    return table


def command(found: Survey) -> str:
    """The command line that serves the application."""
    parts = ["uvicorn", *(["--app-dir", "src"] if found.source else []), *(["--factory"] if found.factory else [])]
    return " ".join([*parts, found.app, "--port", "{port}", "--log-level", "warning"])


def by_hand(found: Survey, env: Mapping[str, str]) -> str:
    """The lines with which a reader starts the service: with a folder to keep, where trueup gives it a new one."""
    folder = f"/tmp/{found.packages[0] if found.packages else 'data'}"  # noqa: S108 (the reader's choice to change)
    given = "".join(f"{name}={shlex.quote(value.replace('{data}', folder))} " for name, value in env.items())
    made = f"mkdir -p {folder}\n" if folder in given else ""
    return made + given + command(found).replace(" --port {port} --log-level warning", "")


def owned(inventory: Inventory) -> list[str]:
    """The kinds that need one owner page each, of those that the project has."""
    return [kind for kind in ("operation", "schema", "setting", "command", "option") if inventory.of_kind(kind)]


def with_variables(config: Config, env: Mapping[str, str]) -> Config:
    """A configuration with further variables, for what is imported and for the service."""
    service = config.service
    if service is not None:
        service = service.model_copy(update={"env": {**service.env, **env}})
    return config.model_copy(update={"env": {**config.env, **env}, "service": service})


def add_variables(root: Path, env: Mapping[str, str]) -> Written:
    """Write variables to the section `[tool.trueup]` that is there; else it stays as it is."""
    path = root / "pyproject.toml"
    if not env:
        return Written("pyproject.toml", "left", "it has [tool.trueup]")
    document = tomlkit.parse(path.read_text(encoding="utf-8"))
    section: Any = document["tool"]["trueup"]
    for table in [section, *([section["service"]] if "service" in section else [])]:
        if "env" not in table:
            table.add("env", tomlkit.inline_table())
        table["env"].update(env)
    _write(path, tomlkit.dumps(document))
    return Written("pyproject.toml", "extended", ", ".join(env))


def configure(root: Path, table: Mapping[str, Any]) -> Written:
    """Add `[tool.trueup]` to `pyproject.toml`, which keeps all that it holds, comments too.

    Raises `TrueupError` when the file is no TOML.
    """
    path = root / "pyproject.toml"
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8")) if path.exists() else tomlkit.document()
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise TrueupError(f"pyproject.toml: is no TOML: {error}") from None
    verb = "extended" if path.exists() else "wrote"
    made = tomlkit.table()
    for key, value in table.items():
        if isinstance(value, dict) and key != "service":
            made.add(key, tomlkit.inline_table())
            made[key].update(value)
        else:
            made.add(key, value)
        if key in _NOTES:
            item: Any = made.value.item(key)
            item.comment(_NOTES[key])
    tool = document.setdefault("tool", tomlkit.table(is_super_table=True))
    tool.add("trueup", made)
    _write(path, tomlkit.dumps(document))
    return Written("pyproject.toml", verb, "[tool.trueup]")


def pages(
    found: Survey, docs: str, env: Mapping[str, str], inventory: Inventory, request: Request | None
) -> Iterator[tuple[str, str]]:
    """Path and text of each file that a new site needs."""
    routes = [fact for fact in inventory.of_kind("route") if not fact.attributes.get("framework")]
    framework = any(fact.attributes.get("framework") for fact in inventory.of_kind("route"))
    has = {kind: bool(inventory.of_kind(kind)) for kind in ("setting", "command", "schema", "operation")}
    links = [("[First request](first-request.md)", "call the service and see the answer")] if request else []
    links += [("[API reference](reference/api.md)", "look up a request")] if has["operation"] or routes else []
    links += [("[Settings](reference/settings.md)", "change how the service behaves")] if has["setting"] else []
    links += [("[Commands](reference/commands.md)", "use the command line")] if has["command"] else []
    table = "\n".join(f"| {what} | {link} |" for link, what in links)
    yield "mkdocs.yml", _fill("mkdocs.yml", title=_quoted(found.title), docs=docs)
    yield f"{docs}/vocabulary.toml", _fill("vocabulary.toml")
    yield f"{docs}/assets/trueup.css", _fill("trueup.css")
    yield f"{docs}/index.md", _fill("index.md", title=found.title, links=table)
    if request:
        run = by_hand(found, env)
        header = "http" if request.status < 400 else f" {{.http status={request.status}}}"
        yield (
            f"{docs}/first-request.md",
            _fill("first-request.md", run=run, header=header, path=request.path, summary=_sentence(request)),
        )
    if has["operation"] or routes:
        parts = [_fill("operations.md")] if has["operation"] else []
        if routes:
            parts.append(_fill("routes.md", filter="filter: {framework: false}\n" if framework else ""))
        parts += [_fill("schemas.md")] if has["schema"] else []
        yield f"{docs}/reference/api.md", _fill("api.md", parts="\n".join(parts))
    if has["setting"]:
        yield f"{docs}/reference/settings.md", _fill("settings.md")
    if has["command"]:
        yield f"{docs}/reference/commands.md", _fill("commands.md")


def put(root: Path, files: Iterator[tuple[str, str]]) -> Iterator[Written]:
    """Write each file that is not there. Raises `TrueupError` when one cannot be written."""
    for path, text in files:
        if (root / path).exists():
            yield Written(path, "left", _missing(root) if path == "mkdocs.yml" else "")
        else:
            _write(root / path, text)
            yield Written(path, "wrote")


def ignore(root: Path) -> Written | None:
    """Have git ignore what trueup leaves behind, and the packages it runs with; none when it does already."""
    path = root / ".gitignore"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    missing = [line for line in (*_packages(root), *_IGNORED) if not {line, line.rstrip("/")} & set(lines)]
    if not missing:
        return None
    verb = "extended" if lines else "wrote"
    _write(path, "".join(f"{line}\n" for line in [*lines, *missing]))
    return Written(".gitignore", verb, " ".join(missing))


def _packages(root: Path) -> list[str]:
    """The folder of the Python environment, when it is in the project and does not ignore itself."""
    place = Path(sys.prefix).resolve()
    inside = place.is_relative_to(root) and place != root and not (place / ".gitignore").exists()
    return [f"{place.relative_to(root).as_posix()}/"] if inside else []


def _missing(root: Path) -> str:
    """What a `mkdocs.yml` that is there lacks, in words."""
    there = read_site(root / "mkdocs.yml").get("markdown_extensions") or []
    names = {name for each in there for name in ([each] if isinstance(each, str) else each)}
    missing = [name for name in _EXTENSIONS if name not in names]
    return f"add to its markdown_extensions: {', '.join(missing)}" if missing else ""


def _sentence(request: Request) -> str:
    return f"{request.summary.rstrip('.')}:" if request.summary else "Then ask it:"


def _quoted(text: str) -> str:
    return str(yaml.safe_dump(text, allow_unicode=True, width=1000)).removesuffix("...\n").strip()


def _fill(template: str, **values: str) -> str:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise TrueupError(f"{path}: cannot be written: {error.strerror}") from None
