"""The job type of the tutorial: it counts the words of an uploaded text file."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
from pydantic import BaseModel, ConfigDict, Field

from app.jobs.context import Context, Step
from app.jobs.files import FileStore
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
    lines = ctx.results["measure"]["lines"]
    ctx.state = ctx.state or {"offset": 0, "line": 0, "words": 0}
    while ctx.state["line"] < lines:
        state, bad = await anyio.to_thread.run_sync(_read, _file(ctx), ctx.state)
        step = Step(
            processed=state["line"] - ctx.state["line"],
            state=state,
            stats={"words": state["words"]},
            errors=[{"line": line, "message": "the line is no UTF-8"} for line in bad],
        )
        async with ctx.step(step):
            pass
    return {"words": ctx.state["words"]}


def require_file(payload: WordCountPayload, files: FileStore) -> None:
    """Refuse a job whose file does not exist. Raises FileNotKnown."""
    files.require(payload.file_id)


def _file(ctx: Context) -> Path:
    return ctx.files.require(ctx.payload.file_id)


def _lines(file: Path) -> int:
    with file.open("rb") as stream:
        return sum(1 for _ in stream)


def _read(file: Path, state: Mapping[str, int]) -> tuple[dict[str, int], list[int]]:
    """Return the state behind the next lines, and which of these lines are no text."""
    now, bad = dict(state), []
    with file.open("rb") as stream:
        stream.seek(now["offset"])
        for data in islice(stream, BATCH_LINES):
            now["offset"] += len(data)
            now["line"] += 1
            try:
                now["words"] += len(data.decode().split())
            except UnicodeDecodeError:
                bad.append(now["line"])
    return now, bad


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
    check=require_file,
)
