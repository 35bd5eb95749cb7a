"""A sequence diagram as SVG, drawn at build time from steps that the page writes: who tells whom what, in order.

Every step has a row of its own and a number, so that nothing covers anything and the text can refer to it. Colours are
the page's own, as in the state diagram.
"""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from pydantic import Field

from trueup.facts import closest, slug
from trueup.render.view import Options, Rendered, Sheet, Source, Trouble

_TOP = 56
_LINE = 16
_CHARACTER = 6.6
_ARROW = re.compile(r"\s*(→|⇢)\s*")


class SequenceOptions(Options):
    """Options of the sequence view."""

    own: bool = Field(default=False, description="Has no effect: a sequence shows no facts.")
    title: str = Field(description="The title of the diagram.")
    parties: list[str] = Field(min_length=2, description="Who takes part, from left to right.")
    steps: list[dict[str, str]] = Field(
        min_length=1,
        description="`A → B: what` for a message, `A ⇢ B: what` for an answer, `A: what` for work of one party.",
    )
    column: int = Field(default=136, ge=80, le=400, description="Pixels from one party to the next.")


@dataclass(frozen=True)
class _Step:
    source: int
    target: int
    text: str
    answer: bool

    def lines(self, column: int, parties: int) -> list[str]:
        """The text, wrapped to the room that there is."""
        span = abs(self.source - self.target) or (1 if parties > 1 else 2)
        return textwrap.wrap(self.text, max(12, int((span * column - 20) / _CHARACTER)))


class Sequence:
    """`sequence`: messages between parties as a picture, with the same content as text for those who cannot see it."""

    options = SequenceOptions

    def render(self, options: SequenceOptions, source: Source) -> Rendered:  # noqa: ARG002 (every view gets the facts)
        """Draw the diagram."""
        sheet = Sheet()
        steps = list(_steps(options, sheet))
        if not sheet.troubles:
            sheet.add(_figure(options, steps))
        return sheet.done()


def _steps(options: SequenceOptions, sheet: Sheet) -> Iterator[_Step]:
    for entry in options.steps:
        if len(entry) != 1:
            sheet.troubles.append(
                Trouble("steps", "block-option", f"{entry} is no step", "write `- A → B: what`, one to an item")
            )
            continue
        ((parties, text),) = entry.items()
        source, *rest = _ARROW.split(parties.strip())
        arrow, target = rest if len(rest) == 2 else ("", source)
        for name in (source, target):
            if name not in options.parties:
                close = closest(name, options.parties)
                mend = f"did you mean {close}?" if close else f"parties: {', '.join(options.parties)}"
                sheet.troubles.append(Trouble("steps", "block-option", f"unknown party {name}", mend))
                break
        else:
            yield _Step(options.parties.index(source), options.parties.index(target), text, arrow == "⇢")


def _figure(options: SequenceOptions, steps: list[_Step]) -> str:
    ident = slug(f"sequence-{options.title}")
    column = options.column
    rows = []
    y = _TOP
    for number, step in enumerate(steps, 1):
        lines = step.lines(column, len(options.parties))
        lines[0] = f"{number}. {lines[0]}"
        y += len(lines) * _LINE + 14
        rows.append(_row(step, lines, y, column, len(options.parties), ident))
    width, height = len(options.parties) * column, y + 16
    words = "; ".join(_words(options, number, step) for number, step in enumerate(steps, 1))
    parts = [
        f'<svg class="trueup-diagram" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{ident}-title {ident}-desc" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{ident}-title">{escape(options.title)}</title>',
        f'<desc id="{ident}-desc">{escape(words)}.</desc>',
        f'<defs><marker id="{ident}-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto-start-reverse"><path d="M0 0 8 4 0 8Z" fill="currentColor"/></marker></defs>',
        *(_party(name, index, column, height) for index, name in enumerate(options.parties)),
        *rows,
        "</svg>",
    ]
    title = escape(options.title)
    scroll = f'<div class="trueup-scroll" tabindex="0" role="group" aria-label="{title}">{"".join(parts)}</div>'
    return f'<figure class="trueup-figure">{scroll}<figcaption>{title}</figcaption></figure>'


def _party(name: str, index: int, column: int, height: int) -> str:
    x = index * column + column // 2
    box = f'<rect class="trueup-state" x="{x - column // 2 + 6}" y="8" width="{column - 12}" height="32" rx="4"/>'
    line = f'<line class="trueup-life" x1="{x}" y1="40" x2="{x}" y2="{height - 4}"/>'
    return f'{line}{box}<text class="trueup-name" x="{x}" y="29">{escape(name)}</text>'


def _row(step: _Step, lines: list[str], y: int, column: int, parties: int, ident: str) -> str:
    x1, x2 = (index * column + column // 2 for index in (step.source, step.target))
    if x1 == x2:
        # Beside the line; at the last party there is room on the left only.
        last = step.source == parties - 1
        x, anchor = (x1 - 12, "end") if last else (x1 + 12, "start")
        dot = f'<circle class="trueup-dot" cx="{x1}" cy="{y - 4}" r="4"/>'
        return dot + _text(lines, x, y, anchor)
    gap = 3 if x2 > x1 else -3
    style = "trueup-edge trueup-group-1" if step.answer else "trueup-edge"
    path = f'<path class="{style}" d="M{x1} {y}H{x2 - gap}" marker-end="url(#{ident}-head)"/>'
    return path + _text(lines, (x1 + x2) // 2, y - 6, "middle")


def _text(lines: list[str], x: int, bottom: int, anchor: str) -> str:
    first = bottom - (len(lines) - 1) * _LINE
    spans = "".join(
        f'<tspan x="{x}" y="{first + index * _LINE}">{escape(line)}</tspan>' for index, line in enumerate(lines)
    )
    return f'<text class="trueup-label" style="text-anchor:{anchor}">{spans}</text>'


def _words(options: SequenceOptions, number: int, step: _Step) -> str:
    source, target = options.parties[step.source], options.parties[step.target]
    if source == target:
        return f"{number}. {source}: {step.text}"
    return f"{number}. {source} {'answers' if step.answer else 'to'} {target}: {step.text}"
