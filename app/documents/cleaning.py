"""Clean-up: one form for the same text, and nothing that only the layout put there."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.documents.model import Block, BlockKind

#: Control and format characters that no reader sees; line breaks and tabs stay.
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u2060\ufeff]")
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])-\n(?=[a-zà-öø-ÿ])")
_NUMBER = re.compile(r"\d+")
#: Running heads are looked for where a document has at least this many pages.
_FEWEST_PAGES = 3
#: A line that is shorter than this part of the longest one, and ends a sentence, ends its paragraph.
_FULL_LINE = 0.7


def clean(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks as they are to be kept; pages become paragraphs."""
    heads = _running_heads([block.text for block in blocks if block.kind is BlockKind.PAGE])
    cleaned: list[Block] = []
    for block in blocks:
        if block.kind is BlockKind.PAGE:
            cleaned += [Block(BlockKind.TEXT, text, page=block.page) for text in _paragraphs(block.text, heads)]
        elif block.kind is BlockKind.CODE:
            text = "\n".join(line.rstrip() for line in _normal(block.text).split("\n")).strip("\n")
            cleaned.append(replace(block, text=text))
        else:
            cleaned.append(replace(block, text=" ".join(_normal(block.text).split())))
    return [block for block in cleaned if block.text.strip()]


def _normal(text: str) -> str:
    return _UNSEEN.sub("", unicodedata.normalize("NFC", text).replace("\u00a0", " "))


def _running_heads(pages: Sequence[str]) -> set[str]:
    """Return first and last lines that stand on more than half of the pages, numbers aside."""
    if len(pages) < _FEWEST_PAGES:
        return set()
    edges: Counter[str] = Counter()
    for page in pages:
        lines = [line for line in _normal(page).split("\n") if line.strip()]
        edges.update({_shape(line) for line in (*lines[:1], *lines[-1:])})
    return {shape for shape, pages_with in edges.items() if pages_with > len(pages) / 2}


def _shape(line: str) -> str:
    return _NUMBER.sub("0", " ".join(line.split()))


def _paragraphs(page: str, heads: set[str]) -> Iterable[str]:
    """Yield the paragraphs of a page: lines joined, words that were broken at a line's end made whole."""
    lines = [line.strip() for line in _normal(page).split("\n")]
    shown = [number for number, line in enumerate(lines) if line]
    edges = {number for number in (*shown[:1], *shown[-1:]) if _shape(lines[number]) in heads}
    kept = [line for number, line in enumerate(lines) if number not in edges]
    width = max(map(len, kept), default=0)
    paragraph: list[str] = []
    for line in kept:
        if line:
            paragraph.append(line)
        ends = not line or (len(line) < width * _FULL_LINE and line.endswith((".", "!", "?", ":")))
        if ends and paragraph:
            yield " ".join(_BROKEN_WORD.sub("", "\n".join(paragraph)).split())
            paragraph = []
    if paragraph:
        yield " ".join(_BROKEN_WORD.sub("", "\n".join(paragraph)).split())
