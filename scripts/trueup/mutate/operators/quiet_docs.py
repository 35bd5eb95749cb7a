"""Edits of pages that change nothing they state: layout of Markdown, neutral words, comments, moved pictures."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import PurePosixPath

from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Depth, Edit, Mutant, Side
from trueup.pages import Page, Prose

_WORDS = {"shows": "displays", "begins": "starts", "for example": "for instance", "needs": "requires",
          "says": "states", "finds": "discovers", "whole": "entire", "together": "jointly", "big": "large",
          "often": "frequently", "also": "as well", "gets": "receives", "keeps": "retains", "ends": "finishes",
          "so that": "in order that"}  # fmt: skip
_WORD = re.compile(rf"\b({'|'.join(_WORDS)})\b")
_CODE = re.compile(r"`[^`]*`|\{\{.*?\}\}|\]\([^)]*\)|<[^>]*>|\"[^\"]*\"")
_MARKED = re.compile(r"\s*(?:[-*+>#|!:/{\[=<]|\d+\.|\s{2,})|.*\s{2}$|---")


def rewrapped(ground: Ground) -> Iterator[Mutant]:
    """A paragraph is wrapped at another width."""
    for page, prose in _paragraphs(ground):
        joined = " ".join(prose.text.split())
        text = textwrap.fill(joined, 60, break_long_words=False, break_on_hyphens=False)
        lines = text.split("\n")
        if "{{" not in text and text != prose.text and not any(_MARKED.match(line) for line in lines) and _whole(lines):
            yield _mutant("paragraph rewrapped", page, prose.line, _with_prose(page, prose, text))


def reworded(ground: Ground) -> Iterator[Mutant]:
    """A neutral word of a paragraph is replaced by another one that means the same."""
    for page, prose in _paragraphs(ground):
        covered = _CODE.sub(lambda match: "\0" * len(match[0]), prose.text)
        match = _WORD.search(covered)
        if match:
            text = prose.text[: match.start()] + _WORDS[match[1]] + prose.text[match.end() :]
            yield _mutant("prose reworded", page, prose.line, _with_prose(page, prose, text))


def bullets(ground: Ground) -> Iterator[Mutant]:
    """The lists of a page are marked with another sign."""
    for page in ground.pages:
        yield from _by_line(page, "list marked otherwise", r"^(\s*)- (?=\S)", r"\1* ")


def emphasis(ground: Ground) -> Iterator[Mutant]:
    """Strong emphasis is written with the other sign."""
    for page in ground.pages:
        yield from _by_line(page, "emphasis written otherwise", r"(?<![\w*`])\*\*([\w ]+)\*\*(?![\w*])", r"__\1__")


def tables(ground: Ground) -> Iterator[Mutant]:
    """The cells of a table are aligned."""
    for page in ground.pages:
        yield from _by_line(page, "table aligned", r"(?<=[\w.`]) \|(?=$| \S)", "      |", only=r"^\|.*\|$")


def headings(ground: Ground) -> Iterator[Mutant]:
    """Headings are closed with the signs that open them."""
    for page in ground.pages:
        yield from _by_line(page, "headings closed", r"^(##+) ([^#{]+)$", r"\1 \2 \1")


def blank_lines(ground: Ground) -> Iterator[Mutant]:
    """Blank lines are doubled before headings."""
    for page in ground.pages:
        yield from _by_line(page, "blank lines added", r"^(## .*)$", r"\n\1")


def comments(ground: Ground) -> Iterator[Mutant]:
    """A comment is put at the end of a page."""
    for page in ground.pages:
        text = f"{page.text.rstrip()}\n\n<!-- Nothing to see here: 17 seconds. -->\n"
        yield _mutant("comment added to a page", page, page.text.count("\n"), Edit(page.path, text))


def sentences(ground: Ground) -> Iterator[Mutant]:
    """A sentence without names and numbers is added."""
    for page, prose in _paragraphs(ground):
        text = f"{prose.text} Read on below."
        yield _mutant("sentence added", page, prose.line, _with_prose(page, prose, text))


def line_ends(ground: Ground) -> Iterator[Mutant]:
    """A page loses the newline at its end, or gets one more."""
    for page in ground.pages:
        yield _mutant("newline at the end", page, page.text.count("\n"), Edit(page.path, page.text + "\n"))


def pages_moved(ground: Ground) -> Iterator[Mutant]:
    """A page with everything that leads to it, or from it, gets another name."""
    listed = ground.config.mkdocs.as_posix()
    if listed not in ground.files:
        return
    for page in ground.pages:
        name = PurePosixPath(page.path)
        if name.name in {"index.md", "README.md"} or "decisions" not in name.parts:
            continue
        moved = str(name.with_name(f"{name.stem}-moved.md"))
        edits = [Edit(page.path, None), Edit(moved, page.text)]
        # Plain names: a link in the same folder, or from elsewhere.
        pattern = re.compile(rf"(?<![\w-]){re.escape(name.name)}\b")
        for path in [listed, *(other.path for other in ground.pages if other is not page)]:
            text = ground.text(path)
            if pattern.search(text):
                edits.append(Edit(path, pattern.sub(PurePosixPath(moved).name, text)))
        named = any(name.name in ground.text(path) for path in ground.modules)
        if len(edits) > 2 and not named:
            yield Mutant(
                "harmless: page moved",
                Side.HARMLESS,
                f"{page.path} → {moved}",
                f"{page.path}:1",
                tuple(edits),
                depth=Depth.SITE,
            )


def _mutant(group: str, page: Page, line: int, edit: Edit) -> Mutant:
    return Mutant(f"harmless: {group}", Side.HARMLESS, f"in {page.path}", f"{page.path}:{line}", (edit,))


def _by_line(page: Page, group: str, pattern: str, new: str, only: str = "") -> Iterator[Mutant]:
    """The page with a pattern replaced on all lines of prose; nothing when there is none."""
    prose = {number for one in page.prose for number in range(one.line, one.line + one.text.count("\n") + 1)}
    lines = page.text.split("\n")
    first = 0
    for number, text in enumerate(lines, 1):
        if number in prose and (not only or re.match(only, text)) and not re.match(r"\|[\s|:-]+$", text):
            changed = re.sub(pattern, new, text)
            if changed != text:
                first = first or number
                lines[number - 1] = changed
    if first:
        yield _mutant(group, page, first, Edit(page.path, "\n".join(lines)))


def _paragraphs(ground: Ground) -> Iterator[tuple[Page, Prose]]:
    """Plain paragraphs: no list, table, heading, quote, or anything indented."""
    for page in ground.pages:
        for prose in page.prose:
            lines = prose.text.split("\n")
            if prose.line <= page.offset or not lines or any(_MARKED.match(line) for line in lines):
                continue
            if len(prose.text) > 80 and prose.text.rstrip().endswith("."):
                yield page, prose


def _with_prose(page: Page, prose: Prose, text: str) -> Edit:
    lines = page.text.split("\n")
    count = prose.text.count("\n") + 1
    lines[prose.line - 1 : prose.line - 1 + count] = text.split("\n")
    return Edit(page.path, "\n".join(lines))


def _whole(lines: list[str]) -> bool:
    """No line ends inside inline code."""
    return all(line.count("`") % 2 == 0 for line in lines)
