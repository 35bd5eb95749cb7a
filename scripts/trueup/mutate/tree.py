"""Scratch copies of a project: one that is clean, and one for each mutant. The working tree is only read."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from trueup.collect import files
from trueup.errors import TrueupError
from trueup.mutate.mutant import Edit

BASE = "base"
"""The name of the folder that holds the clean tree."""

_LATER = 10  # seconds; compiled code is known by the time of its source, in whole seconds


def base(root: Path, target: Path) -> Path:
    """Copy the files of the project as they stand, those not committed included, into a repository of their own.

    Raises `TrueupError` when git cannot make it.
    """
    for path in files.paths(root):
        source = root / path
        if source.is_file():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / path, follow_symlinks=False)
    who = ["-c", "user.name=trueup", "-c", "user.email=trueup@localhost", "-c", "commit.gpgsign=false"]
    _git(target, "init", "--quiet")
    (target / ".git" / "info").mkdir(exist_ok=True)
    environment = _environment(root)
    left_out = ["__pycache__/", ".trueup", *([f"/{environment}"] if environment else [])]
    (target / ".git" / "info" / "exclude").write_text("\n".join(left_out) + "\n", encoding="utf-8")
    _git(target, "add", "--all", "--force")
    _git(target, *who, "commit", "--quiet", "--no-verify", "--message", "base")
    _git(target, "gc", "--quiet")
    if environment:
        # Examples may run the commands of the virtual environment, which is none of the project's files.
        (target / environment).parent.mkdir(parents=True, exist_ok=True)
        (target / environment).symlink_to(root / environment)
    return target


def _environment(root: Path) -> str:
    """The virtual environment that runs this, relative to the project; empty when it is elsewhere."""
    folder = Path(sys.prefix)
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else ""


def copy(source: Path, target: Path, edits: Iterable[Edit]) -> None:
    """Copy a clean tree, compiled code included, and apply a mutant's edits to the copy."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".trueup"))
    # The seed of services is made once; which one fits is told by a digest of the code.
    (source / ".trueup").mkdir(exist_ok=True)
    (target / ".trueup").symlink_to(source / ".trueup")
    apply(target, edits)


def apply(target: Path, edits: Iterable[Edit]) -> None:
    """Write the files of a mutant into a tree."""
    later = time.time() + _LATER
    for edit in edits:
        path = target / edit.path
        if edit.text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(edit.text, encoding="utf-8")
        os.utime(path, (later, later))


def _git(folder: Path, *arguments: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, env=environment)
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", "") or str(error)
        raise TrueupError(f"git {arguments[0]} failed in a scratch copy: {detail.strip()}") from None
