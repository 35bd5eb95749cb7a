"""Files and folders of the repository, as git knows them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from trueup.facts import Fact

_CACHE = "__pycache__"


def collect(root: Path) -> Iterator[Fact]:
    """A fact of kind `file` for each file that is tracked or new but not ignored, and for each folder (`docs/`)."""
    folders: set[str] = set()
    for path in paths(root):
        yield Fact("file", path, {"names": [f"./{path}"]}, path, 1)
        folders.update(f"{parent}/" for parent in PurePosixPath(path).parents if str(parent) != ".")
    for folder in sorted(folders):
        yield Fact("file", folder, {"names": [folder.rstrip("/"), f"./{folder}"]}, folder, 0)


def paths(root: Path) -> list[str]:
    """The files of the project, relative to its root, sorted; without caches of Python, and what git ignores."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        result = subprocess.run(command, cwd=root, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        hidden = (".", _CACHE)
        found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
        return sorted(str(path) for path in found if not any(part.startswith(hidden) for part in path.parts))
    listed = result.stdout.decode("utf-8", "surrogateescape").split("\0")
    return sorted(
        path for path in set(listed) if path and _CACHE not in PurePosixPath(path).parts and (root / path).exists()
    )
