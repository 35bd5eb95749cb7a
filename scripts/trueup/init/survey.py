"""The survey: what was seen is imported, and so confirmed or refused with one clear line."""

import re
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from pydantic import ValidationError

from trueup.collect.load import load, project_imports
from trueup.collect.routes import load_app
from trueup.errors import TrueupError
from trueup.init.scan import Scan, Sighting, scan


@dataclass(frozen=True)
class Survey:
    """What a project is, as far as trueup has to know. `left` says, in sentences, what was seen and is left out."""

    name: str
    app: str
    factory: bool
    title: str
    openapi_url: str | None
    packages: Sequence[str]
    depends: Sequence[str]
    source: bool
    settings: Sequence[str]
    commands: Mapping[str, str]
    left: Sequence[str] = ()


def survey(root: Path, app: str, env: Mapping[str, str]) -> Survey:
    """Look at the project at `root`; `app` is `module:object` or empty, `env` is set while its code is imported.

    Raises `TrueupError` with one line when there is no application, more than one, or one that cannot be imported.
    """
    seen = scan(root)
    with project_imports(root, env):
        target = app or _choose(seen).target
        found = _confirm(target, seen, root)
        modules = [target.partition(":")[0]]
        settings = [each.target for each in seen.settings if _imports(each)]
        commands, left = _commands(root, seen)
    modules += [each.partition(":")[0] for each in [*settings, *commands.values()]]
    packages = list(dict.fromkeys(module.partition(".")[0] for module in modules))
    places = {package: _place(root, package) for package in packages}
    own = [package for package in packages if places[package]]
    return Survey(
        name=_project(root).get("name") or root.name,
        app=target,
        factory=not found.direct,
        title=found.app.title if found.app.title != "FastAPI" else (_project(root).get("name") or root.name),
        openapi_url=found.app.openapi_url,
        packages=own,
        depends=list(dict.fromkeys(places[package] for package in own)),
        source=any(places[package].startswith("src/") for package in own),
        settings=settings,
        commands=commands,
        left=left,
    )


def _choose(seen: Scan) -> Sighting:
    candidates = seen.candidates
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        listed = ", ".join(f"{each.target} ({each.place})" for each in candidates)
        raise TrueupError(
            f"{len(candidates)} FastAPI applications: {listed}; choose one: trueup init --app {candidates[0].target}"
        )
    broken = f"; not readable: {seen.broken[0]}" if seen.broken else ""
    raise TrueupError(
        f"no FastAPI application in {seen.files} Python files{broken}; "
        "run trueup init in the project's folder, or name it: --app module:object"
    )


@dataclass(frozen=True)
class _Found:
    app: FastAPI
    direct: bool


def _confirm(target: str, seen: Scan, root: Path) -> _Found:
    if ":" not in target:
        raise TrueupError(f"--app {target}: write module:object, such as {target}:app")
    try:
        return _Found(load_app(target), isinstance(load(target, "app"), FastAPI))
    except TrueupError as error:
        plain = str(error).removeprefix("pyproject.toml: tool.trueup.app: ")
        cause = error.__cause__
        needs = list(_needed(cause, seen, root))
        if needs:
            where = re.search(r"\(\S+:\d+\)", plain)
            given = " ".join(f"--env {name}=…" for name in needs)
            place = f" {where[0]}" if where else ""
            plain = f"{target} needs {', '.join(needs)} in its environment{place}; run trueup init {given}"
        elif isinstance(cause, ModuleNotFoundError):
            plain += f"; install what the project needs into the Python environment of trueup, {sys.prefix}"
        raise TrueupError(" ".join(plain.split())) from None


def _needed(cause: BaseException | None, seen: Scan, root: Path) -> Iterator[str]:
    """The environment variables whose absence made an import fail."""
    if isinstance(cause, ValidationError):
        for item in cause.errors():
            if item["type"] == "missing" and item["loc"]:
                yield _variable(str(item["loc"][0]), cause.title, seen, root)
    elif isinstance(cause, KeyError) and cause.args and re.fullmatch(r"[A-Z][A-Z0-9_]*", str(cause.args[0])):
        yield str(cause.args[0])


def _variable(field: str, title: str, seen: Scan, root: Path) -> str:
    """The environment variable of a field of the settings class `title`, whose prefix is read from its source."""
    for each in seen.settings:
        if each.name == title:
            text = (root / each.file).read_text(encoding="utf-8").split(f"class {title}", 1)[-1]
            prefix = re.search(r"""env_prefix["']?\s*[=:]\s*["'](\w+)["']""", text)
            return f"{prefix[1] if prefix else ''}{field}".upper()
    return field.upper()


def _imports(each: Sighting) -> bool:
    try:
        load(each.target, "settings")
    except TrueupError:
        return False
    return True


def _commands(root: Path, seen: Scan) -> tuple[dict[str, str], list[str]]:
    """The commands that the project installs, by name; and a sentence for each that has no name."""
    scripts = {str(name): str(target) for name, target in _scripts(root)}
    found: dict[str, str] = {}
    left: list[str] = []
    for each in seen.commands:
        named = [name for name, target in scripts.items() if target == each.target]
        named = named or [name for name, target in scripts.items() if target.partition(":")[0] == each.module]
        if named and _imports(each):
            found[named[0]] = each.target
        elif not named:
            left.append(
                f"{each.place}: the command {each.target} is no script of pyproject.toml, so nobody can tell its name; "
                f'add it to [tool.trueup]: commands = {{ NAME = "{each.target}" }}'
            )
    return found, left


def _scripts(root: Path) -> Iterator[tuple[str, Any]]:
    document = _document(root)
    yield from (document.get("project", {}).get("scripts") or {}).items()
    yield from (document.get("tool", {}).get("poetry", {}).get("scripts") or {}).items()


def _project(root: Path) -> Mapping[str, str]:
    document = _document(root)
    return document.get("project") or document.get("tool", {}).get("poetry") or {}


def _document(root: Path) -> dict[str, Any]:
    path = root / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrueupError(f"pyproject.toml: cannot be read: {error}") from None


def _place(root: Path, package: str) -> str:
    """Folder or file of a package or module, relative to the project; empty when it is not the project's own."""
    for name in (package, f"src/{package}", f"{package}.py", f"src/{package}.py"):
        if (root / name).exists():
            return name
    return ""
