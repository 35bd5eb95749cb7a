"""Where an address lies: the protocol of a gazetteer, and the one of ZIP codes that needs no network."""

import re
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class State:
    """The ZIP codes of one state, by code and, those in use, by the compact names of their cities."""

    by_zip: dict[str, Place]
    by_city: dict[str, list[Place]]


class ZipGazetteer:
    """The ZIP codes of the ``zipcodes`` package with their cities; an address lies at the centre of its ZIP code.

    It loads a state when the first address of that state is looked up.
    """

    def __init__(self) -> None:
        self._states: dict[str, State] = {}

    def lookup(self, address: Address) -> Finding:
        """Return where ``address`` lies: by its ZIP code if it has one, else by its city if that has one ZIP code."""
        if address.zip:
            return self._lookup_zip(address)
        found = self._state(address.state).by_city.get(_compact(address.city), [])
        where = f"{address.city}, {address.state}"
        if not found:
            return Finding(Outcome.NOT_FOUND, reason=f"there is no city {where}, and the address has no ZIP code")
        if len(found) > 1:
            return Finding(
                Outcome.AMBIGUOUS, reason=f"{where} has {len(found)} ZIP codes, and the address does not say which"
            )
        return _found(found[0], Outcome.MATCHED_CITY)

    def _lookup_zip(self, address: Address) -> Finding:
        place = self._state(address.state).by_zip.get(address.zip)
        if place and _compact(address.city) in place.names:
            return _found(place, Outcome.MATCHED_ZIP)
        for entry in [] if place else zipcodes.matching(address.zip):  # type: ignore[no-untyped-call]
            place = _place(entry)
        if place is None:
            return Finding(Outcome.NOT_FOUND, reason=f"there is no ZIP code {address.zip}")
        return Finding(
            Outcome.CONFLICT,
            reason=f"ZIP code {place.zip} is {place.city}, {place.state}; "
            f"the address says {address.city}, {address.state}",
        )

    def _state(self, code: str) -> State:
        # Two threads may both load a state; they find the same.
        if code not in self._states:
            self._states[code] = _load(code)
        return self._states[code]


def _load(code: str) -> State:
    state = State({}, {})
    for entry in zipcodes.filter_by(state=code):  # type: ignore[no-untyped-call]
        place = _place(entry)
        state.by_zip[place.zip] = place
        # A retired code still tells where old addresses lie, but a city is not asked for by it.
        for name in place.names if entry["active"] else ():
            state.by_city.setdefault(name, []).append(place)
    return state


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
