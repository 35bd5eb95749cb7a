"""Comparing documented outputs with real ones, and writing new ones."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trueup.examples.compare import compare_json, compare_text
from trueup.examples.elision import parse_json
from trueup.examples.rewrite import merge_json, merge_text
from trueup.normalise import Ledger, Patterns

ALWAYS = Patterns()
A, B, C, D = (f"0198c1f4-7c1e-7a33-b3f2-9b6f0d1c2a4{digit}" for digit in "0123")


def text(expected: str, actual: str, ledger: Ledger | None = None) -> str:
    return compare_text(expected, actual, ledger or Ledger(), ALWAYS).diff


def as_json(expected: str, actual: str, *volatile: str) -> str:
    return compare_json(expected, actual, Ledger(), ALWAYS, volatile).diff


def test_white_space_around_does_not_count() -> None:
    assert text("a  \nb\n", "\na\nb \n\n") == ""


def test_a_difference_is_a_readable_diff() -> None:
    assert text("one\ntwo\n", "one\nthree\n") == "--- documented\n+++ actual\n@@ -1,2 +1,2 @@\n one\n-two\n+three"


def test_nothing_where_something_is_documented() -> None:
    assert "-two" in text("two", "")
    assert "+two" in text("", "two")


def test_equal_ids_must_stay_equal() -> None:
    assert text(f"{A}\n{A}\n{B}", f"{C}\n{C}\n{D}") == ""
    assert "+<uuid-2>" in text(f"{A}\n{A}", f"{C}\n{D}")
    assert "+<uuid-1>" in text(f"{A}\n{B}", f"{C}\n{C}")


def test_identity_holds_from_block_to_block() -> None:
    ledger = Ledger()
    assert text(f"id {A}", f"id {C}", ledger) == ""
    assert text(f"again {A}", f"again {C}", ledger) == ""
    assert text(f"another {A}", f"another {D}", ledger) != ""


def test_a_placeholder_in_the_page_is_refused() -> None:
    assert "holds a placeholder" in text("id <uuid-1>", f"id {A}")
    assert text("id <uuid-1>", "id <uuid-1>") == ""


def test_elided_lines() -> None:
    assert text("a\n…\nd", "a\nb\nc\nd") == ""
    assert text("…\nd", "a\nd") == ""
    assert text("a\n…", "a\nb") == ""
    assert text("a\n…\nc\n…\ne", "a\nb\nc\nd\ne") == ""
    assert text("…", "anything\nat all") == ""
    assert text("a\n…\nd", "a\nd") == ""


def test_what_is_not_elided_still_counts() -> None:
    assert "-x" in text("x\n…\nd", "a\nb\nd")
    assert "-x" in text("a\n…\nx", "a\nb\nd")
    assert "-x" in text("a\n…\nx\n…\nd", "a\nb\nd")


def test_a_mark_inside_a_line_is_plain_text() -> None:
    assert text("wait …", "wait for it") != ""


def test_ids_of_elided_lines_do_not_shift_the_others() -> None:
    assert text(f"a\n…\n{A}", f"a\n{B}\n{C}") == ""


def test_json_ignores_order_and_space() -> None:
    assert as_json('{"a": 1, "b": [1, 2]}', '{"b":[1,2],"a":1}') == ""


def test_json_members_may_be_elided() -> None:
    assert as_json('{\n  "a": 1,\n  …\n}', '{"a": 1, "b": 2}') == ""
    assert as_json('{\n  …\n  "a": {"x": 1}\n}', '{"a": {"x": 1}, "b": 2}') == ""
    assert as_json('[\n  {\n    "a": 1,\n    …\n  },\n  …\n]', '[{"a": 1, "z": 0}, 2, 3]') == ""
    assert as_json("[\n  1,\n  …\n  9\n]", "[1, 2, 3, 9]") == ""


def test_a_list_may_be_elided_in_several_places() -> None:
    shown = '[\n  …\n  {\n    "n": 2,\n    …\n  },\n  …\n  {"n": 4},\n  …\n]'
    assert as_json(shown, '[{"n": 1}, {"n": 2, "x": 0}, {"n": 3}, {"n": 4}, {"n": 5}]') == ""
    assert as_json(shown, '[{"n": 1}, {"n": 2, "x": 0}, {"n": 3}]') != ""
    assert as_json(shown, '[{"n": 4}, {"n": 2}]') != "", "the order counts"


def test_elided_json_still_compares_the_rest() -> None:
    assert '-  "a": 1' in as_json('{\n  "a": 1,\n  …\n}', '{"a": 2, "b": 2}')
    assert '-  "a": 1' in as_json('{\n  "a": 1,\n  …\n}', '{"b": 2}')
    assert as_json("[\n  1,\n  …\n  9\n]", "[1, 2, 3]") != ""
    assert '+  "b": 2' in as_json('{"a": 1}', '{"a": 1, "b": 2}')


def test_of_a_volatile_sentence_everything_but_its_numbers_counts() -> None:
    shown = '{"detail": "No worker for 1.5 s."}'
    assert as_json(shown, '{"detail": "No worker for 12 s."}', "detail") == ""
    assert "No worker" in as_json(shown, '{"detail": "A worker for 1.5 s."}', "detail")
    assert as_json(shown, '{"detail": 3}', "detail")


def test_of_volatile_fields_only_the_type_counts() -> None:
    assert as_json('{"n": 1, "s": "x"}', '{"n": 2.5, "s": "x"}', "n") == ""
    assert "any null" in as_json('{"n": 1}', '{"n": null}', "n")
    assert as_json('{"list": [{"n": 1}]}', '{"list": [{"n": 7}]}', "n") == ""


def test_output_that_is_no_json() -> None:
    assert as_json("{}", "Internal Server Error").startswith("the output is no JSON")
    assert "(nothing)" in as_json("{}", "")


def test_expected_text_that_is_no_json_names_its_line() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        compare_json('{\n  …\n  "a": oops\n}', "{}", Ledger(), ALWAYS)
    assert caught.value.lineno == 3


def test_a_long_diff_is_cut() -> None:
    assert text("a", "\n".join(map(str, range(500)))).endswith("more lines")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5).filter(lambda item: "…" not in item),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(json_values)
def test_every_json_value_agrees_with_itself_however_it_is_written(value: object) -> None:
    for indent in (None, 2):
        assert as_json(json.dumps(value, indent=indent), json.dumps(value, ensure_ascii=False)) == ""
        assert parse_json(json.dumps(value, indent=indent)) == value


@given(json_values, json_values)
def test_written_json_agrees_with_what_it_was_written_from(old: object, new: object) -> None:
    ledger = Ledger()
    merged = merge_json(json.dumps(old), json.dumps(new), ledger, ALWAYS)
    assert compare_json(merged, json.dumps(new), ledger, ALWAYS).agrees


@given(st.lists(st.sampled_from(["a", "b", A, B]), max_size=6), st.lists(st.sampled_from(["a", "c", C, D]), max_size=6))
def test_written_text_agrees_with_what_it_was_written_from(old: list[str], new: list[str]) -> None:
    ledger = Ledger()
    compare_text("\n".join(old), "\n".join(new), ledger, ALWAYS)
    merged = merge_text("\n".join(old), "\n".join(new), ledger, ALWAYS)
    assert compare_text(merged, "\n".join(new), ledger, ALWAYS).agrees


def test_writing_keeps_the_values_that_agree() -> None:
    ledger = Ledger()
    old = f'{{\n  "id": "{A}",\n  "at": "2026-01-01T00:00:00Z",\n  "n": 1,\n  …\n}}'
    new = f'{{"at": "2026-11-22T01:02:03Z", "id": "{B}", "n": 2, "extra": true}}'
    assert not compare_json(old, new, ledger, ALWAYS).agrees
    assert merge_json(old, new, ledger, ALWAYS) == (
        f'{{\n  "at": "2026-01-01T00:00:00Z",\n  "id": "{A}",\n  "n": 2,\n  …\n}}\n'
    )


def test_writing_uses_the_ids_of_the_page() -> None:
    ledger = Ledger()
    compare_text(f"created {A}", f"created {C}", ledger, ALWAYS)
    assert merge_text("job x is new", f"job {C} is new", ledger, ALWAYS) == f"job {A} is new\n"
