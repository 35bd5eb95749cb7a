"""Bare values: a number with a unit that was written by hand, where a binding would keep it true."""

import re
from collections.abc import Iterator

from trueup.config import BareValues
from trueup.findings import Finding
from trueup.masked import mask
from trueup.pages import Page
from trueup.vocabulary import Vocabulary

UNITS = (
    "ms", "s", "seconds?", "minutes?", "min", "hours?", "h", "days?", "weeks?", "months?", "years?", "%", "percent",
    "KiB", "MiB", "GiB", "KB", "MB", "GB", "bytes?", r"times(?!\s(?:a|as|more|that|the)\b)",
)  # fmt: skip
"""The units that every project has, as regular expressions."""

WORDS = (
    "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "fifteen", "twenty", "thirty",
    "sixty", "ninety", "a hundred", "a thousand",
)  # fmt: skip
"""Numbers in words. Smaller ones are left out: they are mostly said of what stands there, not of the software."""

SPELLED_UNITS = (*UNITS, "retries", "attempts")
"""The units before which numbers in words count; others (`five rows`) are mostly those of a story that a page tells."""

_NUMBER = r"(?<![\w.,-])\d[\d,.]*(?:\s?(?:-|–|to|×|x)\s?\d[\d,.]*)?"
_SPELLED = rf"(?<![\w-])(?:{'|'.join(WORDS)})(?:\s(?:to|or)\s(?:{'|'.join(WORDS)}))?"


def check(page: Page, config: BareValues, vocabulary: Vocabulary) -> Iterator[Finding]:
    """A finding for each number with a unit in the prose of a page that is held to bindings.

    Numbers may be ranges (`5-10 s`) or words (`three retries`). Inline code, values and addresses are left out; the
    vocabulary may list what is true by nature (`24 hours`).
    """
    if not page.below(config.folders):
        return
    units = "|".join([*UNITS, *config.units])
    spelled = "|".join(SPELLED_UNITS)
    pattern = re.compile(rf"(?:{_NUMBER}(?:\s|&nbsp;|-)?(?:{units})|(?i:{_SPELLED})[\s-](?:{spelled}))(?!\w)")
    for prose in page.texts:
        text = mask(prose.text)
        for match in pattern.finditer(text):
            words = " ".join(match[0].split())
            if not vocabulary.explains(words) and not vocabulary.exempts(text, match.start(), match.end()):
                line = prose.line + prose.text.count("\n", 0, match.start())
                mend = "bind it with {{ kind.key.attribute }}, or list it in the vocabulary with a reason"
                yield Finding(page.path, line, "value-bare", f"{words!r} is written by hand", mend)
