"""What a play is made of."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

#: A larger file is no single play.
MAX_BYTES = 4_194_304

_PLAYS = UUID("a2c0c1de-5d0f-5a3a-8f6b-7a6f1f0e4c22")


class ElementKind(StrEnum):
    """What a piece of a play is."""

    CAST = "cast"
    ACT = "act"
    SCENE = "scene"
    LINE = "line"
    DIRECTION = "direction"

    @property
    def meaning(self) -> str:
        """How it is recognised, in one sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    ElementKind.CAST: "One person of the list under a heading such as Dramatis Personæ, up to the first act.",
    ElementKind.ACT: "A heading with the word act and its number, in Roman or Arabic figures or as a word.",
    ElementKind.SCENE: "A heading with the word scene, with or without a number; or a prologue or an epilogue.",
    ElementKind.LINE: "A line of text that is spoken. A speech begins with the speaker in capitals and a full stop.",
    ElementKind.DIRECTION: "Text in brackets; a paragraph that begins with a word such as Enter or Exeunt; or what "
    "stands between a heading and the first speech.",
}


@dataclass(frozen=True)
class Element:
    """A piece of a play in the order of the text.

    ``act`` and ``scene`` count from 1, and are 0 before the first heading. ``speech`` numbers the speeches of the play
    from 1. ``line`` is the line of the file, from 1, on which it begins.
    """

    number: int
    kind: ElementKind
    act: int
    scene: int
    text: str
    line: int
    speaker: str | None = None
    speech: int | None = None


@dataclass(frozen=True)
class Carried:
    """What the parser has to know of the text before: all of it, so that reading can go on at any line.

    ``region`` is the part of the text: front, contents, cast or play. ``direction`` is a stage direction that is not
    closed yet, begun on ``direction_line``; ``bracket`` is what closes it, empty where a blank line does.
    """

    region: str = "front"
    act: int = 0
    scene: int = 0
    speaker: str | None = None
    speeches: int = 0
    elements: int = 0
    blanks: int = 1
    entries: int = 0
    direction: str = ""
    direction_line: int = 0
    bracket: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


def play_id(sha256: str) -> UUID:
    """Return the id of the play with this content: the same bytes are the same play."""
    return uuid5(_PLAYS, sha256)


def percent_parsed(done: int, chunks: int) -> int:
    """Return how far a job is, in percent, when ``done`` of the chunks of its play are parsed."""
    return 10 + 75 * done // chunks
