"""The list of households and their counts."""

import pytest
from sqlalchemy import insert

from app.households.model import Outcome
from app.households.tables import households
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.anyio

OUTCOMES = [None, Outcome.MATCHED_ZIP, Outcome.MATCHED_ZIP, Outcome.CONFLICT, None]


@pytest.fixture
async def stored(app):
    rows = [
        {
            "street": f"{number} MAIN ST",
            "city": "COLUMBUS",
            "state": "OH",
            "zip": "43210",
            "geocode_outcome": outcome.value if outcome else None,
            "latitude": 40.0 if outcome and outcome.precision else None,
            "longitude": -83.0 if outcome and outcome.precision else None,
        }
        for number, outcome in enumerate(OUTCOMES)
    ]
    async with app.state.services.database.engine.begin() as connection:
        await connection.execute(insert(households), rows)


@pytest.mark.usefixtures("stored")
async def test_households_are_listed_by_id_in_pages(client, viewer):
    seen, cursor = [], None
    while True:
        params = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = (await client.get("/api/v1/households", headers=viewer, params=params)).json()
        seen += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [one["street"] for one in seen] == [f"{number} MAIN ST" for number in range(5)]
    assert [one["geocode_status"] for one in seen] == ["pending", "matched", "matched", "unmatched", "pending"]
    assert [one["precision"] for one in seen] == [None, "zip", "zip", None, None]


@pytest.mark.usefixtures("stored")
async def test_households_are_filtered_and_a_cursor_belongs_to_its_filter(client, viewer):
    async def streets(query):
        return [
            one["street"] for one in (await client.get(f"/api/v1/households?{query}", headers=viewer)).json()["items"]
        ]

    assert await streets("status=matched") == ["1 MAIN ST", "2 MAIN ST"]
    assert await streets("status=matched&status=pending") == ["0 MAIN ST", "1 MAIN ST", "2 MAIN ST", "4 MAIN ST"]
    assert await streets("outcome=conflict") == ["3 MAIN ST"]
    page = (await client.get("/api/v1/households?status=matched&limit=1", headers=viewer)).json()
    other = await client.get(f"/api/v1/households?cursor={page['next_cursor']}", headers=viewer)
    assert_problem(other, 422, "request.invalid_cursor")


@pytest.mark.usefixtures("stored")
async def test_households_are_counted(client, viewer):
    counts = (await client.get("/api/v1/households/summary", headers=viewer)).json()
    assert counts["total"] == 5
    assert counts["by_status"] == {"pending": 2, "matched": 2, "unmatched": 1}
    assert {name: count for name, count in counts["by_outcome"].items() if count} == {"matched_zip": 2, "conflict": 1}
