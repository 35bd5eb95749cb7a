"""Bare values: a number with a unit that was written by hand, where a binding would keep it true."""

import re
from collections.abc import Iterator

from trueup.config import BareValues
from trueup.findings import Finding
from trueup.masked import mask
from trueup.pages import Page
from trueup.vocabulary import Vocabulary

UNITS = (
    "ms", "s", "seconds?", "minutes?", "min", "hours?", "h", "days?", "weeks?", "%", "percent",
    "KiB", "MiB", "GiB", "KB", "MB", "GB", "bytes?",
)  # fmt: skip
"""The units that every project has, as regular expressions."""


def check(page: Page, config: BareValues, vocabulary: Vocabulary) -> Iterator[Finding]:
    """A finding for each number with a unit in the prose of a page that is held to bindings.

    Inline code, values and addresses are left out; the vocabulary may list what is true by nature (`24 hours`).
    """
    if not page.below(config.folders):
        return
    pattern = re.compile(rf"(?<![\w.,-])\d[\d,.]*(?:\s|&nbsp;|-)?(?:{'|'.join([*UNITS, *config.units])})(?![\w])")
    for prose in page.texts:
        text = mask(prose.text)
        for match in pattern.finditer(text):
            words = " ".join(match[0].split())
            if not vocabulary.explains(words):
                line = prose.line + prose.text.count("\n", 0, match.start())
                mend = "bind it with {{ kind.key.attribute }}, or list it in the vocabulary with a reason"
                yield Finding(page.path, line, "value-bare", f"{words!r} is written by hand", mend)
