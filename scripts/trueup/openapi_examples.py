"""The examples inside the OpenAPI document, held against the schemas they stand beside.

Contract tests send and receive real values; nothing of theirs looks at whether a documented example is valid.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from trueup.collect.openapi import operations, resolve
from trueup.facts import Inventory
from trueup.findings import Finding

_DOCUMENT = "urn:trueup:openapi"


class _Example(NamedTuple):
    kind: str
    key: str
    where: str
    pointer: str
    value: Any


class ExamplesResult(NamedTuple):
    """The findings, and how many examples the document has."""

    findings: list[Finding]
    counted: int


def check(document: Mapping[str, Any], inventory: Inventory, file: str) -> ExamplesResult:
    """Hold every example of parameters, bodies, responses, schemas and fields against its schema.

    Findings name the place of the code that the example comes from, as the inventory knows it, else `file`.
    """
    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry().with_resource(_DOCUMENT, resource)
    findings: list[Finding] = []
    found = [*_of_operations(document), *_of_schemas(document)]
    for example in found:
        validator = Draft202012Validator(
            {"$ref": _DOCUMENT + example.pointer},
            registry=registry,
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        error = next(iter(sorted(validator.iter_errors(example.value), key=lambda item: len(item.path))), None)
        if error is not None:
            fact = inventory.get(example.kind, example.key)
            path, line = (fact.file or file, fact.line or 1) if fact is not None else (file, 1)
            place = "/" + "/".join(str(part) for part in error.absolute_path)
            message = f"{example.where}: the documented example breaks its schema at {place}: {error.message}"
            findings.append(Finding(path, line, "openapi-example", message))
    return ExamplesResult(findings, len(found))


def _of_operations(document: Mapping[str, Any]) -> Iterator[_Example]:
    for method, path, operation in operations(document):
        name = f"{method} {path}"
        base = f"#/paths/{_escape(path)}/{method.lower()}"
        own = document["paths"][path][method.lower()].get("parameters", [])
        shared = document["paths"][path].get("parameters", [])
        for pointer, parameters in ((f"#/paths/{_escape(path)}", shared), (base, own)):
            for index, parameter in enumerate(parameters):
                actual, place = _follow(document, parameter, f"{pointer}/parameters/{index}")
                where = f"{name}, parameter {actual.get('name')}"
                yield from _beside_schema(name, where, actual, place)
        body, place = _follow(document, operation.get("requestBody", {}), f"{base}/requestBody")
        yield from _contents(name, f"{name}, request", body, place)
        for status, response in operation.get("responses", {}).items():
            actual, place = _follow(document, response, f"{base}/responses/{_escape(status)}")
            yield from _contents(name, f"{name}, response {status}", actual, place)


def _contents(name: str, where: str, body: Mapping[str, Any], pointer: str) -> Iterator[_Example]:
    for media, content in body.get("content", {}).items():
        yield from _beside_schema(name, f"{where} ({media})", content, f"{pointer}/content/{_escape(media)}")


def _beside_schema(name: str, where: str, holder: Mapping[str, Any], pointer: str) -> Iterator[_Example]:
    if "schema" not in holder:
        return
    values = [(None, holder["example"])] if "example" in holder else []
    values += [
        (title, item["value"]) for title, item in holder.get("examples", {}).items() if "value" in resolve_item(item)
    ]
    for title, value in values:
        yield _Example("operation", name, f"{where}{f', {title}' if title else ''}", f"{pointer}/schema", value)


def resolve_item(item: Any) -> Mapping[str, Any]:
    """An entry of `examples` as a mapping; one that is a reference or no object has no value to hold."""
    return item if isinstance(item, Mapping) else {}


def _of_schemas(document: Mapping[str, Any]) -> Iterator[_Example]:
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        pointer = f"#/components/schemas/{_escape(name)}"
        yield from _of_schema("schema", name, name, schema, pointer)
        for field, inner in schema.get("properties", {}).items():
            key = f"{name}.{field}"
            yield from _of_schema("field", key, key, inner, f"{pointer}/properties/{_escape(field)}")


def _of_schema(kind: str, key: str, where: str, schema: Any, pointer: str) -> Iterator[_Example]:
    if not isinstance(schema, Mapping):
        return
    values = list(schema.get("examples", [])) + ([schema["example"]] if "example" in schema else [])
    for value in values:
        yield _Example(kind, key, where, pointer, value)


def _follow(document: Mapping[str, Any], thing: Any, pointer: str) -> tuple[Mapping[str, Any], str]:
    """What a reference leads to, and where that stands."""
    seen = 0
    while isinstance(thing, Mapping) and isinstance(thing.get("$ref"), str) and seen < 16:
        pointer = thing["$ref"]
        thing = resolve(document, {"$ref": pointer})
        seen += 1
    return (thing if isinstance(thing, Mapping) else {}), pointer


def _escape(part: str) -> str:
    return str(part).replace("~", "~0").replace("/", "~1").replace("%", "%25").replace("{", "%7B").replace("}", "%7D")
