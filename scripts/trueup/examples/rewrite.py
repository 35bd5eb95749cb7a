"""New text for an output block that no longer agrees, changing as little of the old as possible."""

import difflib
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from trueup.examples.compare import pretty
from trueup.examples.elision import MARK, parse_json
from trueup.normalise import Ledger, Patterns
from trueup.pages import Block

_MARK_LINE = re.compile(rf'^(\s*)"{MARK}"(?:: "{MARK}")?,?$', re.MULTILINE)


def merge_text(old: str, actual: str, ledger: Ledger, patterns: Patterns) -> str:
    """`actual` as documented text; lines that agree keep their old values.

    Elisions are lost: where they belong in the new output, only its author can say.
    """
    before = [line.rstrip() for line in old.strip("\n").splitlines()]
    after = [line.rstrip() for line in actual.strip("\n").splitlines()]
    shown = [ledger.render(patterns.split(line), real=False) for line in before]
    got = [ledger.render(patterns.split(line), real=True) for line in after]
    lines = [ledger.to_documented(line) for line in after]
    for one, other, size in difflib.SequenceMatcher(None, shown, got, autojunk=False).get_matching_blocks():
        lines[other : other + size] = before[one : one + size]
    return "".join(f"{line}\n" for line in lines)


def merge_json(old: str, actual: str, ledger: Ledger, patterns: Patterns, volatile: Iterable[str] = ()) -> str:
    """`actual` as documented JSON: values that agree stay, what `old` elides stays elided.

    An `old` that is no JSON is replaced as a whole. Raises `json.JSONDecodeError` when `actual` is no JSON.
    """
    got = json.loads(actual)
    try:
        documented = parse_json(old)
    except json.JSONDecodeError:
        documented = None
    merged = _Merge(ledger, patterns, frozenset(volatile)).value(documented, got)
    text = json.dumps(merged, indent=2, ensure_ascii=False)
    return _MARK_LINE.sub(rf"\1{MARK}", text) + "\n"


def replace_blocks(path: Path, sources: Iterable[tuple[Block, str]]) -> None:
    """Put new sources into the fenced blocks of a file, all at once or not at all; line ends stay as they are."""
    content = path.read_bytes().decode("utf-8")
    newline = "\r\n" if "\r\n" in content else "\n"
    lines = content.replace("\r\n", "\n").split("\n")
    # From the end, so that the lines of the blocks before it stay where they are.
    for block, source in sorted(sources, key=lambda item: item[0].line, reverse=True):
        new = [(block.prefix + line).rstrip() for line in source.splitlines()]
        lines[block.line : block.end - 1] = new
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(newline.join(lines).encode("utf-8"))
    shutil.copymode(path, part)
    part.replace(path)


class _Merge:
    def __init__(self, ledger: Ledger, patterns: Patterns, volatile: frozenset[str]) -> None:
        self._ledger, self._patterns, self._volatile = ledger, patterns, volatile

    def value(self, old: Any, new: Any) -> Any:
        if isinstance(old, dict) and isinstance(new, dict):
            return self._object(old, new)
        if isinstance(old, list) and isinstance(new, list):
            return self._array(old, new)
        if self._agree(old, new):
            return old
        return self._documented(new)

    def _object(self, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        elided = MARK in old
        merged: dict[str, Any] = {}
        for key, value in new.items():
            if key in self._volatile and key in old and type(old[key]) is type(value):
                merged[key] = old[key]
            elif key in old:
                merged[key] = self.value(old[key], value)
            elif not elided:
                merged[key] = self._documented(value)
        return merged | {MARK: MARK} if elided else merged

    def _array(self, old: list[Any], new: list[Any]) -> list[Any]:
        if MARK in old:
            at = old.index(MARK)
            tail = old[at + 1 :]
            end = max(len(new) - len(tail), at)
            return [*self._array(old[:at], new[:at]), MARK, *self._array(tail, new[end:])]
        return [self.value(old[index] if index < len(old) else None, item) for index, item in enumerate(new)]

    def _agree(self, old: Any, new: Any) -> bool:
        if type(old) is not type(new):
            return False
        split = self._patterns.split
        shown = self._ledger.render(split(pretty(old)), real=False)
        return shown == self._ledger.render(split(pretty(new)), real=True)

    def _documented(self, value: Any) -> Any:
        return json.loads(self._ledger.to_documented(json.dumps(value)))
