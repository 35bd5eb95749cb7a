"""From the text of a play to its elements."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.plays.model import Carried, ElementKind
from app.plays.parser import finish, parse_chunk
from app.plays.text import CHUNK_CHARACTERS, chunks, play_text
from app.plays.validation import PlayError, validate
from tests.plays.samples import SHORT, long_play


def parsed(lines, cuts=()):
    """Parse a text that is cut before the given lines, with all that is carried sent through JSON."""
    found, carried, edges = [], Carried(), [0, *sorted(cuts), len(lines)]
    for first, end in pairwise(edges):
        elements, carried = parse_chunk(lines[first:end], first + 1, carried)
        carried = Carried(**carried.as_json())
        found += elements
    return found + finish(carried)[0]


K = ElementKind


@cache
def short():
    return play_text(SHORT.encode(), None).text.split("\n")


def test_a_play_in_the_layout_of_a_public_library():
    found = play_text(b"\xef\xbb\xbf" + SHORT.replace("\n", "\r\n").encode(), None)
    assert (found.title, found.author) == ("The Lamp", "A. Nobody")
    elements = parsed(found.text.split("\n"))
    assert [(one.kind, one.act, one.scene, one.speaker, one.speech, one.text) for one in elements] == [
        (K.CAST, 0, 0, "KEEPER", None, "KEEPER, an old man."),
        (K.CAST, 0, 0, "MARY", None, "MARY, his daughter."),
        (K.CAST, 0, 0, "FIRST SAILOR", None, "First Sailor."),
        (K.DIRECTION, 0, 0, None, None, "SCENE: An island in the north."),
        (K.ACT, 1, 0, None, None, "ACT I"),
        (K.SCENE, 1, 1, None, None, "SCENE I. A rock in the sea."),
        (K.DIRECTION, 1, 1, None, None, "Enter Keeper and Mary."),
        (K.LINE, 1, 1, "KEEPER", 1, "The lamp is out."),
        (K.LINE, 1, 1, "KEEPER", 1, "The night is long,"),
        (K.LINE, 1, 1, "KEEPER", 1, "and cold."),
        (K.DIRECTION, 1, 1, None, None, "[Aside.]"),
        (K.LINE, 1, 1, "MARY", 2, "He does not see."),
        (K.DIRECTION, 1, 1, None, None, "[She points at the sea, and waits a while.]"),
        (K.LINE, 1, 1, "MARY", 2, "Father, a ship!"),
        (K.DIRECTION, 1, 1, None, None, "(loudly)"),
        (K.LINE, 1, 1, "KEEPER", 3, "Light it!"),
        (K.DIRECTION, 1, 1, None, None, "[Exeunt.]"),
        (K.SCENE, 1, 2, None, None, "SCENE II. The lamp room."),
        (K.LINE, 1, 2, "MARY", 4, "It burns."),
        (K.ACT, 2, 0, None, None, "ACT II"),
        (K.SCENE, 2, 3, None, None, "SCENE III. The harbour."),
        (K.LINE, 2, 3, "FIRST SAILOR", 5, "We saw the lamp."),
        (K.LINE, 2, 3, "STRANGER", 6, "So did we."),
        (K.DIRECTION, 2, 3, None, None, "THE END"),
    ]
    assert [one.number for one in elements] == list(range(len(elements)))
    verdict = validate(elements)
    assert verdict.counts == {"acts": 2, "scenes": 3, "speakers": 4, "speeches": 6, "lines": 9, "directions": 7}
    assert [doubt.message for doubt in verdict.doubts] == [
        "scene 3 of act 2 follows scene 0", "STRANGER is not in the list of persons",
    ]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, len(short()))))
def test_a_play_is_the_same_wherever_it_is_cut_into_chunks(cuts):
    """P8-5, RZ-4: all that the parser knows of the text before is carried."""
    assert parsed(short(), cuts) == parsed(short())


def test_other_ways_to_write_headings_and_speakers():
    text = "FIRST ACT\n\nSCENE\n\nA room.\n\nMRS. HILL. Come in.\n(LANE goes.)\n\n"
    text += "THIRD ACT. SCENE 2. Street.\n\nLANE: Out.\n"
    elements = parsed(text.split("\n"))
    assert [(one.kind.value, one.act, one.scene, one.text) for one in elements if one.kind is not ElementKind.LINE] == [
        ("act", 1, 0, "FIRST ACT"), ("scene", 1, 1, "SCENE"), ("direction", 1, 1, "A room."),
        ("direction", 1, 1, "(LANE goes.)"), ("act", 3, 0, "THIRD ACT"), ("scene", 3, 2, "SCENE 2. Street."),
    ]  # fmt: skip
    assert [(one.speaker, one.text) for one in elements if one.speech] == [("MRS. HILL", "Come in."), ("LANE", "Out.")]
    assert [doubt.message for doubt in validate(elements).doubts] == [
        "act 3 follows act 1", "scene 2 of act 3 follows scene 0",
    ]  # fmt: skip


def test_a_text_without_speeches_is_no_play_and_an_open_direction_is_told():
    with pytest.raises(PlayError, match="no speeches"):
        validate(parsed(["Once upon a time", "there was a lamp."]))
    unclosed = parsed(["LANE. Yes.", "[He goes", *["and goes"] * 900])
    assert "the stage direction is not closed" in [doubt.message for doubt in validate(unclosed).doubts]


def test_short_and_long_plays_are_cut_at_blank_lines():
    assert len(SHORT) < 20_000
    lines = long_play().split("\n")
    found = chunks(lines)
    assert len(chunks(short())) == 1
    assert sum(map(len, lines)) > 100_000
    assert len(found) > 12
    assert [first for first, _ in found] == [0, *(end for _, end in found[:-1])]
    assert found[-1][1] == len(lines)
    assert all(not lines[end - 1].strip() for _, end in found)
    assert all(sum(len(line) + 1 for line in lines[first:end]) < CHUNK_CHARACTERS + 400 for first, end in found)
    assert chunks(["x" * (CHUNK_CHARACTERS // 4)] * 12) == [(0, 8), (8, 12)], "without a blank line at twice as many"
