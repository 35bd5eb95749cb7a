"""The columns of a voter file: one table, from which the header check, the row check and the sample derive."""

import re
from collections.abc import Callable
from dataclasses import dataclass

_STATES = """
AA AE AK AL AP AR AS AZ CA CO CT DC DE FL FM GA GU HI IA ID IL IN KS KY LA MA MD ME MH MI MN MO MP MS MT NC ND NE NH
NJ NM NV NY OH OK OR PA PR PW RI SC SD TN TX UT VA VI VT WA WI WV WY
"""
#: Codes of the states, the district, the territories and the military post, as in postal addresses.
STATE_CODES = frozenset(_STATES.split())
_ZIP = re.compile(r"\d{5}(-?\d{4})?", re.ASCII)
_YEAR = re.compile(r"\d{4}", re.ASCII)
FIRST_BIRTH_YEAR, LAST_BIRTH_YEAR = 1880, 2099


@dataclass(frozen=True)
class Column:
    """One column of a voter file.

    Attributes:
        name: as in the header; capitals do not matter.
        required: the header must have the column, and each row a value in it.
        max_length: most characters of a value.
        fault: returns what is wrong with a value that is not empty, or None. It does not repeat the value, which may
            be a person's data that slipped into the wrong column.
    """

    name: str
    meaning: str
    required: bool
    max_length: int
    example: str
    fault: Callable[[str], str | None] = lambda _: None


def _state_fault(value: str) -> str | None:
    if value.upper() in STATE_CODES:
        return None
    return "is no state code; give the two letters of the postal address, such as OH"


def _zip_fault(value: str) -> str | None:
    if _ZIP.fullmatch(value):
        return None
    if value.isdigit() and len(value) < 5:
        return (
            f"has {len(value)} digits instead of 5; a spreadsheet has dropped the leading zero, "
            "so format the column as text and export again"
        )
    return "is no ZIP code; give 5 digits, or 5 and 4 as in 43210-1234"


def _year_fault(value: str) -> str | None:
    if _YEAR.fullmatch(value) and FIRST_BIRTH_YEAR <= int(value) <= LAST_BIRTH_YEAR:
        return None
    return f"is no year from {FIRST_BIRTH_YEAR} to {LAST_BIRTH_YEAR}"


def _no_letters(value: str) -> str | None:
    return None if any(map(str.isalnum, value)) else "has neither letters nor digits"


COLUMNS: tuple[Column, ...] = (
    Column("voter_id", "The voter's number in the register; a file has each number once.", True, 32, "V000001"),
    Column("first_name", "Given name or names.", True, 80, "Ada"),
    Column("last_name", "Family name.", True, 80, "Nguyen"),
    Column("birth_year", "Year of birth, four digits.", False, 4, "1984", _year_fault),
    Column("street", "House number, street and unit.", True, 120, "12 Main Street Apt 4", _no_letters),
    Column("city", "City, as in the postal address.", True, 60, "Columbus", _no_letters),
    Column("state", "State, two letters.", True, 2, "OH", _state_fault),
    Column("zip", "ZIP code: 5 digits, or 5 and 4.", False, 10, "43210", _zip_fault),
)  # fmt: skip

BY_NAME = {column.name: column for column in COLUMNS}


def fault(column: Column, value: str) -> str | None:
    """Return what is wrong with a value, without repeating it, or None."""
    if not value:
        return f"{column.name} is empty" if column.required else None
    if len(value) > column.max_length:
        return f"{column.name} has {len(value):,} characters, more than {column.max_length}"
    found = column.fault(value)
    return f"{column.name} {found}" if found else None
