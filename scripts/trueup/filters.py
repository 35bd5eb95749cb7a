"""Filters: how a fact's attribute is written for readers. One set serves values in prose and cells of tables."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def plain(value: Any) -> str:
    """As it is: text unchanged, lists joined with commas, nothing as a dash."""
    if value is None or value == "" or value == [] or value == {}:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(item)}" for key, item in value.items())
    return " ".join(str(value).split()) if "\n" in str(value) else str(value)


def code(value: Any) -> str:
    """As inline code; each item of a list on its own; nothing as a dash."""
    if isinstance(value, list) and value:
        return ", ".join(code(item) for item in value)
    if isinstance(value, bool):
        return f"`{json.dumps(value)}`"
    if isinstance(value, dict) and value:
        return f"`{json.dumps(value, ensure_ascii=False)}`"
    text = plain(value)
    if text == "–":
        return text
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def items(value: Any) -> str:
    """A list in words: `a, b and c`."""
    if not isinstance(value, list):
        return plain(value)
    parts = [plain(item) for item in value]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts) or "–"


def duration(value: Any) -> str:
    """A number of seconds in the largest unit that divides it: `90` → `90 seconds`, `3600` → `1 hour`."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no number of seconds")
    if value and abs(value) < 1:
        return _unit(round(value * 1000, 3), "millisecond")
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if value and value % size == 0:
            return _unit(value / size, unit)
    return _unit(value, "second")


def minutes(value: Any) -> str:
    """A number of minutes in the largest unit that divides it: `60` → `1 hour`."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no number of minutes")
    return duration(value * 60)


def _unit(number: float, unit: str) -> str:
    text = f"{number:g}" if number < 1e6 else f"{number:.0f}"
    return f"{text} {unit}" if number == 1 else f"{text} {unit}s"


def size(value: Any) -> str:
    """A number of bytes: `1048576` → `1 MiB`."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no number of bytes")
    for factor, unit in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if value >= factor:
            return f"{value / factor:g} {unit}"
    return f"{value} bytes"


def percent(value: Any) -> str:
    """A share as a percentage: `0.25` → `25 %`."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no number")
    return f"{value * 100:g} %"


def words(value: Any) -> str:
    """A number up to twelve in words, or how many items a list has: `6` → `six`."""
    number = len(value) if isinstance(value, list | dict) else value
    if not isinstance(number, int) or isinstance(number, bool):
        raise ValueError(f"{value!r} is no whole number")
    return _WORDS[number] if 0 <= number < len(_WORDS) else f"{number:,}"


def count(value: Any) -> str:
    """How many items a list has."""
    if not isinstance(value, list | dict):
        raise ValueError(f"{value!r} is no list")
    return str(len(value))


def number(value: Any) -> str:
    """A number with its thousands separated: `10000` → `10,000`."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no number")
    return f"{value:,}"


def title(value: Any) -> str:
    """With a capital first letter."""
    text = plain(value)
    return text[:1].upper() + text[1:]


def seconds(value: Any) -> str:
    """A number of seconds, always in seconds."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{value!r} is no number of seconds")
    return _unit(value, "second")


def mark(value: Any) -> str:
    """Whether something is so, as a check mark or a dash."""
    return "✓" if value else "–"


FILTERS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "plain": plain,
        "code": code,
        "list": items,
        "duration": duration,
        "seconds": seconds,
        "minutes": minutes,
        "bytes": size,
        "percent": percent,
        "words": words,
        "count": count,
        "number": number,
        "title": title,
        "mark": mark,
    }
)
"""Every filter, by the name that a page writes after `|`."""
