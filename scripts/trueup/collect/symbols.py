"""Public names of the code, read by Griffe without importing anything."""

import logging
from collections.abc import Iterator
from pathlib import Path

import griffe

from trueup.errors import TrueupError
from trueup.facts import Fact


def collect(root: Path, packages: list[str]) -> Iterator[Fact]:
    """A fact of kind `symbol` for each module, class, function and attribute, with its signature.

    Names that begin with an underscore are left out. Raises `TrueupError` when a package cannot be read.
    """
    logging.getLogger("griffe").setLevel(logging.ERROR)
    loader = griffe.GriffeLoader(search_paths=[root, root / "scripts", root / "src"], allow_inspection=False)
    for package in packages:
        try:
            top = loader.load(package)
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            raise TrueupError(f"pyproject.toml: tool.trueup.packages: cannot read {package!r}: {message}") from None
        yield from _walk(top, root.resolve())


def _walk(thing: griffe.Object | griffe.Alias, root: Path) -> Iterator[Fact]:
    if isinstance(thing, griffe.Alias):
        return
    filepath = thing.filepath
    file = ""
    if isinstance(filepath, Path) and filepath.resolve().is_relative_to(root):
        file = filepath.resolve().relative_to(root).as_posix()
    attributes: dict[str, object] = {"category": thing.kind.value}
    if isinstance(thing, griffe.Function):
        attributes["signature"] = thing.signature()
    if thing.docstring:
        attributes["summary"] = thing.docstring.value.split("\n\n")[0].replace("\n", " ")
    yield Fact("symbol", thing.path, attributes, file, thing.lineno or 1)
    for name, member in sorted(thing.members.items()):
        if not name.startswith("_"):
            yield from _walk(member, root)
