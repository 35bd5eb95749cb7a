"""Looking at a parsed play as a whole: what it has, and what does not fit together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.plays.model import Element, ElementKind

#: Doubts that are told one by one; the number of all is told besides.
MOST_DOUBTS = 50


class PlayError(ValueError):
    """The text is no play. Permanent, as every error that nobody has called transient."""


@dataclass(frozen=True)
class Doubt:
    """Something that may be a fault of the text or of its reading: ``line`` of the file, from 1."""

    line: int
    message: str


@dataclass(frozen=True)
class Verdict:
    """The counts of a play, and the doubts about it in the order of the text."""

    counts: dict[str, int]
    doubts: Sequence[Doubt]


def validate(elements: Sequence[Element]) -> Verdict:
    """Count what a play has, and compare headings and speakers with each other.

    Raises:
        PlayError: nobody speaks in it.
    """
    lines = [element for element in elements if element.kind is ElementKind.LINE]
    if not lines:
        raise PlayError(
            "The text has no speeches. A speech begins with the speaker in capitals and a full stop, such as HAMLET."
        )
    counts = {
        "acts": len({element.act for element in elements if element.kind is ElementKind.ACT}),
        "scenes": len({(element.act, element.scene) for element in elements if element.kind is ElementKind.SCENE}),
        "speakers": len({element.speaker for element in lines}),
        "speeches": len({element.speech for element in lines}),
        "lines": len(lines),
        "directions": sum(element.kind is ElementKind.DIRECTION for element in elements),
    }
    doubts = sorted([*_headings(elements), *_strangers(elements), *_open(elements)], key=lambda doubt: doubt.line)
    return Verdict(counts, doubts)


def _headings(elements: Sequence[Element]) -> Iterable[Doubt]:
    act = scene = 0
    for element in elements:
        if element.kind is ElementKind.ACT:
            if element.act != act + 1:
                yield Doubt(element.line, f"act {element.act} follows {f'act {act}' if act else 'the beginning'}")
            act, scene = element.act, 0
        elif element.kind is ElementKind.SCENE and element.scene:
            if element.scene != scene + 1:
                yield Doubt(element.line, f"scene {element.scene} of act {act} follows scene {scene}")
            scene = element.scene


def _strangers(elements: Sequence[Element]) -> Iterable[Doubt]:
    """Yield the first line of each speaker whom a list of persons does not name."""
    cast = [set((element.speaker or "").split()) for element in elements if element.kind is ElementKind.CAST]
    known: set[str | None] = set()
    for element in elements if cast else ():
        if element.kind is ElementKind.LINE and element.speaker not in known:
            known.add(element.speaker)
            if not any(set((element.speaker or "").split()) & person for person in cast):
                yield Doubt(element.line, f"{element.speaker} is not in the list of persons")


def _open(elements: Sequence[Element]) -> Iterable[Doubt]:
    for element in elements:
        text = element.text
        if element.kind is ElementKind.DIRECTION and text[:1] in "[(" and text[-1] not in "])":
            yield Doubt(element.line, "the stage direction is not closed")
