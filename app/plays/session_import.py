"""Sessions of the older parser become jobs, each once, with all that they had done."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

import anyio
import structlog
from sqlalchemy import literal
from sqlalchemy.exc import DataError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.store import UserStore
from app.database.tables import jobs
from app.documents.errors import DocumentError
from app.jobs.context import Step
from app.jobs.creation import NewJob
from app.jobs.files import FileStore
from app.jobs.model import Caller, Job, Lease
from app.jobs.reader import JobReader
from app.jobs.service import Dispatch, JobService
from app.jobs.states import Actor
from app.jobs.store import JobStore
from app.plays import store
from app.plays.model import percent_parsed, play_id
from app.plays.session import Session, SessionFault, SessionStatus, check_progress, read_session
from app.plays.text import PlayText, chunks, play_bytes, play_text
from app.plays.validation import MOST_DOUBTS, PlayError, Verdict, validate
from app.problems import Problem
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("plays")

#: The job type that sessions become.
JOB_TYPE = "parse_play"
#: The worker that the audit trail names: the import stands for the one that had parsed so far.
WORKER = "session-import"
#: The lease ends with the transaction that it begins in.
_LEASE = timedelta(minutes=1)


class Taken(StrEnum):
    """What became of a session."""

    CREATED = "created"
    KNOWN = "known"


@dataclass(frozen=True)
class _Text:
    """The play of a session: its bytes' digest and number, its text, the number of its chunks, and how it looks."""

    digest: str
    size: int
    text: PlayText
    chunks: int
    verdict: Verdict | None


class SessionStore(JobStore):
    """What writes the jobs of sessions."""

    async def take(self, new: NewJob, session: Session, text: _Text) -> Job | None:
        """Insert the job of a session, as a worker would have left it. None: it is there already.

        It is created, claimed, told how far it is, and let go of, in one transaction: each by the transition table.
        """
        reason = f"session {session.id} of the older parser"
        created_at = literal(session.created_at, jobs.c.created_at.type)
        once = self._insertion(created_at=created_at).on_conflict_do_nothing(index_elements=["id"])
        row = {"new_jobs": [{**self._row(new, {}), "id": str(session.job_id)}]}
        async with self.engine.begin() as connection:
            made = await self._changed(connection, self._inserted(once), row, Caller(Actor.SYSTEM, WORKER), reason)
            if not made:
                return None
            lease = Lease(made[0].id, made[0].run, WORKER)
            await self.claim_on(connection, lease, lasts=_LEASE)
            if session.next_chunk:
                await store.draft(connection, session.job_id, session.elements)
                verdict = text.verdict
                step = await _saved(connection, session, text, verdict) if verdict else _parsed(session, text)
                await self.record(connection, lease, "save" if verdict else "parse", step, extend=_LEASE)
            failed = session.status is SessionStatus.FAILED
            entry = {"stage": "parse", "message": session.error or f"Failed as {reason}.", "code": "session"}
            settled = await self.settle_on(
                connection, lease, session.status.event, error=entry if failed else None, reason=reason
            )
        return settled[0]


async def _saved(connection: AsyncConnection, session: Session, text: _Text, verdict: Verdict) -> Step:
    """Save the play of a completed session."""
    counts = {**verdict.counts, "doubts": len(verdict.doubts)}
    about = {"title": text.text.title, "author": text.text.author}
    known = {"id": play_id(text.digest), "sha256": text.digest, "size": text.size, "job_id": session.job_id}
    outcome = await store.save(connection, {**known, **about, **counts})
    stats = {**about, **counts, "play_id": str(known["id"]), "chunks": text.chunks, "outcome": outcome}
    return Step(
        processed=text.chunks,
        total=text.chunks,
        state={"outcome": outcome},
        stats={**stats, "percent": 100},
        errors=[{"line": doubt.line, "message": doubt.message} for doubt in verdict.doubts[:MOST_DOUBTS]],
    )


def _parsed(session: Session, text: _Text) -> Step:
    """Return the state of the stage that parses, as it stands behind the last chunk that the session has parsed."""
    carried: dict[str, Any] = session.carried.as_json()
    return Step(
        processed=session.next_chunk,
        total=text.chunks,
        state={"next": session.next_chunk, "carried": carried},
        details={"chunk": session.next_chunk, **{name: carried[name] for name in ("act", "scene", "speeches")}},
        stats={"percent": percent_parsed(session.next_chunk, text.chunks)},
    )


class SessionImport:
    """Takes sessions over, one line after the other; with ``dry_run`` it looks at them and writes nothing."""

    def __init__(
        self,
        store: SessionStore,
        reader: JobReader,
        users: UserStore,
        files: FileStore,
        jobs: JobService,
        dispatch: Dispatch,
        *,
        dry_run: bool = False,
    ) -> None:
        self._store = store
        self._reader = reader
        self._users = users
        self._files = files
        self._jobs = jobs
        self._dispatch = dispatch
        self._dry_run = dry_run
        self._seen: set[str] = set()

    async def take(self, line: bytes) -> Taken:
        """Make the job of one line.

        Raises:
            SessionFault: the line cannot become a job; nothing was written.
        """
        session = read_session(line)
        if session.id in self._seen or await self._reader.get(session.job_id):
            return Taken.KNOWN
        try:
            new = await self._job(session)
            text = await anyio.to_thread.run_sync(self._text, session)
            job = None if self._dry_run else await self._store.take(new, session, text)
        except Problem as problem:
            raise SessionFault(f"file: {problem.detail}") from None
        except (DocumentError, PlayError) as error:
            raise SessionFault(f"file: {error}") from None
        except DataError as error:
            raise SessionFault(f"a value cannot be stored: {error.orig}") from None
        self._seen.add(session.id)
        if job is None and not self._dry_run:
            return Taken.KNOWN
        if job is not None:
            emit(log, LogEvent.JOB_CREATED, job_id=str(job.id), type=job.type, priority=job.priority)
            await self._dispatch.dispatch([job])
        return Taken.CREATED

    async def _job(self, session: Session) -> NewJob:
        new = self._jobs.prepare(
            type=JOB_TYPE, data={"file_id": session.file, "encoding": session.encoding}, created_by=None
        )
        if session.created_by is None:
            return new
        known = await self._users.credentials(session.created_by)
        if known is None:
            raise SessionFault(
                f"created_by: there is no user called {session.created_by!r}; create the user, or leave the field out"
            )
        return replace(new, created_by=known.user.id)

    def _text(self, session: Session) -> _Text:
        data = play_bytes(self._files.require(session.file))
        text = play_text(data, session.encoding)
        cut = chunks(text.text.split("\n"))
        check_progress(session, text, cut)
        verdict = validate(session.elements) if session.status is SessionStatus.COMPLETED else None
        return _Text(sha256(data).hexdigest(), len(data), text, len(cut), verdict)
