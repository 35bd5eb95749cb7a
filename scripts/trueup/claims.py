"""Claims: words that promise something for ever, which need a test that proves them."""

import re
from collections.abc import Iterator

from trueup.config import ClaimConfig
from trueup.findings import Finding
from trueup.masked import mask
from trueup.pages import Page
from trueup.vocabulary import Vocabulary


def check(page: Page, config: ClaimConfig, vocabulary: Vocabulary) -> Iterator[Finding]:
    """A finding for each claim in a section (heading to heading) of a page that shows no evidence.

    A vocabulary entry that holds the word (`looks but never touches`) exempts the places where it stands whole.
    """
    if not page.below(config.folders) or not config.words:
        return
    claim = re.compile(rf"(?<![\w-])(?:{'|'.join(config.words)})(?![\w-])", re.IGNORECASE)
    phrases = [word for word in vocabulary.words if claim.search(word)]
    headings = [prose.line for prose in page.prose if re.match(r"[> \t]*#{1,6}[ \t]", prose.text)]
    proved = {_section(headings, each.line) for each in page.directives if each.name == "evidence"}
    for prose in page.prose:
        if _section(headings, prose.line) in proved:
            continue
        text = mask(prose.text)
        exempt = [span for phrase in phrases for span in _places(phrase, text)]
        for match in claim.finditer(text):
            covering = [phrase for phrase, start, end in exempt if start <= match.start() and match.end() <= end]
            vocabulary.used.update(covering)
            if not covering:
                line = prose.line + text.count("\n", 0, match.start())
                message = f"{match[0]!r} promises something that nothing here proves"
                mend = "add an evidence block to the section, say it without the promise, or exempt the phrase"
                yield Finding(page.path, line, "claim-unproved", message, f"{mend} in the vocabulary")


def _section(headings: list[int], line: int) -> int:
    return max((heading for heading in headings if heading <= line), default=0)


def _places(phrase: str, text: str) -> Iterator[tuple[str, int, int]]:
    pattern = r"\s+".join(re.escape(word) for word in phrase.split())
    for match in re.finditer(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE):
        yield phrase, match.start(), match.end()
