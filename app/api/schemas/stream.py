"""The messages of the live streams."""

from uuid import UUID

from pydantic import Field

from app.api.schemas.base import ResponseBody
from app.api.schemas.job import PublicProgress
from app.api.schemas.trail import JobEventRead
from app.feed.change import End, Happened, Moved


class StreamStart(ResponseBody):
    """The message `start`: the first one of every stream."""

    complete: bool = Field(
        description="False: you missed more than is told again. Read what you show anew; the stream goes on from now."
    )


class StreamedEvent(JobEventRead):
    """The message `event`: an entry of the audit trail. The id of the message is the one to go on from."""

    job_id: UUID = Field(description="The job.")
    type: str = Field(description="The job's type.")

    @classmethod
    def told(cls, happened: Happened) -> "StreamedEvent":
        """Show ``happened``."""
        own = JobEventRead.of(happened.event).model_dump()
        return cls(**own, job_id=happened.subject.job_id, type=happened.subject.type)


class StreamedProgress(PublicProgress):
    """The message `progress`: where a job stands now. It comes with every change, and while the job works."""

    job_id: UUID = Field(description="The job.")
    type: str = Field(description="The job's type.")

    @classmethod
    def told(cls, moved: Moved) -> "StreamedProgress":
        """Show ``moved``."""
        own = {name: getattr(moved, name) for name in PublicProgress.model_fields}
        return cls(**own, job_id=moved.subject.job_id, type=moved.subject.type)


class StreamEnd(ResponseBody):
    """The message `end`: the last one, when it is the service that ends the stream."""

    reason: End = Field(description="Why it ends.")
    detail: str = Field(description="What to do.")
