"""Values as people read them: times, lengths of time, sizes, counts."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from markupsafe import Markup, escape

from app.jobs.listing import Count

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_SIZES = ("bytes", "KB", "MB", "GB", "TB")


def moment(value: datetime) -> Markup:
    """Return a time as an element that says it in UTC; scripts show it in the reader's zone, and UTC on hover."""
    utc = value.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(_iso(utc), _said(utc), _said(utc))


def clock(value: datetime) -> Markup:
    """Return a time for the edge of a chart, as an element; scripts show it in the reader's zone."""
    at = value.astimezone(UTC)
    return Markup('<time datetime="{}" data-clock>{}</time>').format(_iso(at), f"{at:%d %b, %H:%M} UTC")


def ago(value: datetime, now: datetime) -> Markup:
    """Return how long ago a time was, as an element that has the time itself on hover."""
    return _apart(value, "data-ago", about(now - value))


def left(value: datetime, now: datetime) -> Markup:
    """Return how long it is until a time, as an element that has the time itself on hover; scripts count it down."""
    return _apart(value, "data-left", about(value - now))


def _apart(value: datetime, kind: str, text: str) -> Markup:
    utc = value.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}" {}>{}</time>').format(_iso(utc), _said(utc), kind, text)


def _said(utc: datetime) -> str:
    return f"{utc.day} {utc:%b} {utc.year}, {utc:%H:%M:%S} UTC"


def _iso(utc: datetime) -> str:
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def duration(value: timedelta | float) -> str:
    """Return a length of time in at most two units: ``3 min 20 s``, ``2 d 4 h``; below ten seconds with tenths."""
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if seconds < 0:
        seconds = 0.0
    if seconds < 10:
        return f"{seconds:.1f} s" if seconds >= 0.05 else "0 s"
    whole = round(seconds)
    for index, (size, unit) in enumerate(_UNITS):
        if whole >= size:
            rest_size, rest_unit = _UNITS[min(index + 1, len(_UNITS) - 1)]
            rest = whole % size // rest_size
            return f"{whole // size} {unit}" + (f" {rest} {rest_unit}" if rest and rest_size < size else "")
    return "0 s"


def about(value: timedelta) -> str:
    """Return a length of time in the one unit that says enough: ``3 min``, ``2 d``."""
    whole = max(0, int(value.total_seconds()))
    size, unit = next((each for each in _UNITS if whole >= each[0]), (1, "s"))
    return f"{whole // size} {unit}"


def thousands(value: int) -> str:
    """Return a number with its thousands apart."""
    return f"{value:,}"


def upto(value: Count) -> str:
    """Return a count that ends somewhere: ``1,234``, or ``10k+``."""
    if value.more and value.jobs and value.jobs % 1000 == 0:
        return f"{value.jobs // 1000}k+"
    return f"{thousands(value.jobs)}{'+' if value.more else ''}"


def size(value: int) -> str:
    """Return a number of bytes in the unit that keeps it short."""
    shown, unit = float(value), 0
    while shown >= 1000 and unit < len(_SIZES) - 1:
        shown, unit = shown / 1000, unit + 1
    return f"{value:,} bytes" if unit == 0 else f"{shown:.1f} {_SIZES[unit]}"


def plural(value: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: ``1 job``, ``1,200 jobs``."""
    return f"{thousands(value)} {one if value == 1 else many or one + 's'}"


def short(value: UUID) -> str:
    """Return the beginning of an id, enough to tell the jobs of a page apart."""
    return str(value)[:8]


def ticks(text: str) -> Markup:
    """Return text whose parts between backticks are code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 and index < len(parts) - 1 else escape(part)
        for index, part in enumerate(parts)
    )


FILTERS: Mapping[str, Callable[..., Any]] = {
    "moment": moment,
    "ago": ago,
    "left": left,
    "clock": clock,
    "duration": duration,
    "thousands": thousands,
    "upto": upto,
    "size": size,
    "plural": plural,
    "short": short,
    "ticks": ticks,
}
