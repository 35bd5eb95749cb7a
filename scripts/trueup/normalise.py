"""Volatile values: the named patterns by which an example's output may differ from the documented one.

Pages show realistic values (`0198c1f4-…`, `2026-02-11T09:30:00Z`), never placeholders. Two outputs agree when their
fixed text is equal and every volatile value stands where one of the same name stands. Values with an identity (an id, a
digest) must also agree with each other: where the page shows one id twice, the service must answer one id twice.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

_CLOCK = r"\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?"
_DATE = r"\d{4}-\d\d-\d\d"
_UNIT = r"(?:ns|[uµμ]s|ms|s|sec|seconds?|milliseconds?)"
_MONTH = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"


@dataclass(frozen=True)
class Normaliser:
    """One kind of volatile value."""

    name: str
    pattern: str
    meaning: str
    identity: bool = False
    """Whether equal values must stay equal and different ones different, within a page."""
    always: bool = True
    """Whether it applies everywhere; otherwise only where a page or block asks for it by name."""


NORMALISERS: Mapping[str, Normaliser] = MappingProxyType(
    {
        item.name: item
        for item in (
            # Order matters: the first pattern that matches at a place wins.
            Normaliser("jwt", r"\beyJ[\w-]+\.[\w-]+\.[\w-]*", "a JSON web token"),
            Normaliser(
                "http-date",
                rf"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:{_MONTH}) \d{{4}} \d\d:\d\d:\d\d GMT\b",
                "a date as HTTP headers write it",
            ),
            Normaliser("timestamp", rf"\b{_DATE}[T ]{_CLOCK}(?!\d)", "date and time; the time zone is compared"),
            Normaliser("uuid", r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "a UUID", identity=True),
            Normaliser(
                "digest",
                r"\b(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})\b",
                "a hexadecimal digest of 32, 40 or 64 digits",
                identity=True,
            ),
            Normaliser(
                "address",
                r"(?:\blocalhost|\b127\.0\.0\.1|\[::1\]):\d{2,5}\b",
                "host and port of a service on this machine",
            ),
            Normaliser("duration", rf"\b\d+\.\d+ ?{_UNIT}\b", "a measured time with a decimal fraction"),
            Normaliser(
                "moment",
                rf"\b\d\d? (?:{_MONTH})[a-z]* \d{{4}}, {_CLOCK}",
                "a date with its month in words, and a time of day",
                always=False,
            ),
            Normaliser("date", rf"\b{_DATE}\b", "a date", always=False),
            Normaliser("time", rf"\b{_CLOCK}\b", "a time of day", always=False),
            Normaliser("elapsed", rf"\b\d+(?:\.\d+)? ?{_UNIT}\b", "a measured time, also a whole number", always=False),
            Normaliser("age", r"\b\d+ (?:s|min|h|d)\b", "how long ago something was, in one unit", always=False),
            Normaliser("commit", r"\b[0-9a-f]{7,12}\b", "an abbreviated commit", always=False),
            Normaliser("token", r"\b[\w-]{20,}={0,2}", "an opaque token, such as a cursor", always=False),
            Normaliser("decimal", r"(?<![\w.-])-?\d+\.\d+(?![\w.])", "a number with a fraction", always=False),
            Normaliser("integer", r"(?<![\w.-])-?\d+(?![\w.])", "a whole number", always=False),
        )
    }
)
"""Every normaliser by name, in order of precedence. The table is rendered into the documentation."""


class Token(NamedTuple):
    """A piece of text: fixed (`name` is empty), or a volatile value of the named kind."""

    name: str
    text: str


class Patterns:
    """The normalisers in force for one block: those that always are, and those it asks for by name."""

    def __init__(self, names: Iterable[str] = (), known: Mapping[str, Normaliser] = NORMALISERS) -> None:
        """`known` are all normalisers that there are, in order of precedence."""
        wanted = set(names)
        unknown = wanted - known.keys()
        if unknown:
            raise ValueError(f"unknown normaliser {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        chosen = [item for item in known.values() if item.always or item.name in wanted]
        # What a normaliser has written already is left alone, so that normalising twice changes nothing.
        written = rf"<(?:{'|'.join(known)})(?:-\d+)?>"
        # Nor does a value begin right behind one: there, the first pass has seen the middle of something else.
        behind = "".join(f"(?<!<{name}>)" for name in known)
        groups = [f"(?P<{item.name.replace('-', '_')}>{item.pattern})" for item in chosen]
        self._pattern = re.compile("|".join([f"(?P<_written>{written})", *(behind + group for group in groups)]))

    def split(self, text: str) -> list[Token]:
        """`text` as fixed pieces and volatile values, in order."""
        tokens: list[Token] = []
        end = 0
        for match in self._pattern.finditer(text):
            name = (match.lastgroup or "").replace("_", "-")
            if name == "-written":
                continue
            if match.start() > end:
                tokens.append(Token("", text[end : match.start()]))
            tokens.append(Token(name, match.group()))
            end = match.end()
        if end < len(text):
            tokens.append(Token("", text[end:]))
        return tokens

    def shape(self, text: str) -> str:
        """`text` with each volatile value replaced by its kind alone."""
        return "".join(f"<{token.name}>" if token.name else token.text for token in self.split(text))


class Ledger:
    """Which documented value stands for which real one, over all outputs of one page."""

    def __init__(self, known: Mapping[str, Normaliser] = NORMALISERS) -> None:
        self._known = known
        self._always = Patterns((), known)
        self._real: dict[Token, str] = {}
        self._documented: dict[Token, str] = {}
        self._numbers: dict[Token, int] = {}
        self._counts: dict[str, int] = {}

    def meet(self, documented: Token, real: Token) -> None:
        """Note that two values of one kind stand at the same place; the first such meeting of either counts."""
        if not self._known[documented.name].identity:
            return
        if documented in self._real or real in self._documented:
            return
        self._real[documented], self._documented[real] = real.text, documented.text

    def render(self, tokens: Iterable[Token], *, real: bool) -> str:
        """Tokens as text with placeholders; values that stand for each other get the same number."""
        return "".join(self._placeholder(token, real) if token.name else token.text for token in tokens)

    def to_real(self, text: str) -> str:
        """`text` with every documented value that is known replaced by the real one."""
        return self._translate(text, self._real)

    def to_documented(self, text: str) -> str:
        """`text` with every real value that is known replaced by the documented one."""
        return self._translate(text, self._documented)

    def _placeholder(self, token: Token, real: bool) -> str:
        if not self._known[token.name].identity:
            return f"<{token.name}>"
        known = Token(token.name, self._documented.get(token, "")) if real else token
        # A real value that stands for no documented one is counted on its own, in a range of its own names.
        key = known if known.text else Token(token.name, f"\0{token.text}")
        if key not in self._numbers:
            self._counts[token.name] = self._counts.get(token.name, 0) + 1
            self._numbers[key] = self._counts[token.name]
        return f"<{token.name}-{self._numbers[key]}>"

    def _translate(self, text: str, table: Mapping[Token, str]) -> str:
        return "".join(table.get(token, token.text) for token in self._always.split(text))


def normalise(text: str, names: Iterable[str] = ()) -> str:
    """`text` with every volatile value replaced by a numbered placeholder, as diffs show it.

    Idempotent; text without volatile values is returned unchanged. Raises `ValueError` for an unknown name.
    """
    return Ledger().render(Patterns(names).split(text), real=False)
