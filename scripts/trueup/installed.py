"""How the project itself is installed: a copy would let examples run code that nobody edits any more."""

import json
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

from trueup.findings import Finding
from trueup.project import read_document


def check(root: Path) -> Iterator[Finding]:
    """A finding when this environment holds a copy of the project at `root`.

    Facts are read from the project's own folder, but what blocks start imports whatever is installed.
    """
    name = str(read_document(root).get("project", {}).get("name") or "")
    try:
        origin = json.loads(distribution(name).read_text("direct_url.json") or "{}") if name else {}
    except (PackageNotFoundError, ValueError):
        return
    folder = unquote(urlsplit(str(origin.get("url") or "")).path)
    if not folder or Path(folder).resolve() != root.resolve() or origin.get("dir_info", {}).get("editable"):
        return
    message = f"{name} is installed as a copy, which examples run instead of the code in this folder"
    yield Finding("pyproject.toml", 1, "package-copied", message, "run pip install -e .")
