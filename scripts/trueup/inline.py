"""Inline code of pages, held against the closed world of names."""

from collections.abc import Iterator, Mapping

from trueup.facts import Fact
from trueup.findings import Finding
from trueup.pages import Page, Prose, Span, spans
from trueup.resolver import Resolver
from trueup.values import Values


def check(page: Page, resolver: Resolver, values: Values, used: set[Fact]) -> Iterator[Finding]:
    """A finding for each inline code of the page that names nothing; `used` takes the facts that were named."""
    for span in page_spans(page, values):
        answer = resolver.resolve(span.text)
        used.update(answer.facts)
        if answer.wrong:
            yield Finding(page.path, span.line, answer.code, answer.message, answer.mend)


def page_spans(page: Page, values: Values) -> Iterator[Span]:
    """The inline code of a page as its readers see it, values filled in."""
    for prose in page.texts:
        filled = values.fill(prose.text).text if "{{" in prose.text else prose.text
        yield from spans(Prose(prose.line, filled))


Links = Mapping[str, str]
"""Fact id → where it is shown in full, relative to the docs folder: `reference/settings.md#setting-worker_count`."""
