"""The job type ``process_document``: an uploaded Markdown, HTML or PDF file becomes a stored document.

Each stage's result is its checkpoint, so a job that is stopped or killed goes on with the stage that was under way.
The two stages that work through many items (``embedding``, ``connection_detection``) do so in batches, and go on with
the next batch. What keeps a processor busy runs in another process, so that the worker's leases stay alive.
"""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
from pydantic import BaseModel, ConfigDict, Field

from app.documents import store
from app.documents.chunking import chunk
from app.documents.cleaning import clean
from app.documents.decoding import TextEncoding
from app.documents.embedding import embed, whole
from app.documents.errors import DocumentError
from app.documents.extraction import detect, extract
from app.documents.metadata import describe
from app.documents.model import MAX_BYTES, PIPELINE, Chunk, DocumentFormat, blocks_of, document_id, plain
from app.jobs.context import Context, Step
from app.jobs.files import FileName, FileStore
from app.jobs.offload import in_process
from app.jobs.registry import JobType, Stage

#: Chunks of one step of the stage ``embedding``.
BATCH_CHUNKS = 100
#: Documents of one step of the stage ``connection_detection``.
BATCH_DOCUMENTS = 200
#: Bytes that show which format a file has.
_BEGINNING = 65_536

Result = Mapping[str, Any]


