"""The project: its folder, and what its `pyproject.toml` says to trueup, not yet held to be right.

Apart from `config`, which checks the keys, so that a run that needs none of them starts sooner.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trueup.errors import TrueupError


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` whose `pyproject.toml` has `[tool.trueup]`.

    Raises `TrueupError` when there is none.
    """
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file() and "[tool.trueup" in path.read_text(encoding="utf-8", errors="replace"):
            return folder
    raise TrueupError(
        f"{start}: no pyproject.toml with [tool.trueup] here or above; run trueup in a project folder or give --root"
    )


def read_section(root: Path) -> Mapping[str, Any]:
    """The table `[tool.trueup]` of the project at `root`, as TOML has it. Raises `TrueupError` when there is none."""
    section = read_document(root).get("tool", {}).get("trueup")
    if not isinstance(section, dict):
        raise TrueupError(f"{root / 'pyproject.toml'}: has no [tool.trueup]; add it (see scripts/trueup/README.md)")
    return section


def read_document(root: Path) -> Mapping[str, Any]:
    """The `pyproject.toml` of the project at `root`. Raises `TrueupError` when there is none, or it is no TOML."""
    path = root / "pyproject.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TrueupError(f"{path}: not found; run trueup in a project folder or give --root") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrueupError(f"{path}: is no TOML: {error}") from None
