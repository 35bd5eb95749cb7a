"""Sentences of pages, and what stands behind each: a fact, evidence, an example, or nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from trueup.bindings import Bindings
from trueup.masked import mask
from trueup.pages import Page, Prose, spans

BACKINGS = ("bound", "evidence", "example", "bare")
"""What may stand behind a sentence, the strongest first: it names a fact or takes a value from one; its section shows
evidence; a block that is run or verified stands beside it; nothing."""

_END = re.compile(r"[.!?:][\"”’)*_]*\s+(?=[\"“‘(*_\[]*(?:[A-Z0-9]|\0))")
_LEFT_OUT = re.compile(r"\s*(?:\||#{1,6}\s|:::|!!!|\?\?\?|===|/{3}|\[[^\]]+\]:|[-*_]{3,}\s*$)")
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Sentence:
    """One sentence as it is written; `line` is where it begins, `backing` one of `BACKINGS`."""

    line: int
    text: str
    backing: str


def read(page: Page, bindings: Bindings) -> Iterator[Sentence]:
    """The sentences of a page in order: paragraphs, items of lists, claims. Headings and rows of tables are none."""
    proved = {page.section(each.line) for each in page.directives if each.name == "evidence"}
    beside = beside_examples(page)
    for prose in page.prose:
        if _LEFT_OUT.match(prose.text):
            continue
        for line, text in split(prose):
            yield Sentence(line, text, _backing(Prose(line, text), prose.line in beside, page, proved, bindings))
    for each in page.directives:
        if each.name == "evidence":
            yield Sentence(each.line, each.argument, "evidence")


def split(prose: Prose) -> Iterator[tuple[int, str]]:
    """The sentences of a piece of prose, each with its line; a stop in inline code, an address or a value ends none."""
    masked, start = mask(prose.text), 0
    ends = [match.end() for match in _END.finditer(masked)]
    for end in [*ends, len(prose.text)]:
        text = prose.text[start:end].strip()
        if _WORD.search(text):
            skipped = len(prose.text[start:end]) - len(prose.text[start:end].lstrip())
            yield prose.line + prose.text.count("\n", 0, start + skipped), text
        start = end


def _backing(sentence: Prose, beside: bool, page: Page, proved: set[int], bindings: Bindings) -> str:
    if "{{" in sentence.text or any(bindings.resolver.resolve(span.text).facts for span in spans(sentence)):
        return "bound"
    if page.section(sentence.line) in proved:
        return "evidence"
    return "example" if beside else "bare"


def beside_examples(page: Page) -> frozenset[int]:
    """The lines of the pieces of prose directly before and after each block that is run or verified."""
    starts = [prose.line for prose in page.prose]
    blocks = [block for block in page.blocks if "literal" not in block.classes]
    before = (max((line for line in starts if line < block.line), default=0) for block in blocks)
    after = (min((line for line in starts if line > block.end), default=0) for block in blocks)
    return frozenset([*before, *after])
