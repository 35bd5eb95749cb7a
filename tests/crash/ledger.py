"""A job type whose effects can be counted: one row for each item, and nothing that would hide a second one."""

import asyncio

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import text

from app.handlers import REGISTRY
from app.jobs.context import Context, Step
from app.jobs.registry import JobType, Registry, Stage
from app.jobs.retry import PermanentError, RetryPolicy, TransientError

#: No key over the item: one that is done twice leaves two rows.
CREATE_TABLE = """
    CREATE TABLE crash_effects (
        number bigint GENERATED ALWAYS AS IDENTITY, job_id uuid, stage text, item int, run int, worker_id text
    )"""
INSERT = text(
    "INSERT INTO crash_effects (job_id, stage, item, run, worker_id) VALUES (:job, :stage, :item, :run, :worker)"
)
STAGES = ("debit", "credit")


class LedgerPayload(BaseModel):
    """How many items each stage has, how long one takes, and at which one it fails."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    items: int = Field(ge=1, description="Items of each stage.")
    pause: float = Field(default=0.01, ge=0, description="Seconds that an item takes.")
    stumble_at: int | None = Field(default=None, description="The item at which the first attempt fails for a while.")
    fail_at: int | None = Field(default=None, description="The item of the last stage at which it fails for good.")


async def write(ctx: Context) -> dict[str, int]:
    """Write one row for each item, one step each."""
    payload: LedgerPayload = ctx.payload
    for item in range(ctx.state.get("next", 0), payload.items):
        await asyncio.sleep(payload.pause)  # the work of an item
        if item == payload.stumble_at and ctx.job.retry_count == 0:
            raise TransientError("stumbled")
        if item == payload.fail_at and ctx.stage == STAGES[-1]:
            raise PermanentError("broken for good")
        step = Step(processed=1, total=payload.items * len(STAGES), state={"next": item + 1})
        async with ctx.step(step) as writer:
            await writer.connection.execute(
                INSERT,
                {"job": ctx.job.id, "stage": ctx.stage, "item": item, "run": ctx.job.run, "worker": ctx.job.worker_id},
            )
    return {"items": payload.items}


LEDGER = JobType(
    name="ledger",
    label="Ledger",
    summary="Writes a row for each item.",
    payload=LedgerPayload,
    stages=tuple(Stage(name, name.capitalize(), write) for name in STAGES),
    example={"items": 3},
    # Nobody knows how often a random kill meets the same job; running out of attempts is tested elsewhere.
    retry=RetryPolicy(max_retries=1_000, base_seconds=0.05, cap_seconds=0.5),
)

WITH_LEDGER = Registry([*REGISTRY.values(), LEDGER])
