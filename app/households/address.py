"""The normal form of an address: what decides whether two rows of a voter file name the same household.

It follows the spirit of the postal standard (USPS Publication 28): capitals, no punctuation, one short form for each
usual word. It is a table and a few rules, not a statistical parser, because a household's identity must be the same
after every upgrade. Where a rule could join two different addresses, it leaves them apart.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import zip_longest

from app.households.model import Address

#: Short form of a street word, and the spellings that it stands for.
STREET_WORDS: dict[str, str] = {
    "ALY": "ALLEY ALLY", "AVE": "AVENUE AV AVEN AVENU", "BLVD": "BOULEVARD BLV BOUL", "BND": "BEND",
    "CIR": "CIRCLE CIRC", "CT": "COURT", "CV": "COVE", "DR": "DRIVE DRV", "EXPY": "EXPRESSWAY", "EXT": "EXTENSION",
    "FWY": "FREEWAY", "GRN": "GREEN", "HTS": "HEIGHTS", "HWY": "HIGHWAY HIWAY", "LN": "LANE", "LNDG": "LANDING",
    "LOOP": "", "PKWY": "PARKWAY PARKWY PKY", "PL": "PLACE", "PLZ": "PLAZA", "PT": "POINT", "RD": "ROAD",
    "RDG": "RIDGE", "RTE": "ROUTE", "SQ": "SQUARE", "ST": "STREET STR STRT", "TER": "TERRACE TERR", "TPKE": "TURNPIKE",
    "TRL": "TRAIL", "VW": "VIEW", "WAY": "WY", "XING": "CROSSING",
}  # fmt: skip
#: Short form of a word that names a part of a building.
UNIT_WORDS: dict[str, str] = {
    "APT": "APARTMENT", "BLDG": "BUILDING", "FL": "FLOOR", "RM": "ROOM", "STE": "SUITE", "UNIT": "",
}  # fmt: skip
#: Short form of a direction. Before a street word it is the street's name and stays: North Street is not N Street.
DIRECTIONS: dict[str, str] = {
    "N": "NORTH", "S": "SOUTH", "E": "EAST", "W": "WEST",
    "NE": "NORTHEAST", "NW": "NORTHWEST", "SE": "SOUTHEAST", "SW": "SOUTHWEST",
}  # fmt: skip
#: Short form of a word in the name of a city.
CITY_WORDS: dict[str, str] = {"ST": "SAINT", "STE": "SAINTE", "FT": "FORT", "MT": "MOUNT"}


def _spellings(*tables: dict[str, str]) -> dict[str, str]:
    return {spelling: short for table in tables for short, names in table.items() for spelling in names.split()}


_STREET = _spellings(STREET_WORDS, UNIT_WORDS)
_DIRECTION = _spellings(DIRECTIONS)
_CITY = _spellings(CITY_WORDS)

#: The dot of an initial before another one, as in P.O. and N.W.
_INITIALS = re.compile(r"\b([A-Z])\.(?=[A-Z]\b)")
_APOSTROPHES = str.maketrans("", "", "'’‘`´ʼ")
_STREET_GAPS = re.compile(r"[^\w#/&-]|_")
_CITY_GAPS = re.compile(r"[^\w]|_")


def normal_address(street: str, city: str, state: str, zip_code: str) -> Address:
    """Return the normal form of an address; ``zip_code`` may be empty or have four more digits."""
    return Address(normal_street(street), normal_city(city), state.strip().upper(), zip_code.strip()[:5])


def normal_street(text: str) -> str:
    """Return the normal form of a street line; empty when it has neither letters nor digits."""
    words = _words(_STREET_GAPS.sub(" ", _INITIALS.sub(r"\1", _capitals(text))).replace("#", " # "), keep="#")
    words = [_STREET.get(word, word) for word in words]
    words = [
        word if after in STREET_WORDS else _DIRECTION.get(word, word)
        for word, after in zip_longest(words, words[1:], fillvalue="")
    ]
    # APT #4 and APT 4 are the same; a lone # stays, as it may be any kind of unit.
    kept: list[str] = []
    for word in words:
        if word != "#" or not kept or kept[-1] not in UNIT_WORDS:
            kept.append(word)
    return " ".join(kept) if any(word != "#" for word in kept) else ""


@lru_cache(maxsize=65_536)
def normal_city(text: str) -> str:
    """Return the normal form of the name of a city; empty when it has neither letters nor digits."""
    words = _words(_CITY_GAPS.sub(" ", _capitals(text)))
    return " ".join(_CITY.get(word, word) for word in words)


def _words(text: str, keep: str = "") -> Iterable[str]:
    return [word for word in text.split() if word in keep or any(map(str.isalnum, word))]


def _capitals(text: str) -> str:
    """Return ``text`` in capitals without accents and apostrophes."""
    if not text.isascii():
        # Capitals of some letters are letters with marks again, so the marks go after both steps.
        decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).upper())
        text = "".join(character for character in decomposed if not unicodedata.combining(character))
    return text.upper().translate(_APOSTROPHES)
