"""Foreign words: what inline code may say though it names nothing of this project, each with the reason."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import translate
from pathlib import Path
from typing import Any

from trueup.errors import TrueupError
from trueup.facts import Inventory
from trueup.findings import Finding
from trueup.masked import phrase


@dataclass
class Vocabulary:
    """Words and patterns (`*`, `?`, `[a-z]`) with their reasons. It notes which entries have been used."""

    words: dict[str, str] = field(default_factory=dict)
    path: str = ""
    lines: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._patterns = [
            (word, re.compile(translate(word), re.DOTALL)) for word in self.words if any(mark in word for mark in "*?[")
        ]

        self._phrases = [(word, phrase(word)) for word in self.words if " " in word]

    def explains(self, text: str) -> bool:
        """Whether an entry covers `text`."""
        if text in self.words:
            self.used.add(text)
            return True
        for word, pattern in self._patterns:
            if pattern.match(text):
                self.used.add(word)
                return True
        return False

    def exempts(self, text: str, start: int, end: int) -> bool:
        """Whether an entry that is longer than a part of a text covers that part, where it stands."""
        part = text[start:end].lower()
        found = False
        for word, pattern in self._phrases:
            if part in word.lower() and any(
                match.start() <= start and end <= match.end() for match in pattern.finditer(text)
            ):
                self.used.add(word)
                found = True
        return found

    def stale(self, inventory: Inventory) -> Iterator[Finding]:
        """A finding for each entry that nothing has used so far, or that names a fact anyway."""
        for word in self.words:
            if word in self.used:
                continue
            line = self.lines.get(word, 1)
            known = inventory.named(word)
            if known:
                message = f"vocabulary entry {word!r} is {known[0].id} anyway"
                yield Finding(self.path, line, "vocabulary-known", message, "remove it")
            else:
                message = f"vocabulary entry {word!r} is used by no page"
                yield Finding(self.path, line, "vocabulary-stale", message, "remove it")


def load(root: Path, path: Path | None) -> Vocabulary:
    """Read the vocabulary: TOML tables (their names only group) of `word = "reason"`.

    Raises `TrueupError` when the file is missing or no such TOML, or an entry has no reason.
    """
    if path is None:
        return Vocabulary()
    try:
        text = (root / path).read_text(encoding="utf-8")
        document = tomllib.loads(text)
    except FileNotFoundError:
        raise TrueupError(f"{path}: not found; create it or remove tool.trueup.vocabulary") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrueupError(f"{path}: is no TOML: {error}") from None
    words = dict(_entries(document, str(path)))
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        for word in _key(line):
            lines.setdefault(word, number)
    return Vocabulary(words, path.as_posix(), lines)


def _entries(table: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for word, reason in table.items():
        if isinstance(reason, dict):
            yield from _entries(reason, path)
        elif not isinstance(reason, str) or not reason.strip():
            raise TrueupError(f'{path}: {word!r} has no reason; write {word} = "why it is allowed"')
        else:
            yield word, reason


def _key(line: str) -> Iterator[str]:
    """The key of a line `key = "reason"`, as TOML reads it."""
    stripped = line.strip()
    if stripped and stripped[0] not in "[#":
        try:
            yield from tomllib.loads(stripped)
        except tomllib.TOMLDecodeError:
            return
