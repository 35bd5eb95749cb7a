"""Claims that part from their tests: reversed, with weaker tests or fewer; and sentences that lose their fact."""

import ast
import re
from collections.abc import Iterator

from trueup import accepted, sentences
from trueup.evidence import nodes_of
from trueup.masked import mask
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side
from trueup.mutate.source import Source
from trueup.pages import Directive, Page, Prose, spans
from trueup.testcode import Test, find

_OPPOSITES = {
    "never": "always", "always": "never", "not": "indeed", "no": "every", "before": "after", "after": "before",
    "once": "twice", "first": "last", "last": "first", "nothing": "everything", "all": "some", "each": "some",
    "every": "no", "only": "also", "longer": "shorter", "same": "other", "whatever": "unless", "without": "with",
    "none": "all", "ends": "begins", "than": "as", "most": "least", "at once": "at last",
}  # fmt: skip
_WORD = re.compile(rf"(?<![\w-])({'|'.join(sorted(_OPPOSITES, key=len, reverse=True))})(?![\w-])")
_CODES = ("claim-unreviewed",)


def reversed_(ground: Ground) -> Iterator[Mutant]:
    """A claim says the opposite, above the same tests."""
    for page, directive in _claims(ground):
        match = _WORD.search(mask(directive.argument))
        if match:
            other = _OPPOSITES[match[1]]
            argument = directive.argument[: match.start()] + other + directive.argument[match.end() :]
            edit = _line(page, directive.line, directive.argument, argument)
            title = f"{match[1]} → {other}"
            yield from _mutants("docs: claim reversed", title, page, directive.line, edit, ("accepted as",))


def untested(ground: Ground) -> Iterator[Mutant]:
    """A claim names one test fewer."""
    for page, directive in _claims(ground):
        nodes = nodes_of(directive)
        if len(nodes) > 1:
            lines = page.text.splitlines(keepends=True)
            at = next(number for number in range(directive.line, directive.end) if nodes[-1] in lines[number])
            edit = Edit(page.path, "".join(lines[:at] + lines[at + 1 :]))
            yield from _mutants("docs: claim with fewer tests", nodes[-1], page, directive.line, edit, (nodes[-1],))


def weakened(ground: Ground) -> Iterator[Mutant]:
    """A test that a claim names asserts less than before, and still passes."""
    for page, directive in _claims(ground):
        for node in nodes_of(directive):
            test = find(ground.root, node)
            if isinstance(test, Test):
                source = ground.source(test.file)
                asserts = _asserts(source, test)
                if len(asserts) > 1:
                    start, end = source.whole_lines(asserts[-1])
                    group, place = "evidence weakened", f"{test.file}:{asserts[-1].lineno}"
                    expected = Expected(_CODES, (node,), page.path)
                    edits = (source.splice(start, end, ""),)
                    yield Mutant(group, Side.CODE, f"{node} without its last assertion", place, edits, expected)


def unbound(ground: Ground) -> Iterator[Mutant]:
    """A sentence that nothing but one name backs says the name in plain words."""
    marked = {path for path, backing in _marks(ground).items() if backing}
    for page in ground.pages:
        if page.path not in marked:
            continue
        plain = {sentence.line for sentence in sentences.read(page, ground.bindings) if sentence.backing == "bare"}
        proved = {page.section(each.line) for each in page.directives if each.name == "evidence"}
        beside = sentences.beside_examples(page)
        for prose in page.prose:
            if page.section(prose.line) in proved or prose.line in beside or prose.line in plain:
                continue
            for line, text in sentences.split(prose):
                found = list(spans(Prose(line, text)))
                if len(found) == 1 and "{{" not in text and ground.bindings.resolver.resolve(found[0].text).facts:
                    edit = _line(page, found[0].line, f"`{found[0].text}`", "This")
                    if edit is not None and not prose.text.lstrip().startswith(("|", "#")):
                        title = f"without the name {found[0].text}"
                        group, place = "docs: sentence that names nothing", f"{page.path}:{line}"
                        expected = Expected(("backing-lost",), (), page.path)
                        yield Mutant(group, Side.DOCS, title, place, (edit,), expected)


def forgotten(ground: Ground) -> Iterator[Mutant]:
    """A claim that was accepted is deleted with its tests."""
    for page, directive in _claims(ground):
        words = accepted.words(directive.argument)
        lines = page.text.splitlines(keepends=True)
        edit = Edit(page.path, "".join(lines[: directive.line - 1] + lines[directive.end :]))
        expected = Expected(("claim-gone",), (words,))
        place = f"{page.path}:{directive.line}"
        yield Mutant("docs: claim deleted", Side.DOCS, directive.argument[:60], place, (edit,), expected)


def restated(ground: Ground) -> Iterator[Mutant]:
    """A claim is set in other type, and a comment is put into each of its tests: nothing that counts changes."""
    for page, directive in _claims(ground):
        word = re.search(r"(?<![\w`*{])[a-z]{4,}(?![\w`*}])", mask(directive.argument))
        if word is None:
            continue
        argument = directive.argument[: word.start()] + f"*{word[0]}*" + directive.argument[word.end() :]
        edits = [_line(page, directive.line, directive.argument, argument)]
        test = find(ground.root, nodes_of(directive)[0])
        if isinstance(test, Test):
            source = ground.source(test.file)
            function = _function(source, test)
            start = source.offset(function.body[-1].lineno, 0) if function else 0
            comment = f"{' ' * function.body[-1].col_offset}# As before.\n" if function else ""
            edits.append(source.splice(start, start, comment))
        title = f"in {page.path}: {directive.argument[:40]}"
        place = f"{page.path}:{directive.line}"
        kept = tuple(edit for edit in edits if edit is not None)
        yield Mutant("harmless: claim set otherwise", Side.HARMLESS, title, place, kept)


def _claims(ground: Ground) -> Iterator[tuple[Page, Directive]]:
    """The claims that the project remembers; none when it keeps no record, nor those that two pages make."""
    if ground.config.claims.reviewed is None:
        return
    found = [(page, each) for page in ground.pages for each in page.directives if each.name == "evidence"]
    words = [directive.argument for _, directive in found]
    yield from ((page, directive) for page, directive in found if words.count(directive.argument) == 1)


def _marks(ground: Ground) -> dict[str, bool]:
    folders = ground.config.claims.folders
    return {page.path: ground.config.coverage is not None and page.below(folders) for page in ground.pages}


def _asserts(source: Source, test: Test) -> list[ast.Assert]:
    function = _function(source, test)
    return [node for node in function.body if isinstance(node, ast.Assert)] if function else []


def _function(source: Source, test: Test) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    found = (node for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return next((node for node in found if node.lineno == test.line), None)


def _mutants(
    group: str, title: str, page: Page, line: int, edit: Edit | None, names: tuple[str, ...]
) -> Iterator[Mutant]:
    if edit is not None:
        expected = Expected(_CODES, names, page.path)
        yield Mutant(group, Side.DOCS, title, f"{page.path}:{line}", (edit,), expected)


def _line(page: Page, number: int, old: str, new: str) -> Edit | None:
    lines = page.text.splitlines(keepends=True)
    if old not in lines[number - 1]:
        return None
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    return Edit(page.path, "".join(lines))
