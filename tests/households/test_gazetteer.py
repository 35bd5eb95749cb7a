"""Look-ups in the offline gazetteer, one by one against what the ZIP code data say."""

import pytest
import zipcodes

from app.households.address import normal_address
from app.households.columns import STATE_CODES
from app.households.gazetteer import ZipGazetteer
from app.households.model import GeocodeStatus, Outcome, Precision


@pytest.fixture(scope="module")
def gazetteer():
    return ZipGazetteer()


@pytest.mark.parametrize(
    ("city", "state", "zip_code", "outcome", "reason"),
    [
        ("Cambridge", "MA", "02139", Outcome.MATCHED_ZIP, None),
        ("Cambridgeport", "MA", "02139", Outcome.MATCHED_ZIP, None),
        ("St. Louis", "MO", "63101", Outcome.MATCHED_ZIP, None),
        ("Coeur d'Alene", "ID", "83814", Outcome.MATCHED_ZIP, None),
        ("O'Fallon", "IL", "62269", Outcome.MATCHED_ZIP, None),
        ("Yellow Springs", "OH", "", Outcome.MATCHED_CITY, None),
        ("Boston", "MA", "02139", Outcome.CONFLICT, "ZIP code 02139 is Cambridge, MA; the address says BOSTON, MA"),
        ("Cambridge", "OH", "02139", Outcome.CONFLICT, "ZIP code 02139 is Cambridge, MA; the address says"),
        ("Columbus", "OH", "", Outcome.AMBIGUOUS, "COLUMBUS, OH has"),
        ("Columbus", "OH", "99999", Outcome.NOT_FOUND, "there is no ZIP code 99999"),
        ("Nowhere", "OH", "", Outcome.NOT_FOUND, "there is no city NOWHERE, OH"),
        ("APO", "AP", "96201", Outcome.NO_LOCATION, "ZIP code 96201 has no place on the map"),
        ("Ngerulmud", "PW", "", Outcome.NO_LOCATION, "ZIP code 96939 has no place on the map"),
    ],
)  # fmt: skip
def test_each_outcome(gazetteer, city, state, zip_code, outcome, reason):
    found = gazetteer.lookup(normal_address("1 Elm St", city, state, zip_code))
    assert found.outcome is outcome
    assert (found.latitude is not None) == (outcome.status is GeocodeStatus.MATCHED)
    assert (reason is None and found.reason is None) or found.reason.startswith(reason)
    assert "ELM" not in str(found.reason), "a reason is for everybody to read: it holds no street"


def test_the_location_is_the_centre_of_the_zip_code(gazetteer):
    found = gazetteer.lookup(normal_address("1 Elm St", "Cambridge", "MA", "02139"))
    assert (found.latitude, found.longitude) == pytest.approx((42.3647, -71.1042), abs=0.01)
    assert found.outcome.precision is Precision.ZIP


def test_every_zip_code_is_found_under_its_own_city(gazetteer):
    for entry in zipcodes.list_all():
        found = gazetteer.lookup(normal_address("1 Elm St", entry["city"], entry["state"], entry["zip_code"]))
        assert found.outcome in (Outcome.MATCHED_ZIP, Outcome.NO_LOCATION), entry


def test_the_state_codes_are_those_of_the_data():
    assert {entry["state"] for entry in zipcodes.list_all()} == STATE_CODES


def test_every_outcome_has_a_meaning():
    assert all(outcome.meaning.endswith(".") for outcome in Outcome)
    assert all(status.meaning.endswith(".") for status in GeocodeStatus)
