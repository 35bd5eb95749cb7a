"""Expected against actual output: equal up to volatile values and elided lines, else a diff to read."""

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trueup.examples.elision import cut_json, cut_lines, parse_json
from trueup.normalise import Ledger, Patterns, Token

# A number inside a sentence, with its decimals.
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_CONTEXT = 3
_MOST_LINES = 60


@dataclass(frozen=True)
class Comparison:
    """The outcome of one comparison; `diff` is empty exactly when the outputs agree."""

    diff: str

    @property
    def agrees(self) -> bool:
        """Whether the outputs agree."""
        return not self.diff


def compare_text(expected: str, actual: str, ledger: Ledger, patterns: Patterns) -> Comparison:
    """Compare line by line; white space at line ends and blank lines around the whole do not count."""
    left, right = cut_lines(
        _lines(expected), _lines(actual), lambda one, other: patterns.shape(one) == patterns.shape(other)
    )
    return _compare_lines(left, right, ledger, patterns)


def compare_json(
    expected: str, actual: str, ledger: Ledger, patterns: Patterns, volatile: Iterable[str] = ()
) -> Comparison:
    """Compare as JSON: order of keys and white space do not count.

    Of the fields named in `volatile`, wherever they occur, only the JSON type is compared, and of sentences among them
    everything but the numbers. Raises `json.JSONDecodeError` when `expected` is no JSON; an `actual` that is none
    disagrees.
    """
    wanted = parse_json(expected)
    try:
        got = json.loads(actual)
    except json.JSONDecodeError as error:
        shown = "\n".join(_lines(actual)[:_MOST_LINES]) or "(nothing)"
        return Comparison(f"the output is no JSON ({error}):\n{shown}")
    names = frozenset(volatile)

    def same(one: Any, other: Any) -> bool:
        shown, real = cut_json(one, other, same)
        return patterns.shape(pretty(shown)) == patterns.shape(pretty(real))

    left, right = cut_json(_blur(wanted, names), _blur(got, names), same)
    return _compare_lines(pretty(left).splitlines(), pretty(right).splitlines(), ledger, patterns)


def pretty(value: Any) -> str:
    """A JSON value in the one form in which outputs are compared: keys in order, indented."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)


def _compare_lines(left: list[str], right: list[str], ledger: Ledger, patterns: Patterns) -> Comparison:
    ours, theirs = [patterns.split(line) for line in left], [patterns.split(line) for line in right]
    matcher = difflib.SequenceMatcher(
        None, [_shape(line) for line in ours], [_shape(line) for line in theirs], autojunk=False
    )
    for one, other, size in matcher.get_matching_blocks():
        for offset in range(size):
            for documented, real in zip(ours[one + offset], theirs[other + offset], strict=True):
                if documented.name:
                    ledger.meet(documented, real)
    shown = [_render(line, ledger, real=False) for line in ours]
    got = [_render(line, ledger, real=True) for line in theirs]
    if shown == got:
        return Comparison("")
    before, after = _texts(shown), _texts(got)
    if before == after:
        return Comparison("the documented output holds a placeholder such as <uuid-1>; write a real value")
    diff = list(difflib.unified_diff(before, after, "documented", "actual", lineterm="", n=_CONTEXT))
    if len(diff) > _MOST_LINES:
        diff = [*diff[:_MOST_LINES], f"… and {len(diff) - _MOST_LINES} more lines"]
    return Comparison("\n".join(diff))


def _shape(line: list[Token]) -> tuple[Token, ...]:
    return tuple(Token(token.name, "" if token.name else token.text) for token in line)


def _render(line: list[Token], ledger: Ledger, *, real: bool) -> list[Token]:
    return [Token(token.name, ledger.render([token], real=real)) for token in line]


def _texts(lines: list[list[Token]]) -> list[str]:
    return ["".join(token.text for token in line) for line in lines]


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()] if text.strip() else []


def _blur(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {key: _any(item) if key in names else _blur(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_blur(item, names) for item in value]
    return value


def _any(value: Any) -> str:
    """What stays of a volatile value: its type, of a sentence the words."""
    if isinstance(value, str) and " " in value.strip():
        return f"(any {_NUMBER.sub('number', value)})"
    return f"(any {_type(value)})"


def _type(value: Any) -> str:
    kinds: list[tuple[type, str]] = [(bool, "boolean"), (str, "string"), (dict, "object"), (list, "array")]
    if value is None:
        return "null"
    return next((name for kind, name in kinds if isinstance(value, kind)), "number")
