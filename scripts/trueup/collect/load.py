"""Importing what the configuration names as `module:object`."""

import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

from trueup.errors import TrueupError

_own: list[Path] = []  # the projects that are being imported


@cache
def _data() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="trueup-data-")


@contextmanager
def project_imports(root: Path, env: Mapping[str, str]) -> Iterator[None]:
    """Make the project at `root` (its folder `src` too) importable and set `env`, for the time of the block.

    Some applications open their database when they are imported: `{data}` is a folder that goes with this process.
    """
    folders = [str(folder) for folder in (root.resolve(), root.resolve() / "src") if folder.is_dir()]
    before = {name: os.environ.get(name) for name in env}
    sys.path[:0] = folders
    _own.append(root.resolve())
    for name, value in env.items():
        os.environ[name] = value.replace("{data}", _data().name) if "{data}" in value else value
    try:
        yield
    finally:
        _own.pop()
        for folder in folders:
            sys.path.remove(folder)
        for name, old in before.items():
            if old is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = old


_AGAIN_SECONDS = 1.0
"""Code that catches the error and goes on is told once more after this time."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TimeoutError` in the block when it takes longer, in the line where the project's code stands then.

    When nothing there makes more of it, it becomes a `TrueupError`. Only a main thread can be interrupted: in another
    one there is no limit.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"did not end within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN_SECONDS)
    try:
        yield
    except TimeoutError as error:
        raise TrueupError(f"pyproject.toml: tool.trueup.timeouts.facts: {failure(error)}") from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def failure(error: BaseException) -> str:
    """What went wrong, and in which line of the code nearest to it: `KeyError: 'lost' (library/facts.py:12)`."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({_short(error.filename or '?')}:{error.lineno})"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_own(frame.filename)]
    where = f" ({_short(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return f"{type(error).__name__}: {error}{where}"


def _is_own(file: str) -> bool:
    path = Path(file)
    looked_up = (Path(folder) for folder in sys.path if folder)
    projects = [*_own, *(folder for folder in looked_up if (folder / "pyproject.toml").exists())]
    inside = any(path.is_relative_to(folder) for folder in projects)
    return inside and "site-packages" not in path.parts and "trueup" not in path.parts


def _short(file: str) -> str:
    """A file below one of the folders that imports are looked up in, relative to it."""
    for folder in sys.path:
        if folder and Path(file).is_relative_to(folder):
            return Path(file).relative_to(folder).as_posix()
    return file


def load(name: str, key: str) -> Any:
    """The object that `module:object` names; `key` is the configuration key that gave it.

    Raises `TrueupError` naming both and what went wrong.
    """
    module_name, _, attribute = name.partition(":")
    if not attribute:
        raise TrueupError(f"pyproject.toml: tool.trueup.{key}: {name!r} must be written module:object")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:
        raise TrueupError(
            f"pyproject.toml: tool.trueup.{key}: importing {module_name!r} failed: {failure(error)}"
        ) from error
    found: Any = module
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise TrueupError(f"pyproject.toml: tool.trueup.{key}: module {module_name!r} has no {attribute!r}")
        found = getattr(found, part)
    return found
