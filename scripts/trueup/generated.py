"""Generated files: the same code writes them and checks that they are what it would write."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trueup import backing, vocabulary, watermark
from trueup.bindings import Bindings
from trueup.committed import read_collected, read_document
from trueup.config import Config
from trueup.covered import measure
from trueup.drift import Change, compare, findings
from trueup.findings import Finding
from trueup.pages import read_pages
from trueup.resolver import Resolver
from trueup.truth import Truth, dump_document


def changes(truth: Truth, config: Config, root: Path) -> list[Change]:
    """How the facts of the code differ from the committed inventory."""
    return compare(read_collected(config, root), truth.inventory)


def check(
    truth: Truth, config: Config, root: Path, changed: Sequence[Change], shown: Mapping[str, Sequence[str]]
) -> Iterator[Finding]:
    """A finding for each generated file that is stale, and for each line of code that made it so."""
    inventory = config.inventory.as_posix()
    if not (root / config.inventory).exists():
        yield Finding(inventory, 1, "generated-stale", f"{inventory} has not been written", "run trueup write")
    elif changed:
        count = "1 fact" if len(changed) == 1 else f"{len(changed)} facts"
        yield Finding(
            inventory, 1, "generated-stale", f"{inventory} differs from the code in {count}", "run trueup write"
        )
        yield from findings(changed, truth.inventory, shown, inventory)
    if config.openapi is not None:
        path = config.openapi.as_posix()
        if not (root / config.openapi).exists():
            yield Finding(path, 1, "generated-stale", f"{path} has not been written", "run trueup write")
            return
        committed, live = read_document(config, root), json.loads(dump_document(truth.document))
        places = list(_differences(committed, live, ""))
        if places:
            more = f" and {len(places) - 3} more" if len(places) > 3 else ""
            message = f"{path} differs from the code at {', '.join(places[:3])}{more}"
            yield Finding(path, 1, "generated-stale", message, "run trueup write")


def write(truth: Truth, config: Config, root: Path) -> list[str]:
    """Write the generated files that are stale; answers their paths."""
    written = []
    if changes(truth, config, root) or not (root / config.inventory).exists():
        _write(root / config.inventory, truth.inventory.dump())
        written.append(config.inventory.as_posix())
    if config.openapi is not None:
        text = dump_document(truth.document)
        path = root / config.openapi
        if not path.exists() or read_document(config, root) != json.loads(text):
            _write(path, text)
            written.append(config.openapi.as_posix())
    if config.coverage is not None:
        bindings = _bindings(truth, config, root)
        covered = measure(bindings, config.owned, config.archive)
        if watermark.write(covered, backing.raised(backing.measure(bindings, config), config, root), config, root):
            written.append(config.coverage.as_posix())
    return written


def _bindings(truth: Truth, config: Config, root: Path) -> Bindings:
    resolver = Resolver(truth.inventory, vocabulary.load(root, config.vocabulary), truth.validators)
    return Bindings(read_pages(root, config.docs), truth.inventory, truth.document, resolver, config.owned)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _differences(old: Any, new: Any, place: str) -> Iterator[str]:
    """The places, as JSON pointers, where two documents differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}, key=str):
            pointer = f"{place}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key not in old or key not in new:
                yield pointer
            else:
                yield from _differences(old[key], new[key], pointer)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (left, right) in enumerate(zip(old, new, strict=True)):
            yield from _differences(left, right, f"{place}/{index}")
    elif old != new:
        yield place or "/"
