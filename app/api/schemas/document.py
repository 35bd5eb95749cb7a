"""Documents, as callers see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import ResponseBody
from app.database.cursor import Page
from app.documents.model import DocumentFormat


class DocumentRead(ResponseBody):
    """A processed document: what it is, without its text."""

    id: UUID = Field(description="The document's id. It is made of the content: the same file has the same id.")
    title: str = Field(description="What the file declares, else its highest heading, else its first words.")
    format: DocumentFormat = Field(description="The format that the file was read in.")
    size: int = Field(ge=0, description="Bytes of the file.")
    sha256: str = Field(description="SHA-256 digest of the file, hexadecimal.")
    authors: list[str] = Field(description="Authors that the file declares.")
    date: str | None = Field(description="The date that the file declares, as it writes it.")
    language: str | None = Field(description="The language that the file declares, as it writes it.")
    tags: list[str] = Field(description="Tags that the file declares.")
    keywords: list[str] = Field(description="The words that it uses most, stop words aside; the most frequent first.")
    pages: int | None = Field(description="Pages of a PDF; null for other formats.")
    words: int = Field(ge=0, description="Words of the cleaned text.")
    characters: int = Field(ge=0, description="Characters of the cleaned text.")
    headings: int = Field(ge=0, description="Headings.")
    reading_minutes: int = Field(ge=0, description="Minutes that reading it takes, about.")
    chunks: int = Field(ge=0, description="Chunks that it is cut into.")
    job_id: UUID | None = Field(description="The job that wrote it last; null when that job was deleted.")
    created_at: datetime = Field(description="When it was processed first.")
    updated_at: datetime = Field(description="When processing it last changed something.")


class DocumentList(ResponseBody):
    """One page of documents, newest first."""

    items: list[DocumentRead] = Field(description="The documents of this page.")
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")

    @classmethod
    def of(cls, page: Page) -> "DocumentList":
        """Show ``page``."""
        return cls(items=[DocumentRead(**row) for row in page.items], next_cursor=page.next_cursor)


class DocumentConnection(ResponseBody):
    """Another document that uses the same words."""

    id: UUID = Field(description="The other document's id.")
    title: str = Field(description="The other document's title.")
    similarity: float = Field(description="How much of their words they share: 1 for the same, 0 for none.")
    shared: list[str] = Field(description="Keywords of both.")


class DocumentDetail(DocumentRead):
    """A document with its connections."""

    connections: list[DocumentConnection] = Field(description="Documents that it is connected with, strongest first.")

    @classmethod
    def of(cls, row: Mapping[str, Any], connections: Sequence[Mapping[str, Any]]) -> "DocumentDetail":
        """Show a document and what it is connected with."""
        return cls(**row, connections=[DocumentConnection(**one) for one in connections])


class DocumentChunk(ResponseBody):
    """A part of a document."""

    number: int = Field(ge=0, description="Place in the document, from 0.")
    section: str = Field(description="The headings above it, outermost first, with `›` between them.")
    page: int | None = Field(description="The page of a PDF that it begins on; null for other formats.")
    text: str = Field(description="Its text.")


class DocumentChunkList(ResponseBody):
    """Some chunks of a document, in order."""

    items: list[DocumentChunk] = Field(description="The chunks of this page.")
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")

    @classmethod
    def of(cls, page: Page) -> "DocumentChunkList":
        """Show ``page``."""
        return cls(items=[DocumentChunk(**row) for row in page.items], next_cursor=page.next_cursor)
