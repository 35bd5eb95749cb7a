"""The repository's state: which commit is checked out, and whether files differ from it."""

import subprocess
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True)
class State:
    """The commit in short form (empty outside a repository), and whether files differ from it, new ones included."""

    commit: str
    dirty: bool


def state(root: Path) -> State:
    """The state of the repository that holds `root`."""
    commit = _git(root, "rev-parse", "--short=10", "HEAD")
    return State(commit.strip(), bool(_git(root, "status", "--porcelain", "--untracked-files=normal").strip()))


def committed_on(root: Path) -> date | None:
    """The day of the last commit; none outside a repository."""
    text = _git(root, "log", "-1", "--format=%cs").strip()
    return date.fromisoformat(text) if text else None


def committed_text(root: Path, path: Path) -> str:
    """A file of the project as the last commit has it; empty when it has none."""
    return _git(root, "show", f"HEAD:./{path.as_posix()}")


def _git(root: Path, *arguments: str) -> str:
    try:
        result = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return result.stdout
