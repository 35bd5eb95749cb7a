"""Where an address lies: the protocol of a gazetteer, and the one of ZIP codes that needs no network."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import zipcodes

from app.households.address import normal_city
from app.households.model import Address, Finding, Outcome

_SPACES = re.compile(r"\s")


class Gazetteer(Protocol):
    """Knows where addresses lie."""

    def lookup(self, address: Address) -> Finding:
        """Return where ``address`` lies, or why that cannot be said. It may block; it is called in a thread.

        Raises:
            TransientError: it cannot answer now, but may later.
        """


@dataclass(frozen=True, slots=True)
class Place:
    """A ZIP code: its main city, every name its city goes by (compact), and its centre in degrees, if it has one."""

    zip: str
    city: str
    state: str
    names: frozenset[str]
    center: tuple[float, float] | None


class ZipGazetteer:
    """The ZIP codes of the ``zipcodes`` package with their cities; an address lies at the centre of its ZIP code.

    It reads the data at its first look-up, and makes of them what is asked for: one ZIP code, or the cities of a state.
    """

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._cities: dict[str, dict[str, list[Place]]] = {}

    def lookup(self, address: Address) -> Finding:
        """Return where ``address`` lies: by its ZIP code if it has one, else by its city if that has one ZIP code."""
        if address.zip:
            return self._lookup_zip(address)
        found = self._cities_of(address.state).get(_compact(address.city), [])
        where = f"{address.city}, {address.state}"
        if not found:
            return Finding(Outcome.NOT_FOUND, reason=f"there is no city {where}, and the address has no ZIP code")
        if len(found) > 1:
            return Finding(
                Outcome.AMBIGUOUS, reason=f"{where} has {len(found)} ZIP codes, and the address does not say which"
            )
        return _found(found[0], Outcome.MATCHED_CITY)

    def _lookup_zip(self, address: Address) -> Finding:
        if address.zip not in self._entries:
            return Finding(Outcome.NOT_FOUND, reason=f"there is no ZIP code {address.zip}")
        place = self._place(address.zip)
        if place.state == address.state and _compact(address.city) in place.names:
            return _found(place, Outcome.MATCHED_ZIP)
        return Finding(
            Outcome.CONFLICT,
            reason=f"ZIP code {place.zip} is {place.city}, {place.state}; "
            f"the address says {address.city}, {address.state}",
        )

    # Two threads may both make what is not there yet; they make the same.

    @cached_property
    def _entries(self) -> dict[str, dict[str, Any]]:
        return {entry["zip_code"]: entry for entry in zipcodes.list_all()}  # type: ignore[no-untyped-call]

    def _place(self, code: str) -> Place:
        if code not in self._places:
            self._places[code] = _place(self._entries[code])
        return self._places[code]

    def _cities_of(self, state: str) -> dict[str, list[Place]]:
        """The ZIP codes in use of each city of a state, by all the compact names that it goes by."""
        if state not in self._cities:
            cities: dict[str, list[Place]] = {}
            # A retired code still tells where old addresses lie, but a city is not asked for by it.
            for code in (code for code, entry in self._entries.items() if entry["state"] == state and entry["active"]):
                for name in self._place(code).names:
                    cities.setdefault(name, []).append(self._place(code))
            self._cities[state] = cities
        return self._cities[state]


def _found(place: Place, outcome: Outcome) -> Finding:
    if place.center is None:
        return Finding(Outcome.NO_LOCATION, reason=f"ZIP code {place.zip} has no place on the map")
    return Finding(outcome, *place.center)


def _place(entry: dict[str, Any]) -> Place:
    names = frozenset(_compact(normal_city(name)) for name in _names(entry))
    latitude, longitude = float(entry["lat"]), float(entry["long"])
    center = (latitude, longitude) if latitude and longitude else None
    return Place(entry["zip_code"], entry["city"], entry["state"], names, center)


def _names(entry: dict[str, Any]) -> list[str]:
    # "Unacceptable" are names that the post does not want on letters; people write them all the same.
    return [entry["city"], *entry["acceptable_cities"], *entry["unacceptable_cities"]]


def _compact(city: str) -> str:
    """Return a normalised name without spaces: La Place is Laplace, O Fallon is O'Fallon."""
    return _SPACES.sub("", city)
