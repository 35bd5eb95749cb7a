"""Where a page says that something is: `` `X` in `path` ``, held against the place that its fact comes from."""

import re
from collections.abc import Iterator

from trueup.facts import Inventory
from trueup.findings import Finding
from trueup.pages import Page
from trueup.resolver import Resolver

_CODE = r"`([^`\n]+)`"
_SAID = re.compile(rf"((?:{_CODE}(?:,\s+and\s+|,\s+|\s+and\s+))*{_CODE})\s+(?:in|of|from)\s+`([\w./-]+\.\w+)`")


def check(page: Page, resolver: Resolver, inventory: Inventory) -> Iterator[Finding]:
    """A finding for each name that is said to be in a file that none of its facts comes from; files are no names."""
    for prose in page.texts:
        for match in _SAID.finditer(prose.text):
            said = match[match.lastindex or 0]
            if inventory.get("file", said) is None:
                continue  # what it is called is another check's business
            for name in re.findall(_CODE, match[1]):
                facts = resolver.resolve(name).facts
                places = {fact.file for fact in facts if fact.file and fact.kind != "file"}
                if places and said not in places and not _defined(name, said, inventory):
                    line = prose.line + prose.text.count("\n", 0, match.start())
                    message = f"{name} is not in {said}"
                    yield Finding(page.path, line, "place-wrong", message, f"it is in {' and '.join(sorted(places))}")


def _defined(name: str, file: str, inventory: Inventory) -> bool:
    """Whether the file has a symbol of this name, though the name is that of other facts too."""
    tail = name.rstrip("()").rpartition(".")[2]
    return any(fact.file == file and fact.key.rpartition(".")[2] == tail for fact in inventory.of_kind("symbol"))
