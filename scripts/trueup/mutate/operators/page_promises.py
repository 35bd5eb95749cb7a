"""Promises without proof: evidence that is missing, void or deleted, claims that nothing proves, failures unknown."""

import ast
import re
from collections.abc import Iterator

from trueup.masked import mask
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Depth, Edit, Expected, Mutant, Side
from trueup.mutate.source import Source
from trueup.pages import Directive, Page

_TEST = re.compile(r"^\s*- ([\w./-]+\.py)::(?:\w+::)*(\w+)")


def evidence_renamed(ground: Ground) -> Iterator[Mutant]:
    """A page names a test that does not exist."""
    for page, line, _, test in _tests(ground):
        edit = _line(page, line, f"::{test}", f"::{test}_gone")
        expected = Expected(("evidence-missing",), (f"{test}_gone",), page.path)
        yield _mutant(
            "docs: evidence that does not exist", f"{test} → {test}_gone", f"{page.path}:{line}", edit, expected
        )


def tests_removed(ground: Ground) -> Iterator[Mutant]:
    """A test that a page names as evidence is renamed."""
    for page, _, file, test in _tests(ground):
        source = ground.source(file)
        function = _function(source, test)
        if function is not None:
            text = re.sub(rf"\bdef {test}\b", f"def {test}_now", source.text)
            place = f"{file}:{function.lineno}"
            expected = Expected(("evidence-missing",), (test,), page.path)
            yield _code("evidence renamed", f"{test} → {test}_now", place, Edit(file, text), expected)


def tests_skipped(ground: Ground) -> Iterator[Mutant]:
    """A test that a page names as evidence is skipped."""
    for page, _, file, test in _tests(ground):
        source = ground.source(file)
        function = _function(source, test)
        if function is not None:
            start, _ = source.whole_lines(function)
            edit = source.splice(start, start, f'{" " * function.col_offset}@pytest.mark.skip(reason="later")\n')
            expected = Expected(("evidence-void",), (file,), page.path)
            yield _code("evidence skipped", test, f"{file}:{function.lineno}", edit, expected)


def tests_emptied(ground: Ground) -> Iterator[Mutant]:
    """A test that a page names as evidence asserts nothing any more."""
    for page, _, file, test in _tests(ground):
        source = ground.source(file)
        function = _function(source, test)
        if function is not None:
            start, end = source.span(function.body[0])[0], source.span(function.body[-1])[1]
            expected = Expected(("evidence-void",), (file,), page.path)
            edit = source.splice(start, end, "pass")
            yield _code("evidence emptied", test, f"{file}:{function.lineno}", edit, expected)


def evidence_deleted(ground: Ground) -> Iterator[Mutant]:
    """All evidence of a section is deleted, where the section promises something for ever."""
    words = "|".join(ground.config.claims.words)
    for page, directive in _directives(ground, "evidence"):
        if not page.below(ground.config.claims.folders) or not words:
            continue
        lines = page.text.splitlines(keepends=True)
        heads = [number for number, text in enumerate(lines, 1) if re.match(r"#{1,6} ", text)]
        start = max((number for number in heads if number <= directive.line), default=1)
        end = min((number for number in heads if number > directive.line), default=len(lines) + 1)
        here = [one for one in page.directives if one.name == "evidence" and start <= one.line < end]
        gone = {number for one in here for number in range(one.line, one.end + 1)}
        left = [mask(prose.text) for prose in page.prose if start <= prose.line < end and prose.line not in gone]
        exempt = [word for word in ground.bindings.resolver.vocabulary.words if re.search(words, word, re.IGNORECASE)]
        if any(
            re.search(rf"(?<![\w-])(?:{words})(?![\w-])", text, re.IGNORECASE)
            and not any(word.casefold() in " ".join(text.split()).casefold() for word in exempt)
            for text in left
        ):
            text = "".join(line for number, line in enumerate(lines, 1) if number not in gone)
            expected = Expected(("claim-unproved",), (), page.path)
            place = f"{page.path}:{directive.line}"
            yield _mutant("docs: evidence deleted", directive.argument[:60], place, Edit(page.path, text), expected)


