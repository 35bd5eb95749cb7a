"""The list of documents, one document, and its chunks."""

import pytest
from sqlalchemy import insert

from app.documents.model import document_id
from app.documents.tables import document_chunks, document_connections, documents
from tests.api.conftest import assert_problem, unknown_id

pytestmark = pytest.mark.anyio


def row(number):
    counts = dict.fromkeys(("words", "characters", "headings", "reading_minutes", "size"), number)
    return {
        **counts,
        "id": document_id(str(number)), "sha256": str(number), "format": "html" if number == 1 else "markdown",
        "pipeline": 1, "title": f"Title {number}", "chunks": 3, "vector": [1.0],
    }  # fmt: skip


async def test_documents_are_listed_shown_and_read(app, client, viewer):
    """CC-11: a list in pages that are stable, and what one item is."""
    rows = [row(number) for number in range(3)]
    first, second = sorted((rows[0]["id"], rows[1]["id"]))
    chunks = [{"document_id": first, "number": n, "section": "", "text": f"{n}", "vector": [1.0]} for n in range(3)]
    async with app.state.services.database.engine.begin() as connection:
        await connection.execute(insert(documents), rows)
        await connection.execute(insert(document_chunks), chunks)
        await connection.execute(
            insert(document_connections), {"first_id": first, "second_id": second, "similarity": 0.5, "shared": ["sea"]}
        )

    async def get(path, **params):
        return await client.get(f"/api/v1/documents{path}", headers=viewer, params=params)

    async def pages(path):
        cursor, seen = None, []
        while True:
            page = (await get(path, limit=2, **({"cursor": cursor} if cursor else {}))).json()
            seen += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                return seen

    assert [one["id"] for one in await pages("")] == [
        str(one["id"]) for one in sorted(rows, key=lambda one: one["id"])
    ][::-1]
    assert [one["title"] for one in (await get("", format="html")).json()["items"]] == ["Title 1"]
    assert [one["number"] for one in await pages(f"/{first}/chunks")] == [0, 1, 2]
    shown = (await get(f"/{second}")).json()
    assert [(one["id"], one["similarity"], one["shared"]) for one in shown["connections"]] == [
        (str(first), 0.5, ["sea"])
    ]
    assert_problem(await get(f"/{unknown_id()}"), 404, "document.not_found")
    assert_problem(await get(f"/{unknown_id()}/chunks"), 404, "document.not_found")
    cursor = (await get("", limit=1)).json()["next_cursor"]
    assert_problem(await get("", limit=1, cursor=cursor, format="pdf"), 422, "request.invalid_cursor")
    assert_problem(await get(f"/{first}/chunks", cursor=cursor), 422, "request.invalid_cursor")
    assert_problem(await get("", cursor="bm90IG91cnM"), 422, "request.invalid_cursor")