class ProcessDocumentPayload(BaseModel):
    """Which file to process, and how to read it."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="ProcessDocumentPayload")

    file_id: UUID = Field(
        description="The uploaded file: Markdown, HTML or PDF.", examples=["4f6d1c1e-8a52-4f0e-9d0c-0d7c3a1b2e5f"]
    )
    file_name: FileName = None
    format: DocumentFormat | None = Field(
        default=None, description="The file's format. Recognised by its first bytes when absent."
    )
    encoding: TextEncoding | None = Field(
        default=None,
        description="The encoding of a text. When absent: what an HTML page declares, else UTF-8. PDF needs none.",
    )
    force: bool = Field(
        default=False, strict=True, description="Process the file also when the same content was processed before."
    )


def require_file(payload: ProcessDocumentPayload, files: FileStore) -> None:
    """Refuse a payload whose file does not exist. Raises FileNotKnown."""
    files.require(payload.file_id)


def unless_cached(run: Callable[[Context], Awaitable[Result]]) -> Callable[[Context], Awaitable[Result]]:
    """Return a stage that does nothing when the document was found in the cache."""

    @wraps(run)
    async def stage(ctx: Context) -> Result:
        if ctx.results["cache_check"]["cached"]:
            return {"cached": True}
        return await run(ctx)

    return stage


async def cache_check(ctx: Context) -> Result:
    """Look whether the same content has been processed before; if so, that document is the result of the job.

    Raises:
        DocumentError: the file is empty or too large.
        FileNotKnown: the file is gone.
    """
    payload: ProcessDocumentPayload = ctx.payload
    path = ctx.files.require(payload.file_id)
    sha256, size, format = await anyio.to_thread.run_sync(_look_at, path, payload.format)
    async with ctx.step() as writer:
        known = None
        if not payload.force:
            known = await store.processed(writer.connection, sha256, format, payload.encoding)
        stats = {"document_id": str(document_id(sha256)), "cached": known is not None, "format": format.value}
        writer.step = Step(stats={**stats, "percent": 5})
    return {**stats, "sha256": sha256, "size": size}


def _look_at(path: Path, format: DocumentFormat | None) -> tuple[str, int, DocumentFormat]:
    size = path.stat().st_size
    if size == 0:
        raise DocumentError("The file is empty.")
    if size > MAX_BYTES:
        raise DocumentError(f"The file has {size:,} bytes; a document has at most {MAX_BYTES:,}. Split it.")
    with path.open("rb") as stream:
        beginning = stream.read(_BEGINNING)
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest(), size, format or detect(beginning)


@unless_cached
async def extraction(ctx: Context) -> Result:
    """Read the text of the file, and what the file declares of itself.

    Raises:
        DocumentError: the file is broken, encrypted, in another encoding, or without text.
    """
    payload: ProcessDocumentPayload = ctx.payload
    format = DocumentFormat(ctx.results["cache_check"]["format"])
    found = await in_process(extract, ctx.files.require(payload.file_id), format, payload.encoding)
    await _report(ctx, 20)
    return {"blocks": plain(found.blocks), "declared": dict(found.declared), "pages": found.pages}


@unless_cached
async def clean_up(ctx: Context) -> Result:
    """Bring the text into one form: white space, broken words, lines that repeat on each page of a PDF."""
    blocks = await in_process(clean, blocks_of(ctx.results["extraction"]["blocks"]))
    if not blocks:
        raise DocumentError("The document holds no text.")
    await _report(ctx, 30)
    return {"blocks": plain(blocks)}


@unless_cached
async def metadata(ctx: Context) -> Result:
    """Find title, authors, date, language, tags, keywords and counts."""
    blocks = blocks_of(ctx.results["clean_up"]["blocks"])
    found = await in_process(describe, blocks, ctx.results["extraction"]["declared"])
    await _report(ctx, 40, title=found["title"], words=found["words"])
    return found


@unless_cached
async def chunking(ctx: Context) -> Result:
    """Cut the text into chunks along its headings."""
    chunks = await in_process(chunk, blocks_of(ctx.results["clean_up"]["blocks"]))
    async with ctx.step(Step(total=len(chunks), stats={"percent": 50, "chunks": len(chunks)})):
        pass
    return {"chunks": plain(chunks)}


@unless_cached
async def embedding(ctx: Context) -> Result:
    """Give each chunk its vector, a batch in each step."""
    chunks = _chunks(ctx)
    ctx.state = ctx.state or {"next": 0}
    while ctx.state["next"] < len(chunks):
        first = ctx.state["next"]
        vectors = await in_process(embed, [one.text for one in chunks[first : first + BATCH_CHUNKS]])
        done = first + len(vectors)
        step = Step(
            processed=len(vectors),
            state={"next": done},
            details={"chunks_embedded": done},
            stats={"percent": 50 + 30 * done // len(chunks)},
        )
        async with ctx.step(step) as writer:
            await store.draft(writer.connection, ctx.job.id, first, vectors)
    return {"vectors": len(chunks)}


@unless_cached
async def finalise(ctx: Context) -> Result:
    """Write the document and its chunks in one transaction; nothing is written when they are stored just so."""
    if "outcome" not in ctx.state:
        chunks, about = _chunks(ctx), ctx.results["metadata"]
        checked = ctx.results["cache_check"]
        async with ctx.database.connect() as connection:
            vectors = await store.drafted(connection, ctx.job.id)
        vector = await in_process(whole, vectors)
        async with ctx.step() as writer:
            document = {
                "id": UUID(checked["document_id"]),
                "sha256": checked["sha256"],
                "size": checked["size"],
                "format": checked["format"],
                "encoding": ctx.payload.encoding.value if ctx.payload.encoding else None,
                "pipeline": PIPELINE,
                **about,
                "pages": ctx.results["extraction"]["pages"],
                "chunks": len(chunks),
                "vector": vector,
                "job_id": ctx.job.id,
            }
            outcome = await store.write(writer.connection, document, chunks, vectors)
            writer.step = Step(state={"outcome": outcome}, stats={"outcome": outcome, "percent": 90})
    return {"document_id": ctx.results["cache_check"]["document_id"], "outcome": ctx.state["outcome"]}


@unless_cached
async def connection_detection(ctx: Context) -> Result:
    """Compare the document with all others, a batch in each step, and connect it with those that are similar."""
    own_id = UUID(ctx.results["finalise"]["document_id"])
    async with ctx.database.connect() as connection:
        own = await store.itself(connection, own_id)
    left = True
    while left:
        async with ctx.step() as writer:
            if not ctx.state:
                await store.forget_connections(writer.connection, own_id)
            state = ctx.state or {"after": None, "compared": 0, "connections": 0}
            after = UUID(state["after"]) if state["after"] else None
            batch = await store.others(writer.connection, own_id, after=after, limit=BATCH_DOCUMENTS)
            left = bool(batch)
            rows = await anyio.to_thread.run_sync(store.connections_between, own, batch)
            await store.connect(writer.connection, rows)
            compared, found = state["compared"] + len(batch), state["connections"] + len(rows)
            writer.step = Step(
                state={
                    "after": str(batch[-1].id) if left else state["after"],
                    "compared": compared,
                    "connections": found,
                },
                details={"documents_compared": compared},
                stats={"connections": found, "percent": 95 if left else 100},
            )
    return {"compared": ctx.state["compared"], "connections": ctx.state["connections"]}


def _chunks(ctx: Context) -> list[Chunk]:
    return [Chunk(**value) for value in ctx.results["chunking"]["chunks"]]


async def _report(ctx: Context, percent: int, **stats: Any) -> None:
    """Show how far the job is; the stage's result itself is kept as its checkpoint."""
    async with ctx.step(Step(stats={"percent": percent, **stats})):
        pass


PROCESS_DOCUMENT = JobType(
    name="process_document",
    label="Process a document",
    summary="Reads a Markdown, HTML or PDF file, and stores its text in chunks with metadata, vectors and connections.",
    payload=ProcessDocumentPayload,
    stages=(
        Stage("cache_check", "Look in the cache", cache_check),
        Stage("extraction", "Extract the text", extraction),
        Stage("clean_up", "Clean up", clean_up),
        Stage("metadata", "Describe", metadata),
        Stage("chunking", "Cut into chunks", chunking),
        Stage("embedding", "Embed the chunks", embedding),
        Stage("finalise", "Write the document", finalise),
        Stage("connection_detection", "Detect connections", connection_detection),
    ),
    example={"file_id": "4f6d1c1e-8a52-4f0e-9d0c-0d7c3a1b2e5f"},
    check=require_file,
)
