"""Households, as callers see them."""

from datetime import datetime

from pydantic import Field

from app.api.schemas.base import ResponseBody
from app.households.listing import HouseholdPage, HouseholdRow
from app.households.model import GeocodeStatus, Outcome, Precision


class HouseholdRead(ResponseBody):
    """A household: one normalised address, and where it lies."""

    id: int = Field(ge=1, description="The household's id; error logs name it.")
    street: str = Field(description="Normalised street line.")
    city: str = Field(description="Normalised city.")
    state: str = Field(description="State, two letters.")
    zip: str = Field(description="ZIP code, five digits; empty when the address has none.")
    geocode_status: GeocodeStatus = Field(description="Where the household stands with its location.")
    geocode_outcome: Outcome | None = Field(description="What the last look-up gave; null before the first.")
    geocode_reason: str | None = Field(description="Why there is no location.")
    precision: Precision | None = Field(description="What the coordinates stand for; null without a location.")
    latitude: float | None = Field(ge=-90, le=90, description="Degrees north (WGS 84).")
    longitude: float | None = Field(ge=-180, le=180, description="Degrees east (WGS 84).")
    geocoded_at: datetime | None = Field(description="When it was looked up last.")
    geocode_attempts: int = Field(ge=0, description="How often it was looked up.")
    created_at: datetime = Field(description="When an import first named it.")

    @classmethod
    def of(cls, row: HouseholdRow) -> "HouseholdRead":
        """Show ``row``."""
        own = {name: getattr(row, name) for name in cls.model_fields if name != "precision"}
        return cls(**own, precision=row.geocode_outcome.precision if row.geocode_outcome else None)


class HouseholdList(ResponseBody):
    """One page of households, by id."""

    items: list[HouseholdRead] = Field(description="The households of this page.")
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")

    @classmethod
    def of(cls, page: HouseholdPage) -> "HouseholdList":
        """Show ``page``."""
        return cls(items=[HouseholdRead.of(row) for row in page.items], next_cursor=page.next_cursor)


class HouseholdSummary(ResponseBody):
    """How many households there are, and how far they are geocoded."""

    total: int = Field(ge=0, description="All households.")
    by_status: dict[GeocodeStatus, int] = Field(description="Households for each status.")
    by_outcome: dict[Outcome, int] = Field(description="Households for each outcome of their last look-up.")
