"""Bare values: a number that was written by hand, where a binding would keep it true."""

import re
from collections.abc import Iterator

from trueup.config import BareValues
from trueup.findings import Finding
from trueup.masked import mask
from trueup.pages import Page, Prose
from trueup.statuses import STATUSES
from trueup.vocabulary import Vocabulary

UNITS = (
    "ms", "s", "seconds?", "minutes?", "min", "hours?", "h", "days?", "weeks?", "months?", "years?", "%", "percent",
    "KiB", "MiB", "GiB", "KB", "MB", "GB", "bytes?", r"times(?!\s(?:a|as|more|that|the)\b)",
)  # fmt: skip
"""The units that every project has, as regular expressions."""

WORDS = (
    "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "fifteen", "twenty", "thirty",
    "sixty", "ninety", "a hundred", "a thousand",
)  # fmt: skip
"""Numbers in words. Smaller ones are left out: they are mostly said of what stands there, not of the software."""

SPELLED_UNITS = (*UNITS, "retries", "attempts")
"""The units before which numbers in words count; others (`five rows`) are mostly those of a story that a page tells."""

_TWO = r"(?<![\w-])(?i:two)\s(?:seconds|minutes|hours|days|weeks|months|years)"
"""Before times, this small number counts, too."""

_FACTOR = (
    r"(?<![\w-])(?i:twice|half|double)\s"
    r"(?:as\s(?:many|much|long|often|fast|large)|an?\s(?:second|minute|hour|day|week|month|year))"
)
"""A factor, or a part of a time, in one word: `twice as many`, `half an hour`."""

_PREFIX = r"(?<![^\s(])/\d+"
"""The length of a network's prefix."""

_NUMBER = r"(?<![\w.,-])\d[\d,.]*(?:\s?(?:-|–|to|×|x)\s?\d[\d,.]*)?"
_ALONE = re.compile(r"(?<![\w.,/#:+-])\d(?:[\d,.]*\d)?(?![\d-]|\w)")
_STRUCTURE = re.compile(r"\b(?:steps?|chapters?|parts?|sections?|figures?|tables?)\s+$", re.IGNORECASE)
"""What a number after it counts: the parts of a text."""

_LINK_TEXT = re.compile(r"\[[^\[\]\0]*(?=\0)")
_MARKER = re.compile(r"\A\s*\d+[.)]\s|^\s*#{1,6}\s.*$", re.MULTILINE)
_PLAIN = frozenset({"0", "1"})
"""Numbers that are nearly always said of what stands there."""

_SPELLED = rf"(?<![\w-])(?:{'|'.join(WORDS)})(?:\s(?:to|or)\s(?:{'|'.join(WORDS)}))?"


def check(page: Page, config: BareValues, vocabulary: Vocabulary) -> Iterator[Finding]:
    """A finding for each number in the prose of a page that is held to bindings.

    With a unit, numbers may be ranges (`5-10 s`) or words (`three retries`); factors may be words (`twice as long`).
    Inline code, values, addresses, headings and HTTP statuses are left out; the vocabulary may list what is true by
    nature (`24 hours`).
    """
    if not page.below(config.folders):
        return
    units = "|".join([*UNITS, *config.units])
    spelled = "|".join(SPELLED_UNITS)
    kinds = rf"{_NUMBER}(?:\s|&nbsp;|-)?(?:{units})|(?i:{_SPELLED})[\s-](?:{spelled})|{_TWO}|{_FACTOR}|{_PREFIX}"
    pattern = re.compile(rf"(?:{kinds})(?!\w)")
    for prose in page.texts:
        text = mask(prose.text)
        covered: set[int] = set()
        for match in pattern.finditer(text):
            covered.update(range(match.start(), match.end()))
            words = " ".join(match[0].split())
            if not vocabulary.explains(words) and not vocabulary.exempts(text, match.start(), match.end()):
                line = prose.line + prose.text.count("\n", 0, match.start())
                mend = "bind it with {{ kind.key.attribute }}, or list it in the vocabulary with a reason"
                yield Finding(page.path, line, "value-bare", f"{words!r} is written by hand", mend)
        yield from _alone(page, prose, text, covered, vocabulary)


def _alone(page: Page, prose: Prose, text: str, covered: set[int], vocabulary: Vocabulary) -> Iterator[Finding]:
    """A finding for each number without a unit that is no HTTP status, and marks no item, heading or link."""
    text = _MARKER.sub(_blank, _LINK_TEXT.sub(_blank, text))
    for match in _ALONE.finditer(text):
        number = match[0].rstrip(".,")
        if number in _PLAIN or number in STATUSES or number.count(".") > 1 or match.start() in covered:
            continue
        if _STRUCTURE.search(text[: match.start()]):
            continue
        if vocabulary.explains(number) or vocabulary.exempts(text, match.start(), match.start() + len(number)):
            continue
        line = prose.line + prose.text.count("\n", 0, match.start())
        mend = "bind it with {{ kind.key.attribute }}, or list it in the vocabulary with a reason, in its words"
        yield Finding(page.path, line, "value-bare", f"{number!r} is written by hand", mend)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", "\0", match[0])
