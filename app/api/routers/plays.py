"""Plays: what the jobs that parse them have made."""

from typing import Annotated
from uuid import UUID

from fastapi import Path, Query

from app.api import examples
from app.api.deps import Cursor, Limit, Plays
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.schemas.play import PlayDetail, PlayElementList, PlayList
from app.auth.permissions import Permission
from app.plays.listing import ElementFilter
from app.plays.model import ElementKind
from app.problems import InvalidCursor, PlayNotFound

router = OperationRouter("Plays")

PlayId = Annotated[UUID, Path(description="The play's id.", examples=["2b7f28ba-2fa1-5d2e-883f-0016d3cca427"])]
#: Numbers of acts and scenes are stored as small integers.
Place = Annotated[int | None, Query(ge=0, le=32_767, description="Only this number; 0 is before the first heading.")]

_EXAMPLE = {
    "id": "2b7f28ba-2fa1-5d2e-883f-0016d3cca427",
    "title": "The Lamp",
    "author": "A. Nobody",
    "size": 812,
    "sha256": examples.FILE["sha256"],
    "acts": 2,
    "scenes": 3,
    "speakers": 2,
    "speeches": 6,
    "lines": 9,
    "directions": 7,
    "doubts": 0,
    "job_id": examples.JOB_ID,
    "created_at": "2026-03-02T09:15:06Z",
    "updated_at": "2026-03-02T09:15:06Z",
}


@router.add(
    "GET",
    "/plays",
    Operation(
        "listPlays",
        "List plays",
        permission=Permission.DOCUMENTS_READ,
        success="One page of plays.",
        problems=(InvalidCursor,),
        example={"items": [_EXAMPLE], "next_cursor": None},
    ),
)
async def list_plays(plays: Plays, limit: Limit, cursor: Cursor = None) -> PlayList:
    """Return plays, newest first, a page at a time, without their text."""
    return PlayList.of(await plays.page(limit=limit, cursor=cursor))


@router.add(
    "GET",
    "/plays/{play_id}",
    Operation(
        "getPlay",
        "Show a play",
        permission=Permission.DOCUMENTS_READ,
        success="The play.",
        problems=(PlayNotFound,),
        example={
            **_EXAMPLE,
            "contents": [{"act": 1, "scene": 1, "heading": "SCENE I. A rock in the sea.", "speeches": 3, "lines": 6}],
            "people": [{"name": "KEEPER", "speeches": 2, "lines": 4}],
        },
    ),
)
async def get_play(plays: Plays, play_id: PlayId) -> PlayDetail:
    """Return one play with its scenes and its speakers."""
    return PlayDetail.of(*await plays.get(play_id))


@router.add(
    "GET",
    "/plays/{play_id}/elements",
    Operation(
        "listPlayElements",
        "Read a play",
        permission=Permission.DOCUMENTS_READ,
        success="Some of the elements.",
        problems=(PlayNotFound, InvalidCursor),
        example={
            "items": [
                {
                    "number": 7,
                    "kind": "line",
                    "act": 1,
                    "scene": 1,
                    "speaker": "KEEPER",
                    "speech": 1,
                    "line": 31,
                    "text": "The lamp is out.",
                }
            ],
            "next_cursor": None,
        },
    ),
)
async def list_play_elements(
    plays: Plays,
    play_id: PlayId,
    limit: Limit,
    cursor: Cursor = None,
    act: Place = None,
    scene: Place = None,
    speaker: Annotated[
        str | None,
        Query(min_length=1, max_length=80, pattern=r"^[^\u0000]+$", description="Only this speaker, as it is written."),
    ] = None,
    kind: Annotated[ElementKind | None, Query(description="Only elements of this kind.")] = None,
) -> PlayElementList:
    """Return the text of a play in order: headings, lines with their speakers, and stage directions."""
    page = await plays.elements(play_id, ElementFilter(act, scene, speaker, kind), limit=limit, cursor=cursor)
    return PlayElementList.of(page)
