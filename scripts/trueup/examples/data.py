"""Blocks that are not run but must be well formed, and may name the schema they follow."""

import configparser
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from rapidfuzz import process
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from trueup.errors import TrueupError
from trueup.examples.story import Step
from trueup.findings import Finding

_DOCUMENT = "urn:trueup:openapi"


class Schemas:
    """The schemas of the committed OpenAPI document, by name."""

    def __init__(self, document: Mapping[str, Any] | None) -> None:
        self._names: Mapping[str, Any] = (document or {}).get("components", {}).get("schemas", {})
        resource = Resource.from_contents(document or {}, default_specification=DRAFT202012)
        self._registry: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)

    @classmethod
    def read(cls, path: Path | None) -> "Schemas":
        """Read the document. Raises `TrueupError` when it is there but no JSON object; a missing one has no schemas."""
        if path is None or not path.is_file():
            return cls(None)
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise TrueupError(f"{path}: is no JSON ({error}); run trueup write") from None
        if not isinstance(document, dict):
            raise TrueupError(f"{path}: is no OpenAPI document; run trueup write")
        return cls(document)

    def unknown(self, name: str) -> str:
        """What is wrong with a schema's name; empty when it exists."""
        if name in self._names:
            return ""
        guess = process.extractOne(name, list(self._names), score_cutoff=60)
        return f"unknown schema {name}" + (f"; did you mean {guess[0]}?" if guess else "")

    def violations(self, name: str, value: Any) -> list[str]:
        """Where `value` breaks the schema `name`, at most five places."""
        pointer = f"{_DOCUMENT}#/components/schemas/{name.replace('~', '~0').replace('/', '~1')}"
        validator = Draft202012Validator(
            {"$ref": pointer}, registry=self._registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        errors = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
        return [f"{_place(error.absolute_path)}: {error.message}" for error in errors[:5]]


def verify(path: str, step: Step, schemas: Schemas) -> list[Finding]:
    """Parse a block by its language, and hold JSON against the schema it names."""
    block = step.block
    language = block.language.lower()
    try:
        value = _PARSERS[language](block.source)
    except _MalformedError as error:
        message = f"{language} block is no {language.upper()}: {error}"
        # A parser may complain about the end of the text, one line after the last.
        line = min(block.line + error.line, max(block.end - 1, block.line))
        return [Finding(path, line, "block-invalid", message)]
    if (name := block.attributes.get("schema")) is None:
        return []
    return against_schema(path, block.line, name, value, schemas)


def against_schema(path: str, line: int, name: str, value: Any, schemas: Schemas) -> list[Finding]:
    """Hold a JSON value against a schema of the OpenAPI document."""
    if problem := schemas.unknown(name):
        return [Finding(path, line, "schema-unknown", problem)]
    return [
        Finding(path, line, "schema-mismatch", f"JSON does not follow the schema {name}: {text}")
        for text in schemas.violations(name, value)
    ]


class _MalformedError(Exception):
    """A block cannot be parsed; `line` counts from 1 in the block."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise _MalformedError(error.lineno, error.msg) from None


def _yaml(text: str) -> Any:
    try:
        # Composed only: tags that mean something to the consumer are none of our business.
        return list(yaml.compose_all(text, yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _MalformedError(mark.line + 1 if mark else 1, error.problem or str(error)) from None
    except yaml.YAMLError as error:
        raise _MalformedError(1, str(error).splitlines()[0]) from None


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The position is in the message only, before Python 3.14.
        line = str(error).rpartition("(at line ")[2].split(",")[0]
        raise _MalformedError(int(line) if line.isdigit() else 1, str(error)) from None


def _ini(text: str) -> Any:
    # As systemd and the like have it: keys may repeat, stand alone, and hold percent signs.
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except configparser.MissingSectionHeaderError as error:
        raise _MalformedError(error.lineno, "a line stands before any [section]") from None
    except configparser.ParsingError as error:
        raise _MalformedError(error.errors[0][0] if error.errors else 1, "a line is neither section nor key") from None
    return parser


_PARSERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {"json": _json, "yaml": _yaml, "yml": _yaml, "toml": _toml, "ini": _ini}
)


def _place(path: Any) -> str:
    return "/" + "/".join(str(part) for part in path)
