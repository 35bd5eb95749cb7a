"""Write the sample of voters that the documentation imports and geocodes.

Invented people at invented house numbers, in real cities with their real ZIP codes. The same count and seed give the
same bytes. What geocoding makes of the sample is known beforehand, household by household: ``COUNTS`` says it.
"""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer
import zipcodes

from app.households.address import normal_address
from app.households.columns import COLUMNS
from app.households.gazetteer import ZipGazetteer
from app.households.model import Outcome

COUNT, SEED = 1_000, 20_260_214
OUTPUT = Path(__file__).parent.parent / "docs" / "samples" / "households.csv"

#: Households of each size, in a thousand.
SIZES: dict[int, int] = {1: 500, 2: 350, 3: 100, 4: 50}


@dataclass(frozen=True)
class Special:
    """A kind of address that is not simply matched by its ZIP code: how many in a thousand, and what comes of it."""

    name: str
    households: int
    meaning: str
    outcome: Outcome


SPECIALS: tuple[Special, ...] = (
    Special("city_only", 12, "No ZIP code, in a city that has one.", Outcome.MATCHED_CITY),
    Special("large_city_only", 9, "No ZIP code, in a city that has several.", Outcome.AMBIGUOUS),
    Special("zip_elsewhere", 8, "The ZIP code of a city in another state.", Outcome.CONFLICT),
    Special("zip_unknown", 7, "A ZIP code that does not exist.", Outcome.NOT_FOUND),
    Special("city_unknown", 4, "No ZIP code, and a city that does not exist.", Outcome.NOT_FOUND),
    Special("military", 5, "A military post office, which has no place on the map.", Outcome.NO_LOCATION),
)

#: Rows that the import rejects: the column, its bad value, and after which share of the rows it stands.
REJECTED: tuple[tuple[str, str, float], ...] = (
    ("birth_year", "19x4", 0.2),
    ("zip", "2139", 0.4),
    ("last_name", "", 0.6),
    ("voter_id", "V000001", 0.8),
)


def counts(count: int = COUNT) -> dict[str, int]:
    """Return what importing and geocoding a sample of ``count`` households must give."""
    outcomes = {outcome.value: 0 for outcome in Outcome}
    for special in SPECIALS:
        outcomes[special.outcome] += count * special.households // 1000
    outcomes[Outcome.MATCHED_ZIP] = count - sum(outcomes.values())
    voters = sum(_sizes(count))
    matched = sum(number for name, number in outcomes.items() if Outcome(name).precision)
    return {
        "households": count, "voters": voters, "rejected": len(REJECTED), "rows": voters + len(REJECTED),
        "matched": matched, "unmatched": count - matched, **outcomes,
    }  # fmt: skip


