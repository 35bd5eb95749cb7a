"""The job type ``import_voters``: a CSV file becomes households and voters.

``read`` checks the file as a whole and counts its rows. ``validate`` checks each row and keeps the good ones in a
working table. ``upsert`` writes these to households and voters, set by set, and writes nothing for a voter who is
stored just so already. Every step commits its rows together with the place in the file, so that a job that is stopped
or killed goes on at the next row.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import anyio
from pydantic import BaseModel, ConfigDict, Field

from app.households.columns import COLUMNS
from app.households.store import stage_rows, write_rows
from app.households.voter_file import Batch, Encoding, Header, Position, VoterFile, VoterFileError
from app.jobs.context import Context, Step
from app.jobs.files import FileName, FileStore
from app.jobs.limits import Limits
from app.jobs.registry import JobType, Stage

#: Rows of one step. A pause or a cancel takes effect after at most this many.
BATCH_ROWS = 500
#: Lines of one step while the rows are only counted.
COUNT_LINES = 100_000
#: What the job counts while it writes; the names are those of ``app.households.store.Written``.
_COUNTS = ("inserted", "updated", "unchanged", "new_households")


class ImportVotersPayload(BaseModel):
    """Which file to import, and how to read it."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="ImportVotersPayload")

    file_id: UUID = Field(
        description=f"The uploaded CSV file. Columns: {', '.join(f'`{column.name}`' for column in COLUMNS)}.",
        examples=["4f6d1c1e-8a52-4f0e-9d0c-0d7c3a1b2e5f"],
    )
    file_name: FileName = None
    encoding: Encoding | None = Field(
        default=None,
        description="The file's encoding. UTF-8, with or without a byte order mark, when absent; others must be named.",
        examples=["cp1252"],
    )


def require_file(payload: ImportVotersPayload, files: FileStore) -> None:
    """Refuse a payload whose file does not exist. Raises FileNotKnown."""
    files.require(payload.file_id)


async def read(ctx: Context) -> Mapping[str, Any]:
    """Check the file and its header, and count the rows.

    Raises:
        VoterFileError: the file is no voter file, has a wrong header, or no rows.
        FileNotKnown: the file is gone.
    """
    file = _file(ctx)
    header = await anyio.to_thread.run_sync(file.header)
    place = _place(ctx.state) if ctx.state else header.end
    rows = ctx.state.get("rows", 0)
    while True:
        found, end = await _count(file, place)
        if end == place:
            break
        rows, place = rows + found, end
        state = {**_at(place), "rows": rows}
        async with ctx.step(Step(total=rows, state=state, details={"rows_found": rows})):
            pass
    if not rows:
        raise VoterFileError("The file has a header and no rows under it.")
    return {"columns": list(header.columns), "rows_at": _at(header.end), "rows": rows}


async def validate(ctx: Context) -> Mapping[str, Any]:
    """Check each row; bad ones go to the error log with their line, good ones to the working table."""
    file = _file(ctx)
    found = ctx.results["read"]
    header = Header(tuple(found["columns"]), _place(found["rows_at"]))
    ctx.state = ctx.state or {**found["rows_at"], "accepted": 0, "rejected": 0}
    while True:
        batch = await _read(file, header, _place(ctx.state))
        if batch.end == _place(ctx.state):
            break
        async with ctx.step() as writer:
            repeated = await stage_rows(writer.connection, ctx.job.id, batch.voters)
            bad_rows = sorted([*batch.bad_rows, *repeated], key=lambda row: row.line)
            accepted = ctx.state["accepted"] + batch.rows - len(bad_rows)
            rejected = ctx.state["rejected"] + len(bad_rows)
            checked = accepted + rejected
            writer.step = Step(
                # A good row counts as processed when it is written.
                processed=len(bad_rows),
                state={**_at(batch.end), "accepted": accepted, "rejected": rejected},
                details={"rows_checked": checked, "line": batch.end.line},
                stats={"rows": found["rows"], "rejected": rejected, "percent": 50 * checked // found["rows"]},
                errors=[{"line": row.line, "message": row.message} for row in bad_rows],
            )
    return {"accepted": ctx.state["accepted"], "rejected": ctx.state["rejected"], "last_line": ctx.state["line"]}


async def upsert(ctx: Context) -> Mapping[str, Any]:
    """Write the good rows to households and voters."""
    found = ctx.results["validate"]
    ctx.state = ctx.state or {"line": 0, "written": 0, **dict.fromkeys(_COUNTS, 0)}
    while ctx.state["line"] < found["last_line"]:
        async with ctx.step() as writer:
            line = ctx.state["line"] + BATCH_ROWS
            done = await write_rows(writer.connection, ctx.job.id, after=ctx.state["line"], upto=line)
            written = ctx.state["written"] + done.rows
            counts = {name: ctx.state[name] + getattr(done, name) for name in _COUNTS}
            writer.step = Step(
                processed=done.rows,
                state={"line": line, "written": written, **counts},
                details={"rows_written": written, "line": min(line, found["last_line"])},
                stats={**counts, "percent": 50 + 50 * written // max(found["accepted"], 1)},
            )
    return {name: ctx.state[name] for name in _COUNTS}


def _file(ctx: Context) -> VoterFile:
    return VoterFile(ctx.files.require(ctx.payload.file_id), ctx.payload.encoding)


async def _count(file: VoterFile, place: Position) -> tuple[int, Position]:
    return await anyio.to_thread.run_sync(lambda: file.count(place, lines=COUNT_LINES))


async def _read(file: VoterFile, header: Header, place: Position) -> Batch:
    return await anyio.to_thread.run_sync(lambda: file.read(header, place, rows=BATCH_ROWS))


def _at(position: Position) -> dict[str, int]:
    return {"offset": position.offset, "line": position.line}


def _place(state: Mapping[str, Any]) -> Position:
    return Position(state["offset"], state["line"])


IMPORT_VOTERS = JobType(
    name="import_voters",
    aliases=("voter_import",),
    label="Import voters",
    summary="Reads a CSV file of voters and writes their households and themselves; importing twice changes nothing.",
    payload=ImportVotersPayload,
    stages=(
        Stage("read", "Read the file", read),
        Stage("validate", "Check each row", validate),
        Stage("upsert", "Write households and voters", upsert),
    ),
    example={"file_id": "4f6d1c1e-8a52-4f0e-9d0c-0d7c3a1b2e5f"},
    # Imports of the same households wait for each other's rows; more of them at once would not be faster.
    limits=Limits(concurrency=4),
    check=require_file,
)
