"""The mark `…`: on a line of its own in an expected output, it stands for any number of lines or JSON members."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

MARK = "…"

T = TypeVar("T")
Same = Callable[[T, T], bool]
"""Whether two items agree up to volatile values."""


def parse_json(text: str) -> Any:
    """`text` as JSON, where a line that holds only `…` (with or without a comma) is allowed between members.

    It becomes the member `"…": "…"` of an object, the element `"…"` of an array. Raises `json.JSONDecodeError`,
    whose line is that of `text`.
    """
    lines = text.split("\n")  # not splitlines: a string may hold a rarer line end as it is
    for number, line in enumerate(lines):
        if line.strip().rstrip(",") != MARK:
            continue
        before = "\n".join(lines[:number]).rstrip()
        after = "\n".join(lines[number + 1 :]).lstrip()
        member = f'"{MARK}": "{MARK}"' if _inside_object(before) else f'"{MARK}"'
        lead = "" if before.endswith(("{", "[", ",")) else ","
        tail = "" if after.startswith(("}", "]")) else ","
        lines[number] = f"{lead}{member}{tail}"
    return json.loads("\n".join(lines))


def _inside_object(text: str) -> bool:
    """Whether the innermost bracket that is open at the end of `text` is a brace."""
    stack: list[str] = []
    quoted = escaped = False
    for char in text:
        if quoted:
            quoted = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == '"':
            quoted = True
        elif char in "{[":
            stack.append(char)
        elif char in "}]" and stack:
            stack.pop()
    return bool(stack) and stack[-1] == "{"


def cut_json(expected: Any, actual: Any, same: Same[Any]) -> tuple[Any, Any]:
    """Both values without what `expected` elides: the marks of the one, the members they stand for of the other."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        elided = MARK in expected
        shown = {key: value for key, value in expected.items() if key != MARK}
        kept = {key: value for key, value in actual.items() if key in shown or not elided}
        pairs = {key: cut_json(shown[key], kept[key], same) for key in shown if key in kept}
        left = {key: pairs[key][0] if key in pairs else value for key, value in shown.items()}
        right = {key: pairs[key][1] if key in pairs else value for key, value in kept.items()}
        return left, right
    if isinstance(expected, list) and isinstance(actual, list):
        expected, actual = cut_items(expected, actual, lambda item: item == MARK, same)
        both = [cut_json(left, right, same) for left, right in zip(expected, actual, strict=False)]
        count = len(both)
        return [left for left, _ in both] + expected[count:], [right for _, right in both] + actual[count:]
    return expected, actual


def cut_lines(expected: list[str], actual: list[str], same: Same[str]) -> tuple[list[str], list[str]]:
    """Both lists of lines without what `expected` elides."""
    return cut_items(expected, actual, lambda line: line.strip() == MARK, same)


def cut_items(
    expected: list[T], actual: list[T], is_mark: Callable[[T], bool], same: Same[T]
) -> tuple[list[T], list[T]]:
    """Both lists without what the marks in `expected` stand for.

    The items between two marks are looked for in order; the first ones must open the list and the last ones end it.
    Where they are not found, the rest is returned as it is, so that the difference shows.
    """
    parts: list[list[T]] = [[]]
    for item in expected:
        if is_mark(item):
            parts.append([])
        else:
            parts[-1].append(item)
    if len(parts) == 1:
        return expected, actual
    head, *middle, tail = parts
    left, right = list(head), list(actual[: len(head)])
    rest = actual[len(head) :]
    for part in middle:
        at = _find(part, rest, same)
        if at is None:
            return left + part + tail, right + rest
        left += part
        right += rest[at : at + len(part)]
        rest = rest[at + len(part) :]
    return left + tail, right + (rest[max(len(rest) - len(tail), 0) :] if tail else [])


def _find(part: list[T], items: list[T], same: Same[T]) -> int | None:
    for start in range(len(items) - len(part) + 1):
        if all(same(left, right) for left, right in zip(part, items[start:], strict=False)):
            return start
    return None
