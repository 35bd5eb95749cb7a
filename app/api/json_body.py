"""Reading a JSON body strictly: what the parser lets through here can be stored and shown again."""

import json
import math
from collections.abc import Iterator
from typing import Any, NoReturn

from app.problems import InvalidRequest, MalformedBody

#: Levels of lists and objects inside each other. No payload needs more, and a parser's stack has an end.
MAX_DEPTH = 32
#: Whole numbers that other programs and the database hold exactly.
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
#: Up to here, a float holds every whole number.
EXACT = 2**53


def parse(body: bytes) -> Any:
    """Return the value of a JSON body.

    Raises:
        MalformedBody: it is no JSON, or no UTF-8.
        InvalidRequest: it is JSON, with values that cannot be stored: NUL or half a surrogate pair in a string, a
            number that is not finite or has more than 64 bits, too deep nesting. ``errors`` names the fields.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=_integer, parse_float=_float)
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is no UTF-8: byte {error.start} is {body[error.start]:#04x}.") from None
    except json.JSONDecodeError as error:
        raise MalformedBody(f"The body is no JSON: {error.msg} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise InvalidRequest(
            "The body is nested too deeply.", errors=[_error("", f"has more than {MAX_DEPTH} levels")]
        ) from None
    errors = list(_faults(value))
    if errors:
        raise InvalidRequest("The body has values that cannot be stored.", errors=errors)
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedBody(f"The body is no JSON: {name} is no JSON number.")


def _integer(digits: str) -> int | float:
    # Python refuses to read thousands of digits; as a float they become infinite, which is found below.
    return int(digits) if len(digits) <= 20 else float(digits) * math.inf


def _float(digits: str) -> int | float:
    # For JSON, 5.0 and 5 are the same number; for Python's models, only one of them is whole.
    number = float(digits)
    return int(number) if number.is_integer() and abs(number) <= EXACT else number


def _faults(value: Any) -> Iterator[dict[str, str]]:
    # A stack of our own: the value may be nested as deeply as the parser allows.
    stack: list[tuple[str, int, Any]] = [("", 0, value)]
    while stack:
        field, depth, item = stack.pop()
        if isinstance(item, dict | list):
            if depth >= MAX_DEPTH:
                yield _error(field, f"has more than {MAX_DEPTH} levels")
                continue
            members = item.items() if isinstance(item, dict) else enumerate(item)
            for name, member in members:
                part = text_fault(name) if isinstance(name, str) else None
                if part:
                    yield _error(field, f"has a member whose name {part}")
                    continue
                stack.append((f"{field}.{name}" if field else str(name), depth + 1, member))
        elif isinstance(item, str):
            fault = text_fault(item)
            if fault:
                yield _error(field, fault)
        elif isinstance(item, float) and not math.isfinite(item):
            yield _error(field, "is a number that is too large")
        elif isinstance(item, int) and not MIN_INTEGER <= item <= MAX_INTEGER:
            yield _error(field, "is a whole number of more than 64 bits")


def text_fault(text: str) -> str | None:
    """Say why PostgreSQL and other programs cannot hold ``text``, or None when they can."""
    if "\x00" in text:
        return "holds a NUL character"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "holds half of a surrogate pair"
    return None


def _error(field: str, message: str) -> dict[str, str]:
    return {"in": "body", "field": field, "message": message}
