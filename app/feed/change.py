"""What followers of jobs are told."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from app.jobs.model import JobEvent
from app.jobs.states import Status


@dataclass(frozen=True)
class Subject:
    """The job that a change is about, as far as followers choose by it. Neither ever changes."""

    job_id: UUID
    type: str
    created_by: UUID | None


@dataclass(frozen=True)
class Happened:
    """An entry of the audit trail."""

    subject: Subject
    event: JobEvent


@dataclass(frozen=True)
class Moved:
    """Where a job stands now."""

    subject: Subject
    status: Status
    percent: int
    stage: str | None
    processed: int
    total: int | None


Change = Happened | Moved


@dataclass(frozen=True)
class Filter:
    """Which jobs somebody follows; an empty filter means all."""

    job_id: UUID | None = None
    type: str | None = None
    created_by: UUID | None = None

    def fits(self, subject: Subject) -> bool:
        """Tell whether a change of this job is wanted."""
        return (
            (self.job_id is None or self.job_id == subject.job_id)
            and (self.type is None or self.type == subject.type)
            and (self.created_by is None or self.created_by == subject.created_by)
        )


class End(StrEnum):
    """Why the service ends a stream."""

    SLOW = "slow"
    TOKEN = "token"  # noqa: S105 (no password)
    STOPPING = "stopping"

    @property
    def meaning(self) -> str:
        """One sentence for who reads the stream."""
        return _MEANINGS[self]


_MEANINGS = {
    End.SLOW: "You read more slowly than jobs change. Connect again; nothing is lost.",
    End.TOKEN: "The access token has expired, or its user was changed. Sign in, and connect again with the new one.",
    End.STOPPING: "The service is stopped. Connect again.",
}
