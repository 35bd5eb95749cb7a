"""The normal form of addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.households.address import DIRECTIONS, STREET_WORDS, UNIT_WORDS, normal_address, normal_city, normal_street


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 Main Street", "12 MAIN ST."),
        ("12 Main St Apt 4", "12 main street, apartment #4"),
        ("P.O. Box 12", "PO BOX 12"),
        ("100 East Oak Avenue N.W.", "100 E. Oak Ave NW"),
        ("5 O'Brien Rd", "5 OBrien Road"),
        ("7 Peña Boulevard", "7 PENA BLVD"),
        ("12  Main\u00a0Street ", "12 Main Street"),
    ],
)
def test_spellings_of_one_street_are_equal(one, other):
    assert normal_street(one) == normal_street(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("100 North Street", "100 N Street"),
        ("12 Main St", "12 Main Ave"),
        ("12 Main St Apt 4", "12 Main St # 4"),
        ("12-34 41st Ave", "1234 41st Ave"),
        ("12 1/2 Elm St", "121/2 Elm St"),
        ("12 Saint James St", "12 St James St"),
    ],
)
def test_what_may_be_two_streets_stays_two(one, other):
    assert normal_street(one) != normal_street(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("St. Louis", "SAINT LOUIS"),
        ("Cañon City", "Canon City"),
        ("Winston-Salem", "winston salem"),
        ("Ft Worth", "Fort Worth"),
    ],
)
def test_spellings_of_one_city_are_equal(one, other):
    assert normal_city(one) == normal_city(other)


def test_an_address_keeps_five_digits_of_its_zip_code():
    address = normal_address("1 Elm St", "Columbus", " oh ", "43210-1234")
    assert (address.state, address.zip) == ("OH", "43210")


@given(st.text())
def test_the_normal_form_is_its_own_normal_form(text):
    assert normal_street(normal_street(text)) == normal_street(text)
    assert normal_city(normal_city(text)) == normal_city(text)


WORDS = ["12", "MAIN", "#", "4", "NORTH", "N", "STREET", "ST", "APT", "APARTMENT", "P.O.", "'"]


@given(st.lists(st.sampled_from(WORDS)))
def test_the_normal_form_is_stable_for_mixtures_of_known_words(words):
    once = normal_street(" ".join(words))
    assert normal_street(once) == once


def test_no_spelling_stands_for_two_words():
    tables = (STREET_WORDS, UNIT_WORDS, DIRECTIONS)
    spellings = [name for table in tables for short, names in table.items() for name in [short, *names.split()]]
    assert len(spellings) == len(set(spellings))
