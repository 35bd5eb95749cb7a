"""Prose without what is not prose: inline code, values, addresses and HTML, blanked out at equal length."""

import re

_COVERED = re.compile(r"(`+)(?:.|\n)*?\1|\{\{.*?\}\}|\]\([^)]*\)|<[^>]*>|\bhttps?://\S+|\{[:#][^}]*\}", re.DOTALL)


def mask(text: str) -> str:
    """The text with NUL characters in place of everything that its writer did not mean as words."""
    return _COVERED.sub(lambda match: re.sub(r"[^\n]", "\0", match[0]), text)


def phrase(words: str, ending: str = "") -> re.Pattern[str]:
    """A pattern for words as they stand in a text, in any case, over line ends; `ending` may follow them."""
    joined = r"\s+".join(re.escape(word) for word in words.split())
    return re.compile(rf"(?<![\w-]){joined}{ending}(?![\w-])", re.IGNORECASE)
