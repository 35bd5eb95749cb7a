"""Job types for tests: real work on a real table, driven step by step."""

import asyncio

from pydantic import BaseModel
from sqlalchemy import text

from app.jobs.context import Context, Step
from app.jobs.limits import Limits
from app.jobs.registry import JobType, Registry, Stage
from app.jobs.retry import PermanentError, RetryPolicy, TransientError


class CountPayload(BaseModel):
    """How many items to count, and what to do at one of them."""

    items: int = 5
    fail_at: int | None = None
    permanent: bool = False
    heal_after: int | None = None


class Gate:
    """Lets items through one by one, so that a test decides when a job goes on. Open by default."""

    def __init__(self) -> None:
        self._open = asyncio.Event()
        self._open.set()
        self.arrived = asyncio.Event()

    def close(self) -> None:
        self._open.clear()

    def open(self) -> None:
        self._open.set()

    async def pass_through(self) -> None:
        self.arrived.set()
        await self._open.wait()


def counting_registry(
    gate: Gate | None = None,
    *,
    before_count: Gate | None = None,
    pause: float = 0,
    limits: Limits | None = None,
    **policy,
) -> Registry:
    """A registry with one type: it writes one row per item into ``effects``, one step each, of ``pause`` seconds.

    ``gate`` holds every item, ``before_count`` the end of the first of the two stages.
    """

    async def prepare(context: Context) -> dict:
        if before_count:
            await before_count.pass_through()
        return {"items": context.payload.items}

    async def count(context: Context) -> dict:
        payload: CountPayload = context.payload
        for item in range(context.state.get("next", 0), payload.items):
            if gate:
                await gate.pass_through()
            if pause:
                await asyncio.sleep(pause)  # the work of one item
            if payload.fail_at == item and (payload.heal_after is None or context.job.retry_count < payload.heal_after):
                raise PermanentError("broken for good") if payload.permanent else TransientError("try again")
            async with context.step(Step(processed=1, total=payload.items, state={"next": item + 1})) as writer:
                await writer.connection.execute(
                    text("INSERT INTO effects (job_id, item, run) VALUES (:job, :item, :run)"),
                    {"job": context.job.id, "item": item, "run": context.job.run},
                )
        return {"counted": payload.items}

    defaults = {"max_retries": 3, "base_seconds": 0.01, "jitter": 0}
    return Registry(
        [
            JobType(
                name="count",
                label="Count",
                summary="Counts items.",
                payload=CountPayload,
                stages=(Stage("prepare", "Prepare", prepare), Stage("count", "Count", count)),
                example={"items": 3},
                aliases=("counting",),
                retry=RetryPolicy(**{**defaults, **policy}),
                limits=limits or Limits(),
            )
        ]
    )


async def create_effects(engine) -> None:
    """Create the table that ``count`` writes to."""
    async with engine.begin() as connection:
        await connection.execute(text("CREATE TABLE effects (place bigserial, job_id uuid, item int, run int)"))


async def effects(engine, job_id) -> list[int]:
    """Return the items that a job wrote, in the order of writing."""
    async with engine.connect() as connection:
        query = text("SELECT item FROM effects WHERE job_id = :job ORDER BY place")
        rows = await connection.execute(query, {"job": job_id})
        return [row.item for row in rows]
