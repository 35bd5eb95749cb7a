"""What has lost its counterpart."""

from uuid import UUID

from pydantic import Field

from app.api.schemas.base import RequestBody, ResponseBody
from app.queue.orphans import Findings, OrphanKind


class OrphanRead(ResponseBody):
    """Something that belongs to nothing."""

    kind: OrphanKind = Field(description="What it is.")
    reference: str = Field(description="The job, the entry or the folder, by its own name.")
    job_id: UUID | None = Field(description="The job that it belongs or belonged to; null where its name says none.")


class OrphanList(ResponseBody):
    """What a look at rows, queue and checkpoint store has found."""

    counts: dict[str, int] = Field(description="How many there are of each kind.")
    items: list[OrphanRead] = Field(description="The first of them.")

    @classmethod
    def of(cls, findings: Findings) -> "OrphanList":
        """Show ``findings``."""
        return cls(
            counts={kind.value: count for kind, count in findings.counts.items()},
            items=[
                OrphanRead(kind=orphan.kind, reference=orphan.reference, job_id=orphan.job_id)
                for orphan in findings.items
            ],
        )


class FixOrphans(RequestBody):
    """What is to be fixed; the body as a whole may be left out."""

    kinds: list[OrphanKind] | None = Field(default=None, min_length=1, description="Only these kinds; all when absent.")


class OrphansFixed(ResponseBody):
    """What was fixed."""

    fixed: dict[str, int] = Field(description="How many of each kind were fixed.")
