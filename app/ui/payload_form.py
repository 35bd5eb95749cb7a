"""The form for a payload, made from the JSON Schema of its model: fields to fill in, and what they give as JSON."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from starlette.datastructures import FormData

from app.api.json_body import parse
from app.problems import Problem

#: What the names of a payload's fields begin with in a form.
PREFIX = "data."
#: A member that holds the id of an uploaded file; its field takes the file itself as well.
FILE_MEMBER = "file_id"
#: The member beside it that says what the file is called.
FILE_NAME_MEMBER = "file_name"

_TRUE = "true"


class Kind(StrEnum):
    """How a field is filled in."""

    TEXT = "text"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    SELECT = "select"
    JSON = "json"
    FILE = "file"


@dataclass(frozen=True)
class Field:
    """A field of a form: ``name`` is the dotted name of the member with ``PREFIX``, ``limits`` are HTML attributes."""

    name: str
    kind: Kind
    label: str
    hint: str
    required: bool
    options: Sequence[str] = ()
    example: str = ""
    limits: Mapping[str, int | float | str] = field(default_factory=dict)
    whole: bool = False

    @property
    def member(self) -> tuple[str, ...]:
        """Where the value goes in the payload."""
        return tuple(self.name.removeprefix(PREFIX).split("."))

    @property
    def file_name(self) -> str:
        """The name of the field beside this one that says what the file is called."""
        return self.name.removesuffix(FILE_MEMBER) + FILE_NAME_MEMBER

    @property
    def upload(self) -> str:
        """The name of the field that takes a file."""
        return f"upload.{self.name}"


@dataclass(frozen=True)
class Group:
    """Fields that belong together: the members of an object inside the payload; the first has no label."""

    label: str
    hint: str
    fields: Sequence[Field]


class NoValue(Exception):
    """What stands in a field cannot be its value; the text says why."""


def groups_of(model: type[BaseModel]) -> list[Group]:
    """Return the form for a payload model."""
    schema = model.model_json_schema()
    return list(_groups(schema, schema.get("$defs", {}), PREFIX, "", "", optional=False))


def _groups(
    schema: Mapping[str, Any], defs: Mapping[str, Any], prefix: str, label: str, hint: str, *, optional: bool
) -> Iterator[Group]:
    fields: list[Field] = []
    inner: list[Group] = []
    for name, member in schema.get("properties", {}).items():
        found, nullable = _resolved(member, defs)
        required = name in schema.get("required", ()) and not optional
        if found.get("type") == "object" and found.get("properties"):
            about = str(member.get("description") or found.get("description", ""))
            inner += _groups(found, defs, f"{prefix}{name}.", _label(name), about, optional=not required)
        else:
            fields.append(_field(f"{prefix}{name}", name, found, required=required, nullable=nullable))
    yield Group(label, hint, fields)
    yield from inner


def _resolved(member: Mapping[str, Any], defs: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return what a member's schema says, without references, and whether it may be null."""
    choices = [each for each in member.get("anyOf", ()) if each.get("type") != "null"]
    nullable = len(choices) < len(member.get("anyOf", ()))
    found = dict(member)
    if len(choices) == 1:
        found = {**choices[0], **{key: value for key, value in member.items() if key != "anyOf"}}
    if "$ref" in found:
        target = defs[found.pop("$ref").rpartition("/")[2]]
        found = {**target, **found}
    return found, nullable


def _field(name: str, member: str, schema: Mapping[str, Any], *, required: bool, nullable: bool) -> Field:
    kind, options = _kind(member, schema, nullable=nullable)
    examples = schema.get("examples") or [""]
    limits = {
        attribute: schema[key]
        for key, attribute in (("minimum", "min"), ("maximum", "max"), ("maxLength", "maxlength"))
        if key in schema and kind in (Kind.NUMBER, Kind.TEXT)
    }
    return Field(
        name,
        kind,
        _label(member),
        str(schema.get("description", "")),
        required,
        options,
        "" if kind is Kind.CHECKBOX else _written(examples[0]),
        limits,
        whole=schema.get("type") == "integer",
    )


