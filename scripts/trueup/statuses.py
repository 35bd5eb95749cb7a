"""HTTP statuses in prose, held against the operation or the problem that is named beside them."""

import re
from collections.abc import Iterator
from http import HTTPStatus

from trueup.facts import Fact
from trueup.findings import Finding
from trueup.masked import mask
from trueup.pages import Page, Prose, spans
from trueup.resolver import Resolver
from trueup.values import Values

STATUSES = frozenset(str(status.value) for status in HTTPStatus)
"""Every status that HTTP has, as text."""

_BARE = re.compile(r"(?<![\w.,/#-])([1-5]\d\d)(?![\w.,-]*\d|[\w%])(?!\s+or\s+(?:more|above|higher|later))")
_CODE = re.compile(r"([1-5]\d\d)(?: .*)?")
_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s|\s*\|")


def check(page: Page, resolver: Resolver, values: Values) -> Iterator[Finding]:
    """A finding for each status that the one operation, or the problems, beside it are never answered with.

    Beside it means in the same paragraph, list item or table row. Where more than one operation is named, nobody can
    tell whose status it is, so nothing is said.
    """
    for prose in page.texts:
        filled = Prose(prose.line, values.fill(prose.text).text) if "{{" in prose.text else prose
        for part in _parts(filled):
            yield from _part(page, part, resolver)


def _part(page: Page, part: Prose, resolver: Resolver) -> Iterator[Finding]:
    told = [
        (part.line + part.text.count("\n", 0, match.start()), match[1])
        for match in _BARE.finditer(mask(part.text))
        if match[1] in STATUSES
    ]
    named: dict[str, set[Fact]] = {"operation": set(), "problem": set()}
    for span in spans(part):
        if (match := _CODE.fullmatch(span.text)) and match[1] in STATUSES:
            told.append((span.line, match[1]))
        for fact in resolver.resolve(span.text).facts:
            if fact.kind in named:
                named[fact.kind].add(fact)
    if not told:
        return
    operations, problems = named["operation"], named["problem"]
    declared = ""
    if len(operations) == 1:
        (operation,) = operations
        right = [str(status) for status in operation.attributes.get("statuses", ())]
        who, declared = operation.key, operation.place if operation.line else ""
    elif problems and not operations:
        right = sorted({str(problem.attributes.get("status")) for problem in problems})
        who = " or ".join(sorted(problem.key for problem in problems))
    else:
        return
    for line, status in told:
        if right and status not in right:
            message = f"{who} is not answered with {status}; it has {', '.join(right)}"
            mend = "correct the status"
            if declared:
                mend += f", or declare it where the operation is (responses={{{status}: …}}, {declared})"
            yield Finding(page.path, line, "status-unknown", message, mend)


def _parts(prose: Prose) -> Iterator[Prose]:
    """Paragraphs as they are; lists by item, tables by row."""
    start, lines = prose.line, list[str]()
    for number, line in enumerate(prose.text.split("\n"), prose.line):
        if lines and _ITEM.match(line):
            yield Prose(start, "\n".join(lines))
            start, lines = number, []
        lines.append(line)
    if lines:
        yield Prose(start, "\n".join(lines))
