"""The kept site: the last one in which nothing was wrong. Of the next one, only changed pages are built."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from trueup.tree import OWN


@dataclass(frozen=True)
class KeptSite:
    """Where it is. `reads` is the digest of everything that pages are built from, except the pages themselves."""

    folder: Path
    reads: str

    @property
    def notes(self) -> Path:
        """Says what the site was built from; gone while it is being built."""
        return self.folder.with_suffix(".json")

    @property
    def partial(self) -> bool:
        """Whether there is a site of which pages may be left as they are."""
        return self.notes.exists()

    @property
    def left(self) -> int:
        """How many pages the build that has just ended left as they were."""
        try:
            return int(json.loads(self.notes.with_suffix(".new").read_text(encoding="utf-8"))["left"])
        except (OSError, ValueError, KeyError):
            return 0

    def keep(self) -> None:
        """Take what has just been built as a site in which nothing is wrong."""
        with suppress(OSError):
            self.notes.with_suffix(".new").replace(self.notes)


@contextmanager
def kept_site(root: Path, reads: str) -> Iterator[KeptSite | None]:
    """The kept site of the project at `root`, for this run alone; none when another run has it."""
    folder = root / OWN / "cache" / "site"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = folder.with_suffix(".lock").open("w")
    except OSError:
        yield None
        return
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield None
            return
        yield KeptSite(folder, reads)
