"""The job type ``parse_play``: the plain text of a play becomes acts, scenes, speeches and stage directions.

A play is always cut into chunks, however short it is, and parsed chunk by chunk. What the parser has to know of the
text before (act, scene, who speaks, a stage direction that is not closed) is carried from one chunk to the next, and
committed with the elements of the chunk. So a job that is stopped or killed goes on with the next chunk.
"""

import hashlib
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import anyio
from pydantic import BaseModel, ConfigDict, Field

from app.documents.decoding import TextEncoding
from app.jobs.context import Context, Step
from app.jobs.files import FileName, FileStore
from app.jobs.offload import in_process
from app.jobs.registry import JobType, Stage
from app.plays import store
from app.plays.comparison import compare
from app.plays.model import Carried, percent_parsed, play_id
from app.plays.parser import finish, parse_chunk
from app.plays.text import chunks, play_bytes, play_text
from app.plays.validation import MOST_DOUBTS
from app.plays.validation import validate as looked_over

Result = Mapping[str, Any]


class ParsePlayPayload(BaseModel):
    """Which play to parse, and how to read it."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="ParsePlayPayload")

    file_id: UUID = Field(
        description="The uploaded file: the play as plain text.", examples=["4f6d1c1e-8a52-4f0e-9d0c-0d7c3a1b2e5f"]
    )
    file_name: FileName = None
    encoding: TextEncoding | None = Field(
        default=None, description="The file's encoding. UTF-8, with or without a byte order mark, when absent."
    )


def require_file(payload: ParsePlayPayload, files: FileStore) -> None:
    """Refuse a payload whose file does not exist. Raises FileNotKnown."""
    files.require(payload.file_id)


async def extract_text(ctx: Context) -> Result:
    """Read the text, and take off what a library put around it.

    Raises:
        PlayError: the file is too large.
        DocumentError: the file is empty, no text, or in another encoding.
        FileNotKnown: the file is gone.
    """
    payload: ParsePlayPayload = ctx.payload
    data = await anyio.to_thread.run_sync(play_bytes, ctx.files.require(payload.file_id))
    found = await anyio.to_thread.run_sync(play_text, data, payload.encoding)
    sha256 = hashlib.sha256(data).hexdigest()
    about = {"title": found.title, "author": found.author}
    async with ctx.step(Step(stats={**about, "play_id": str(play_id(sha256)), "percent": 5})):
        pass
    return {**about, "sha256": sha256, "size": len(data), "first_line": found.first_line, "text": found.text}


async def chunk(ctx: Context) -> Result:
    """Cut the text into chunks at blank lines; short plays too."""
    found = chunks(_lines(ctx))
    async with ctx.step(Step(total=len(found), stats={"chunks": len(found), "percent": 10})):
        pass
    return {"chunks": found}


async def parse(ctx: Context) -> Result:
    """Parse chunk by chunk; each goes on from what the ones before it carry over."""
    lines, found = _lines(ctx), ctx.results["chunk"]["chunks"]
    first_line = ctx.results["extract_text"]["first_line"]
    ctx.state = ctx.state or {"next": 0, "carried": Carried().as_json()}
    while ctx.state["next"] < len(found):
        done = ctx.state["next"] + 1
        first, end = found[done - 1]
        carried = Carried(**ctx.state["carried"])
        elements, carried = await anyio.to_thread.run_sync(parse_chunk, lines[first:end], first_line + first, carried)
        if done == len(found):
            last, carried = finish(carried)
            elements += last
        step = Step(
            processed=1,
            state={"next": done, "carried": carried.as_json()},
            details={"chunk": done, "act": carried.act, "scene": carried.scene, "speeches": carried.speeches},
            stats={"percent": percent_parsed(done, len(found))},
        )
        async with ctx.step(step) as writer:
            await store.draft(writer.connection, ctx.job.id, elements)
    return {"elements": ctx.state["carried"]["elements"]}


async def validate(ctx: Context) -> Result:
    """Count acts, scenes and speakers, and put what does not fit together into the error log.

    Raises:
        PlayError: nobody speaks in it.
    """
    if not ctx.state:
        async with ctx.database.connect() as connection:
            elements = await store.drafted(connection, ctx.job.id)
        verdict = await in_process(looked_over, elements)
        counts = {**verdict.counts, "doubts": len(verdict.doubts)}
        errors = [{"line": doubt.line, "message": doubt.message} for doubt in verdict.doubts[:MOST_DOUBTS]]
        async with ctx.step(Step(state=counts, stats={**counts, "percent": 90}, errors=errors)):
            pass
    return ctx.state


async def save(ctx: Context) -> Result:
    """Write the play and all its elements in one transaction; nothing is written when they are stored just so."""
    if not ctx.state:
        found = ctx.results["extract_text"]
        play = {name: found[name] for name in ("sha256", "size", "title", "author")}
        async with ctx.step() as writer:
            compared = await compare(writer.connection, ctx.job.id, ctx.results["validate"])
            outcome = await store.save(
                writer.connection,
                {"id": play_id(found["sha256"]), **play, **ctx.results["validate"], "job_id": ctx.job.id},
            )
            comparison = {"comparison": compared.value} if compared else {}
            writer.step = Step(state={"outcome": outcome}, stats={"outcome": outcome, "percent": 100, **comparison})
    return {"play_id": str(play_id(ctx.results["extract_text"]["sha256"])), **ctx.state}


def _lines(ctx: Context) -> list[str]:
    text: str = ctx.results["extract_text"]["text"]
    return text.split("\n")


PARSE_PLAY = JobType(
    name="parse_play",
    label="Parse a play",
    summary="Reads the text of a play chunk by chunk, and stores its acts, scenes, speeches and stage directions.",
    payload=ParsePlayPayload,
    stages=(
        Stage("extract_text", "Extract the text", extract_text),
        Stage("chunk", "Cut into chunks", chunk),
        Stage("parse", "Parse the chunks", parse),
        Stage("validate", "Look it over", validate),
        Stage("save", "Save the play", save),
    ),
    example={"file_id": "4f6d1c1e-8a52-4f0e-9d0c-0d7c3a1b2e5f"},
    check=require_file,
)
