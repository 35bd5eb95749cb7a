"""The feed: hears of changes through one connection, reads each once, and gives it to everybody who follows it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache, partial
from typing import Any
from uuid import UUID

import psycopg
import structlog

from app.feed.change import Change, End, Filter, Happened
from app.feed.follower import Follower, Watcher
from app.feed.reader import FeedReader
from app.feed.settled import Settled
from app.jobs.channels import EVENTS_CHANNEL, PROGRESS_CHANNEL
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("feed")

#: Messages that may wait for one follower; who lets more wait is told to connect again.
FOLLOWER_MESSAGES = 1000
#: Jobs that a watcher is told by their ids at most; of more it learns that there are more.
WATCHED_JOBS = 200
#: Entries of the audit trail that a follower who comes back is told at most; who missed more reads the list again.
REPLAY_ENTRIES = 1000
#: Seconds between two reads: changes that come meanwhile are read together.
PACE_SECONDS = 0.1
#: Seconds after which the feed looks also when it has heard of nothing.
LOOK_SECONDS = 5.0
#: Ids before the newest one in which a feed that starts looks for gaps.
_LOOK_BACK = 1000
_BATCH = 1000
_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "connect_timeout": 5,
}


class Feed:
    """Follows the database at ``address`` as long as somebody follows the feed.

    ``encode`` turns a change into the bytes that every follower of it gets; it is called once for each change.
    """

    def __init__(self, address: str, reader: FeedReader, encode: Callable[[Change], bytes], *, patience: float) -> None:
        self._address = address
        self._reader = reader
        self._encode = encode
        self._patience = patience
        self._followers: set[Follower | Watcher] = set()
        self._settled = Settled(0, patience=patience)
        self._news = asyncio.Event()
        self._progressed: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._joining = 0
        self._starting, self._looking = asyncio.Lock(), asyncio.Lock()
        self._stopping = False

    # -- followers

    async def follow(self, wanted: Filter, after: int | None) -> tuple[Follower, Sequence[Happened] | None]:
        """Add a follower; return it with the entries behind ``after`` that come before its live messages.

        Without ``after`` there are none. None instead of entries: there are too many, or ``after`` is an id that does
        not exist; so messages begin at the follower's ``position``, and what came before is to be read elsewhere.
        """
        async with self._joined():
            if after is not None and after > self._settled.last:
                # Another process was quicker, and told what this one has not read yet.
                await self._look()
            # The position is read and the follower known in one go: no change can slip between.
            follower = Follower(wanted, self._settled.last, limit=FOLLOWER_MESSAGES)
            self._add(follower)
            try:
                return follower, await self._missed(follower, after)
            except BaseException:
                self._followers.discard(follower)
                raise

    async def watch(self, wanted: Filter) -> Watcher:
        """Add a reader that is told, from now on, which jobs have changed."""
        async with self._joined():
            watcher = Watcher(wanted, limit=WATCHED_JOBS)
            self._add(watcher)
            return watcher

    @asynccontextmanager
    async def _joined(self) -> AsyncIterator[None]:
        """Listen, if nobody has before, while somebody is about to be added."""
        self._joining += 1
        try:
            async with self._starting:
                if self._task is None:
                    await self._start()
            yield
        finally:
            self._joining -= 1
            self._rest()

    def _add(self, reader: Follower | Watcher) -> None:
        self._followers.add(reader)
        if self._stopping:
            reader.end(End.STOPPING)

    async def _missed(self, follower: Follower, after: int | None) -> Sequence[Happened] | None:
        if after is None:
            return ()
        if after > follower.position:
            return None
        missed = await self._reader.between(after, follower.position, follower.wanted, REPLAY_ENTRIES + 1)
        return missed if len(missed) <= REPLAY_ENTRIES else None

    def leave(self, follower: Follower | Watcher) -> None:
        """Forget a reader; with the last one, the connection goes."""
        self._followers.discard(follower)
        self._rest()

    def stop(self) -> None:
        """End every stream, and those that are still to come."""
        self._stopping = True
        for follower in self._followers:
            follower.end(End.STOPPING)

    async def close(self) -> None:
        """Stop, and release the connection."""
        self.stop()
        self._followers.clear()
        self._rest()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _rest(self) -> None:
        """Stop listening when nobody follows."""
        if self._task and not self._followers and not self._joining:
            self._task.cancel()
            self._ending.add(self._task)
            self._task.add_done_callback(self._ending.discard)
            self._task = None

    # -- the database

    async def _start(self) -> None:
        newest = await self._reader.newest()
        self._settled = Settled(max(0, newest - _LOOK_BACK), patience=self._patience)
        self._progressed.clear()
        # Nobody follows yet: this only moves the position to where the trail is settled.
        await self._look()
        self._news.set()
        self._task = asyncio.create_task(self._keep_listening(), name="feed")

    async def _keep_listening(self) -> None:
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._listen())
                    tasks.create_task(self._tell())
            except* Exception as group:
                emit(log, LogEvent.FEED_INTERRUPTED, error=" ".join(str(group.exceptions[0]).split()))
            # What happened meanwhile is read as soon as the database is back.
            await asyncio.sleep(1)

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(self._address, autocommit=True, **_KEEPALIVE)
        async with connection:
            for channel in (EVENTS_CHANNEL, PROGRESS_CHANNEL):
                await connection.execute(f"LISTEN {channel}")
            self._news.set()
            async for notice in connection.notifies():
                if notice.channel == PROGRESS_CHANNEL:
                    self._progressed.add(UUID(notice.payload))
                self._news.set()

    async def _tell(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PACE_SECONDS if self._settled.waits else LOOK_SECONDS):
                    await self._news.wait()
            self._news.clear()
            await self._look()
            await asyncio.sleep(PACE_SECONDS)

    async def _look(self) -> None:
        """Read what is new, and publish it: first what happened, then where the jobs stand."""
        async with self._looking:
            progressed, self._progressed = self._progressed, set()
            try:
                await self._read_and_publish(progressed)
            except BaseException:
                self._progressed |= progressed
                raise

    async def _read_and_publish(self, progressed: set[UUID]) -> None:
        told = _BATCH
        while told == _BATCH:
            entries, snapshot = await self._reader.behind(self._settled.last, _BATCH)
            ids = [entry.event.id for entry in entries]
            told = self._settled.take(ids, snapshot, asyncio.get_running_loop().time())
            for entry in entries[:told]:
                self._publish(entry)
                progressed.add(entry.subject.job_id)
        followed = {job_id for job_id in progressed if self._is_followed(job_id)}
        standing = await self._reader.standing(followed) if followed else ()
        for moved in standing:
            self._publish(moved)
        self._miss(followed - {moved.subject.job_id for moved in standing})

    def _is_followed(self, job_id: UUID) -> bool:
        return any(follower.wanted.job_id in {None, job_id} for follower in self._followers)

    def _miss(self, gone: set[UUID]) -> None:
        """Tell watchers of jobs that are gone; of what type they were, and whose, is not known any more."""
        for watcher in self._followers:
            if isinstance(watcher, Watcher):
                for job_id in gone:
                    if watcher.wanted.job_id in {None, job_id}:
                        watcher.note(job_id)

    def _publish(self, change: Change) -> None:
        encoded = cache(partial(self._encode, change))
        for follower in self._followers:
            if follower.wanted.fits(change.subject):
                follower.tell(change, encoded)
