"""Households: what imports and geocoding have made."""

from typing import Annotated

from fastapi import Query

from app.api.deps import Cursor, Households, Limit
from app.api.operation import Operation
from app.api.route import OperationRouter
from app.api.schemas.household import HouseholdList, HouseholdSummary
from app.auth.permissions import Permission
from app.households.model import GeocodeStatus, Outcome
from app.problems import InvalidCursor

router = OperationRouter("Households")

_EXAMPLE = {
    "id": 1,
    "street": "12 MAIN ST",
    "city": "COLUMBUS",
    "state": "OH",
    "zip": "43210",
    "geocode_status": "matched",
    "geocode_outcome": "matched_zip",
    "geocode_reason": None,
    "precision": "zip",
    "latitude": 40.0025,
    "longitude": -83.0157,
    "geocoded_at": "2026-03-02T09:15:03Z",
    "geocode_attempts": 1,
    "created_at": "2026-03-02T09:10:00Z",
}


@router.add(
    "GET",
    "/households",
    Operation(
        "listHouseholds",
        "List households",
        permission=Permission.HOUSEHOLDS_READ,
        success="One page of households.",
        problems=(InvalidCursor,),
        example={"items": [_EXAMPLE], "next_cursor": None},
    ),
)
async def list_households(
    households: Households,
    limit: Limit,
    cursor: Cursor = None,
    status: Annotated[list[GeocodeStatus] | None, Query(description="Only these statuses; may be repeated.")] = None,
    outcome: Annotated[list[Outcome] | None, Query(description="Only these outcomes; may be repeated.")] = None,
) -> HouseholdList:
    """Return households, by id, a page at a time, with what geocoding found out about each."""
    page = await households.page(status=status or (), outcome=outcome or (), limit=limit, cursor=cursor)
    return HouseholdList.of(page)


@router.add(
    "GET",
    "/households/summary",
    Operation(
        "getHouseholdSummary",
        "Count households",
        permission=Permission.HOUSEHOLDS_READ,
        success="The counts.",
        example={
            "total": 1000,
            "by_status": {"pending": 0, "matched": 974, "unmatched": 26},
            "by_outcome": {
                "matched_zip": 962,
                "matched_city": 12,
                "conflict": 9,
                "ambiguous": 8,
                "not_found": 9,
                "no_location": 0,
            },
        },
    ),
)
async def get_household_summary(households: Households) -> HouseholdSummary:
    """Return how many households there are, and how far they are geocoded."""
    counts = await households.counts()
    return HouseholdSummary(total=counts.total, by_status=counts.by_status, by_outcome=counts.by_outcome)
