"""The OpenAPI document: operations, parameters, responses, schemas, fields, enum values, headers and media types."""

from collections.abc import Iterator, Mapping
from typing import Any

from trueup.facts import Fact

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The members of a path item that are operations."""

Document = Mapping[str, Any]
"""An OpenAPI document, version 3.0 or 3.1."""

Places = Mapping[str, tuple[str, int]]
"""File and line by the id of an operation, schema or `schema.field`."""


def operations(document: Document) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method (upper case), path and operation object of every operation, in document order."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                shared = item.get("parameters", [])
                operation = item[method]
                if shared:
                    operation = {**operation, "parameters": [*shared, *operation.get("parameters", [])]}
                yield method.upper(), path, operation


def resolve(document: Document, thing: Any) -> Any:
    """The object a `$ref` points to, or `thing` itself; an unknown reference resolves to an empty object."""
    for _ in range(16):  # references may point to references, but not for ever
        if not (isinstance(thing, Mapping) and isinstance(thing.get("$ref"), str)):
            return thing
        found: Any = document
        for part in thing["$ref"].removeprefix("#/").split("/"):
            found = found.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(found, Mapping) else {}
        thing = found
    return {}


def operation_id(method: str, path: str, operation: Mapping[str, Any]) -> str:
    """The operation's id, or one made of method and path when it has none."""
    return str(operation.get("operationId") or f"{method} {path}")


def collect(document: Document, places: Places, file: str) -> Iterator[Fact]:
    """All facts of the document. `places` says where each thing stands; `file` is named where it does not."""
    found: dict[tuple[str, str], Fact] = {}
    for fact in [*_operations(document, places, file), *_schemas(document, places, file)]:
        found.setdefault((fact.kind, fact.key), fact)
    yield from found.values()


def _operations(document: Document, places: Places, file: str) -> Iterator[Fact]:
    default_security = document.get("security", [])
    for order, (method, path, operation) in enumerate(operations(document)):
        name = operation_id(method, path, operation)
        place = places.get(f"{method} {path}") or places.get(name) or (file, 0)
        security = operation.get("security", default_security)
        attributes: dict[str, Any] = {
            "id": name,
            "names": [name],
            "method": method,
            "path": path,
            "order": order,
            "tags": operation.get("tags", []),
            "summary": operation.get("summary", ""),
            "description": operation.get("description", ""),
            "security": sorted({scheme for option in security for scheme in option}),
            "public": not security or {} in security,
            "statuses": sorted(operation.get("responses", {})),
        }
        if operation.get("deprecated"):
            attributes["deprecated"] = True
        attributes |= {key[2:]: value for key, value in operation.items() if key.startswith("x-")}
        yield Fact("operation", f"{method} {path}", attributes, *place)
        at = {raw: places.get(f"{method} {path} {raw}", place) for raw in _parameter_names(document, operation)}
        yield from _parameters(document, name, operation, at)
        yield from _body(document, name, operation, place)
        for status, response in operation.get("responses", {}).items():
            yield from _response(document, name, str(status), resolve(document, response), place)


def _parameter_names(document: Document, operation: Mapping[str, Any]) -> list[str]:
    return [str(resolve(document, raw).get("name", "")) for raw in operation.get("parameters", [])]


def _parameters(document: Document, name: str, operation: Mapping[str, Any], places: Places) -> Iterator[Fact]:
    for raw in operation.get("parameters", []):
        parameter = resolve(document, raw)
        if not parameter.get("name"):
            continue
        schema = parameter.get("schema", {})
        attributes = {
            "operation": name,
            "in": parameter.get("in", ""),
            "name": parameter["name"],
            "required": bool(parameter.get("required")),
            "description": parameter.get("description", ""),
            **describe(document, schema),
        }
        place = places[parameter["name"]]
        yield Fact("parameter", f"{name}.{parameter['name']}", attributes, *place)
        if parameter.get("in") == "header":
            yield Fact("header", parameter["name"], {"in": "request"}, *place)


def _body(document: Document, name: str, operation: Mapping[str, Any], place: tuple[str, int]) -> Iterator[Fact]:
    body = resolve(document, operation.get("requestBody", {}))
    for media, content in body.get("content", {}).items():
        yield Fact("media", media, {}, *place)
        attributes = {"operation": name, "media": media, "required": bool(body.get("required"))}
        yield Fact("body", f"{name} {media}", attributes | describe(document, content.get("schema", {})), *place)


