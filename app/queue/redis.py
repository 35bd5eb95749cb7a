"""The queue on Redis, where other BullMQ workers and tools can see it."""

import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgpack  # type: ignore[import-untyped]
from bullmq import Job
from bullmq.backends import RedisBackend
from bullmq.scripts import raw2NextJobData
from redis.asyncio import Redis
from redis.asyncio.connection import SSLConnection, UnixDomainSocketConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.queue.batches import Batches, BatchWorker, Done
from app.queue.bullmq import PAGE, TIMEOUT, Bullmq, EntryState
from app.queue.engine import Delivery
from app.queue.errors import QueueStartError
from app.settings import without_password

#: What the library's script that takes an entry wants to know of the queue.
_TAKE_KEYS = [
    "wait", "active", "prioritized", "events", "stalled", "limiter", "delayed", "paused", "meta", "pc", "marker",
]  # fmt: skip


class _Backend(Batches, RedisBackend):  # type: ignore[misc]  # the library ships no types
    # The library's scripts are sent together: that is one way to Redis and back for many, and one write to the disk.

    async def take(self, tokens: Sequence[str], lock_ms: int) -> list[Any]:
        """Return for each of ``tokens`` what the script that takes an entry answers, or its error."""
        keys = self.scripts.getKeys(_TAKE_KEYS)
        async with self.conn.pipeline(transaction=False) as pipeline:
            for token in tokens:
                options = msgpack.packb({"token": token, "lockDuration": lock_ms, "limiter": None}, use_bin_type=True)
                values = [self.keys[""], round(time.time() * 1000), options]
                await self.scripts.commands["moveToActive"](keys=keys, args=values, client=pipeline)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        return answers

    async def end(self, done: Sequence[Done]) -> None:
        async with self.conn.pipeline(transaction=False) as pipeline:
            for one in done:
                keys, values = self.scripts.moveToCompletedArgs(one.job, None, True, one.token, False)
                await self.scripts.commands["moveToFinished"](keys=keys, args=values, client=pipeline)
            # Whose answer is a number below zero has lost its lock.
            await pipeline.execute()


class _Worker(BatchWorker):
    def _batches(self, backend: Any) -> Batches:
        return _Backend(self.report, self.name, backend.connection, backend.blocking_connection, self.prefix)

    async def _taken(self, token: str, most: int) -> list[Job]:
        # Twice as many each time: many are not taken slowly, and one is not paid for with a look for each place.
        taken: list[Job] = []
        wanted = 1
        while wanted:
            found = await self._take_some([f"{token}.{len(taken) + place}" for place in range(wanted)])
            taken += [job for job in found if isinstance(job, Job)]
            errors = [error for error in found if isinstance(error, Exception)]
            if errors and not taken:
                raise errors[0]
            for error in errors:
                # What has been taken is ours until its lock ends, so it is kept.
                self.report(error)
            wanted = 0 if errors or None in found else min(2 * wanted, most - len(taken))
        return taken

    async def _take_some(self, tokens: Sequence[str]) -> list[Job | Exception | None]:
        """Return for each of ``tokens`` an entry, or None, or why it cannot be read; one error alone is everybody's."""
        try:
            answers = await self.backend.take(tokens, self.opts["lockDuration"])
        except Exception as error:
            return [error]
        return [await self._read(answer, token) for answer, token in zip(answers, tokens, strict=True)]

    async def _read(self, answer: Any, token: str) -> Job | Exception | None:
        if isinstance(answer, Exception):
            return answer
        try:
            job: Job | None = await self.nextJobFromJobData(*raw2NextJobData(answer), token)
        except Exception as error:
            return error
        return job


class BullmqRedis(Bullmq):
    """The queue in the Redis at ``url``: ``redis://``, ``rediss://`` or ``unix://``."""

    name = "bullmq-redis"
    _worker = _Worker

    def __init__(self, url: str) -> None:
        super().__init__({"connection": _options(url)})
        self._url = url
        self._client = Redis.from_url(
            url, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, retry=Retry(NoBackoff(), 0)
        )

    def _prepare(self, backend: Any) -> None:
        # BullMQ lets a command be repeated for minutes while Redis is away, and nothing can be stopped meanwhile.
        for connection in (backend.connection, backend.blocking_connection):
            if connection is not None:
                connection.conn.set_retry(Retry(NoBackoff(), 1))

    async def open(self) -> None:
        """Connect.

        Raises:
            QueueStartError: nothing answers at the address, or it is no Redis that takes our name and password.
        """
        try:
            await self.ping()
        except ConnectionError as error:
            await self.close()
            where = without_password(self._url)
            raise QueueStartError(f"Redis cannot be reached at {where} ({error}). Check REDIS_URL.") from None
        await self._queue.backend.waitUntilReady()

    async def missing(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Return those that the queue does not hold. Raises ConnectionError when Redis does not answer."""
        pipeline = self._client.pipeline(transaction=False)
        for delivery in deliveries:
            pipeline.exists(self._queue.toKey(delivery.entry_id))
        with _away():
            held = await pipeline.execute()
        return [delivery for delivery, there in zip(deliveries, held, strict=True) if not there]

    async def waiting(self) -> AsyncIterator[list[str]]:
        """Yield the ids of the entries that no worker has, in batches. Raises ConnectionError like ``missing``."""
        for state in EntryState:
            if state is EntryState.ACTIVE:
                continue
            start = 0
            while True:
                with _away():
                    page = await self._queue.backend.getRanges([state.value], start, start + PAGE - 1, True)
                # BullMQ may keep markers of its own among the entries.
                found = [entry_id for entry_id in page if not entry_id.startswith("0:")]
                if found:
                    yield found
                if len(page) < PAGE:
                    break
                start += PAGE

    async def remove(self, entry_ids: Sequence[str]) -> int:
        """Remove entries that no worker has; return how many. Raises ConnectionError when Redis does not answer."""
        with _away():
            return await super().remove(entry_ids)

    async def ping(self) -> float:
        """Return the seconds of one round trip to Redis.

        Raises:
            ConnectionError: Redis does not answer.
        """
        started = time.perf_counter()
        with _away():
            await self._client.ping()
        return time.perf_counter() - started

    async def counts(self) -> dict[str, int]:
        """Return the number of entries by BullMQ's states.

        Raises:
            ConnectionError: Redis does not answer.
        """
        with _away():
            return await super().counts()

    async def close(self) -> None:
        """Release connections."""
        await self._client.aclose()
        await super().close()


@contextmanager
def _away() -> Iterator[None]:
    """Say in the words of the protocol that Redis does not answer."""
    try:
        yield
    except RedisError as error:
        raise ConnectionError(str(error)) from error


def _options(url: str) -> dict[str, Any]:
    """Return an address as BullMQ wants it. Raises ValueError when it is none."""
    options: dict[str, Any] = dict(parse_url(url))
    kind = options.pop("connection_class", None)
    if kind is SSLConnection:
        options["ssl"] = True
    if kind is UnixDomainSocketConnection:
        options["unix_socket_path"] = options.pop("path")
    # A worker waits for entries with a blocking command, which a time-out of the socket would cut off.
    return {**options, "socket_timeout": None, "socket_connect_timeout": TIMEOUT}
