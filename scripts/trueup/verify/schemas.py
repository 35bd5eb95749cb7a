"""JSON Schema: those of the committed OpenAPI document by name, and files of the repository."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import validator_for
from rapidfuzz import process
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from trueup.errors import TrueupError
from trueup.verify.verdict import Fault

_DOCUMENT = "urn:trueup:openapi"
_MOST = 5


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
        return _worded(validator.iter_errors(value))

    def faults(self, name: str, value: Any, what: str = "JSON") -> Iterator[Fault]:
        """What is wrong with `value`, which must follow the schema `name`."""
        if problem := self.unknown(name):
            yield Fault(problem, code="schema-unknown")
            return
        for text in self.violations(name, value):
            yield Fault(f"{what} does not follow the schema {name}: {text}", code="schema-mismatch")


def file_faults(root: Path, name: str, value: Any, what: str) -> Iterator[Fault]:
    """What is wrong with `value`, which must follow the JSON Schema in a file of the project."""
    try:
        schema = json.loads((root / name).read_text(encoding="utf-8"))
        kind = validator_for(schema, default=Draft202012Validator)
        kind.check_schema(schema)
    except OSError:
        yield Fault(f"unknown schema file {name}", code="schema-unknown")
        return
    except (ValueError, SchemaError) as error:
        yield Fault(f"{name} is no JSON Schema: {str(error).splitlines()[0]}", code="schema-unknown")
        return
    validator = kind(schema, format_checker=kind.FORMAT_CHECKER)
    for text in _worded(validator.iter_errors(value)):
        yield Fault(f"{what} does not follow the schema {name}: {text}", code="schema-mismatch")


def _worded(errors: Iterable[ValidationError]) -> list[str]:
    found = sorted(errors, key=lambda error: list(map(str, error.absolute_path)))
    return [f"/{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found[:_MOST]]
