"""Frozen records of households and voters, and the outcomes of a look-up."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Address:
    """A normalised address; two spellings of one address are equal. ``zip`` has five digits, or is empty: not given."""

    street: str
    city: str
    state: str
    zip: str = ""


@dataclass(frozen=True)
class Voter:
    """One accepted row of a voter file; ``line`` is its line number, counted from 1 with the header."""

    line: int
    voter_id: str
    first_name: str
    last_name: str
    birth_year: int | None
    address: Address


@dataclass(frozen=True)
class BadRow:
    """One rejected row of a voter file; ``message`` says why and never repeats a person's data."""

    line: int
    message: str


class GeocodeStatus(StrEnum):
    """Where a household stands with its location; derived from the outcome of its last look-up."""

    PENDING = "pending"
    MATCHED = "matched"
    UNMATCHED = "unmatched"

    @property
    def meaning(self) -> str:
        """One sentence for people."""
        return _STATUS_MEANINGS[self]


_STATUS_MEANINGS = {
    GeocodeStatus.PENDING: "The household has not been looked up yet.",
    GeocodeStatus.MATCHED: "The last look-up gave a location.",
    GeocodeStatus.UNMATCHED: "The last look-up gave none; `geocode_outcome` and `geocode_reason` say why.",
}


class Precision(StrEnum):
    """What the coordinates of a matched household stand for."""

    ZIP = "zip"
    CITY = "city"

    @property
    def meaning(self) -> str:
        """One sentence for people."""
        return _PRECISIONS[self]


_PRECISIONS = {
    Precision.ZIP: "The centre of the ZIP code.",
    Precision.CITY: "The centre of the ZIP code, of a city that has this one only.",
}


class Outcome(StrEnum):
    """What a look-up of one address gave. It never guesses: where an address leaves a doubt, there is no location."""

    MATCHED_ZIP = "matched_zip"
    MATCHED_CITY = "matched_city"
    CONFLICT = "conflict"
    AMBIGUOUS = "ambiguous"
    NOT_FOUND = "not_found"
    NO_LOCATION = "no_location"

    @property
    def meaning(self) -> str:
        """One sentence for people."""
        return _OUTCOMES[self][1]

    @property
    def precision(self) -> Precision | None:
        """What the coordinates stand for; None: this outcome has none."""
        return _OUTCOMES[self][0]

    @property
    def status(self) -> GeocodeStatus:
        """The status of a household after this outcome."""
        return GeocodeStatus.MATCHED if self.precision else GeocodeStatus.UNMATCHED


_OUTCOMES: dict[Outcome, tuple[Precision | None, str]] = {
    Outcome.MATCHED_ZIP: (
        Precision.ZIP, "The ZIP code is known and lies in the city and state of the address."),
    Outcome.MATCHED_CITY: (
        Precision.CITY, "The address has no ZIP code, and its city has only one."),
    Outcome.CONFLICT: (
        None, "The ZIP code is known, but lies in another city or state than the address says."),
    Outcome.AMBIGUOUS: (
        None, "The address has no ZIP code, and its city has several."),
    Outcome.NOT_FOUND: (
        None, "The gazetteer knows no such ZIP code, or, without one, no such city in the state."),
    Outcome.NO_LOCATION: (
        None, "The ZIP code is known, but has no place on the map, such as a military post office."),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """The result of one look-up: coordinates in degrees (WGS 84) when it matched, else the reason why not."""

    outcome: Outcome
    latitude: float | None = None
    longitude: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class HouseholdFilter:
    """Which households are meant; None means any. ``city`` is normalised."""

    status: GeocodeStatus | None = None
    state: str | None = None
    city: str | None = None
    zip: str | None = None
