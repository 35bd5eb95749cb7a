"""Falsehoods in values: a binding that names nothing, a number that is typed by hand."""

import re
from collections.abc import Iterator

from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side
from trueup.pages import Page

_VALUE = re.compile(r"\{\{\s*([^{}|]+?)\s*(\|[^{}]*)?\}\}")
_UNIT = re.compile(r"\s(?:seconds?|minutes?|hours?|days?|%|MB|GB|KiB|MiB|GiB|bytes?|ms|s|min)\b")
_NUMBER = re.compile(r"\d+")


def unknown(ground: Ground) -> Iterator[Mutant]:
    """A value names a fact that does not exist."""
    for page, line, match in _values(ground):
        key = match[1]
        other = f"{key.rpartition('.')[0]}_x.{key.rpartition('.')[2]}" if key.count(".") > 1 else f"{key}_x"
        new = match[0].replace(key, other)
        yield Mutant(
            "docs: value of no fact",
            Side.DOCS,
            f"{match[0]} → {new}",
            f"{page.path}:{line}",
            (_spliced(page, line, match, new),),
            Expected(("value-unknown",), (), page.path),
        )


def typed(ground: Ground) -> Iterator[Mutant]:
    """A number with a unit, wrong by one, is typed by hand where a binding stood."""
    folders = ground.config.values.folders
    for page, line, match in _values(ground):
        if not any(page.docs_path == one or page.docs_path.startswith(f"{one.rstrip('/')}/") for one in folders):
            continue
        shown = ground.bindings.values.fill(match[0]).text
        after = page.text.splitlines()[line - 1][match.end() :]
        number = _NUMBER.search(shown)
        if number is None or "`" in shown or not (_UNIT.match(after) or _UNIT.search(shown)):
            continue
        wrong = shown[: number.start()] + str(int(number[0]) + 1) + shown[number.end() :]
        yield Mutant(
            "docs: number typed by hand",
            Side.DOCS,
            f"{match[0]} → {wrong}",
            f"{page.path}:{line}",
            (_spliced(page, line, match, wrong),),
            Expected(("value-bare",), (str(int(number[0]) + 1),), page.path),
        )


def _values(ground: Ground) -> Iterator[tuple[Page, int, re.Match[str]]]:
    for page in ground.pages:
        for prose in page.prose:
            for number, text in enumerate(prose.text.split("\n"), prose.line):
                whole = page.text.splitlines()[number - 1]
                for match in _VALUE.finditer(whole) if "{{" in text else ():
                    if not _quoted(whole, match.start()):
                        yield page, number, match


def _quoted(line: str, at: int) -> bool:
    """Whether a place of a line is inside inline code."""
    return line.count("`", 0, at) % 2 == 1


def _spliced(page: Page, line: int, match: re.Match[str], new: str) -> Edit:
    lines = page.text.splitlines(keepends=True)
    text = lines[line - 1]
    lines[line - 1] = text[: match.start()] + new + text[match.end() :]
    return Edit(page.path, "".join(lines))
