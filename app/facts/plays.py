"""What plays are made of, and the limits that hold for them."""

from collections.abc import Iterator

from app.facts.fact import Fact, constant, enum, fact, words
from app.places import places
from app.plays import model, session, text
from app.plays.comparison import Compared
from app.plays.model import ElementKind
from app.plays.rollout import Rollout
from app.plays.session import Session, SessionStatus


def collect_plays() -> Iterator[Fact]:
    """Yield the kinds of elements of a play, and the limits."""
    yield from enum("play_element", ElementKind)
    yield from enum("parsing_rollout", Rollout)
    yield from enum("comparison", Compared)
    for key, module, name, summary in (
        ("play_bytes", model, "MAX_BYTES", "Most bytes of the file of a play."),
        ("play_chunk", text, "CHUNK_CHARACTERS", "Characters behind which a chunk of a play ends, at a blank line."),
        ("play_chunk_most", text, "CHUNK_MOST", "Characters with which a chunk of a play ends without a blank line."),
    ):
        where = constant(module, name)
        yield fact("limit", key, words(key), summary, where, value=getattr(module, name), constant=name)


def collect_sessions() -> Iterator[Fact]:
    """Yield the file of older sessions, its fields, and what becomes of each status."""
    where = places(session).name("Session")
    summary = "Sessions of the older parser of plays: one JSON object on each line."
    names = list(Session.model_fields)
    yield fact(
        "file_format", "sessions", "Sessions", summary, where, format="JSON lines", encodings=["utf-8"], columns=names
    )
    for order, (name, field) in enumerate(Session.model_fields.items()):
        where = places(session).member("Session", name)
        about = field.description or ""
        yield fact("session_field", name, words(name), about, where, order=order, required=field.is_required())
    for member in enum("session_status", SessionStatus):
        yield member | {"becomes": SessionStatus(member["key"]).becomes.value}
