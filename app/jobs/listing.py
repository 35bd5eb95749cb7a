"""The list of jobs: what it can be filtered by, and where a page goes on."""

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from app.database.cursor import KeyCursor
from app.jobs.model import Job
from app.jobs.states import Status
from app.problems import InvalidCursor


@dataclass(frozen=True)
class JobFilter:
    """Which jobs a list holds; an empty filter holds all. All that is given must hold.

    ``type`` is a canonical name. ``fingerprint`` is that of a group of failures. ``text`` are words, all of which the
    id, the payload or the errors of a job have; one without letters and digits finds nothing. ``ids`` are the jobs that
    may be among them; None: any.
    """

    status: tuple[Status, ...] = ()
    type: str | None = None
    stage: str | None = None
    created_by: UUID | None = None
    schedule_id: UUID | None = None
    fingerprint: str | None = None
    text: str | None = None
    ids: tuple[UUID, ...] | None = None

    def digest(self) -> str:
        """Return a short fingerprint of the filter."""
        text = json.dumps(asdict(self), default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Cursor:
    """The last job of a page. The next page holds older ones, so new jobs do not move it."""

    created_at: datetime
    id: UUID

    def encode(self, filters: JobFilter) -> str:
        """Return the cursor as an opaque string, bound to the filters."""
        return _cursors(filters).encode(self.created_at.isoformat(), str(self.id))

    @classmethod
    def decode(cls, text: str, filters: JobFilter) -> Self:
        """Read a cursor.

        Raises:
            InvalidCursor: it was changed, or made for other filters.
        """
        keys = _cursors(filters).decode(text)
        try:
            created_at, job_id = keys
            cursor = cls(datetime.fromisoformat(created_at), UUID(job_id))
            if cursor.created_at.tzinfo is None:
                raise ValueError("no time zone")
        except ValueError:
            raise InvalidCursor("The cursor is not one that this list made.") from None
        return cursor


def _cursors(filters: JobFilter) -> KeyCursor:
    return KeyCursor("jobs", (filters.digest(),))


#: Up to so many jobs are counted; beyond, it is only said that there are more.
COUNT_CAP = 1000


@dataclass(frozen=True)
class Count:
    """A number of jobs; ``more``: there may be more than that."""

    jobs: int
    more: bool


@dataclass(frozen=True)
class Unfinished:
    """How many jobs of a type are in a status that is no end; ``due``: nothing but a worker is missing to them."""

    type: str
    status: Status
    jobs: int
    due: int


@dataclass(frozen=True)
class JobPage:
    """One page of the list; ``next_cursor`` is None on the last one."""

    items: list[Job]
    next_cursor: str | None
