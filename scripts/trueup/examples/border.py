"""The border around the project: blocks of pages run elsewhere, and have no business in it.

Where the kernel can, it refuses them to write there. Where it cannot, what they have changed is found out after each
block, in hidden and generated folders excepted. Pages that only differ are not counted then: they are what somebody
edits meanwhile.
"""

import os
import sys
import tempfile
import threading
from collections.abc import Collection, Mapping
from pathlib import Path

from trueup.examples import landlock

_MOST = 3  # files that are named one by one
_LEFT_OUT = frozenset({"__pycache__", "site"})
_ENVIRONMENT = "pyvenv.cfg"

Snapshot = Mapping[str, tuple[int, int, int]]


class Border:
    """Keeps blocks from writing to the project at `root`, except below `kept`, or tells what they did."""

    def __init__(self, root: Path, kept: Collection[Path], *, locked: bool | None = None) -> None:
        """`locked` says whether the kernel is to refuse; by default, whether it can."""
        self._root = root.resolve()
        self._kept = [path.resolve() for path in kept]
        # Nothing new can be made beside the project then: not where temporary files go.
        beside = Path(tempfile.gettempdir()).resolve() in self._root.parents
        self.locked = landlock.usable() and not beside if locked is None else locked
        self._lock = threading.Lock()
        self._last: Snapshot = {} if self.locked else self._look()

    @property
    def guard(self) -> list[str]:
        """The command before every command, if the kernel is to refuse."""
        if not self.locked:
            return []
        kept = os.pathsep.join(map(str, self._kept))
        return [sys.executable, "-I", "-S", landlock.__file__, str(self._root), kept]

    def changes(self) -> str:
        """What has changed in the project since the last look, in words; empty when nothing has."""
        if self.locked:
            return ""
        with self._lock:
            before, now = self._last, self._look()
            self._last = now
        words = [f"{path} is gone" for path in sorted(before.keys() - now.keys())]
        words += [f"{path} is new" for path in sorted(now.keys() - before.keys())]
        both = sorted(before.keys() & now.keys())
        words += [f"{path} is different" for path in both if before[path] != now[path] and not path.endswith(".md")]
        more = f" and {len(words) - _MOST} more" if len(words) > _MOST else ""
        return ", ".join(words[:_MOST]) + more

    def _look(self) -> Snapshot:
        found = {}
        for folder, folders, names in os.walk(self._root):
            if _ENVIRONMENT in names and folder != str(self._root):
                folders.clear()
                continue
            here = Path(folder)
            folders[:] = [
                name
                for name in folders
                if name not in _LEFT_OUT and not name.startswith(".") and here / name not in self._kept
            ]
            for name in names:
                path = here / name
                try:
                    status = path.lstat()
                except OSError:
                    continue  # gone meanwhile
                found[path.relative_to(self._root).as_posix()] = (status.st_mtime_ns, status.st_size, status.st_mode)
        return found
