"""Looking facts up: those that have a word, as a page can name them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from trueup.committed import ambient
from trueup.config import Config
from trueup.facts import Fact, Inventory
from trueup.filters import plain
from trueup.gather import gather
from trueup.terminal import terminal

_NAMES_ONLY = frozenset({"file", "symbol"})
"""Kinds that pages name in backticks, and whose attributes nobody quotes."""

_UNTOLD = frozenset({"names", "order"})
_LONGEST = 70


def show(word: str, config: Config, root: Path) -> int:
    """Print the facts with `word` in their key, summary or description, in any case; answers the exit status.

    Files and symbols are left out. Raises `TrueupError` when the facts cannot be collected.
    """
    inventory = Inventory([*gather(config, root).inventory, *ambient(config, root)])
    wanted = word.lower()
    found = [fact for fact in inventory if fact.kind not in _NAMES_ONLY and wanted in _text(fact)]
    if not found:
        close = inventory.suggest(word)
        advice = f"; did you mean {close}?" if close else ""
        message = f"no fact has {word!r} in its key, summary or description{advice}"
        terminal(stderr=True, soft_wrap=True).print(message, highlight=False, markup=False)
        return 1
    console = terminal(soft_wrap=True)
    for fact in found:
        for line in _lines(fact):
            console.print(line, highlight=False, markup=False)
    return 0


def _lines(fact: Fact) -> Iterator[str]:
    yield f"{fact.kind} {fact.key}" + (f" ({fact.place})" if fact.place else "")
    values = list(_values(f"{fact.kind}.{fact.key}", fact.attributes))
    width = max((len(form) for form, _ in values), default=0)
    yield from (f"    {form:<{width}}  {value}" for form, value in values)


def _text(fact: Fact) -> str:
    told = (fact.key, *(str(fact.attributes.get(name, "")) for name in ("summary", "description")))
    return "\n".join(told).lower()


def _values(path: str, attributes: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in attributes.items():
        if isinstance(value, Mapping):
            yield from _values(f"{path}.{name}", value)
        elif name not in _UNTOLD and value not in (None, "", []):
            text = " ".join(plain(value).split())
            yield f"{{{{ {path}.{name} }}}}", text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
