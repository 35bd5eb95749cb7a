"""The job type of the tutorial: it counts the words of an uploaded text file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
from pydantic import BaseModel, ConfigDict, Field

from app.jobs.context import Context, Step
from app.jobs.registry import JobType, Stage
from app.jobs.retry import PermanentError, RetryPolicy

#: Lines of one step. A pause or a cancel takes effect after at most this many.
BATCH_LINES = 1_000


class WordCountPayload(BaseModel):
    """Which file to count."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file_id: UUID = Field(description="The uploaded text file, in UTF-8.")


async def measure(ctx: Context) -> Mapping[str, Any]:
    """Count the lines, so that the next stage knows how much there is to do."""
    lines = await anyio.to_thread.run_sync(_lines, _file(ctx))
    if not lines:
        raise PermanentError("The file is empty, so there is nothing to count.")
    async with ctx.step(Step(total=lines)):
        pass
    return {"lines": lines}


async def count(ctx: Context) -> Mapping[str, Any]:
    """Count the words, a batch of lines in each step."""
    file, lines = _file(ctx), ctx.results["measure"]["lines"]
    ctx.state = ctx.state or {"offset": 0, "line": 0, "words": 0}
    while ctx.state["line"] < lines:
        offset, words, bad = await anyio.to_thread.run_sync(_batch, file, ctx.state["offset"])
        done = min(BATCH_LINES, lines - ctx.state["line"])
        state = {"offset": offset, "line": ctx.state["line"] + done, "words": ctx.state["words"] + words}
        errors = [{"line": ctx.state["line"] + number, "message": "the line is no UTF-8"} for number in bad]
        async with ctx.step(Step(processed=done, state=state, stats={"words": state["words"]}, errors=errors)):
            pass
    return {"words": ctx.state["words"]}


def _file(ctx: Context) -> Path:
    return ctx.files.require(ctx.payload.file_id)


def _lines(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(1 for _ in stream)


def _batch(file: Path, offset: int) -> tuple[int, int, list[int]]:
    """Return where the next lines end, how many words they have, and which of them (from 1) are no text."""
    words, bad = 0, []
    with file.open("rb") as stream:
        stream.seek(offset)
        for number in range(1, BATCH_LINES + 1):
            line = stream.readline()
            try:
                words += len(line.decode().split())
            except UnicodeDecodeError:
                bad.append(number)
        return stream.tell(), words, bad


WORD_COUNT = JobType(
    name="word_count",
    label="Count words",
    summary="Counts the words of a text file.",
    payload=WordCountPayload,
    stages=(
        Stage("measure", "Count the lines", measure),
        Stage("count", "Count the words", count),
    ),
    example={"file_id": "4f6d1c1e-8a52-4f0e-9d0c-0d7c3a1b2e5f"},
    retry=RetryPolicy(max_retries=2),
)
