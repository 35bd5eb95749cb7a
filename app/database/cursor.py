"""Cursors of lists: where the last page ended, and which list it was a page of."""

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.problems import InvalidCursor

#: A row of a list, by column name.
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Page:
    """One page of a list; ``next_cursor`` is None on the last one."""

    items: Sequence[Row]
    next_cursor: str | None


@dataclass(frozen=True)
class KeyCursor:
    """Makes and reads the cursors of one list: ``kind`` names it, ``filters`` are those that it was asked for with."""

    kind: str
    filters: Sequence[object] = ()

    @property
    def _digest(self) -> str:
        return hashlib.sha256(repr(self.filters).encode()).hexdigest()[:16]

    def encode(self, *last: str) -> str:
        """Return the cursor behind the item with these keys."""
        return base64.urlsafe_b64encode("|".join([self.kind, self._digest, *last]).encode()).decode().rstrip("=")

    def decode(self, text: str) -> list[str]:
        """Return the keys of the last item. Raises InvalidCursor: it is no cursor of this list."""
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
            kind, digest, *last = plain.split("|")
        except (ValueError, binascii.Error):
            raise InvalidCursor("The cursor is not one that this list made.") from None
        if kind != self.kind or not last:
            raise InvalidCursor("The cursor is not one that this list made.")
        if digest != self._digest:
            raise InvalidCursor("The cursor belongs to a list with other filters.")
        return last
