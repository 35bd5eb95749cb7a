"""Which pages the examples of a page can read: those that its shell code leads to from the project's folder.

Examples run in an empty folder, far from the project. They find it only by a few means, which are looked for here;
where it is not clear what they do with it, they are taken to read everything.
"""

import re
from collections.abc import Collection, Sequence

_MARKS = re.compile(
    r"BASH_SOURCE|rev-parse|__file__|__path__|find_spec|\.venv/\.\."
    r"|getfile|getsourcefile|getabsfile|getframeinfo|currentframe|co_filename|inspect\.(?:stack|trace)"
    # What a process may do and how much it uses says nothing of where it is.
    r"|/proc/(?!(?:\$\w+|\d+)/(?:limits|status|io)\b)"
)
"""How code learns in which folder the project is."""

_ASSIGNED = re.compile(r"^\s*(?:export\s+|local\s+|readonly\s+)?(\w+)=")


def reached(sources: Sequence[str], documents: Collection[str], root: str = "") -> set[str]:
    """The `documents` (paths relative to the project, at `root`) that shell or Python code may read.

    A variable that holds the project's folder (`root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)`) leads to what
    is written after it (`"$root/docs/samples"`); any other way leads to all documents.
    """
    names: set[str] = set()
    for source in sources:
        if root and root in source:
            return set(documents)
        for line in source.splitlines():
            if line.lstrip().startswith("#") or not _MARKS.search(line):
                continue
            assigned = _ASSIGNED.match(line)
            if assigned is None:
                return set(documents)
            names.add(assigned[1])
    found: set[str] = set()
    for name in names:
        use = re.compile(rf"\$(?:{name}\b|\{{{name}\b([^}}]*)\}})[\"']?(/[\w.@/+-]*)?")
        for source in sources:
            for match in use.finditer(source):
                path = (match[2] or "").strip("/")
                if match[1] or not path or ".." in path:
                    return set(documents)
                found.update(_below(path, documents))
    return found


def _below(path: str, documents: Collection[str]) -> set[str]:
    """The documents that a path names, its folder's when it ends in the middle of a name (`docs/a*`)."""
    inside = {document for document in documents if document == path or document.startswith(f"{path}/")}
    return inside or {document for document in documents if document.startswith(path)}
