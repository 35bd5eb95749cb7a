"""What tells an open page that jobs have changed: server-sent events with the ids of these jobs, and nothing else.

The page then asks for what it shows, which is a request like any other; so a stream needs to show nobody anything.
"""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.types import Receive, Scope, Send

from app.auth.browser_sessions import BrowserSessions
from app.feed.change import End, Filter
from app.feed.feed import Feed
from app.feed.follower import Watcher
from app.ui import door

router = APIRouter()

#: Seconds between two messages at least, so that a busy service does not keep pages busy.
PACE_SECONDS = 0.5
#: Seconds after which a session is looked at again, and a comment shows that the stream lives.
LOOK_SECONDS = 15.0
#: Milliseconds after which a browser connects again.
RETRY_MILLISECONDS = 2000


@router.get("/stream")
async def follow(request: Request, session: door.CurrentSession) -> StreamingResponse:
    """Send which jobs have changed, from now on."""
    feed: Feed = request.app.state.feed
    return NewsStream(feed, await feed.watch(Filter()), door.sessions(request), session.id)


class NewsStream(StreamingResponse):
    """News for one open page, until it goes away, its session ends, or the service stops."""

    media_type = "text/event-stream"

    def __init__(self, feed: Feed, watcher: Watcher, sessions: BrowserSessions, session_id: str) -> None:
        super().__init__(self._messages(), headers={"X-Accel-Buffering": "no"})
        self._feed = feed
        self._watcher = watcher
        self._sessions = sessions
        self._session_id = session_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream; the watcher is gone from the feed when this ends, however it ends."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._feed.leave(self._watcher)

    async def _messages(self) -> AsyncIterator[bytes]:
        yield format_sse_event(event="start", data_str="{}", retry=RETRY_MILLISECONDS)
        now = asyncio.get_running_loop().time
        look_at = now() + LOOK_SECONDS
        while self._watcher.ended is None:
            changed = await self._watcher.take(max(0.0, look_at - now()))
            if now() >= look_at:
                if await self._sessions.find(self._session_id) is None:
                    self._watcher.end(End.TOKEN)
                    break
                look_at = now() + LOOK_SECONDS
                yield format_sse_event(comment="alive")
            if changed is None or changed:
                ids = None if changed is None else sorted(map(str, changed))
                yield format_sse_event(event="news", data_str=json.dumps({"jobs": ids}))
                await asyncio.sleep(PACE_SECONDS)
        yield format_sse_event(event="end", data_str=json.dumps({"reason": self._watcher.ended}))
