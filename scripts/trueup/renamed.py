"""Names that facts had before: in the committed inventory, and in that of the last commit."""

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from trueup import repository
from trueup.committed import read_collected
from trueup.config import Config
from trueup.drift import compare
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory

_NAME = re.compile(r"[A-Za-z_][\w.-]*")


class Renamed:
    """Old names and the new ones. Nothing is compared until somebody asks, which only a name that is unknown does."""

    def __init__(self, config: Config, root: Path, live: Inventory) -> None:
        self._config, self._root, self._live = config, root, live

    def now(self, text: str) -> str | None:
        """What a piece of inline code should be: the whole of it, or the name that it begins with, in its new form."""
        if text in self._names:
            return self._names[text]
        first = _NAME.match(text)
        new = self._names.get(first[0]) if first else None
        return f"{new}{text[first.end() :]}" if first and new else None

    @cached_property
    def _names(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for before in (read_collected(self._config, self._root), self._last()):
            for change in compare(before, self._live):
                if change.before and change.after and change.before.key != change.after.key:
                    for old, new in _pairs(change.before, change.after):
                        if old != new and not self._live.named(old):
                            found.setdefault(old, new)
        return found

    def _last(self) -> Inventory:
        text = repository.committed_text(self._root, self._config.inventory)
        try:
            return Inventory.load(text, self._config.inventory.as_posix()) if text else Inventory(())
        except TrueupError:
            return Inventory(())


def _pairs(before: Fact, after: Fact) -> list[tuple[str, str]]:
    ends = [fact.key.rpartition(".")[2] for fact in (before, after)]
    return [(before.key, after.key), (ends[0], ends[1])]
