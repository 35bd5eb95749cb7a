"""Charts over time, drawn on the server: lines in SVG, with what they say in words and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor, log10

from app.ui.words import thousands

#: The size of the drawing; the page stretches it to the width that there is.
WIDTH, HEIGHT = 1000, 100

_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """One line: ``tone`` chooses its colour and its dashes, None among the values is a gap."""

    label: str
    tone: str
    values: Sequence[float | None]

    @property
    def known(self) -> list[float]:
        """The values that there are."""
        return [value for value in self.values if value is not None]

    @property
    def summary(self) -> str:
        """What the line says, in words."""
        known = self.known
        return f"{self.label}: {shown(known[-1])} at the end, {shown(max(known))} at most" if known else ""


@dataclass(frozen=True)
class Chart:
    """Lines over the same times; each time is the beginning of its stretch. ``span`` says how far back they go."""

    name: str
    title: str
    span: str
    unit: str
    times: Sequence[datetime]
    lines: Sequence[Line]

    @property
    def top(self) -> float:
        """The value at the upper edge: a round one."""
        return rounded_up(max((value for line in self.lines for value in line.known), default=0))

    @property
    def scale(self) -> list[str]:
        """What stands at the edge: at the top, in the middle, at the bottom."""
        return [shown(self.top), shown(self.top / 2), "0"]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show yet."""
        return not any(line.known for line in self.lines)

    @property
    def description(self) -> str:
        """What the chart says, in words."""
        return ". ".join(line.summary for line in self.lines if line.known)

    def path(self, line: Line) -> str:
        """Return a line as the ``d`` of a path; a value between two gaps is a dot."""
        step = WIDTH / max(1, len(line.values) - 1)
        drawn, inside = [], False
        for index, value in enumerate(line.values):
            if value is not None:
                alone = not inside and (index + 1 == len(line.values) or line.values[index + 1] is None)
                place = f"{index * step:.1f} {HEIGHT * (1 - value / self.top):.1f}"
                drawn.append(f"{'L' if inside else 'M'}{place}{'h0' if alone else ''}")
            inside = value is not None
        return "".join(drawn)

    @property
    def rows(self) -> list[tuple[datetime, list[str]]]:
        """The same as a table, the newest first."""
        rows = [
            (time, [shown(line.values[index]) for line in self.lines])
            for index, time in enumerate(self.times)
            if any(line.values[index] is not None for line in self.lines)
        ]
        return rows[::-1]


def grid(now: datetime, *, back: timedelta, step: timedelta) -> list[datetime]:
    """Return the beginnings of the stretches of a time that ends ``now``, oldest first."""
    last = (now - _ORIGIN) // step
    return [_ORIGIN + step * number for number in range(last - back // step + 1, last + 1)]


def rounded_up(value: float) -> float:
    """Return the next round number: 1, 2, 4, 5 or 10 times a power of ten; at least 4."""
    if value <= 4:
        return 4
    power: float = 10 ** floor(log10(value))
    return next(part * power for part in (1, 2, 4, 5, 10) if value <= part * power)


def shown(value: float | None) -> str:
    """Return a value as people read it; a dash for a gap."""
    if value is None:
        return "–"
    return thousands(round(value)) if value >= 10 or value == round(value) else f"{value:.1f}"
