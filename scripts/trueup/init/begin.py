"""The beginning: look, ask, write, and check, in this order, so that what cannot work leaves nothing behind."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from trueup.config import Config, load
from trueup.errors import TrueupError
from trueup.gather import gather
from trueup.init import scaffold, strewn
from trueup.init.probe import Request, probe
from trueup.init.survey import Survey, survey
from trueup.truth import Truth

Tell = Callable[[str], None]
"""Is told, line by line, what was found and done."""


def begin(root: Path, app: str, env: Mapping[str, str], *, service: bool, tell: Tell) -> None:
    """Give the project at `root` its configuration and first pages; what is there stays as it is.

    `app` names the application (`module:object`) when it cannot be found, or more than one; `env` is what it needs to
    start; without `service` no example is written. Raises `TrueupError` with one clear line, before anything is
    written, when there is no application, it cannot be imported or started, or the folder cannot be written to.
    """
    _require(root)
    docs = scaffold.docs_folder(root)
    _require(root / docs)
    there, given = load(root) if _configured(root) else None, env
    if there is not None:
        app, env = app or there.app, {**there.env, **given}
        there = scaffold.with_variables(there, given)
    found = survey(root, app, env)
    # Pages that were there before are full of numbers: they are bound folder by folder, when somebody gets to it.
    bound = not any((root / docs).rglob("*.md"))
    table = scaffold.section(found, docs, env, service=service, bound=bound)
    config = there or Config.model_validate(table)
    truth = gather(config, root)
    for line in _told(found, truth):
        tell(line)
    before = strewn.moments(root)
    request = _first_request(config, root, truth, found)
    written_by_service = strewn.told(before, strewn.moments(root), truth.inventory)
    tell("")
    if there:
        tell(str(scaffold.add_variables(root, given)))
    else:
        owned = {"owned": scaffold.owned(truth.inventory)}
        tell(str(scaffold.configure(root, _before_tables(table, owned))))
    for written in scaffold.put(root, scaffold.pages(found, config.docs.as_posix(), env, truth.inventory, request)):
        tell(str(written))
    ignored = scaffold.ignore(root)
    if ignored is not None:
        tell(str(ignored))
    if written_by_service:
        tell(written_by_service)
    for line in found.left:
        tell(f"left out: {line}")
    if not _in_git(root):
        tell("no git repository: reports will name no commit; run git init")


def _require(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise TrueupError(f"{folder}: is a file, and a folder is needed; rename it")
    if folder.exists() and not os.access(folder, os.W_OK):
        raise TrueupError(f"{folder}: cannot be written to; run trueup init in a folder of your own")


def _configured(root: Path) -> bool:
    path = root / "pyproject.toml"
    return path.exists() and "[tool.trueup" in path.read_text(encoding="utf-8", errors="replace")


def _before_tables(table: Mapping[str, object], more: Mapping[str, object]) -> dict[str, object]:
    """Plain keys come before tables, as TOML wants it."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    return {**plain, **more, **{key: value for key, value in table.items() if isinstance(value, dict)}}


def _first_request(config: Config, root: Path, truth: Truth, found: Survey) -> Request | None:
    if config.service is None or found.openapi_url is None:
        return None
    return probe(config, root, truth.document, found.openapi_url)


def _told(found: Survey, truth: Truth) -> Iterator[str]:
    count = {kind: len(truth.inventory.of_kind(kind)) for kind in truth.inventory.kinds}
    hidden = sum(not fact.attributes.get("framework") for fact in truth.inventory.of_kind("route"))
    more = f", and {_number(hidden, 'route')} that it does not show" if hidden else ""
    yield f"application  {found.app}: {_number(count.get('operation', 0), 'operation')} in its OpenAPI document{more}"
    for target in found.settings:
        yield f"settings     {target}"
    for name, target in found.commands.items():
        yield f"command      {name}, from {target}"
    yield f"code         {', '.join(found.depends)}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _in_git(root: Path) -> bool:
    return any((folder / ".git").exists() for folder in (root, *root.parents))
