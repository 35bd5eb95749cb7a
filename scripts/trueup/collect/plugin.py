"""Facts that only the application can tell: one function that returns plain dicts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from trueup.collect.load import failure, load
from trueup.errors import TrueupError
from trueup.facts import Fact


class _Record(BaseModel):
    model_config = ConfigDict(extra="allow")
    kind: str
    key: str
    file: str
    line: int


_RECORD = TypeAdapter(_Record)


def collect(root: Path, names: list[str]) -> Iterator[Fact]:
    """The facts of every collector function in `names` (`module:function`).

    Each dict holds `kind`, `key`, `file` (relative to the project root, or absolute), `line`, and any attributes whose
    values are JSON. Raises `TrueupError` naming the function and the fact that is wrong.
    """
    for name in names:
        function = load(name, "collectors")
        try:
            records = list(function())
        except Exception as error:
            raise TrueupError(f"collector {name} failed: {failure(error)}") from error
        for record in records:
            yield _fact(root, name, record)


def _fact(root: Path, name: str, record: Any) -> Fact:
    try:
        checked = _RECORD.validate_python(record)
        attributes = to_jsonable_python(checked.model_extra or {})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "fact"
        raise TrueupError(f"collector {name}: {where}: {first['msg']} in {record!r}") from None
    except PydanticSerializationError as error:
        raise TrueupError(f"collector {name}: {record['kind']}:{record['key']}: {error}") from None
    path = Path(checked.file)
    if path.is_absolute() and path.is_relative_to(root.resolve()):
        path = path.relative_to(root.resolve())
    return Fact(checked.kind, checked.key, attributes, path.as_posix(), checked.line)
