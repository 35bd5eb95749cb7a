"""What can be said of a document as a whole."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.documents.model import Block, BlockKind
from app.documents.terms import terms

#: Keywords that are kept of a document.
MOST_KEYWORDS = 12
#: Words that a person reads in a minute.
READING_SPEED = 230
_MOST_TITLE = 120
_MOST_VALUE = 200
_MOST_VALUES = 20


def describe(blocks: Sequence[Block], declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return title, authors, date, language, tags, keywords and counts; what the document declares comes first."""
    words = sum(len(block.text.split()) for block in blocks)
    found: Counter[str] = Counter()
    for block in blocks:
        if block.kind is not BlockKind.CODE:
            # A word in a heading says more of the subject.
            found.update({term: count * (3 if block.level else 1) for term, count in terms(block.text).items()})
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return {
        "title": _title(blocks, declared),
        "authors": _values(declared.get("authors")),
        "date": _value(declared.get("date")),
        "language": _value(declared.get("language")),
        "tags": _values(declared.get("tags")),
        "keywords": [term for term, _ in ranked[:MOST_KEYWORDS]],
        "words": words,
        "characters": sum(len(block.text) for block in blocks),
        "headings": sum(block.kind is BlockKind.HEADING for block in blocks),
        "reading_minutes": -(-words // READING_SPEED),
    }


def _title(blocks: Sequence[Block], declared: Mapping[str, Any]) -> str:
    headings = sorted((block for block in blocks if block.level), key=lambda block: block.level)
    for text in (declared.get("title"), *(block.text for block in (*headings[:1], *blocks[:1]))):
        cleaned = " ".join(str(text or "").split())
        if cleaned:
            return cleaned if len(cleaned) <= _MOST_TITLE else cleaned[: _MOST_TITLE - 1].rstrip() + "…"
    return "Untitled"


def _value(value: Any) -> str | None:
    return re.sub(r"\s+", " ", str(value)).strip()[:_MOST_VALUE] or None if value else None


def _values(values: Any) -> list[str]:
    found = [_value(value) for value in values or []]
    return list(dict.fromkeys(value for value in found if value))[:_MOST_VALUES]
