"""Signatures of the Python interface that a project promises: committed, so that a change of them is reviewed."""

from collections.abc import Iterable, Iterator, Sequence

from trueup.errors import TrueupError
from trueup.facts import Fact


def collect(symbols: Iterable[Fact], names: Sequence[str]) -> Iterator[Fact]:
    """A fact of kind `signature` (`library.desk.lend()`) for each function of the modules and classes in `names`.

    Raises `TrueupError` when a name is no symbol of the configured packages.
    """
    known = {fact.key: fact for fact in symbols}
    for name in names:
        if name not in known:
            raise TrueupError(
                f"pyproject.toml: tool.trueup.signatures: {name!r} is no symbol of tool.trueup.packages; correct it"
            )
    for key, fact in known.items():
        inside = any(key == name or key.startswith(f"{name}.") for name in names)
        if inside and "signature" in fact.attributes:
            yield Fact("signature", f"{key}()", {"signature": fact.attributes["signature"]}, fact.file, fact.line)
