"""Parsing a play as the older parser was asked to: at once, or by a job, as the rollout says."""

from typing import Any

import anyio
import structlog
from fastapi import Request
from fastapi.responses import JSONResponse

from app.api import examples
from app.api.deps import CurrentUser, Everything
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.routers.jobs import view
from app.api.schemas.job import JobRead
from app.api.schemas.play import ParsedPlay, ParsePlay
from app.auth.permissions import Permission
from app.documents.errors import DocumentError
from app.jobs.creation import NewJob
from app.jobs.model import Caller
from app.plays.comparison import expect, figures
from app.plays.rollout import Rollout, by_job
from app.plays.validation import PlayError
from app.plays.whole import WholePlay, parse_whole
from app.problems import FileNotKnown, InvalidRequest
from app.services import Services
from app.telemetry.events import LogEvent, emit

log = structlog.get_logger("plays")

router = OperationRouter("Plays")

#: The job type that takes the place of parsing within the request.
JOB_TYPE = "parse_play"

_EXAMPLE: dict[str, Any] = {
    "title": "The Lamp",
    "author": "A. Nobody",
    "size": 37,
    "sha256": examples.FILE["sha256"],
    "acts": 0,
    "scenes": 0,
    "speakers": 1,
    "speeches": 1,
    "lines": 1,
    "directions": 0,
    "doubts": [],
    "elements": [
        {
            "number": 0,
            "kind": "line",
            "act": 0,
            "scene": 0,
            "speaker": "KEEPER",
            "speech": 1,
            "line": 4,
            "text": "The lamp is out.",
        }
    ],
}


@router.add(
    "POST",
    "/plays/parse",
    Operation(
        "parsePlay",
        "Parse a play the older way",
        permission=Permission.JOBS_CREATE,
        success="The play; it was parsed within the request, and is stored nowhere.",
        problems=(FileNotKnown,),
        example=_EXAMPLE,
        requests={"file": {"summary": "An uploaded file", "value": {"file_id": examples.FILE_ID}}},
        also={202: ("A job parses it.", JobRead, examples.job(**examples.NEW))},
        deprecated=True,
    ),
)
async def parse_play(request: Request, user: CurrentUser, services: Everything, body: ParsePlay) -> ParsedPlay:
    """Parse an uploaded play, within the request or by a job: the setting `PARSING_ROLLOUT` decides.

    Deprecated. Use `POST /api/v1/jobs` with the type `parse_play`.
    """
    settings, caller = services.settings, Caller.user(user.id)
    data = body.model_dump(mode="json", exclude_none=True)
    if by_job(body.file_id, settings.parsing_rollout, settings.parsing_rollout_percent):
        job = await services.jobs.create(type=JOB_TYPE, data=data, caller=caller, created_by=user.id)
        return JSONResponse(view(request, user).full(job).model_dump(mode="json"), 202)  # type: ignore[return-value]  # another status
    path = services.files.require(body.file_id)
    try:
        play = await anyio.to_thread.run_sync(parse_whole, path, body.encoding)
    except (DocumentError, PlayError) as error:
        raise InvalidRequest(
            "The file is no play.", errors=[{"in": "body", "field": "file_id", "message": str(error)}]
        ) from None
    if settings.parsing_rollout is Rollout.SHADOW:
        await _shadow(services, services.jobs.prepare(type=JOB_TYPE, data=data, created_by=user.id), caller, play)
    return ParsedPlay.of(play)


async def _shadow(services: Services, new: NewJob, caller: Caller, play: WholePlay) -> None:
    """Create the job of a play that is parsed already; the same transaction notes what it should find."""
    counts = {**play.verdict.counts, "doubts": len(play.verdict.doubts)}
    async with services.database.engine.begin() as connection:
        job = await services.store.create_on(connection, new, caller=caller)
        await expect(connection, job.id, figures(play.elements, counts))
    emit(log, LogEvent.JOB_CREATED, job_id=str(job.id), type=job.type, priority=job.priority)
    await services.outbox.dispatch([job])
