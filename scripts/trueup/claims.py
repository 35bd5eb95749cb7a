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
    proved = {page.section(each.line) for each in page.directives if each.name == "evidence"}
    for prose in page.prose:
        if page.section(prose.line) in proved:
            continue
        text = mask(prose.text)
        for match in claim.finditer(text):
            if not vocabulary.exempts(text, match.start(), match.end()):
                line = prose.line + text.count("\n", 0, match.start())
                message = f"{match[0]!r} promises something that nothing here proves"
                mend = "add an evidence block to the section, say it without the promise, or exempt the phrase"
                yield Finding(page.path, line, "claim-unproved", message, f"{mend} in the vocabulary")
