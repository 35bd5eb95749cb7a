"""Gaps and contradictions in fact blocks: a deleted section or page, a duplicated owner, a misspelt kind."""

import re
from collections.abc import Iterator, Sequence

from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side
from trueup.pages import Directive, Page

_HEADING = re.compile(r"(#{1,6})\s+\S")


def deleted(ground: Ground) -> Iterator[Mutant]:
    """A fact block is deleted."""
    for page, directive, keys in _owning(ground):
        yield _undocumented(page, _cut(page, directive.line, directive.end), keys, "fact block", directive.line)


def sections(ground: Ground) -> Iterator[Mutant]:
    """A section that documents facts is deleted, heading and all."""
    for page, directive, keys in _owning(ground):
        start, end = _section(page, directive.line)
        if start > 1:
            yield _undocumented(page, _cut(page, start, end), keys, "section", start)


def pages(ground: Ground) -> Iterator[Mutant]:
    """A page that documents facts is deleted."""
    for page, directive, keys in _owning(ground):
        yield _undocumented(page, Edit(page.path, None), keys, "page", directive.line)


def duplicated(ground: Ground) -> Iterator[Mutant]:
    """A fact block is copied to another page, so that two pages own its facts."""
    for page, directive, keys in _owning(ground):
        other = next((one for one in reversed(ground.pages) if one.path != page.path), None)
        if other is None:
            continue
        piece = "".join(line + "\n" for line in page.text.splitlines()[directive.line - 1 : directive.end])
        piece = "\n".join(line.removeprefix(directive.prefix) for line in piece.splitlines())
        edit = Edit(other.path, f"{other.text.rstrip()}\n\n{piece}\n")
        title = f"{keys[0]} documented in {other.path} as well"
        expected = Expected(("fact-owned-twice",), (keys[0],))
        yield Mutant("docs: duplicated owner", Side.DOCS, title, f"{page.path}:{directive.line}", (edit,), expected)


def misspelt(ground: Ground) -> Iterator[Mutant]:
    """A fact block asks for a kind of facts that there is none of."""
    for page in ground.pages:
        for directive in _fact_blocks(page):
            words = directive.argument.split()
            if len(words) != 1 and not (words and words[-1] in ground.truth.inventory.kinds):
                continue
            other = [*words[:-1], f"{words[-1]}_x"]
            edit = _replaced(page, directive.line, directive.argument, " ".join(other))
            if edit:
                title = f"{directive.argument} → {' '.join(other)}"
                expected = Expected(("block-unknown", "block-empty"), (), page.path)
                yield Mutant(
                    "docs: fact block of no kind", Side.DOCS, title, f"{page.path}:{directive.line}", (edit,), expected
                )


def unclosed(ground: Ground) -> Iterator[Mutant]:
    """A fact block is not closed."""
    for page in ground.pages:
        for directive in _fact_blocks(page):
            edit = _cut(page, directive.end, directive.end)
            yield Mutant(
                "docs: fact block not closed",
                Side.DOCS,
                f"without the end of /// {directive.argument}",
                f"{page.path}:{directive.line}",
                (edit,),
                Expected(("block-unclosed", "block-option"), (), page.path),
            )


def copied(ground: Ground) -> Iterator[Mutant]:
    """A page stands there twice."""
    for page in ground.pages:
        edit = Edit(page.path.replace(".md", "-copy.md"), page.text)
        expected = Expected(("page-duplicate",), (page.path.removesuffix(".md"),))
        yield Mutant("docs: page twice", Side.DOCS, f"{page.path} copied", f"{page.path}:1", (edit,), expected)


def _fact_blocks(page: Page) -> list[Directive]:
    return [directive for directive in page.directives if directive.name == "facts"]


def _owning(ground: Ground) -> Iterator[tuple[Page, Directive, Sequence[str]]]:
    """Each fact block that owns facts of which each needs an owner, with the names of these."""
    for page in ground.pages:
        for directive in _fact_blocks(page):
            owned = [
                ident
                for ident, places in ground.bindings.owners.items()
                if ident.partition(":")[0] in ground.config.owned
                and any(place[0] == page.path and place[1] == directive.line for place in places)
            ]
            if owned:
                yield page, directive, owned


def _undocumented(page: Page, edit: Edit, idents: Sequence[str], what: str, line: int) -> Mutant:
    key = idents[0].partition(":")[2]
    title = f"the {what} that documents {key} is deleted"
    return Mutant(
        f"docs: deleted {what}",
        Side.DOCS,
        title,
        f"{page.path}:{line}",
        (edit,),
        Expected(("fact-undocumented",), (key,)),
    )


def _section(page: Page, line: int) -> tuple[int, int]:
    """First and last line of the innermost section around a line; the first is 1 where only the title is above it."""
    fenced = {number for block in page.blocks for number in range(block.line, block.end + 1)}
    lines = page.text.splitlines()
    headings = [
        (number, len(match[1]))
        for number, text in enumerate(lines, 1)
        if number not in fenced and (match := _HEADING.match(text))
    ]
    before = [(number, level) for number, level in headings if number <= line]
    if not before or before[-1][1] == 1:
        return 1, len(lines)
    start, level = before[-1]
    end = next((number - 1 for number, other in headings if number > start and other <= level), len(lines))
    return start, end


def _cut(page: Page, start: int, end: int) -> Edit:
    lines = page.text.splitlines(keepends=True)
    return Edit(page.path, "".join(lines[: start - 1] + lines[end:]))


def _replaced(page: Page, line: int, old: str, new: str) -> Edit | None:
    lines = page.text.splitlines(keepends=True)
    if old not in lines[line - 1]:
        return None
    head, _, tail = lines[line - 1].rpartition(old)
    lines[line - 1] = head + new + tail
    return Edit(page.path, "".join(lines))
