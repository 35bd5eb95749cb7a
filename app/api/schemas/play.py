"""Plays, as callers see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from app.api.schemas.base import RequestBody, ResponseBody
from app.database.cursor import Page
from app.documents.decoding import TextEncoding
from app.plays.model import ElementKind
from app.plays.whole import WholePlay


class PlayRead(ResponseBody):
    """A parsed play: what it has, without its text."""

    id: UUID = Field(description="The play's id. It is made of the content: the same file has the same id.")
    title: str = Field(description="The title that the file gives, else its first line.")
    author: str | None = Field(description="The author that the file gives.")
    size: int = Field(ge=0, description="Bytes of the file.")
    sha256: str = Field(description="SHA-256 digest of the file, hexadecimal.")
    acts: int = Field(ge=0, description="Acts; 0 when it has no such headings.")
    scenes: int = Field(ge=0, description="Scenes, with prologue and epilogue.")
    speakers: int = Field(ge=0, description="Different speakers.")
    speeches: int = Field(ge=0, description="Speeches.")
    lines: int = Field(ge=0, description="Lines that are spoken.")
    directions: int = Field(ge=0, description="Stage directions.")
    doubts: int = Field(ge=0, description="Places that do not fit together; the job's error log tells the first.")
    job_id: UUID | None = Field(description="The job that wrote it last; null when that job was deleted.")
    created_at: datetime = Field(description="When it was parsed first.")
    updated_at: datetime = Field(description="When parsing it last changed something.")


class PlayList(ResponseBody):
    """One page of plays, newest first."""

    items: list[PlayRead] = Field(description="The plays of this page.")
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")

    @classmethod
    def of(cls, page: Page) -> "PlayList":
        """Show ``page``."""
        return cls(items=[PlayRead(**row) for row in page.items], next_cursor=page.next_cursor)


class PlayScene(ResponseBody):
    """A scene of a play."""

    act: int = Field(ge=0, description="The act, from 1; 0 before the first act.")
    scene: int = Field(ge=0, description="The scene of the act, from 1; 0 before the first scene.")
    heading: str | None = Field(description="Its heading.")
    speeches: int = Field(ge=0, description="Speeches in it.")
    lines: int = Field(ge=0, description="Lines that are spoken in it.")


class PlaySpeaker(ResponseBody):
    """Somebody who speaks in a play."""

    name: str = Field(description="The name as the speeches write it.")
    speeches: int = Field(ge=0, description="Speeches.")
    lines: int = Field(ge=0, description="Lines.")


class PlayDetail(PlayRead):
    """A play with its scenes and speakers."""

    contents: list[PlayScene] = Field(description="The scenes, in order.")
    people: list[PlaySpeaker] = Field(description="The speakers, the one with most lines first.")

    @classmethod
    def of(
        cls, row: Mapping[str, Any], scenes: Sequence[Mapping[str, Any]], speakers: Sequence[Mapping[str, Any]]
    ) -> "PlayDetail":
        """Show a play with what it consists of."""
        return cls(
            **row, contents=[PlayScene(**one) for one in scenes], people=[PlaySpeaker(**one) for one in speakers]
        )


class PlayElement(ResponseBody):
    """A piece of a play."""

    number: int = Field(ge=0, description="Place in the play, from 0.")
    kind: ElementKind = Field(description="What it is.")
    act: int = Field(ge=0, description="The act, from 1; 0 before the first act.")
    scene: int = Field(ge=0, description="The scene of the act, from 1; 0 before the first scene.")
    speaker: str | None = Field(description="Who speaks; for the cast, the person; null for the rest.")
    speech: int | None = Field(description="The number of the speech that a line belongs to.")
    line: int = Field(ge=1, description="The line of the file on which it begins.")
    text: str = Field(description="Its text.")


class ParsePlay(RequestBody):
    """Which play to parse, and how to read it."""

    file_id: UUID = Field(description="The uploaded file: the play as plain text.")
    encoding: TextEncoding | None = Field(
        default=None, description="The file's encoding. UTF-8, with or without a byte order mark, when absent."
    )


class PlayDoubt(ResponseBody):
    """A place of a play that does not fit together."""

    line: int = Field(ge=1, description="The line of the file.")
    message: str = Field(description="What does not fit.")


class ParsedPlay(ResponseBody):
    """A play that was parsed within the request. It is stored nowhere."""

    title: str = Field(description="The title that the file gives, else its first line.")
    author: str | None = Field(description="The author that the file gives.")
    size: int = Field(ge=0, description="Bytes of the file.")
    sha256: str = Field(description="SHA-256 digest of the file, hexadecimal.")
    acts: int = Field(ge=0, description="Acts; 0 when it has no such headings.")
    scenes: int = Field(ge=0, description="Scenes, with prologue and epilogue.")
    speakers: int = Field(ge=0, description="Different speakers.")
    speeches: int = Field(ge=0, description="Speeches.")
    lines: int = Field(ge=0, description="Lines that are spoken.")
    directions: int = Field(ge=0, description="Stage directions.")
    doubts: list[PlayDoubt] = Field(description="What does not fit together, in the order of the text.")
    elements: list[PlayElement] = Field(description="The whole play, in order.")

    @classmethod
    def of(cls, play: WholePlay) -> "ParsedPlay":
        """Show a parsed play."""
        return cls(
            title=play.text.title,
            author=play.text.author,
            size=play.size,
            sha256=play.sha256,
            **play.verdict.counts,
            doubts=[PlayDoubt(line=doubt.line, message=doubt.message) for doubt in play.verdict.doubts],
            elements=[PlayElement(**vars(element)) for element in play.elements],
        )


class PlayElementList(ResponseBody):
    """Some elements of a play, in order."""

    items: list[PlayElement] = Field(description="The elements of this page.")
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")

    @classmethod
    def of(cls, page: Page) -> "PlayElementList":
        """Show ``page``."""
        return cls(items=[PlayElement(**row) for row in page.items], next_cursor=page.next_cursor)