def _kind(member: str, schema: Mapping[str, Any], *, nullable: bool) -> tuple[Kind, Sequence[str]]:
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        # Only texts can be told from each other in a form.
        return (Kind.SELECT, values) if all(isinstance(value, str) for value in values) else (Kind.JSON, ())
    match schema.get("type"):
        case "boolean":
            return (Kind.SELECT, [_TRUE, "false"]) if nullable else (Kind.CHECKBOX, ())
        case "integer" | "number":
            return Kind.NUMBER, ()
        case "string":
            return (Kind.FILE if member == FILE_MEMBER else Kind.TEXT), ()
    return Kind.JSON, ()


def _label(name: str) -> str:
    words = name.removesuffix("_id").replace("_", " ") if name == FILE_MEMBER else name.replace("_", " ")
    return words[0].upper() + words[1:]


def _written(value: Any) -> str:
    """Return a value of a payload as it stands in a field."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def filled(groups: Iterable[Group], payload: Mapping[str, Any]) -> dict[str, str]:
    """Return what stands in the fields for a payload, by their names; what the form has no field for is left out."""
    values = {}
    for each in _fields(groups):
        value: Any = payload
        for part in each.member:
            value = value.get(part) if isinstance(value, Mapping) else None
        values[each.name] = _written(value)
    return values


def defaults(groups: Iterable[Group], model: type[BaseModel]) -> dict[str, str]:
    """Return what stands in the fields before anybody has filled them in."""
    known = {
        name: info.get_default(call_default_factory=True, validated_data={})
        for name, info in model.model_fields.items()
        if not info.is_required()
    }
    plain = {
        name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value for name, value in known.items()
    }
    return filled(groups, json.loads(json.dumps(plain, default=str)))


def given(groups: Iterable[Group], form: FormData) -> dict[str, str]:
    """Return what stands in the fields of a form that was sent."""
    return {each.name: str(form.get(each.name, "")) for each in _fields(groups)}


def payload_of(groups: Iterable[Group], values: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the payload that the fields give, and what is wrong with fields that give no value, by their names."""
    payload: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for each in _fields(groups):
        try:
            value = _value(each, values.get(each.name, ""))
        except NoValue as fault:
            faults[each.name] = str(fault)
            continue
        if value is None:
            continue
        place = payload
        for part in each.member[:-1]:
            place = place.setdefault(part, {})
        place[each.member[-1]] = value
    return payload, faults


def _value(each: Field, text: str) -> Any:
    text = text.strip()
    if each.kind is Kind.CHECKBOX:
        return text == _TRUE
    if not text:
        # The model says whether it is needed.
        return None
    match each.kind:
        case Kind.NUMBER:
            return _number(text, whole=each.whole)
        case Kind.JSON:
            try:
                return parse(text.encode())
            except Problem as problem:
                raise NoValue(problem.detail.replace("The body", "This")) from None
        case Kind.SELECT if list(each.options) == [_TRUE, "false"]:
            return text == _TRUE
    return text


def _number(text: str, *, whole: bool) -> int | float:
    try:
        number = int(text) if whole else float(text)
    except ValueError:
        raise NoValue("This is no whole number." if whole else "This is no number.") from None
    if abs(number) > 2**63 - 1:
        raise NoValue("This number is too large.")
    return number


def _fields(groups: Iterable[Group]) -> Iterator[Field]:
    for group in groups:
        yield from group.fields


def field_of(groups: Iterable[Group], place: str) -> str | None:
    """Return the name of the field that an error at ``place`` belongs to, such as ``data.filters.zip``; None: none."""
    names = [each.name for each in _fields(groups)]
    fitting = [name for name in names if place == name or place.startswith(f"{name}.")]
    return max(fitting, key=len, default=None)
