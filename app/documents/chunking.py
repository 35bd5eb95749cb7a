"""Cutting a document into chunks of a size that is looked for as one."""

import re
from collections.abc import Iterator, Sequence

from app.documents.model import Block, BlockKind, Chunk

#: Characters that a chunk has at most.
CHUNK_CHARACTERS = 1_200
_SENTENCE_END = re.compile(r"(?<=[.!?…:;])\s+|\n+")


def chunk(blocks: Sequence[Block]) -> list[Chunk]:
    """Return the chunks in order. A heading begins a new one; no chunk is cut inside a word that fits into one."""
    chunks: list[Chunk] = []
    path: list[tuple[int, str]] = []
    parts: list[str] = []
    page: int | None = None

    def end() -> None:
        if parts:
            section = " › ".join(text for _, text in path)
            chunks.append(Chunk(len(chunks), section, "\n\n".join(parts), page))
            parts.clear()

    for block in blocks:
        if block.kind is BlockKind.HEADING:
            end()
            path = [*((level, text) for level, text in path if level < block.level), (block.level, block.text)]
            continue
        for piece in _pieces(block.text):
            if parts and sum(map(len, parts)) + 2 * len(parts) + len(piece) > CHUNK_CHARACTERS:
                end()
            if not parts:
                page = block.page
            parts.append(piece)
    end()
    if not chunks and path:
        # Nothing but headings: they are what it says.
        chunks.append(Chunk(0, "", "\n\n".join(block.text for block in blocks)[:CHUNK_CHARACTERS]))
    return chunks


def _pieces(text: str) -> Iterator[str]:
    """Yield parts of a text, none longer than a chunk: whole if it fits, else by sentences, words, characters."""
    if len(text) <= CHUNK_CHARACTERS:
        yield text
        return
    piece = ""
    for sentence in _SENTENCE_END.split(text):
        for word in [sentence] if len(sentence) <= CHUNK_CHARACTERS else _words(sentence):
            if piece and len(piece) + 1 + len(word) > CHUNK_CHARACTERS:
                yield piece
                piece = ""
            piece = f"{piece} {word}" if piece else word
    if piece:
        yield piece


def _words(text: str) -> Iterator[str]:
    for word in text.split():
        for at in range(0, len(word), CHUNK_CHARACTERS):
            yield word[at : at + CHUNK_CHARACTERS]
