"""Parsing a play line by line, in the layout that public libraries of plain texts use."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.plays.model import Carried, Element, ElementKind

_ORDINALS = ("FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH", "SIXTH", "SEVENTH", "EIGHTH", "NINTH", "TENTH")
_CARDINALS = ("ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "TEN")
_NUMBERS = {word: number for words in (_ORDINALS, _CARDINALS) for number, word in enumerate(words, 1)}
_FIGURES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}
_N = rf"[IVXLC]+|\d{{1,2}}|{'|'.join(_NUMBERS)}"

_ACT = re.compile(rf"^(?:ACT\s+(?:THE\s+)?({_N})|(?:THE\s+)?({'|'.join(_ORDINALS)})\s+ACT)\s*[.:]?$", re.IGNORECASE)
_SCENE = re.compile(rf"^SCENE(?:\s+({_N}))?(?:\s*[.:,—–-]+\s*(.*))?$", re.IGNORECASE)
_ACT_AND_SCENE = re.compile(
    rf"^(ACT\s+(?:THE\s+)?(?:{_N})|(?:THE\s+)?(?:{'|'.join(_ORDINALS)})\s+ACT)\s*[.,:—–-]+\s*(SCENE\s.*)$",
    re.IGNORECASE,
)
_UNNUMBERED = re.compile(r"^(?:THE\s+)?(PROLOGUE|EPILOGUE|INDUCTION)\.?$")
_CONTENTS = re.compile(r"^(?:TABLE OF )?CONTENTS\.?$", re.IGNORECASE)
_CAST = re.compile(
    r"^(?:DRAMATIS PERSON(?:AE|Æ)|(?:THE )?(?:PERSONS|CHARACTERS|CAST)(?: (?:OF|IN) THE PLAY)?)[.:]?$",
    re.IGNORECASE,
)
_SPEAKER = re.compile(
    r"^(?P<name>[A-ZÀ-ÖØ-Þ][A-ZÀ-ÖØ-Þ0-9 ,&'’.-]{0,38}[A-ZÀ-ÖØ-Þ0-9])"
    r"(?:\s*(?P<manner>[\[(][^\])]*[\])]))?[.:](?:\s+(?P<rest>.*))?$"
)
_NO_SPEAKER = re.compile(r"^(?:THE )?(?:END|FINIS|CURTAIN|ACT|SCENE|CONTENTS|EXIT|EXEUNT)\b")
_ENTRANCE = re.compile(r"^(?:Re-?enter|Enter|Exit|Exeunt|Flourish|Alarum|Curtain)\b")
_NAME_END = re.compile(r"[,.:;(]|\s{2,}|\s[—–-]\s")
_BRACKETS = {"[": "]", "(": ")"}
#: A line in capitals before the play begins is its title when it has more words than this.
_TITLE_WORDS = 3
#: A stage direction that is longer was never closed; it ends here.
_MOST_DIRECTION = 4_000


def parse_chunk(lines: Sequence[str], first_line: int, carried: Carried) -> tuple[list[Element], Carried]:
    """Return the elements of some lines and what the next chunk has to know.

    ``first_line`` is the number of the first of them, from 1. However a text is cut into chunks, the elements of all
    of them are the same.
    """
    parser = _Parser(carried)
    for number, line in enumerate(lines, first_line):
        parser.read(line.strip(), number)
    return parser.found, parser.now


def finish(carried: Carried) -> tuple[list[Element], Carried]:
    """Return what the end of the text makes of a stage direction that is open."""
    parser = _Parser(carried)
    parser.close_direction()
    return parser.found, parser.now


class _Parser:
    """All that it knows between two lines is in ``now``."""

    def __init__(self, carried: Carried) -> None:
        self.now = carried
        self.found: list[Element] = []

    def read(self, line: str, number: int) -> None:
        if not line:
            if self.now.direction and not self.now.bracket:
                self.close_direction()
            if self.now.region == "contents" and self.now.entries and self.now.blanks:
                self._set(region="front")  # two blank lines end it
            self._set(blanks=self.now.blanks + 1)
            return
        self._line(line, number)
        self._set(blanks=0)

    def close_direction(self) -> None:
        if self.now.direction:
            text, line = self.now.direction, self.now.direction_line
            self._set(direction="", direction_line=0, bracket="")
            self._add(ElementKind.DIRECTION, text, line)

    def _line(self, line: str, number: int) -> None:
        if self.now.direction and not self.now.bracket and _begins_anew(line):
            self.close_direction()
        if self.now.direction:
            self._more_direction(line, number)
        elif self.now.act == 0 and _CAST.match(line):
            self._set(region="cast", speaker=None)
        elif self.now.region == "contents":
            self._set(entries=self.now.entries + 1)
        elif self.now.act == 0 and _CONTENTS.match(line):
            self._set(region="contents", entries=0, speaker=None)
        elif not self._heading(line, number):
            self._text(line, number)

    def _heading(self, line: str, number: int) -> bool:
        both = _ACT_AND_SCENE.match(line)
        if both:
            return self._heading(both[1], number) and self._heading(both[2], number)
        act, scene, other = _ACT.match(line), _SCENE.match(line), _UNNUMBERED.match(line)
        if act:
            self._set(region="play", act=_number(act[1] or act[2]), scene=0, speaker=None)
            self._add(ElementKind.ACT, line, number)
        elif scene and (scene[1] or (self.now.region == "play" and line.isupper())):
            place = _number(scene[1]) if scene[1] else self.now.scene + 1
            self._set(region="play", scene=place, speaker=None)
            self._add(ElementKind.SCENE, line, number)
        elif scene and self.now.region != "play":
            # Where the whole play is set, told behind the list of persons.
            self._set(region="play", speaker=None)
            self._speech(line, number)
        elif other and self.now.blanks:
            self._set(region="play", scene=0, speaker=None)
            self._add(ElementKind.SCENE, line, number)
        else:
            return False
        return True

    def _text(self, line: str, number: int) -> None:
        if self.now.region == "cast":
            name = _NAME_END.split(line.replace("_", ""))[0].strip().upper()
            self._add(ElementKind.CAST, line, number, speaker=name or None)
            return
        spoken = _speaker(line)
        if spoken and (self.now.region == "play" or spoken["rest"] or len(spoken["name"].split()) <= _TITLE_WORDS):
            self._set(region="play", speaker=" ".join(spoken["name"].split()), speeches=self.now.speeches + 1)
            if spoken["manner"]:
                self._add(ElementKind.DIRECTION, spoken["manner"], number)
            if spoken["rest"]:
                self._speech(spoken["rest"], number)
        elif self.now.region == "play":
            if self.now.blanks and _ENTRANCE.match(line.lstrip("_")):
                self._set(direction=line, direction_line=number, bracket="")
            else:
                self._speech(line, number)

    def _speech(self, line: str, number: int) -> None:
        """Take a line of a speech, with the stage directions before it; outside of speeches all is direction."""
        if line[0] in _BRACKETS:
            self._set(direction=line[0], direction_line=number, bracket=_BRACKETS[line[0]])
            self._more_direction(line[1:], number)
        elif self.now.speaker is None:
            self._set(direction=line, direction_line=number, bracket="")
        elif line.replace("_", "").strip() in ("THE END", "THE END.", "FINIS", "FINIS.", "CURTAIN", "CURTAIN."):
            self._add(ElementKind.DIRECTION, line, number)
        else:
            self._add(ElementKind.LINE, line, number, speaker=self.now.speaker, speech=self.now.speeches)

    def _more_direction(self, line: str, number: int) -> None:
        begun, bracket = self.now.direction, self.now.bracket
        within, closes, rest = line.partition(bracket) if bracket else (line, "", "")
        space = "" if begun in _BRACKETS else " "
        self._set(direction=f"{begun}{space}{within}{closes}")
        if closes or len(self.now.direction) > _MOST_DIRECTION:
            self.close_direction()
            if rest.strip(" ._"):
                self._speech(rest.strip(), number)

    def _add(
        self, kind: ElementKind, text: str, line: int, *, speaker: str | None = None, speech: int | None = None
    ) -> None:
        cleaned = " ".join(text.replace("_", "").split())
        self.found.append(
            Element(self.now.elements, kind, self.now.act, self.now.scene, cleaned, line, speaker, speech)
        )
        self._set(elements=self.now.elements + 1)

    def _set(self, **changes: object) -> None:
        self.now = replace(self.now, **changes)  # type: ignore[arg-type]  # names of fields, as replace checks


def _speaker(line: str) -> re.Match[str] | None:
    """Return the beginning of a speech, if this line is one."""
    found = _SPEAKER.match(line.replace("_", ""))
    return None if found and _NO_SPEAKER.match(found["name"]) else found


def _begins_anew(line: str) -> bool:
    """Tell whether a line cannot be the rest of a stage direction that has no brackets."""
    return bool(_speaker(line) or any(shape.match(line) for shape in (_ACT, _SCENE, _ACT_AND_SCENE, _UNNUMBERED)))


def _number(text: str) -> int:
    """Return the value of a number as headings write it."""
    word = text.upper()
    if word in _NUMBERS:
        return _NUMBERS[word]
    if word.isdigit():
        return int(word)
    values = [_FIGURES[figure] for figure in word]
    return sum(-one if one < following else one for one, following in zip(values, [*values[1:], 0], strict=True))
