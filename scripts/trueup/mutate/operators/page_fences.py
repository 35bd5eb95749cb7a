"""Falsehoods in fenced blocks: an output that differs, a block that nothing verifies."""

import re
from collections.abc import Iterator

from trueup.examples.story import Kind, read_story
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Depth, Edit, Expected, Mutant, Side
from trueup.pages import Block, Page

_WORD = re.compile(r"[A-Za-z]{4,}")
_MOST_STEPS = 2
"""Pages with more examples than this are not played for one mutant."""


def outputs(ground: Ground) -> Iterator[Mutant]:
    """The documented output of an example is another one."""
    for page in _short(ground):
        for block in page.blocks:
            if "output" not in block.classes:
                continue
            word = next((match for match in _WORD.finditer(block.source) if "…" not in block.source), None)
            if word is None:
                continue
            source = block.source[: word.start()] + word[0][::-1] + "q" + block.source[word.end() :]
            edit = _with_source(page, block, source)
            title = f"{word[0]!r} in the output is another word"
            expected = Expected(("example-differs",), (), page.path)
            yield _mutant("docs: output that differs", title, page, block, edit, expected)


def unmarked(ground: Ground) -> Iterator[Mutant]:
    """A block is neither an example, nor an output, nor marked literal."""
    for page in _short(ground):
        for block in page.blocks:
            if "output" in block.classes and block.language in {"text", ""}:
                edit = _with_header(page, block, f"{block.prefix}{block.fence}text")
                expected = Expected(("block-unverified",), (), page.path)
                yield _mutant("docs: block verified by nothing", "an output not marked", page, block, edit, expected)


def unexplained(ground: Ground) -> Iterator[Mutant]:
    """A block is marked literal without a reason."""
    for page in _short(ground):
        for block in page.blocks:
            if "literal" in block.classes:
                edit = _with_header(
                    page, block, f"{block.prefix}{block.fence} {{.{block.language or 'text'} .literal}}"
                )
                expected = Expected(("literal-unexplained",), (), page.path)
                yield _mutant("docs: literal without a reason", "no reason", page, block, edit, expected)


def unclosed(ground: Ground) -> Iterator[Mutant]:
    """A fenced block is not closed."""
    for page in ground.pages:
        for block in page.blocks[-1:]:
            lines = page.text.splitlines(keepends=True)
            edit = Edit(page.path, "".join(lines[: block.end - 1] + lines[block.end :]))
            expected = Expected(("fence-unclosed",), (), page.path)
            place = f"{page.path}:{block.line}"
            yield Mutant("docs: fence not closed", Side.DOCS, "no closing fence", place, (edit,), expected)


def _short(ground: Ground) -> Iterator[Page]:
    """Pages whose examples take little time, the cheapest first."""
    found = []
    for page in ground.pages:
        story = read_story(page)
        steps = sum(step.kind is not Kind.DATA for step in story.steps)
        if steps <= _MOST_STEPS and page.blocks:
            found.append((steps, page.path, page))
    yield from (page for _, _, page in sorted(found, key=lambda item: item[:2]))


def _mutant(group: str, title: str, page: Page, block: Block, edit: Edit, expected: Expected) -> Mutant:
    place = f"{page.path}:{block.line}"
    return Mutant(group, Side.DOCS, title, place, (edit,), expected, Depth.PAGE, (page.path,))


def _with_source(page: Page, block: Block, source: str) -> Edit:
    lines = page.text.splitlines(keepends=True)
    inner = [f"{block.prefix}{line}" if line.strip() else line for line in source.splitlines(keepends=True)]
    return Edit(page.path, "".join(lines[: block.line] + inner + lines[block.end - 1 :]))


def _with_header(page: Page, block: Block, header: str) -> Edit:
    lines = page.text.splitlines(keepends=True)
    lines[block.line - 1] = header + "\n"
    return Edit(page.path, "".join(lines))
