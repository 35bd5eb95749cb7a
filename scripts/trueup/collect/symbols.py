"""Public names of the code, read by Griffe without importing anything."""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

import griffe

from trueup.errors import TrueupError
from trueup.facts import Fact

_READ: dict[tuple[str, str], tuple[Fact, ...]] = {}
"""The symbols of a package, by its name and the digest of its files."""


def collect(root: Path, packages: list[str]) -> Iterator[Fact]:
    """A fact of kind `symbol` for each module, class, function and attribute, with its signature.

    Names that begin with an underscore are left out. A package whose files have not changed is read once in the life of
    a process, and of its forks. Raises `TrueupError` when a package cannot be read.
    """
    for package in packages:
        key = (package, _digest(root, package))
        if key not in _READ:
            _READ[key] = _read(root, package)
        yield from _READ[key]


def _read(root: Path, package: str) -> tuple[Fact, ...]:
    logging.getLogger("griffe").setLevel(logging.ERROR)
    loader = griffe.GriffeLoader(search_paths=_places(root), allow_inspection=False)
    try:
        # Not what stands in the current folder, which may be another project.
        top = loader.load(package, try_relative_path=False)
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise TrueupError(f"pyproject.toml: tool.trueup.packages: cannot read {package!r}: {message}") from None
    return tuple(_walk(top, root.resolve()))


def _places(root: Path) -> list[Path]:
    return [root, root / "scripts", root / "src"]


def _digest(root: Path, package: str) -> str:
    """The digest of the names and contents of all that Griffe may read of a package, in each place it may be."""
    total = hashlib.sha256()
    for number, place in enumerate(_places(root)):
        folder = place.joinpath(*package.split("."))
        files = [folder.with_suffix(".py"), *folder.rglob("*.py"), *folder.rglob("*.pyi")]
        for path in sorted(path for path in files if path.is_file()):
            total.update(f"{number} {path.relative_to(place).as_posix()}\0".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _walk(thing: griffe.Object | griffe.Alias, root: Path, file: str = "") -> Iterator[Fact]:
    if isinstance(thing, griffe.Alias):
        return
    if thing.is_module:
        file = _file(thing.filepath, root)
    attributes: dict[str, object] = {"category": thing.kind.value}
    if isinstance(thing, griffe.Function):
        attributes["signature"] = thing.signature()
    if thing.docstring:
        attributes["summary"] = thing.docstring.value.split("\n\n")[0].replace("\n", " ")
    yield Fact("symbol", thing.path, attributes, file, thing.lineno or 1)
    for name, member in sorted(thing.members.items()):
        if not name.startswith("_"):
            yield from _walk(member, root, file)


def _file(path: object, root: Path) -> str:
    """The file of a module, from the root of the project; empty when it is not the project's own."""
    if not isinstance(path, Path) or not path.resolve().is_relative_to(root):
        return ""  # a package without a file of its own has several folders
    return path.resolve().relative_to(root).as_posix()
