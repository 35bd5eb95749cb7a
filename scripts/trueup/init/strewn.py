"""What a service writes into the project while it runs: data of the project's own, which examples would change."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from trueup.facts import Inventory
from trueup.nouns import counted

_LEFT = frozenset({"__pycache__", "node_modules"})
_ENVIRONMENT = "pyvenv.cfg"
_MOST = 3

Moments = Mapping[str, tuple[int, int]]
"""When each file was last written to, and its size."""


def moments(root: Path) -> Moments:
    """Of each file of the project, also of those that git ignores; not in hidden folders, caches and environments."""
    return dict(_moments(root))


def _moments(root: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    for folder, folders, names in os.walk(root):
        if _ENVIRONMENT in names:
            folders.clear()
            continue
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _LEFT]
        for path in (Path(folder, name) for name in names):
            try:
                status = path.stat()
            except OSError:
                continue
            yield path.relative_to(root).as_posix(), (status.st_mtime_ns, status.st_size)


def told(before: Moments, after: Moments, inventory: Inventory) -> str:
    """What the service wrote, and how to give it another place; empty when it wrote nothing."""
    written = sorted(path for path, moment in after.items() if before.get(path) != moment)
    if not written:
        return ""
    more = f" and {counted(len(written) - _MOST, 'more file')}" if len(written) > _MOST else ""
    mends = (_variable(path, inventory) for path in written)
    variable = next(filter(None, mends), f"VARIABLE={{data}}/{PurePosixPath(written[0]).name}")
    what = f"your service wrote {', '.join(written[:_MOST])}{more} into the project"
    return f"{what}; give it a folder of its own: trueup init --env '{variable}'"


def _variable(path: str, inventory: Inventory) -> str:
    """The setting whose default is this file, or a folder of it, with a value in the folder of each service."""
    for setting in inventory.of_kind("setting"):
        default = setting.attributes.get("default")
        if not isinstance(default, str) or not default:
            continue
        moved = re.sub(rf"(?:(?<=/)|^)(?:\./)?{re.escape(path)}$", f"{{data}}/{PurePosixPath(path).name}", default)
        if moved != default:
            return f"{setting.key}={moved}"
        if PurePosixPath(default) in PurePosixPath(path).parents and PurePosixPath(default).name:
            return f"{setting.key}={{data}}"
    return ""
