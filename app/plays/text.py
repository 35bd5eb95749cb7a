"""The text of a play, and the chunks that it is parsed in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.documents.decoding import TextEncoding, decode
from app.plays.model import MAX_BYTES
from app.plays.validation import PlayError

#: Characters of a chunk: it ends at the first blank line behind so many.
CHUNK_CHARACTERS = 8_000
#: Characters with which it ends in any case, at the end of a line.
CHUNK_MOST = 2 * CHUNK_CHARACTERS
_START = re.compile(r"^\*\*\* ?START OF TH(?:E|IS) .*?\*\*\*$", re.MULTILINE)
_END = re.compile(r"^\*\*\* ?END OF TH(?:E|IS) .*$", re.MULTILINE)
_FIELD = re.compile(r"^(Title|Author):[ \t]*(.+)$", re.MULTILINE)
_BY = re.compile(r"^by[ \t]+(.+)$", re.MULTILINE | re.IGNORECASE)
#: The title page, where a play names its author, is at the beginning.
_TITLE_PAGE = 2_000


@dataclass(frozen=True)
class PlayText:
    """The text of a play without what a library put around it, and the title and the author that it gives.

    ``first_line`` is the line of the file on which the text begins, from 1.
    """

    first_line: int
    text: str
    title: str
    author: str | None


def play_bytes(path: Path) -> bytes:
    """Return what is in the file of a play. Raises PlayError: it is too large for one."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise PlayError(f"The file has {size:,} bytes; a play has at most {MAX_BYTES:,}.")
    return path.read_bytes()


def play_text(data: bytes, encoding: TextEncoding | None) -> PlayText:
    """Return the text of a play.

    Raises:
        DocumentError: the file is empty, no text, or in another encoding.
    """
    text = decode(data, encoding).replace("\t", " ")
    start, end = _START.search(text), _END.search(text)
    around = text[: start.start()] if start else ""
    body = text[start.end() if start else 0 : end.start() if end else len(text)]
    skipped = len(body) - len(body.lstrip("\n")) + around.count("\n")
    body = body.strip("\n")
    fields = {name: value.strip() for name, value in reversed(_FIELD.findall(around))}
    first = next((line.strip() for line in body.split("\n") if line.strip()), "Untitled")
    by = _BY.search(body[:_TITLE_PAGE])
    author = fields.get("Author") or (by[1].strip() if by else None)
    return PlayText(skipped + 1, body, fields.get("Title", first)[:200], author and author[:200])


def chunks(lines: Sequence[str]) -> list[tuple[int, int]]:
    """Return the chunks of a text as pairs of lines, from and up to; short plays have them too."""
    found, first, size = [], 0, 0
    for number, line in enumerate(lines, 1):
        size += len(line) + 1
        if (size >= CHUNK_CHARACTERS and not line.strip()) or size >= CHUNK_MOST:
            found.append((first, number))
            first, size = number, 0
    if first < len(lines):
        found.append((first, len(lines)))
    return found
