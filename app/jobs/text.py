"""Text that PostgreSQL can store."""

from typing import Any, TypeVar

T = TypeVar("T")


def storable(value: T) -> T:
    """Return JSON ``value`` with what PostgreSQL cannot hold in text (NUL, lone surrogates) shown as ``\\ufffd``."""
    return _storable(value)  # type: ignore[no-any-return]  # the shape of the value is kept


def _storable(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
    return value
