"""Spelling: words of the prose that are known misspellings, by the dictionary of codespell."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files

from trueup.errors import TrueupError
from trueup.findings import Finding
from trueup.masked import mask
from trueup.pages import Page
from trueup.vocabulary import Vocabulary

_WORD = re.compile(r"(?<![\w'./@-])[A-Za-z][A-Za-z']*[A-Za-z](?![\w/@]|\.\w)")


def check(page: Page, vocabulary: Vocabulary) -> Iterator[Finding]:
    """A finding for each misspelt word in the prose of a page; words of the vocabulary are right.

    Raises `TrueupError` when codespell is not installed.
    """
    known = _dictionary()
    for prose in page.texts:
        text = mask(prose.text)
        for match in _WORD.finditer(text):
            right = known.get(match[0].lower())
            if right is None or vocabulary.explains(match[0]):
                continue
            line = prose.line + text.count("\n", 0, match.start())
            mend = f"did you mean {_meant(right)}? Else list the word in the vocabulary"
            yield Finding(page.path, line, "word-misspelt", f"{match[0]!r} is misspelt", mend)


@cache
def _dictionary() -> Mapping[str, str]:
    """Misspelt word → the words that may be meant, as the dictionary lists them."""
    try:
        text = files("codespell_lib").joinpath("data/dictionary.txt").read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError):
        raise TrueupError("spelling needs codespell; install it, or set tool.trueup.spelling = false") from None
    entries = (line.partition("->") for line in text.splitlines())
    return {wrong.lower(): right for wrong, arrow, right in entries if arrow}


def _meant(right: str) -> str:
    """The words of an entry (`receive`, or `abd, abe, with a reason`): after the last comma there is a reason."""
    words = [word.strip() for word in right.split(",")]
    return " or ".join(word for word in words[:-1] if word) or words[0]
