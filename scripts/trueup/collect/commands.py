"""Commands: the tree of a Typer or Click application, with every option."""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import typer.main
from pydantic_core import PydanticSerializationError, to_jsonable_python

from trueup.collect.load import load
from trueup.facts import Fact
from trueup.locate import Locator


def collect(commands: Mapping[str, str], locator: Locator) -> Iterator[Fact]:
    """Facts of kind `command` (`jobs worker`) and `option` (`jobs worker --count`) for each application.

    `commands` maps the name on the command line to `module:object`. Raises `TrueupError` when one cannot be loaded.
    """
    for name, target in commands.items():
        app = load(target, f"commands.{name}")
        root = typer.main.get_command(app) if isinstance(app, typer.Typer) else app
        yield from _walk(root, name, locator)


def _walk(command: Any, path: str, locator: Locator) -> Iterator[Fact]:
    """`command` is a Click command, Typer's own or Click's; both have the same attributes."""
    callback = command.callback
    file, line = locator.function(callback) if callback else ("", 0)
    children = getattr(command, "commands", {})
    parameters = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
    arguments = [parameter for parameter in parameters if parameter.param_type_name == "argument"]
    text = " ".join((command.help or "").split("\f")[0].split("\n\n")[0].split())
    attributes: dict[str, Any] = {
        "summary": text,
        "arguments": [_argument(argument) for argument in arguments],
        "commands": [name for name, child in children.items() if not child.hidden],
    }
    if command.deprecated:
        attributes["deprecated"] = True
    if not file:
        file, line = _first_place(children, locator)
    yield Fact("command", path, attributes, file, line)
    for parameter in parameters:
        if parameter.param_type_name == "option":
            where = locator.parameter(callback, parameter.name) if callback else (file, line)
            yield _option(parameter, path, *where)
    for name, child in children.items():
        if not child.hidden:
            yield from _walk(child, f"{path} {name}", locator)


def _first_place(children: Mapping[str, Any], locator: Locator) -> tuple[str, int]:
    for child in children.values():
        if child.callback:
            return locator.function(child.callback)[0], 1
    return "", 0


def _argument(parameter: Any) -> dict[str, Any]:
    return {
        "name": parameter.human_readable_name.strip("[]").rstrip("."),
        "required": parameter.required,
        "help": getattr(parameter, "help", None) or "",
        "many": parameter.nargs != 1,
    }


def _option(parameter: Any, path: str, file: str, line: int) -> Fact:
    names = sorted([*parameter.opts, *parameter.secondary_opts], key=len, reverse=True)
    main = next(name for name in [*parameter.opts, *parameter.secondary_opts] if len(name) == len(names[0]))
    if parameter.opts:
        main = max(parameter.opts, key=len)
    attributes: dict[str, Any] = {
        "command": path,
        "option": main,
        "names": [name for name in names if name.startswith("-")]
        + [f"{path} {name}" for name in names if name != main],
        "spellings": names,
        "summary": getattr(parameter, "help", None) or "",
        "type": "flag" if parameter.is_flag else parameter.type.name,
        "required": parameter.required,
        "default": _plain(parameter.default),
    }
    if parameter.multiple:
        attributes["multiple"] = True
    for bound in ("min", "max"):
        if getattr(parameter.type, bound, None) is not None:
            attributes[bound] = getattr(parameter.type, bound)
    if getattr(parameter.type, "choices", None):
        attributes["choices"] = [_plain(choice) for choice in parameter.type.choices]
    if parameter.envvar:
        attributes["variable"] = parameter.envvar
    return Fact("option", f"{path} {main}", attributes, file, line)


def _plain(value: Any) -> Any:
    if callable(value) or type(value).__name__ == "Sentinel":
        return None
    if isinstance(value, Enum):
        return value.value
    try:
        return to_jsonable_python(value)
    except PydanticSerializationError:
        return str(value)
