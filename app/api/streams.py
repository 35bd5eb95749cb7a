"""Server-sent events: how changes become messages, and the answer that never ends by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from app.api.problems import DATABASE_ERRORS
from app.api.schemas.stream import StreamedEvent, StreamedProgress, StreamEnd, StreamStart
from app.feed.change import Change, End, Happened
from app.feed.feed import Feed
from app.feed.follower import Follower

#: Seconds without a message after which a comment shows that the stream lives; also between two looks at its user.
HEARTBEAT_SECONDS = 15
#: Milliseconds after which a browser connects again.
RETRY_MILLISECONDS = 2000

#: The messages by their name.
MESSAGES: dict[str, type[BaseModel]] = {
    "start": StreamStart,
    "event": StreamedEvent,
    "progress": StreamedProgress,
    "end": StreamEnd,
}
#: Their names by the messages.
MESSAGE_NAMES = {model: name for name, model in MESSAGES.items()}
_HEARTBEAT = format_sse_event(comment="alive")


def encode(change: Change) -> bytes:
    """Return a change as a message. Only what the audit trail keeps has an id to go on from."""
    if isinstance(change, Happened):
        return message(StreamedEvent.told(change), ident=change.event.id)
    return message(StreamedProgress.told(change))


def message(body: BaseModel, *, ident: int | None = None, retry: int | None = None) -> bytes:
    """Return one message of a stream."""
    return format_sse_event(
        data_str=body.model_dump_json(),
        event=MESSAGE_NAMES[type(body)],
        id=None if ident is None else str(ident),
        retry=retry,
    )


@dataclass(frozen=True)
class Admission:
    """For how long a caller may follow at most, and how to ask whether that still holds."""

    left: timedelta
    holds: Callable[[], Awaitable[bool]]


class EventStream(StreamingResponse):
    """What a follower of the feed gets, until it goes away, its token is not good any more, or the service stops.

    ``missed`` is what comes before the live messages, None when it is too much; ``standing`` follows it.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        feed: Feed,
        follower: Follower,
        missed: Sequence[Happened] | None,
        standing: Iterable[Change] = (),
        *,
        after: int | None,
        admission: Admission,
    ) -> None:
        # Proxies are told to pass each message on as it comes.
        super().__init__(self._messages(), headers={"X-Accel-Buffering": "no"})
        self._feed = feed
        self._follower = follower
        position = follower.position if after is None or missed is None else after
        start = message(StreamStart(complete=missed is not None), ident=position, retry=RETRY_MILLISECONDS)
        self._first = b"".join([start, *map(encode, missed or ()), *map(encode, standing)])
        self._holds = admission.holds
        self._until = asyncio.get_running_loop().time() + admission.left.total_seconds()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; the follower is gone from the feed when this ends, however it ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._feed.leave(self._follower)

    async def _messages(self) -> AsyncIterator[bytes]:
        yield self._first
        now = asyncio.get_running_loop().time
        look_at = now() + HEARTBEAT_SECONDS
        while True:
            if now() >= self._until:
                self._follower.end(End.TOKEN)
            elif now() >= look_at:
                await self._look()
                look_at = now() + HEARTBEAT_SECONDS
            found = await self._follower.take(max(0.0, min(look_at, self._until) - now()))
            if found:
                yield found
            if self._follower.ended:
                break
            if not found:
                yield _HEARTBEAT
        reason = self._follower.ended
        yield message(StreamEnd(reason=reason, detail=reason.meaning))

    async def _look(self) -> None:
        # Without the database nothing is known of the user, and nothing is told either: the stream waits for both.
        with suppress(*DATABASE_ERRORS):
            if not await self._holds():
                self._follower.end(End.TOKEN)
