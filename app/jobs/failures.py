"""Failed jobs in groups: those of one type whose newest error is the same but for names and numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import func, lateral, select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.tables import jobs

#: Groups that are shown: those that were met last.
MOST_GROUPS = 200

#: Codes in the error log of failures that no handler raised.
FORCED, ABANDONED, DEPENDENCY = "forced", "abandoned", "dependency"


class FailureKind(StrEnum):
    """What ended the last attempt."""

    TRANSIENT = "transient"
    PERMANENT = "permanent"
    WORKER_LOST = "worker_lost"
    DEPENDENCY = "dependency"
    FORCED = "forced"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """What a page calls it."""
        return _LABELS[self]

    @property
    def meaning(self) -> str:
        """One sentence for who decides whether to retry."""
        return _MEANINGS[self]


_LABELS = {
    FailureKind.TRANSIENT: "May pass by itself",
    FailureKind.PERMANENT: "Comes again",
    FailureKind.WORKER_LOST: "Worker lost",
    FailureKind.DEPENDENCY: "Because of another job",
    FailureKind.FORCED: "Ended by hand",
    FailureKind.UNKNOWN: "Not classified",
}
_MEANINGS = {
    FailureKind.TRANSIENT: "An error that may pass by itself; the attempts were used up. Retry when its cause is over.",
    FailureKind.PERMANENT: "An error that comes again until something is changed. "
    "With a wrong input, run the job again with another.",
    FailureKind.WORKER_LOST: "The worker was gone on the last attempt. Retry, and look why workers die.",
    FailureKind.DEPENDENCY: "A job that it waits for failed, was cancelled or is gone. Look at that job first.",
    FailureKind.FORCED: "An admin ended it by hand; its history says who, and why.",
    FailureKind.UNKNOWN: "The entry does not say. Read the error of the example.",
}
_BY_CODE = {
    FORCED: FailureKind.FORCED,
    ABANDONED: FailureKind.WORKER_LOST,
    DEPENDENCY: FailureKind.DEPENDENCY,
}


def failure_kind(entry: Mapping[str, Any]) -> FailureKind:
    """Return what an entry of the error log, the newest of a failed job, says of the failure."""
    known = _BY_CODE.get(entry.get("code", ""))
    transient = entry.get("transient")
    if known or transient is None:
        return known or FailureKind.UNKNOWN
    return FailureKind.TRANSIENT if transient else FailureKind.PERMANENT


@dataclass(frozen=True)
class FailureGroup:
    """Jobs of one type that failed alike. Times are in UTC.

    Attributes:
        type: the canonical name of their type.
        fingerprint: what tells this group from others; the filter of the list has the same.
        pattern: the code and the message of the error, with dots for what differs.
        kind: what ended their last attempt.
        code: the problem's code, or the class of the error.
        jobs: how many failed jobs there are now.
        first_at, last_at: when the first and the last of them failed.
        example: the id of the newest job of the group.
        message: the newest error of that job.
    """

    type: str
    fingerprint: str
    pattern: str
    kind: FailureKind
    code: str
    jobs: int
    first_at: datetime
    last_at: datetime
    example: UUID
    message: str


class FailureReader:
    """Reads failures; each method is one query."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def groups(self, *, type: str | None = None, limit: int = MOST_GROUPS) -> list[FailureGroup]:
        """Return the groups of all failed jobs, or of those of ``type``; the one that was met last comes first."""
        last = func.max(jobs.c.completed_at)
        failed = [jobs.c.fingerprint.is_not(None), *([jobs.c.type == type] if type else [])]
        found = (
            select(
                jobs.c.type, jobs.c.fingerprint, func.count().label("jobs"),
                func.min(jobs.c.completed_at).label("first_at"), last.label("last_at"),
            )
            .where(*failed)
            .group_by(jobs.c.type, jobs.c.fingerprint)
            .order_by(last.desc(), jobs.c.fingerprint)
            .limit(limit)
            .subquery()
        )  # fmt: skip
        newest = lateral(
            select(jobs.c.id.label("example"), jobs.c.error_log)
            .where(jobs.c.fingerprint == found.c.fingerprint)
            .order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
            .limit(1)
        )
        query = (
            select(
                *found.c, newest.c.example, newest.c.error_log[0].label("entry"),
                func.failure_pattern(newest.c.error_log).label("pattern"),
            )
            .join_from(found, newest, true())
            .order_by(found.c.last_at.desc(), found.c.fingerprint)
        )  # fmt: skip
        async with self._engine.connect() as connection:
            return [
                FailureGroup(
                    type=row.type,
                    fingerprint=row.fingerprint,
                    pattern=row.pattern,
                    kind=failure_kind(row.entry or {}),
                    code=(row.entry or {}).get("code", ""),
                    jobs=row.jobs,
                    first_at=row.first_at,
                    last_at=row.last_at,
                    example=row.example,
                    message=(row.entry or {}).get("message", ""),
                )
                for row in await connection.execute(query)
            ]

    async def kinds(self, job_ids: Sequence[UUID]) -> Counter[FailureKind]:
        """Return how many of these jobs have failed, by what ended their last attempt; ``UNKNOWN`` is left out."""
        code, transient = (jobs.c.error_log[0][name].astext for name in ("code", "transient"))
        query = (
            select(code.label("code"), transient.label("transient"), func.count().label("jobs"))
            .where(jobs.c.id.in_(job_ids), jobs.c.fingerprint.is_not(None))
            .group_by(code, transient)
        )
        found: Counter[FailureKind] = Counter()
        async with self._engine.connect() as connection:
            for row in await connection.execute(query):
                said = {} if row.transient is None else {"transient": row.transient == "true"}
                found[failure_kind({"code": row.code or "", **said})] += row.jobs
        del found[FailureKind.UNKNOWN]
        return found
