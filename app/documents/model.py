"""What a document is made of, from the file's bytes to chunks with vectors."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid5

#: A larger file is refused: all of a document is held in memory while it is processed.
MAX_BYTES = 33_554_432
#: More text than this is refused, whatever the size of the file.
MAX_CHARACTERS = 5_000_000
#: Raised when the stages come to give other results, so that documents of an older version are processed anew.
PIPELINE = 1

_DOCUMENTS = UUID("6f1c5a1e-0d0b-5b7e-9f3c-2a4f8f6a7d11")


class DocumentFormat(StrEnum):
    """Formats that a document may have."""

    MARKDOWN = "markdown"
    HTML = "html"
    PDF = "pdf"

    @property
    def meaning(self) -> str:
        """How a file of this format is recognised and read, in a sentence or two."""
        return _MEANINGS[self]


_MEANINGS = {
    DocumentFormat.MARKDOWN: "CommonMark with tables, with or without front matter in YAML; plain text is Markdown. "
    "Every text that is not HTML is read as Markdown.",
    DocumentFormat.HTML: "Begins with a doctype, a comment or a tag of a page. Navigation, forms, asides and page "
    "footers are left out.",
    DocumentFormat.PDF: "Begins with `%PDF-`. The text of each page is read; a page that holds only pictures has none.",
}


class BlockKind(StrEnum):
    """What a piece of a document is."""

    HEADING = "heading"
    TEXT = "text"
    ITEM = "item"
    CODE = "code"
    TABLE = "table"
    PAGE = "page"


@dataclass(frozen=True)
class Block:
    """A piece of text in the order of the document; ``level`` is that of a heading, ``page`` counts from 1."""

    kind: BlockKind
    text: str
    level: int = 0
    page: int | None = None


@dataclass(frozen=True)
class Extract:
    """The text of a file in blocks, and what the file declares of itself (title, authors, date, …)."""

    blocks: list[Block]
    declared: Mapping[str, Any] = field(default_factory=dict)
    pages: int | None = None


@dataclass(frozen=True)
class Chunk:
    """A part of a document that is looked for as one: some blocks under the headings that ``section`` names."""

    number: int
    section: str
    text: str
    page: int | None = None


def document_id(sha256: str) -> UUID:
    """Return the id of the document with this content: the same bytes are the same document."""
    return uuid5(_DOCUMENTS, sha256)


def plain(parts: list[Block] | list[Chunk]) -> list[dict[str, Any]]:
    """Return blocks or chunks as JSON."""
    return [asdict(part) for part in parts]


def blocks_of(values: list[dict[str, Any]]) -> list[Block]:
    """Return blocks from JSON."""
    return [Block(**{**value, "kind": BlockKind(value["kind"])}) for value in values]
