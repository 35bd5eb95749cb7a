"""Values and fields of JSON schemas, in words."""

from collections.abc import Mapping
from html import escape
from types import MappingProxyType
from typing import Any

from trueup.collect.openapi import describe, resolve, type_text
from trueup.filters import code, plain
from trueup.render.view import safe

_DEPTH = 4  # nested objects below this are named, not unfolded


def value_text(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """The values a schema takes: type, range, length, pattern, enumerated values."""
    details = describe(document, schema)
    if "enum" in details:
        text = "one of " + ", ".join(code(value) for value in details["enum"])
        return text + (" or `null`" if _nullable(schema) else "")
    text = safe(type_text(document, schema, mark="`"))
    low, high = details.get("minimum"), details.get("maximum")
    if low is not None and high is not None:
        text += f", {plain(low)} to {plain(high)}"
    elif low is not None:
        text += f", {plain(low)} or more"
    elif high is not None:
        text += f", {plain(high)} or less"
    if "exclusiveMinimum" in details:
        text += f", more than {plain(details['exclusiveMinimum'])}"
    if "exclusiveMaximum" in details:
        text += f", less than {plain(details['exclusiveMaximum'])}"
    for least, most, unit in (("minLength", "maxLength", "characters"), ("minItems", "maxItems", "items")):
        if least in details and most in details:
            text += f", {details[least]} to {details[most]} {unit}"
        elif most in details:
            text += f", at most {details[most]} {unit}"
        elif least in details:
            text += f", at least {details[least]} {unit}"
    if "pattern" in details:
        text += f", matches {code(details['pattern'])}"
    return text


def _nullable(schema: Mapping[str, Any]) -> bool:
    options = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    return any(option.get("type") == "null" for option in options if isinstance(option, Mapping))


def name_text(name: str, anchor: str = "") -> str:
    """The name of a field or parameter where it is described: as code that does not link elsewhere."""
    return f'<code id="{anchor}">{escape(name)}</code>' if anchor else f"<code>{escape(name)}</code>"


def field_rows(
    document: Mapping[str, Any],
    schema: Mapping[str, Any],
    prefix: str = "",
    depth: int = 0,
    anchors: Mapping[str, str] = MappingProxyType({}),
) -> list[list[str]]:
    """Name, value, default and meaning of each field of an object, nested objects with dotted names.

    `anchors` gives fields an id, by their dotted name.
    """
    schema = _object(document, schema)
    properties: dict[str, Any] = dict(schema.get("properties", {}))
    required = set(schema.get("required", []))
    for part in schema.get("allOf", []):
        inner = _object(document, part)
        properties |= inner.get("properties", {})
        required |= set(inner.get("required", []))
    rows: list[list[str]] = []
    for name, raw in properties.items():
        default = code(raw["default"]) if raw.get("default") is not None else "required" if name in required else "–"
        about = raw.get("description") or resolve(document, raw).get("description") or ""
        dotted = f"{prefix}{name}"
        rows.append(
            [name_text(dotted, anchors.get(dotted, "")), value_text(document, raw), default, safe(plain(about))]
        )
        if depth < _DEPTH:
            items = resolve(document, raw).get("items")
            suffix = "[]." if items else "."
            rows += field_rows(document, items or raw, f"{prefix}{name}{suffix}", depth + 1)
    return rows


def _object(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The one object schema behind references and `… or null`; an empty one where there are several."""
    schema = resolve(document, schema)
    options = [resolve(document, each) for each in [*schema.get("anyOf", []), *schema.get("oneOf", [])]]
    objects = [option for option in options if "properties" in option]
    return objects[0] if len(objects) == 1 else schema
