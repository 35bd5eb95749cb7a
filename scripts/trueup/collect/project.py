"""What the project's `pyproject.toml` says of itself."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from trueup.facts import Fact

_FILE = "pyproject.toml"


def collect(root: Path) -> Iterator[Fact]:
    """A fact of kind `project` with the key `python`: the oldest Python (`value`) and all it requires (`requires`)."""
    try:
        text = (root / _FILE).read_text(encoding="utf-8")
        requires = tomllib.loads(text).get("project", {}).get("requires-python", "")
        oldest = [spec.version for spec in SpecifierSet(requires) if spec.operator in {">=", "==", "~="}]
    except (OSError, ValueError, InvalidSpecifier):
        return
    if oldest:
        line = next(number for number, row in enumerate(text.splitlines(), 1) if row.startswith("requires-python"))
        summary = "The oldest Python that the project runs on."
        yield Fact("project", "python", {"value": oldest[0], "requires": requires, "summary": summary}, _FILE, line)
