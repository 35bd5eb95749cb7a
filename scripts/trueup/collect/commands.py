"""Commands: the tree of a Typer or Click application, with every option."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import typer.main
from pydantic_core import PydanticSerializationError, to_jsonable_python

from trueup.collect.load import load
from trueup.collect.settings import choices, type_name
from trueup.facts import Fact
from trueup.locate import Locator

_COMPLETION = ("install_completion", "show_completion")  # Typer's own, the same in every application


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
    parameters = [
        each for each in command.params if not getattr(each, "hidden", False) and each.name not in _COMPLETION
    ]
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
        "name": parameter.metavar or str(parameter.name).upper(),
        "required": parameter.required,
        "help": getattr(parameter, "help", None) or "",
        "many": parameter.nargs != 1,
    }


def _option(parameter: Any, path: str, file: str, line: int) -> Fact:
    names = sorted([*parameter.opts, *parameter.secondary_opts], key=len, reverse=True)
    main = next(name for name in [*parameter.opts, *parameter.secondary_opts] if len(name) == len(names[0]))
    if parameter.opts:
        main = max(parameter.opts, key=len)
    annotation = _annotation(parameter)
    attributes: dict[str, Any] = {
        "command": path,
        "option": main,
        "names": [name for name in names if name.startswith("-")]
        + [f"{path} {name}" for name in names if name != main],
        "spellings": names,
        "summary": getattr(parameter, "help", None) or "",
        "type": "flag" if parameter.is_flag else type_name(annotation),
        "required": parameter.required,
        "default": _plain(parameter.default),
    }
    if parameter.multiple:
        attributes["multiple"] = True
    for bound in ("min", "max"):
        value = getattr(parameter, bound, None)
        if value is not None:
            attributes[bound] = value
    values = choices(annotation)
    if values:
        attributes["choices"] = values
    if parameter.envvar:
        attributes["variable"] = parameter.envvar
    return Fact("option", f"{path} {main}", attributes, file, line)


def _annotation(parameter: Any) -> Any:
    """The Python type of a parameter: Typer keeps the annotation, Click a type object with a name."""
    descriptor = getattr(parameter, "type_descriptor", None)
    if descriptor is not None:
        return descriptor.annotation
    names = {"integer": int, "float": float, "boolean": bool, "path": Path}
    if parameter.type.name == "choice":
        return Literal[tuple(parameter.type.choices)]
    return names.get(parameter.type.name, str)


def _plain(value: Any) -> Any:
    if callable(value) or type(value).__name__ == "Sentinel":
        return None
    try:
        return to_jsonable_python(value)
    except PydanticSerializationError:
        return str(value)
