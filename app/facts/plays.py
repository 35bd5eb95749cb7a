"""What plays are made of, and the limits that hold for them."""

from collections.abc import Iterator

from app.facts.fact import Fact, constant, enum, fact, words
from app.plays import model, text
from app.plays.model import ElementKind


def collect_plays() -> Iterator[Fact]:
    """Yield the kinds of elements of a play, and the limits."""
    yield from enum("play_element", ElementKind)
    for key, module, name, summary in (
        ("play_bytes", model, "MAX_BYTES", "Most bytes of the file of a play."),
        ("play_chunk", text, "CHUNK_CHARACTERS", "Characters behind which a chunk of a play ends, at a blank line."),
    ):
        where = constant(module, name)
        yield fact("limit", key, words(key), summary, where, value=getattr(module, name), constant=name)
