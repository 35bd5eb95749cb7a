"""Data formats: a block is parsed, so that a consumer gets its value or the reader the line at fault."""

import configparser
import json
import tomllib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import yaml


class MalformedError(ValueError):
    """A text cannot be parsed; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def parse(language: str, text: str) -> Any:
    """The value of a text. Raises `MalformedError`, or `KeyError` for a language that is no data format."""
    return PARSERS[language](text)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise MalformedError(error.lineno, error.msg) from None


class _Loader(yaml.SafeLoader):
    """Reads tags that mean something to the consumer only as the plain values that they stand before."""


def _tagged(loader: yaml.SafeLoader, _suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None


_Loader.add_multi_constructor("", _tagged)


def _yaml(text: str) -> Any:
    try:
        documents = list(yaml.load_all(text, _Loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise MalformedError(mark.line + 1 if mark else 1, error.problem or str(error)) from None
    except (yaml.YAMLError, ValueError) as error:
        raise MalformedError(1, str(error).splitlines()[0]) from None
    return documents[0] if len(documents) == 1 else documents


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The position is in the message only, before Python 3.14.
        line = str(error).rpartition("(at line ")[2].split(",")[0]
        raise MalformedError(int(line) if line.isdigit() else 1, str(error)) from None


def _ini(text: str) -> Any:
    # As systemd and the like have it: keys may repeat, stand alone, and hold percent signs.
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the library's documented way to keep the case
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise MalformedError(error.lineno, "a line stands before any [section]") from None
    except configparser.ParsingError as error:
        raise MalformedError(error.errors[0][0] if error.errors else 1, "a line is neither section nor key") from None
    return {section: dict(parser.items(section)) for section in parser.sections()}


PARSERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {"json": _json, "yaml": _yaml, "yml": _yaml, "toml": _toml, "ini": _ini}
)
"""The parser of each data format, by the language of a fence."""
