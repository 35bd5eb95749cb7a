"""The surroundings of a project: what a check depends on that is not one of the project's files."""

import os
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from trueup.tree import digest_of, moment_of_file

_FORMAT = "1"

_TERMINAL = frozenset(
    {"_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "COLORTERM", "NO_COLOR", "FORCE_COLOR", "PATH"}
    | {
        "DISPLAY",
        "WINDOWID",
        "EDITOR",
        "VISUAL",
        "PAGER",
        "VIRTUAL_ENV",
        "VIRTUAL_ENV_PROMPT",
        "NO_MKDOCS_2_WARNING",
        "PYTEST_CURRENT_TEST",
    }
)
"""Variables of terminals, of shells and of what starts trueup, on which no project depends. PATH counts by itself."""
_TERMINALS = ("TERM", "PS", "SSH_", "TMUX", "XDG_SESSION", "DBUS_", "VSCODE_", "WT_", "ITERM_", "UV_", "LS_COLORS")


def digest(root: Path, now: datetime, environ: Mapping[str, str] = os.environ) -> str:
    """The digest of everything around the project at `root`.

    It changes every day (UTC): the world outside of the project (programs, time itself) is looked at again at least
    that often.
    """
    return digest_of([*_python(root, now), *_packages(), *_code(root), *_programs(environ), *_variables(environ)])


def _python(root: Path, now: datetime) -> Iterator[str]:
    yield from (_FORMAT, now.astimezone(UTC).date().isoformat(), str(root), sys.version, sys.prefix, sys.platform)


def _packages() -> Iterator[str]:
    """The installed packages, as the folders say that they are in; an edit of a package's own files is not seen."""
    for place in sys.path:
        if Path(place).name in {"site-packages", "dist-packages"} and Path(place).is_dir():
            with os.scandir(place) as entries:
                found = [(entry.name, entry.stat().st_mtime_ns) for entry in entries]
            marks = (".dist-info", ".egg-info", ".pth", ".egg-link")
            yield from (f"{place} {name} {moment}" for name, moment in sorted(found) if name.endswith(marks))


def _code(root: Path) -> Iterator[str]:
    """Trueup itself, and the Python code of other folders that imports are looked up in.

    When a file was written to stands for what is in it: those folders may be large, and every command asks.
    """
    own = Path(__file__).parent
    folders = {own}
    for place in map(Path, sys.path):
        inside = any(place.is_relative_to(other) for other in (sys.prefix, sys.base_prefix, root))
        if place.is_absolute() and place.is_dir() and not inside and place not in root.parents:
            folders.add(place)
    for folder in sorted(folders):
        if not any(folder != other and folder.is_relative_to(other) for other in folders):
            yield from (f"{path} {moment_of_file(path)}" for path in _sources(folder, own))


def _sources(folder: Path, own: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        # Trueup reads templates and tables of its own too.
        whole = Path(place).is_relative_to(own)
        read = (
            name for name in sorted(names) if name.endswith(".py") or (whole and not name.endswith((".pyc", ".md")))
        )
        yield from (f"{place}/{name}" for name in read)


def _programs(environ: Mapping[str, str]) -> Iterator[str]:
    """Where programs are found, and when one was last added or replaced there."""
    own = str(Path(sys.executable).parent)
    for place in dict.fromkeys([own, *environ.get("PATH", os.defpath).split(os.pathsep)]):
        try:
            yield f"{place} {Path(place or '.').stat().st_mtime_ns}"
        except OSError:
            yield f"{place} is not there"


def _variables(environ: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(environ):
        if name not in _TERMINAL and not name.startswith(_TERMINALS):
            yield f"{name}={environ[name]}"
