"""Jobs as they change: server-sent events."""

from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Header, Query, Request

from app.api import examples
from app.api.deps import CurrentUser, JobId, Jobs, JobTypes, LiveFeed, LiveReader
from app.api.filters import Name
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.streams import MESSAGES, Admission, EventStream
from app.auth.permissions import Permission
from app.auth.standing import Standing
from app.auth.user import User
from app.feed.change import Filter
from app.problems import JobNotFound, UnknownJobType

router = OperationRouter("Jobs")

#: What a client sends that was cut off; browsers do so by themselves.
LastEventId = Annotated[
    int | None,
    Header(
        alias="Last-Event-ID",
        ge=0,
        le=2**63 - 1,
        description="The `id` of the last message that you got. The stream goes on behind it.",
    ),
]
_HEADERS = {"X-Accel-Buffering": "`no`: proxies are to pass each message on as it comes."}


@router.add(
    "GET",
    "/jobs/stream",
    Operation(
        "streamJobs",
        "Follow all jobs",
        permission=Permission.JOBS_READ,
        success="The stream; it does not end by itself.",
        problems=(UnknownJobType,),
        example=examples.LIST_STREAM,
        headers=_HEADERS,
        stream=tuple(MESSAGES.values()),
    ),
)
async def stream_jobs(
    request: Request,
    user: CurrentUser,
    feed: LiveFeed,
    job_types: JobTypes,
    type: Annotated[Name, Query(description="Only this job type, by its name or an alias.")] = None,
    created_by: Annotated[
        Literal["me"] | UUID | None, Query(description="Only jobs of this user: an id, or `me`.")
    ] = None,
    last_event_id: LastEventId = None,
) -> EventStream:
    """Send what happens to jobs, from now on or from `Last-Event-ID` on, as server-sent events.

    First comes `start`. Then `event` for each entry of an audit trail, in the order of their ids, each once; and
    `progress` with where the job stands, after its events and while it works. A comment shows every few seconds that
    the stream lives. When the service ends the stream, `end` says why.
    """
    wanted = Filter(
        type=job_types.resolve(type).name if type else None,
        created_by=user.id if created_by == "me" else created_by,
    )
    follower, missed = await feed.follow(wanted, last_event_id)
    return EventStream(feed, follower, missed, after=last_event_id, admission=_admission(request, user))


@router.add(
    "GET",
    "/jobs/{job_id}/events/stream",
    Operation(
        "streamJobEvents",
        "Follow a job",
        permission=Permission.JOBS_READ,
        success="The stream; it does not end by itself.",
        problems=(JobNotFound,),
        example=examples.JOB_STREAM,
        headers=_HEADERS,
        stream=tuple(MESSAGES.values()),
    ),
)
async def stream_job_events(
    request: Request,
    user: CurrentUser,
    jobs: Jobs,
    feed: LiveFeed,
    reader: LiveReader,
    job_id: JobId,
    last_event_id: LastEventId = None,
) -> EventStream:
    """Send the audit trail of a job from its beginning, or from `Last-Event-ID` on, then what happens to it.

    The messages are those of the stream of all jobs. A job that has ended may be retried, so the stream stays open;
    close it when you have seen enough.
    """
    await jobs.get(job_id)
    after = last_event_id or 0
    follower, missed = await feed.follow(Filter(job_id=job_id), after)
    try:
        standing = await reader.standing([job_id])
    except BaseException:
        feed.leave(follower)
        raise
    return EventStream(feed, follower, missed, standing, after=after, admission=_admission(request, user))


def _admission(request: Request, user: User) -> Admission:
    standing: Standing = request.app.state.standing
    return Admission(request.state.signed_in_for, partial(standing.holds, user, Permission.JOBS_READ))
