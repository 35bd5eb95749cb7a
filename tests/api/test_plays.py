"""The list of plays, one play, and its text."""

from uuid import UUID

import pytest
from sqlalchemy import insert

from app.plays.tables import play_elements, plays
from tests.api.conftest import assert_problem, unknown_id

pytestmark = pytest.mark.anyio
COUNTS = ("size", "acts", "scenes", "speakers", "speeches", "lines", "directions", "doubts")
LINES = [("scene", 1, None), ("line", 1, "KEEPER"), ("line", 1, "MARY"), ("scene", 2, None), ("line", 2, "KEEPER")]


async def test_plays_are_listed_shown_and_read(app, client, viewer):
    """CC-11: a list in pages that are stable, and what one item is."""
    rows = [{**dict.fromkeys(COUNTS, 1), "id": UUID(int=n), "sha256": f"{n}", "title": f"Play {n}"} for n in range(3)]
    elements = [
        {"play_id": UUID(int=1), "number": number, "kind": kind, "act": 1, "scene": scene, "text": f"text {number}",
         "line": number + 1, "speaker": speaker, "speech": number if speaker else None}
        for number, (kind, scene, speaker) in enumerate(LINES)
    ]  # fmt: skip
    async with app.state.services.database.engine.begin() as connection:
        await connection.execute(insert(plays), rows)
        await connection.execute(insert(play_elements), elements)

    async def get(path, **params):
        return await client.get(f"/api/v1/plays{path}", headers=viewer, params=params)

    first = (await get("", limit=2)).json()
    rest = (await get("", limit=2, cursor=first["next_cursor"])).json()
    assert [one["title"] for one in first["items"] + rest["items"]] == ["Play 2", "Play 1", "Play 0"]
    shown = (await get(f"/{UUID(int=1)}")).json()
    assert [(one["scene"], one["heading"], one["lines"]) for one in shown["contents"]] == [
        (1, "text 0", 2), (2, "text 3", 1),
    ]  # fmt: skip
    assert [(one["name"], one["lines"]) for one in shown["people"]] == [("KEEPER", 2), ("MARY", 1)]

    async def numbers(**asked):
        return [one["number"] for one in (await get(f"/{UUID(int=1)}/elements", **asked)).json()["items"]]

    assert await numbers() == [0, 1, 2, 3, 4]
    assert await numbers(speaker="KEEPER") == [1, 4]
    assert await numbers(act=1, scene=2, kind="line") == [4]
    page = (await get(f"/{UUID(int=1)}/elements", limit=2)).json()
    assert await numbers(cursor=page["next_cursor"]) == [2, 3, 4]
    assert_problem(await get(f"/{UUID(int=2)}/elements", cursor=page["next_cursor"]), 422, "request.invalid_cursor")
    assert_problem(await get("", cursor=page["next_cursor"]), 422, "request.invalid_cursor")
    assert_problem(await get(f"/{unknown_id()}"), 404, "play.not_found")
    assert_problem(await get(f"/{unknown_id()}/elements"), 404, "play.not_found")