def _response(
    document: Document, name: str, status: str, response: Mapping[str, Any], place: tuple[str, int]
) -> Iterator[Fact]:
    content = response.get("content", {})
    attributes: dict[str, Any] = {
        "operation": name,
        "status": status,
        "description": response.get("description", ""),
        "media": sorted(content),
    }
    attributes |= {key[2:]: value for key, value in response.items() if key.startswith("x-")}
    for media, value in content.items():
        yield Fact("media", media, {}, *place)
        attributes["type"] = type_text(document, value.get("schema", {}))
    for header, raw in response.get("headers", {}).items():
        yield Fact(
            "header", header, {"in": "response", "description": resolve(document, raw).get("description", "")}, *place
        )
    if response.get("headers"):
        attributes["headers"] = sorted(response["headers"])
    yield Fact("response", f"{name} {status}", attributes, *place)


def _schemas(document: Document, places: Places, file: str) -> Iterator[Fact]:
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        place = places.get(name, (file, 0))
        attributes = {"description": schema.get("description", ""), "title": schema.get("title", name)}
        attributes["required"] = schema.get("required", [])
        yield Fact("schema", name, attributes, *place)
        for value in schema.get("enum", []):
            where = places.get(f"{name}={value}", place)
            yield Fact("value", f"{name}.{value}", {"schema": name, "value": value}, *where)
        for field, raw in _properties(document, schema).items():
            details = describe(document, raw)
            details |= {
                "schema": name,
                "name": field,
                "required": field in schema.get("required", []),
                "description": raw.get("description") or resolve(document, raw).get("description", ""),
            }
            yield Fact("field", f"{name}.{field}", details, *places.get(f"{name}.{field}", place))
            for value in raw.get("enum", []) or raw.get("items", {}).get("enum", []):
                where = places.get(f"{name}.{field}", place)
                yield Fact("value", f"{name}.{field}.{value}", {"schema": name, "field": field, "value": value}, *where)


def _properties(document: Document, schema: Mapping[str, Any]) -> Mapping[str, Any]:
    properties: dict[str, Any] = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        properties |= _properties(document, resolve(document, part))
    return properties


_LIMITS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems",
    "pattern", "multipleOf", "format", "readOnly", "writeOnly", "deprecated", "const",
)  # fmt: skip


def describe(document: Document, schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a schema says of a value: type in words, default, limits, and the values it may take."""
    attributes: dict[str, Any] = {"type": type_text(document, schema)}
    if "default" in schema:
        attributes["default"] = schema["default"]
    for part in [schema, *_alternatives(document, schema)]:
        target = resolve(document, part)
        for limit in _LIMITS:
            if limit in target:
                attributes.setdefault(limit, target[limit])
        values = target.get("enum") or resolve(document, target.get("items", {})).get("enum")
        if values:
            attributes.setdefault("enum", values)
    if schema.get("examples"):
        attributes["examples"] = schema["examples"]
    return attributes


def _alternatives(document: Document, schema: Mapping[str, Any]) -> list[Any]:
    found = [*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", [])]
    return [part for part in found if resolve(document, part).get("type") != "null"]


def type_text(document: Document, schema: Mapping[str, Any], mark: str = "") -> str:
    """A schema's type in words: `string (date-time)`, `list of JobRead`, `integer or null`, `file` for an upload.

    `mark` is put on both sides of the name of a schema.
    """
    if not isinstance(schema, Mapping) or not schema:
        return "any"
    if "$ref" in schema:
        return mark + str(schema["$ref"]).rpartition("/")[2] + mark
    if "const" in schema:
        return f"always {schema['const']}"
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        return " or ".join(dict.fromkeys(type_text(document, option, mark) for option in options))
    if schema.get("allOf"):
        return " and ".join(type_text(document, part, mark) for part in schema["allOf"])
    if schema.get("type") == "string" and (schema.get("format") == "binary" or "contentMediaType" in schema):
        return "file"
    kind = schema.get("type", "object" if "properties" in schema else "any")
    if isinstance(kind, list):
        return " or ".join(str(each) for each in kind)
    if kind == "array":
        return f"list of {type_text(document, schema.get('items', {}), mark)}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"map of {type_text(document, schema['additionalProperties'], mark)}"
    return f"{kind} ({schema['format']})" if "format" in schema else str(kind)