def claims(ground: Ground) -> Iterator[Mutant]:
    """A page promises something that nothing proves."""
    for page in ground.pages:
        if page.below(ground.config.claims.folders) and ground.config.claims.words:
            text = f"{page.text.rstrip()}\n\n## And\n\nThis is guaranteed, it always holds and never fails.\n"
            expected = Expected(("claim-unproved",), (), page.path)
            place = f"{page.path}:{page.text.count(chr(10))}"
            yield _mutant("docs: claim without evidence", "a promise added", place, Edit(page.path, text), expected)


def aliases(ground: Ground) -> Iterator[Mutant]:
    """A page says an alias where the glossary has a term."""
    for fact in ground.truth.inventory.of_kind("term"):
        for alias in fact.attributes.get("aliases", ()):
            for page in ground.pages[::5]:
                edit = Edit(page.path, f"{page.text.rstrip()}\n\nMore about the {alias} is below.\n")
                expected = Expected(("alias-used",), (alias,), page.path)
                place = f"{page.path}:{page.text.count(chr(10))}"
                yield _mutant("docs: alias instead of the term", f"{alias} for {fact.key}", place, edit, expected)


def misspellings(ground: Ground) -> Iterator[Mutant]:
    """A word of the prose is misspelt."""
    for page in ground.pages:
        edit = Edit(page.path, f"{page.text.rstrip()}\n\nYou will recieve more of it below.\n")
        expected = Expected(("word-misspelt",), ("recieve",), page.path)
        place = f"{page.path}:{page.text.count(chr(10))}"
        yield _mutant("docs: word misspelt", "recieve", place, edit, expected)


def failures(ground: Ground) -> Iterator[Mutant]:
    """A page treats a failure that does not exist."""
    for page, directive in _directives(ground, "failure"):
        edit = _line(page, directive.line, directive.argument, f"{directive.argument}-x")
        expected = Expected(("failure-unknown",), (f"{directive.argument}-x",), page.path)
        title = f"{directive.argument} → {directive.argument}-x"
        yield _mutant("docs: failure that does not exist", title, f"{page.path}:{directive.line}", edit, expected)


def screenshots(ground: Ground) -> Iterator[Mutant]:
    """A page shows a screenshot that has not been taken."""
    for page, directive in _directives(ground, "screenshot"):
        edit = _line(page, directive.line, directive.argument, f"{directive.argument}-x")
        place = f"{page.path}:{directive.line}"
        codes = ("screenshot-stale", "screenshot-orphan", "screenshot-failed", "link-broken", "build-failed")
        expected = Expected(codes, (directive.argument,))
        title = f"{directive.argument} → {directive.argument}-x"
        yield Mutant("docs: screenshot that was not taken", Side.DOCS, title, place, (edit,), expected, Depth.SITE)


def _mutant(group: str, title: str, place: str, edit: Edit, expected: Expected) -> Mutant:
    return Mutant(group, Side.DOCS, title, place, (edit,), expected)


def _code(group: str, title: str, place: str, edit: Edit, expected: Expected) -> Mutant:
    return Mutant(group, Side.CODE, title, place, (edit,), expected)


def _directives(ground: Ground, name: str) -> Iterator[tuple[Page, Directive]]:
    for page in ground.pages:
        yield from ((page, directive) for directive in page.directives if directive.name == name)


def _tests(ground: Ground) -> Iterator[tuple[Page, int, str, str]]:
    """Each test that a page names: page, line, file and function."""
    for page, directive in _directives(ground, "evidence"):
        for number, text in enumerate(page.text.splitlines()[directive.line : directive.end - 1], directive.line + 1):
            match = _TEST.match(text)
            if match and (ground.root / match[1]).exists():
                yield page, number, match[1], match[2]


def _function(source: Source, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    found = (node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return next((node for node in found if node.name == name), None)


def _line(page: Page, number: int, old: str, new: str) -> Edit:
    lines = page.text.splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    return Edit(page.path, "".join(lines))
