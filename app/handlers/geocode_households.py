"""The job type ``geocode_households``: households get the coordinates of their addresses.

``select`` says which households, ``look_up`` asks the gazetteer for each, ``write_back`` moves what it said to the
households. Every step commits what it did for its households at once, so that each is looked up exactly once by a
job, whatever stops the job in between.
"""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import anyio
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.households import selection
from app.households.address import normal_city
from app.households.columns import BY_NAME, STATE_CODES
from app.households.gazetteer import Gazetteer, ZipGazetteer
from app.households.model import Address, Finding, GeocodeStatus, HouseholdFilter, Outcome
from app.jobs.context import Context, Step
from app.jobs.registry import JobType, Stage

#: Households of one step. A pause or a cancel takes effect after at most this many.
BATCH_HOUSEHOLDS = 500
#: More cannot be asked for in one job.
MAX_LIMIT = 10_000_000


class GeocodeMode(StrEnum):
    """When it is decided which households a job looks up."""

    STATIC = "static"
    DYNAMIC = "dynamic"

    @property
    def meaning(self) -> str:
        """One sentence for people."""
        return _MODE_MEANINGS[self]


_MODE_MEANINGS = {
    GeocodeMode.STATIC: "The first stage fixes the set: what the filters select of the households that existed when "
    "the job was created.",
    GeocodeMode.DYNAMIC: "The filters are evaluated again before every batch, until nothing is left that the job has "
    "not looked up; households that arrive meanwhile are included.",
}


def _known_state(code: str) -> str:
    if code not in STATE_CODES:
        raise ValueError("is no state code; give the two letters of the postal address, such as OH")
    return code


def _named_city(name: str) -> str:
    if not normal_city(name):
        raise ValueError("has neither letters nor digits")
    return name


StateCode = Annotated[
    str,
    StringConstraints(to_upper=True, min_length=2, max_length=2),
    AfterValidator(_known_state),
    Field(json_schema_extra={"enum": sorted(STATE_CODES)}),
]
CityName = Annotated[
    str,
    StringConstraints(max_length=BY_NAME["city"].max_length, pattern=r"^[^\x00]*[A-Za-z0-9][^\x00]*$"),
    AfterValidator(_named_city),
]
ZipCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")]


class GeocodeFilters(BaseModel):
    """Which households are meant. All that are given must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="GeocodeFilters")

    status: GeocodeStatus = Field(
        default=GeocodeStatus.PENDING,
        description="Where the households stand: `pending` were never looked up; `unmatched` tries those again.",
    )
    state: StateCode | None = Field(default=None, description="State, two letters.", examples=["OH"])
    city: CityName | None = Field(
        default=None, description="City; capitals, accents and punctuation do not matter.", examples=["Columbus"]
    )
    zip: ZipCode | None = Field(default=None, description="ZIP code, 5 digits.", examples=["43210"])

    def households(self) -> HouseholdFilter:
        """Return the filter in the terms of the stored households."""
        city = normal_city(self.city) if self.city else None
        return HouseholdFilter(self.status, self.state, city, self.zip)


class GeocodeHouseholdsPayload(BaseModel):
    """Which households to geocode."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="GeocodeHouseholdsPayload")

    mode: GeocodeMode = Field(
        default=GeocodeMode.STATIC,
        description=" ".join(f"`{mode}`: {meaning}" for mode, meaning in _MODE_MEANINGS.items()),
    )
    limit: int | None = Field(
        default=None, ge=1, le=MAX_LIMIT, strict=True, examples=[500],
        description="Most households to look up; no limit when absent.",
    )  # fmt: skip
    filters: GeocodeFilters = Field(
        default_factory=GeocodeFilters, description="Which households are meant; all that are pending when absent."
    )


async def select(ctx: Context) -> Mapping[str, Any]:
    """Static: fix the set of households. Dynamic: count what the filters select at present."""
    payload: GeocodeHouseholdsPayload = ctx.payload
    if "selected" not in ctx.state:
        async with ctx.step() as writer:
            filters = payload.filters.households()
            if payload.mode is GeocodeMode.STATIC:
                selected = await selection.fix(
                    writer.connection, ctx.job.id, filters, before=ctx.job.created_at, limit=payload.limit
                )
            else:
                present = await selection.count(writer.connection, filters)
                selected = min(present, payload.limit or present)
            writer.step = Step(
                total=selected,
                state={"selected": selected},
                details={"households_selected": selected},
                stats={"mode": payload.mode.value, "selected": selected, "percent": 0},
            )
    return {"mode": payload.mode.value, "selected": ctx.state["selected"]}


