"""Up to where the audit trail is settled: which entries can be told in order without one appearing before them later.

Ids are given out when an entry is written, and become visible when its transaction is committed. So 6 may be seen
before 5, and 5 may never come. Who was told 6 goes on behind 6, so 5 must not come after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Snapshot:
    """What the database sees: every transaction before ``oldest`` has ended, none from ``next`` on has begun."""

    oldest: int
    next: int


class Settled:
    """The newest id before which nothing can appear any more.

    A gap is given up when every transaction that was under way as it was noticed has ended: a transaction has its
    number before it takes the id of an entry, because it writes the job first. It is also given up after ``patience``
    seconds, in which the database ends a transaction of ours that has gone idle.
    """

    def __init__(self, last: int, *, patience: float) -> None:
        self.last = last
        self._patience = patience
        #: Gaps by the id behind them: the first transaction that cannot fill it, and when it was noticed.
        self._gaps: dict[int, tuple[int, float]] = {}

    @property
    def waits(self) -> bool:
        """Tell whether entries are held back because of a gap."""
        return bool(self._gaps)

    def take(self, ids: Sequence[int], snapshot: Snapshot, now: float) -> int:
        """Return how many of ``ids`` can be told; ``last`` is then the last of these.

        ``ids`` are all that ``snapshot`` sees behind ``last``, in order, or the first of them.
        """
        told, before, blocked = 0, self.last, False
        for index, ident in enumerate(ids, 1):
            if ident != before + 1 and not self._is_dead(ident, snapshot, now):
                blocked = True
            if not blocked:
                told, self.last = index, ident
            before = ident
        self._gaps = {ident: noticed for ident, noticed in self._gaps.items() if ident > self.last and ident in ids}
        return told

    def _is_dead(self, ident: int, snapshot: Snapshot, now: float) -> bool:
        following, since = self._gaps.setdefault(ident, (snapshot.next, now))
        return snapshot.oldest >= following or now - since > self._patience
