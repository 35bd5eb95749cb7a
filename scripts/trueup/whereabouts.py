"""Where a page says that something is: `` `X` in `path` ``, held against the file."""

import re
from collections.abc import Iterator
from pathlib import Path

from trueup.findings import Finding
from trueup.pages import Page
from trueup.resolver import Resolver

_CODE = r"`([^`\n]+)`"
_SAID = re.compile(rf"((?:{_CODE}(?:,\s+and\s+|,\s+|\s+and\s+))*{_CODE})\s+(?:in|of|from)\s+`([\w./-]+\.\w+)`")


def check(page: Page, resolver: Resolver, root: Path) -> Iterator[Finding]:
    """A finding for each name that is said to be in a file of the project at `root` that does not have it."""
    for prose in page.texts:
        for match in _SAID.finditer(prose.text):
            said = match[match.lastindex or 0]
            if not (root / said).is_file():
                continue  # what it is called is another check's business
            text = (root / said).read_text(encoding="utf-8", errors="replace")
            for name in re.findall(_CODE, match[1]):
                places = {fact.file for fact in resolver.resolve(name).facts if fact.file and fact.kind != "file"}
                if places and not _mentioned(name, text):
                    line = prose.line + prose.text.count("\n", 0, match.start())
                    message = f"{name} is not in {said}"
                    yield Finding(page.path, line, "place-wrong", message, f"it is in {' and '.join(sorted(places))}")


def _mentioned(name: str, text: str) -> bool:
    """Whether a file has a name, or of a dotted one the last part."""
    tail = name.rstrip("()").rpartition(".")[2]
    return any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) for part in (name, tail))