async def look_up(ctx: Context, *, gazetteer: Gazetteer) -> Mapping[str, Any]:
    """Ask the gazetteer about each selected household, and note what it says."""
    await _refresh_statistics(ctx)
    ctx.state = ctx.state or {"after": 0, "looked_up": 0}
    while await _look_up_batch(ctx, gazetteer):
        pass
    return {"looked_up": ctx.state["looked_up"]}


async def _look_up_batch(ctx: Context, gazetteer: Gazetteer) -> bool:
    """Look up the next households behind the last one; False: none are left."""
    payload: GeocodeHouseholdsPayload = ctx.payload
    dynamic = payload.mode is GeocodeMode.DYNAMIC
    after, looked_up = ctx.state["after"], ctx.state["looked_up"]
    size = BATCH_HOUSEHOLDS if payload.limit is None else min(BATCH_HOUSEHOLDS, payload.limit - looked_up)
    if not size:
        return False
    async with ctx.step() as writer:
        if dynamic:
            filters = payload.filters.households()
            chosen = await selection.matching(writer.connection, ctx.job.id, filters, after=after, limit=size)
        else:
            chosen = await selection.fixed(writer.connection, ctx.job.id, after=after, limit=size)
        addresses = await selection.take(writer.connection, chosen)
        findings = await anyio.to_thread.run_sync(_ask, gazetteer, addresses)
        await selection.note(writer.connection, ctx.job.id, findings)
        looked_up += len(addresses)
        total = max(ctx.results["select"]["selected"], looked_up)
        writer.step = Step(
            total=total,
            # Behind the last household a dynamic job begins again: what was passed over may be selected by now.
            state={"after": max(addresses, default=0), "looked_up": looked_up},
            details={"households_looked_up": looked_up},
            stats={"looked_up": looked_up, "percent": 50 * looked_up // max(total, 1)},
        )
    return bool(addresses) or (dynamic and after > 0)


def _ask(gazetteer: Gazetteer, addresses: Mapping[int, Address]) -> dict[int, Finding]:
    return {household_id: gazetteer.lookup(address) for household_id, address in addresses.items()}


async def write_back(ctx: Context) -> Mapping[str, Any]:
    """Move what was noted to the households; those without a location go to the error log with the reason."""
    await _refresh_statistics(ctx)
    total = ctx.results["look_up"]["looked_up"]
    ctx.state = ctx.state or {"after": 0, "written": 0, "outcomes": {}}
    left = True
    while left:
        async with ctx.step() as writer:
            located = await selection.write_back(
                writer.connection, ctx.job.id, after=ctx.state["after"], limit=BATCH_HOUSEHOLDS
            )
            left = bool(located)
            writer.step = Step(total=total, stats=_stats(ctx.state["outcomes"]))
            if left:
                outcomes = Counter(ctx.state["outcomes"]) + Counter(row.outcome.value for row in located)
                written = ctx.state["written"] + len(located)
                writer.step = Step(
                    processed=len(located),
                    total=total,
                    state={"after": located[-1].household_id, "written": written, "outcomes": dict(outcomes)},
                    details={"households_written": written},
                    stats={**_stats(outcomes), "percent": 50 + 50 * written // total},
                    errors=[
                        {"item": row.household_id, "code": row.outcome.value, "message": row.reason}
                        for row in located
                        if row.outcome.status is GeocodeStatus.UNMATCHED
                    ],
                )
    return _stats(ctx.state["outcomes"])


async def _refresh_statistics(ctx: Context) -> None:
    async with ctx.database.begin() as connection:
        await selection.refresh_statistics(connection)


def _stats(outcomes: Mapping[str, int]) -> dict[str, Any]:
    by_outcome = {outcome.value: outcomes.get(outcome.value, 0) for outcome in Outcome}
    matched = sum(number for name, number in by_outcome.items() if Outcome(name).status is GeocodeStatus.MATCHED)
    return {"matched": matched, "unmatched": sum(by_outcome.values()) - matched, "outcomes": by_outcome}


def geocode_households(gazetteer: Gazetteer) -> JobType:
    """Return the job type that asks ``gazetteer``."""
    return JobType(
        name="geocode_households",
        aliases=("geocoding",),
        label="Geocode households",
        summary="Finds the coordinates of households by ZIP code and city; doubts are reported, not guessed away.",
        payload=GeocodeHouseholdsPayload,
        stages=(
            Stage("select", "Select households", select),
            Stage("look_up", "Look up addresses", partial(look_up, gazetteer=gazetteer)),
            Stage("write_back", "Write coordinates", write_back),
        ),
        example={"mode": "static", "limit": 500, "filters": {"state": "OH"}},
        # A ZIP code may stand for a few houses: it tells whom somebody looks for.
        sensitive=("filters.zip",),
    )


GEOCODE_HOUSEHOLDS = geocode_households(ZipGazetteer())
