"""In the shadow of the older way: what a job has found, held against what the request had found."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.plays import store
from app.plays.model import Element
from app.plays.tables import play_comparisons
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("plays")


class Compared(StrEnum):
    """What came of a comparison."""

    SAME = "same"
    DIFFERENT = "different"
    OPEN = "open"
    FAILED = "failed"

    @property
    def meaning(self) -> str:
        """What it says of the two ways, in one sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    Compared.SAME: "The job has found the same as the request.",
    Compared.DIFFERENT: "The job has found something else.",
    Compared.OPEN: "The job has not ended yet.",
    Compared.FAILED: "The job has ended without a result, and the request had one.",
}


def figures(elements: Sequence[Element], counts: Mapping[str, int]) -> dict[str, Any]:
    """Return what two ways to parse a play must agree on: the counts, and a digest of all elements."""
    written = json.dumps([asdict(element) for element in elements], sort_keys=True)
    return {**counts, "elements": len(elements), "digest": sha256(written.encode()).hexdigest()}


async def expect(connection: AsyncConnection, job_id: UUID, expected: Mapping[str, Any]) -> None:
    """Note what the older way has found, for the job that parses the same play."""
    await connection.execute(insert(play_comparisons).values(job_id=job_id, expected=dict(expected)))


async def compare(connection: AsyncConnection, job_id: UUID, counts: Mapping[str, int]) -> Compared | None:
    """Compare what a job has drafted with what is expected of it. None: nothing is."""
    row = play_comparisons.c
    expected = (await connection.execute(select(row.expected).where(row.job_id == job_id))).scalar_one_or_none()
    if expected is None:
        return None
    found = figures(await store.drafted(connection, job_id), counts)
    differing = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    outcome = Compared.DIFFERENT if differing else Compared.SAME
    values = {"found": found, "outcome": outcome.value}
    await connection.execute(update(play_comparisons).where(row.job_id == job_id).values(values))
    emit(log, LogEvent.PLAY_COMPARED, outcome=outcome.value, differing=differing, elements=found["elements"])
    return outcome
