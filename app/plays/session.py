"""Sessions of the older parser, as they are handed over: one JSON object on each line of a file."""

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from app.documents.decoding import TextEncoding
from app.jobs.states import Event, Status, target
from app.plays.model import Carried, Element
from app.plays.text import PlayText

_SESSIONS = UUID("5b8d3a8e-6d0f-5c55-9a61-0c7d3c1f8e27")


class SessionFault(ValueError):
    """A session cannot become a job; the text says what is wrong with it, and what would be right."""


class SessionStatus(StrEnum):
    """The status of a session, in the older parser's words."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def meaning(self) -> str:
        """What becomes of such a session, in one sentence."""
        return _MEANINGS[self]

    @property
    def event(self) -> Event:
        """How the import lets go of its job, as a worker that had parsed so far would do."""
        return _EVENTS[self]

    @property
    def becomes(self) -> Status:
        """The status of its job."""
        to = target(Status.PROCESSING, self.event)
        assert to is not None, "a worker may do each of these events"  # noqa: S101 (for the type checker)
        return to


_MEANINGS = {
    SessionStatus.QUEUED: "A worker takes it as soon as one is free.",
    SessionStatus.RUNNING: "A worker goes on with the next chunk.",
    SessionStatus.PAUSED: "It goes on with the next chunk when it is resumed.",
    SessionStatus.COMPLETED: "Its play is looked over and saved at once.",
    SessionStatus.FAILED: "A retry goes on with the chunk at which it failed.",
    SessionStatus.CANCELLED: "A retry goes on with the next chunk.",
}
_EVENTS = {
    SessionStatus.QUEUED: Event.RELEASE,
    SessionStatus.RUNNING: Event.RELEASE,
    SessionStatus.PAUSED: Event.SUSPEND,
    SessionStatus.COMPLETED: Event.COMPLETE,
    SessionStatus.FAILED: Event.FAIL,
    SessionStatus.CANCELLED: Event.STOP,
}


class Session(BaseModel):
    """One session: which play it parses, and how far it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=200, description="Its name in the older system. It becomes one job.")
    file: UUID = Field(description="The id of the uploaded file that it parses.")
    encoding: TextEncoding | None = Field(default=None, description="The file's encoding; UTF-8 when absent.")
    status: SessionStatus = Field(description="Its status.")
    next_chunk: int = Field(default=0, ge=0, strict=True, description="The chunk that it parses next, from 0.")
    carried: Carried = Field(default=Carried(), description="What its parser knows of the text before that chunk.")
    elements: list[Element] = Field(default_factory=list, description="What it has found so far, in order.")
    error: str | None = Field(default=None, max_length=2000, description="Why it failed.")
    created_at: AwareDatetime = Field(description="When it was created, with a time zone.")
    created_by: str | None = Field(default=None, description="The name of the user whose job it becomes.")

    @property
    def job_id(self) -> UUID:
        """The id of its job: the same session is the same job, however often it is imported."""
        return uuid5(_SESSIONS, self.id)


def read_session(line: bytes) -> Session:
    """Return the session of a line.

    Raises:
        SessionFault: the line is no JSON, or a field is missing, unknown or wrong.
    """
    try:
        return Session.model_validate_json(line)
    except ValidationError as error:
        entries = error.errors(include_url=False, include_context=False, include_input=False)
        told = [f"{'.'.join(map(str, entry['loc'])) or 'the line'}: {entry['msg']}" for entry in entries[:3]]
        raise SessionFault("; ".join(told)) from None


def check_progress(session: Session, text: PlayText, chunks: Sequence[tuple[int, int]]) -> None:
    """Hold what a session says of its progress against the text.

    Raises:
        SessionFault: going on from there could not end with the play as a whole would.
    """
    done, found, carried = session.next_chunk, session.elements, session.carried
    if done > len(chunks):
        raise SessionFault(f"next_chunk: is {done}, and the play has {len(chunks)} chunks; give at most {len(chunks)}")
    if session.status is SessionStatus.COMPLETED and done < len(chunks):
        raise SessionFault(f"next_chunk: is {done}; a completed session has parsed all {len(chunks)} chunks")
    if done == 0 and (found or carried != Carried()):
        raise SessionFault("next_chunk: is 0, so nothing is carried and nothing is found yet; leave both out")
    if done == len(chunks) and carried.direction:
        raise SessionFault("carried.direction: is open behind the last chunk; close it, or give the chunk before")
    if [element.number for element in found] != list(range(len(found))) or carried.elements != len(found):
        raise SessionFault(
            f"elements: {len(found)} are given and carried.elements is {carried.elements}; "
            "give all of them, numbered from 0"
        )
    if done:
        end = text.first_line + chunks[done - 1][1] - 1
        strange = next((element for element in found if not text.first_line <= element.line <= end), None)
        if strange:
            raise SessionFault(
                f"elements: number {strange.number} is on line {strange.line}, and the chunks before chunk {done} are "
                f"lines {text.first_line} to {end}; the older parser has cut the text elsewhere"
            )
