"""Settings: the fields of pydantic-settings models, by the environment variable that sets them."""

import json
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AliasChoices, SecretBytes, SecretStr, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError, PydanticUndefined, to_jsonable_python

from trueup.collect.load import load
from trueup.facts import Fact
from trueup.locate import Locator

Validator = Callable[[str], str | None]
"""Takes the text of a value and answers what is wrong with it; none when it is accepted."""


def collect(names: list[str], locator: Locator) -> Iterator[Fact]:
    """A fact of kind `setting` for each field of each model in `names` (`module:Class`)."""
    for name in names:
        model = load(name, "settings")
        for order, (variable, others, field_name, field) in enumerate(variables(model)):
            file, line = locator.member(model, field_name)
            attributes = _attributes(field)
            attributes |= {"field": field_name, "order": order, "model": model.__name__}
            attributes["names"] = [*others, field_name]
            yield Fact("setting", variable, attributes, file, line)


def validators(names: list[str]) -> Mapping[str, Validator]:
    """For each variable of the models in `names`, the check of a value written in a document."""
    found: dict[str, Validator] = {}
    for name in names:
        for variable, others, _, field in variables(load(name, "settings")):
            for each in (variable, *others):
                found[each] = _validator(field)
    return found


def variables(model: Any) -> Iterator[tuple[str, list[str], str, FieldInfo]]:
    """Variable, further names of it, field name and field, for each field of the model."""
    config = model.model_config
    prefix = config.get("env_prefix") or ""
    for name, field in model.model_fields.items():
        alias = field.validation_alias or field.alias
        if isinstance(alias, str):
            variables = [alias]
        elif isinstance(alias, AliasChoices):
            variables = [choice for choice in alias.choices if isinstance(choice, str)]
        else:
            variables = [f"{prefix}{name}"]
        if not config.get("case_sensitive"):
            variables = [variable.upper() for variable in variables]
        yield variables[0], variables[1:], name, field


def _attributes(field: FieldInfo) -> dict[str, Any]:
    attributes: dict[str, Any] = {"type": type_name(field.annotation), "description": field.description or ""}
    if _is_secret(field.annotation):
        attributes["secret"] = True
    if field.is_required():
        attributes["required"] = True
    elif field.default_factory is not None or field.default is PydanticUndefined:
        attributes["default"] = None
        attributes["computed"] = True
    else:
        attributes["default"] = None if "secret" in attributes else _plain(field.default)
    values = choices(field.annotation)
    if values:
        attributes["choices"] = values
    for item in field.metadata:
        for bound in ("ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of", "pattern"):
            value = getattr(item, bound, None)
            if value is not None:
                attributes[bound] = _plain(value)
    if any(bound in attributes for bound in ("ge", "gt", "le", "lt")):
        attributes["range"] = _range(attributes)
    if field.examples:
        attributes["examples"] = _plain(field.examples)
    if field.deprecated:
        attributes["deprecated"] = field.deprecated if isinstance(field.deprecated, str) else True
    if isinstance(field.json_schema_extra, dict):
        attributes |= {key: value for key, value in field.json_schema_extra.items() if key not in attributes}
    return attributes


def _range(bounds: Mapping[str, Any]) -> str:
    low = f"{bounds['ge']}" if "ge" in bounds else f"more than {bounds['gt']}" if "gt" in bounds else ""
    high = f"{bounds['le']}" if "le" in bounds else f"less than {bounds['lt']}" if "lt" in bounds else ""
    if low and high:
        return f"{low} to {high}"
    return f"{low} or more" if "ge" in bounds else low if low else f"{high} or less" if "le" in bounds else high


def type_name(annotation: Any) -> str:
    """A type as a reader writes it: `int`, `path`, `one of: json, console`, `list of text`."""
    if get_origin(annotation) is Annotated:
        return type_name(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return " or ".join(type_name(part) for part in get_args(annotation) if part is not NoneType)
    if get_origin(annotation) in (list, tuple, set, frozenset):
        inner = [part for part in get_args(annotation) if part is not ...]
        return f"list of {type_name(inner[0])}" if inner else "list"
    if get_origin(annotation) is dict or annotation is dict:
        return "mapping"
    if get_origin(annotation) is Literal or (isinstance(annotation, type) and issubclass(annotation, Enum)):
        return "choice"
    plain = {str: "text", bytes: "text", SecretStr: "text", SecretBytes: "text", int: "integer", float: "number"}
    plain |= {bool: "true or false", Path: "path"}
    return plain.get(annotation) or str(getattr(annotation, "__name__", annotation))


def choices(annotation: Any) -> list[Any]:
    """The values of an enumeration or a `Literal`, also inside `… | None`; empty for other types."""
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return [choice for part in get_args(annotation) for choice in choices(part)]
    if get_origin(annotation) is Literal:
        return [_plain(choice) for choice in get_args(annotation)]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [_plain(member.value) for member in annotation]
    return []


def _is_secret(annotation: Any) -> bool:
    return annotation in (SecretStr, SecretBytes) or any(_is_secret(part) for part in get_args(annotation))


def _plain(value: Any) -> Any:
    try:
        return to_jsonable_python(value)
    except PydanticSerializationError:
        return str(value)


def _validator(field: FieldInfo) -> Validator:
    adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, field])  # type: ignore[arg-type]

    def check(text: str) -> str | None:
        try:
            adapter.validate_python(text)
        except ValidationError as error:
            try:
                adapter.validate_python(json.loads(text))
            except ValueError:
                return str(error.errors()[0]["msg"])
        return None

    return check
