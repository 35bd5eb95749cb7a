"""Volatile values: what is normalised, what never is, and how identity holds."""

import re
import string

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from trueup.normalise import NORMALISERS, Ledger, Patterns, Token, normalise

UUID_A, UUID_B = "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a44", "0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a45"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
VOLATILE = [UUID_A, "2026-02-11T09:30:00Z", "eyJhbGciOi.eyJzdWIi.c2ln", DIGEST, "127.0.0.1:8000", "0.35 s"]
names = st.lists(st.sampled_from(sorted(NORMALISERS)), max_size=4)
mixed = st.lists(st.one_of(st.text(max_size=12), st.sampled_from(VOLATILE)), max_size=8).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"id {UUID_A} and {UUID_B}, again {UUID_A}", "id <uuid-1> and <uuid-2>, again <uuid-1>"),
        ('"at": "2026-02-11T09:30:00.123456Z"', '"at": "<timestamp>Z"'),
        ("2026-02-11 09:30:00+00:00", "<timestamp>+00:00"),
        ("2026-02-11T09:30Z", "<timestamp>Z"),
        ("date: Wed, 11 Feb 2026 09:30:00 GMT", "date: <http-date>"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_1", "Bearer <jwt>"),
        (f"sha256:{DIGEST}", "sha256:<digest-1>"),
        ("http://localhost:8000/x http://127.0.0.1:9/", "http://<address>/x http://127.0.0.1:9/"),
        ("took 0.35 s, 12.5ms", "took <duration>, <duration>"),
    ],
)
def test_volatile_values(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "limit 50, 15 s, 99 %, 2026-02-11, 09:30:00, 3.14",
        "version 1.2.3 on port 8000",
        "processing → paused",
        "deadbeef",
        "https://example.org:8443/a",
        "0198c1f4-7c1e-7a33-b3f2",
        "<uuid-1> <timestamp>",
    ],
)
def test_facts_are_left_alone(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("integer", "12 rows, v1.2, x3, -4", "<integer> rows, v1.2, x3, <integer>"),
        ("decimal", "p95 3.14 of 12", "p95 <decimal> of 12"),
        ("date", "born 1970-01-01", "born <date>"),
        ("time", "at 09:30", "at <time>"),
        ("elapsed", "in 3 s", "in <elapsed>"),
        ("commit", "at 78156db", "at <commit>"),
        ("token", "cursor eyJpZCI6MTIzNDU2Nzg5MDEyfQ==", "cursor <token>"),
    ],
)
def test_other_values_only_where_the_page_asks(name: str, text: str, expected: str) -> None:
    assert normalise(text) == text
    assert normalise(text, [name]) == expected


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"unknown normaliser interger; there are .*integer"):
        Patterns(["interger"])


@example("127.0.0.1:80002026-02-11T09:30:00Z", ["integer"])
@given(mixed, names)
def test_idempotent(text: str, chosen: list[str]) -> None:
    once = normalise(text, chosen)
    assert normalise(once, chosen) == once


@given(st.text(alphabet=string.ascii_letters + " \n.,;:-_<>{}[]\"'/é→", max_size=80))
def test_text_without_digits_is_untouched(text: str) -> None:
    assume(not re.search(r"eyJ|[0-9a-f]{32}", text))
    assert normalise(text) == text


@given(mixed, names)
def test_pieces_join_to_the_text(text: str, chosen: list[str]) -> None:
    assert "".join(token.text for token in Patterns(chosen).split(text)) == text


@given(mixed)
def test_something_fixed_always_remains(text: str) -> None:
    """A normaliser replaces values, never the words between them."""
    fixed = "".join(token.text for token in Patterns().split(f"status={text}") if not token.name)
    assert fixed.startswith("status=")


def test_values_that_stand_for_each_other_share_a_number() -> None:
    ledger = Ledger()
    shown, real = Token("uuid", UUID_A), Token("uuid", UUID_B)
    ledger.meet(shown, real)
    assert ledger.render([shown], real=False) == ledger.render([real], real=True) == "<uuid-1>"
    assert ledger.to_real(f"/jobs/{UUID_A}") == f"/jobs/{UUID_B}"
    assert ledger.to_documented(f"/jobs/{UUID_B}") == f"/jobs/{UUID_A}"


def test_a_second_meeting_does_not_change_the_first() -> None:
    ledger = Ledger()
    shown, real, other = Token("uuid", UUID_A), Token("uuid", UUID_B), Token("uuid", UUID_A.replace("0", "1"))
    ledger.meet(shown, real)
    ledger.meet(shown, other)
    assert ledger.render([shown], real=False) != ledger.render([other], real=True)
    assert ledger.to_real(UUID_A) == UUID_B
