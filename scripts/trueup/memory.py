"""The memory: clean results of earlier runs, each under the digest of everything that was read for it.

A result is recalled only when all of that is as it was. What is remembered during a run is written at its end, and only
when no file of the project was written to meanwhile: else nobody could tell which content a result is of.
"""

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import Any

from trueup import surroundings
from trueup.tree import OWN, Tree, digest_of, read_tree

FOLDER = Path(OWN) / "cache" / "memory"
"""Where results are kept, relative to the project root."""

LIMIT_BYTES = 64_000_000
"""How much is kept; what was recalled longest ago goes first."""

# Every digest holds the day, so older results are never asked for again.
_KEPT_SECONDS = 36 * 3600


class Memory:
    """What is known of a project as it is now. Without a folder, nothing is known and nothing is kept."""

    def __init__(self, root: Path, tree: Tree, around: str, site: str = "site", *, kept: bool = True) -> None:
        """`around` is the digest of the project's surroundings, `site` the folder that is not part of the tree."""
        self.tree = tree
        self._root, self._around, self._site = root, around, site
        self._folder = root / FOLDER if kept else None
        self._new: dict[Path, bytes] = {}

    @classmethod
    def open(cls, root: Path, site: str = "site") -> "Memory":
        """The memory of the project at `root`, for the tree and the surroundings as they are now."""
        return cls(root, read_tree(root, site), surroundings.digest(root, datetime.now(UTC)), site)

    @classmethod
    def none(cls) -> "Memory":
        """A memory in which nothing is kept."""
        return cls(Path(), Tree({}), "", kept=False)

    @property
    def kept(self) -> bool:
        """Whether anything is kept."""
        return self._folder is not None

    def recall(self, kind: str, *reads: str) -> Any:
        """The result of `kind` for which `reads` were read; none when it is not known or the file is damaged."""
        if self._folder is None:
            return None
        path, key = self._place(self._folder, kind, reads)
        if path in self._new:
            return json.loads(self._new[path].partition(b"\n")[2])
        try:
            mark, _, data = path.read_bytes().partition(b"\n")
            if mark.decode() != _mark(key, data):
                raise ValueError("it is damaged")
            value = json.loads(data)
            os.utime(path)
        except (OSError, ValueError):
            return None
        return value

    def remember(self, kind: str, *reads: str, value: Any) -> None:
        """Keep a result, which must be JSON and not null, once the run has ended; see `settle`."""
        if self._folder is None:
            return
        path, key = self._place(self._folder, kind, reads)
        data = json.dumps(value, ensure_ascii=False).encode()
        # What would come back as something else (a tuple, a key that is a number) is not remembered.
        if value is not None and json.loads(data) == value:
            self._new[path] = f"{_mark(key, data)}\n".encode() + data

    def settle(self) -> bool:
        """Write what was remembered; whether it was, which it is not when a file of the project changed meanwhile."""
        if self._folder is None or not self._new:
            return False
        now = read_tree(self._root, self._site)
        same = (now.files, now.moment) == (self.tree.files, self.tree.moment)
        if same:
            # A folder that cannot be written to only costs time.
            with suppress(OSError):
                self._write(self._folder)
        self._new.clear()
        return same

    def key(self, *reads: str) -> str:
        """The digest of what was read and of the project's surroundings."""
        return digest_of([self._around, *reads])

    def _write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in self._new.items():
            # Renamed when whole, so that another run sees all of it or nothing.
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".new-", delete=False) as file:
                file.write(content)
            Path(file.name).replace(path)
        kept = 0
        for moment, size, path in sorted(_entries(folder), reverse=True):
            kept += size
            if kept > LIMIT_BYTES or moment < time() - _KEPT_SECONDS:
                path.unlink(missing_ok=True)

    def _place(self, folder: Path, kind: str, reads: tuple[str, ...]) -> tuple[Path, str]:
        key = self.key(kind, *reads)
        return folder / f"{kind}-{key[:32]}", key


def _mark(key: str, data: bytes) -> str:
    return f"{key} {hashlib.sha256(data).hexdigest()}"


def _entries(folder: Path) -> Iterator[tuple[float, int, Path]]:
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            status = path.stat()
            yield status.st_mtime, status.st_size, path


_watchers: list[set[str]] = []


@contextmanager
def opened() -> Iterator[set[str]]:
    """Collects, for the time of the block, the paths of all files that this process opens."""
    # The interpreter keeps its hooks until it ends, so there is one for all blocks.
    if not _hooked:
        sys.addaudithook(_hear)
        _hooked.append(True)
    paths: set[str] = set()
    _watchers.append(paths)
    try:
        yield paths
    finally:
        _watchers.remove(paths)


_hooked: list[bool] = []


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _watchers and event == "open" and isinstance(arguments[0], (str, bytes, os.PathLike)):
        path = os.path.abspath(os.fsdecode(arguments[0]))  # noqa: PTH100 (a Path would open nothing, but costs more)
        for paths in _watchers:
            paths.add(path)


def unchanged(tree: Tree, reads: Mapping[str, str]) -> bool:
    """Whether files, by path and digest, are in the tree as they were read."""
    return all(tree.files.get(path) == content for path, content in reads.items())