def _sizes(count: int) -> list[int]:
    sizes = [size for size, share in SIZES.items() for _ in range(count * share // 1000)]
    return sizes + [1] * (count - len(sizes))


#: The figures of the sample that is kept in ``docs/samples``.
COUNTS: dict[str, int] = counts()


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words(
    "Ada Aisha Alan Amir Ana Barbara Carlos Chen Clara Daniel Delia Diego Dolores Edsger Elena Emeka Fatima Felix "
    "Grace Hana Hector Ines Ivan James Joan Jorge Kofi Leila Linus Lucia Margaret Maria Mei Miguel Naomi Noor Omar "
    "Priya Rosa Ruth Samuel Sofia Tariq Thomas Uma Victor Wei Yusuf Zoe"
)
_LAST = _words(
    "Abbott Alvarez Baker Banerjee Brooks Castillo Cohen Cruz Davis Diaz Edwards Farah Fischer Garcia Gonzalez Green "
    "Haddad Hill Ito Jackson Johnson Kaur Kim Kowalski Lee Lopez Martin Mbeki Morales Murphy Nguyen Novak Okafor Olsen "
    "Patel Perez Reed Rivera Rossi Santos Schmidt Silva Singh Smith Tran Usman Walker Wang Williams Young"
)
_STREETS = _words(
    "Adams Ash Birch Canal Cedar Cherry Chestnut Church Dogwood Elm Franklin Hickory Highland Jackson Jefferson Lake "
    "Lincoln Locust Madison Maple Market Mill Monroe Oak Park Pine Poplar River Spring Sunset Sycamore Union Walnut "
    "Washington Willow"
)
#: One street word in the spellings that the members of a household use; all have one normal form.
_WAYS = (("Street", "St", "ST."), ("Avenue", "Ave", "Av."), ("Road", "Rd", "RD"), ("Lane", "Ln", "LN"),
         ("Drive", "Dr", "DR."), ("Court", "Ct", "CT"), ("Boulevard", "Blvd", "BLVD."))  # fmt: skip
_UNKNOWN_CITIES = ("Nowhere Falls", "Xanadu Heights", "Port Atlantis", "Shangri La Springs", "El Dorado Gardens")

_Place = tuple[str, str, str]


def sample(count: int = COUNT, seed: int = SEED) -> str:
    """Return the sample as CSV text with ``count`` households."""
    rows = list(_rows(count, Random(seed)))  # noqa: S311 (the same bytes each time are the point)
    for number, (column, value, share) in enumerate(REJECTED, start=1):
        bad = rows[int(len(rows) * share)] | {"voter_id": f"R{number:06}", column: value}
        rows.insert(int(len(rows) * share) + 1, bad)
    text = io.StringIO()
    writer = csv.DictWriter(text, [column.name for column in COLUMNS], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _rows(count: int, random: Random) -> Iterator[dict[str, str]]:
    places = _Places(random)
    makers: list[tuple[Callable[[], _Place], Outcome]] = [
        (getattr(places, special.name), special.outcome)
        for special in SPECIALS
        for _ in range(count * special.households // 1000)
    ]
    makers += [(places.ordinary, Outcome.MATCHED_ZIP)] * (count - len(makers))
    sizes = _sizes(count)
    random.shuffle(makers)
    random.shuffle(sizes)
    gazetteer, used, number = ZipGazetteer(), set(), 0
    for (make, outcome), size in zip(makers, sizes, strict=True):
        while True:
            city, state, zip_code = make()
            house, street, way = random.randrange(1, 9_900), random.choice(_STREETS), random.choice(_WAYS)
            address = normal_address(f"{house} {street} {way[0]}", city, state, zip_code)
            if address not in used and gazetteer.lookup(address).outcome is outcome:
                break
        used.add(address)
        family = random.choice(_LAST)
        for member in range(size):
            number += 1
            yield {
                "voter_id": f"V{number:06}",
                "first_name": random.choice(_FIRST),
                "last_name": family if member < 2 else random.choice(_LAST),
                "birth_year": str(random.randrange(1932, 2008)) if random.randrange(20) else "",
                "street": f"{house} {street} {way[member % len(way)]}",
                "city": city if member < 2 else city.upper(),
                "state": state,
                "zip": zip_code,
            }


class _Places:
    """Makes city, state and ZIP code of each kind of address; the caller tries again until the outcome is right."""

    def __init__(self, random: Random) -> None:
        entries: list[dict[str, Any]] = zipcodes.list_all()  # type: ignore[no-untyped-call]
        self._random = random
        self._ordinary = [e for e in entries if e["zip_code_type"] == "STANDARD" and e["active"] and float(e["lat"])]
        self._military = [e for e in entries if e["zip_code_type"] == "MILITARY" and e["active"]]

    def _pick(self, entries: list[dict[str, Any]]) -> _Place:
        entry = self._random.choice(entries)
        return entry["city"], entry["state"], entry["zip_code"]

    def ordinary(self) -> _Place:
        return self._pick(self._ordinary)

    def city_only(self) -> _Place:
        return (*self.ordinary()[:2], "")

    def large_city_only(self) -> _Place:
        return self.city_only()

    def zip_elsewhere(self) -> _Place:
        city, state, _ = self.ordinary()
        return city, state, self.ordinary()[2]

    def zip_unknown(self) -> _Place:
        city, state, zip_code = self.ordinary()
        return city, state, f"{zip_code[:2]}{self._random.randrange(1000):03}"

    def city_unknown(self) -> _Place:
        return self._random.choice(_UNKNOWN_CITIES), self.ordinary()[1], ""

    def military(self) -> _Place:
        return self._pick(self._military)


def main(
    count: Annotated[int, typer.Option(min=1, help="Households.")] = COUNT,
    seed: Annotated[int, typer.Option(help="Another seed gives other households.")] = SEED,
    output: Annotated[Path, typer.Option(help="Where to write the file.")] = OUTPUT,
) -> None:
    """Write the sample of voters."""
    output.write_text(sample(count, seed), encoding="utf-8", newline="")
    typer.echo(", ".join(f"{name} {number:,}" for name, number in counts(count).items()))


if __name__ == "__main__":
    typer.run(main)
