"""A state diagram as SVG, drawn at build time: states side by side, transitions as arrows between their columns.

Every arrow has a row of its own, so that no label and no line ever covers another, however many transitions there are.
Colours are the page's own (`currentColor` and a few custom properties), so that it reads in light and dark.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from pydantic import Field

from trueup.facts import Fact, slug
from trueup.filters import plain
from trueup.render.view import Options, Rendered, Selection, Sheet, Source, attribute, select

_START = 56
_GAP = 8
_ROW = 40
_TOP = 56
_HEIGHT = 32
_LETTER = 7.8  # of a state's name, which is bold
_CHARACTER = 6.6


class DiagramOptions(Options):
    """Options of the diagram view."""

    own: bool = Field(default=False, description="Whether this page is where the states are documented.")
    states: str = Field(description="The kind of facts that are states.")
    transitions: str = Field(description="The kind of facts that are transitions.")
    source: str = Field(default="source", description="The attribute of a transition that names its source state.")
    target: str = Field(default="target", description="The attribute of a transition that names its target state.")
    label: str = Field(default="label", description="The attribute of a transition that names its cause.")
    group: str = Field(default="", description="An attribute of a transition; each of its values has a line style.")
    title: str = Field(default="State diagram", description="The title of the diagram.")
    start: str = Field(default="start", description="The name of the place that transitions without a source leave.")


@dataclass(frozen=True)
class _Arrow:
    source: str
    target: str
    labels: tuple[str, ...]
    group: str


class Diagram:
    """`diagram`: states and transitions as a picture, with the same content as text for those who cannot see it."""

    options = DiagramOptions

    def render(self, options: DiagramOptions, source: Source) -> Rendered:
        """Draw the diagram."""
        sheet = Sheet()
        states = select(Selection(kind=options.states), source, sheet)
        transitions = select(Selection(kind=options.transitions), source, sheet)
        if sheet.troubles:
            return sheet.done()
        arrows = _arrows(options, transitions)
        names = [fact.key for fact in states]
        if any(arrow.source == options.start for arrow in arrows):
            names.insert(0, options.start)
        arrows = [arrow for arrow in arrows if arrow.source in names and arrow.target in names]
        groups = list(dict.fromkeys(arrow.group for arrow in arrows if arrow.group))
        sheet.add(_figure(options, names, arrows, groups))
        for fact in states:
            sheet.show(fact, fact.anchor, options)
        sheet.used.extend(transitions)
        return sheet.done()


def _arrows(options: DiagramOptions, transitions: Sequence[Fact]) -> list[_Arrow]:
    """One arrow for each pair of states and group, with all its labels, in the order of the facts."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for fact in transitions:
        source = attribute(fact, options.source)
        group = plain(attribute(fact, options.group)) if options.group else ""
        key = (str(source) if source else options.start, str(attribute(fact, options.target)), group)
        found.setdefault(key, []).append(plain(attribute(fact, options.label)))
    return [_Arrow(source, target, tuple(labels), group) for (source, target, group), labels in found.items()]


def _figure(options: DiagramOptions, names: list[str], arrows: list[_Arrow], groups: list[str]) -> str:
    ident = slug(f"diagram-{options.states}-{options.transitions}")
    box = max(64, round(max(len(name) for name in names) * _LETTER) + 18)
    columns: dict[str, int] = {}
    width = 0
    for name in names:
        room = _START if name == options.start else box + _GAP
        columns[name] = width + room // 2
        width += room
    width = max(width, _reach(columns, arrows))
    height = _TOP + len(arrows) * _ROW + 8
    words = "; ".join(f"{arrow.source} to {arrow.target} by {' or '.join(arrow.labels)}" for arrow in arrows)
    parts = [
        f'<svg class="trueup-diagram" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-labelledby="{ident}-title {ident}-desc" xmlns="http://www.w3.org/2000/svg">',
        f'<title id="{ident}-title">{escape(options.title)}</title>',
        f'<desc id="{ident}-desc">{len(names)} states: {escape(", ".join(names))}. {escape(words)}.</desc>',
        f'<defs><marker id="{ident}-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        'orient="auto-start-reverse"><path d="M0 0 8 4 0 8Z" fill="currentColor"/></marker></defs>',
    ]
    for name, x in columns.items():
        parts.append(_state(name, x, height, 0 if name == options.start else box))
    for index, arrow in enumerate(arrows):
        parts.append(_arrow(arrow, columns, _TOP + index * _ROW + _ROW // 2 + 6, groups, ident))
    parts.append("</svg>")
    legend = "".join(
        f'<span class="trueup-legend trueup-group-{index}">{escape(group)}</span> '
        for index, group in enumerate(groups)
    )
    caption = f"<figcaption>{escape(options.title)}{': ' if legend else ''}{legend.strip()}</figcaption>"
    svg = "".join(parts)
    scroll = f'<div class="trueup-scroll" tabindex="0" role="group" aria-label="{escape(options.title)}">{svg}</div>'
    return f'<figure class="trueup-figure">{scroll}{caption}</figure>'


def _reach(columns: Mapping[str, int], arrows: list[_Arrow]) -> int:
    """How far to the right the labels of loops reach."""
    ends = [columns[a.source] + 44 + len(", ".join(a.labels)) * _CHARACTER for a in arrows if a.source == a.target]
    return round(max(ends, default=0))


def _state(name: str, x: int, height: int, box: int) -> str:
    """A state's box and its line; a disc where `box` is 0."""
    line = f'<line class="trueup-life" x1="{x}" y1="{_HEIGHT + 8}" x2="{x}" y2="{height - 4}"/>'
    if not box:
        return f'{line}<circle class="trueup-start" cx="{x}" cy="{8 + _HEIGHT // 2}" r="7"/>'
    shape = f'<rect class="trueup-state" x="{x - box // 2}" y="8" width="{box}" height="{_HEIGHT}" rx="8"/>'
    return f'{line}{shape}<text class="trueup-name" x="{x}" y="{8 + _HEIGHT // 2 + 5}">{escape(name)}</text>'


def _arrow(arrow: _Arrow, columns: Mapping[str, int], y: int, groups: list[str], ident: str) -> str:
    x1, x2 = columns[arrow.source], columns[arrow.target]
    style = f"trueup-edge trueup-group-{groups.index(arrow.group)}" if arrow.group else "trueup-edge"
    head = f'marker-end="url(#{ident}-head)"'
    text = escape(", ".join(arrow.labels))
    dot = f'<circle class="trueup-dot" cx="{x1}" cy="{y}" r="3"/>'
    if x1 == x2:
        path = f'<path class="{style}" d="M{x1} {y - 8}h22a8 8 0 0 1 0 16h-20" {head}/>'
        dot = f'<circle class="trueup-dot" cx="{x1}" cy="{y - 8}" r="3"/>'
        return f'{dot}{path}<text class="trueup-label trueup-loop" x="{x1 + 36}" y="{y + 4}">{text}</text>'
    gap = 3 if x2 > x1 else -3
    path = f'<path class="{style}" d="M{x1} {y}H{x2 - gap}" {head}/>'
    return f'{dot}{path}<text class="trueup-label" x="{(x1 + x2) / 2:g}" y="{y - 6}">{text}</text>'
