"""Facts: everything a document may state about the software, in one inventory."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trueup.errors import TrueupError

AMBIENT_KINDS = frozenset({"backing", "coverage", "file", "requirement", "symbol"})
"""Kinds that the inventory leaves out: they change with every edit and need no review of their own."""

DOTTED_KINDS = frozenset({"field", "value", "parameter"})
"""Kinds whose facts may also be named by the last part of their key: `JobRead.status` as `status`."""

_TELLING = re.compile(r"[A-Z_]")


@dataclass(frozen=True)
class Fact:
    """One thing that is true of the software.

    `attributes` hold JSON values. The attribute `names` (a list) gives further names by which inline code may mean it.
    `file` is relative to the project root; `line` counts from 1 and is 0 where only the file is known.
    """

    kind: str
    key: str
    attributes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    file: str = ""
    line: int = 0

    @property
    def id(self) -> str:
        """Kind and key in one: `setting:WORKER_COUNT`."""
        return f"{self.kind}:{self.key}"

    @property
    def anchor(self) -> str:
        """The id of the place that shows this fact in full."""
        # The same path with a slash at its end is another route.
        return slug(f"{self.kind}-{self.key}") + ("-" if self.key.endswith("/") else "")

    @property
    def place(self) -> str:
        """File and line, as far as known."""
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def names(self) -> Iterator[str]:
        """Every name by which inline code may mean this fact; a term of the glossary is a word, not code."""
        if self.kind == "term":
            return
        yield self.key
        yield from (str(name) for name in self.attributes.get("names") or ())
        if self.kind in DOTTED_KINDS:
            yield self.key.rpartition(".")[2]
        elif self.kind == "symbol":
            parts = self.key.split(".")
            for start in range(1, len(parts) - 1):
                yield ".".join(parts[start:])
            if _TELLING.search(parts[-1]):
                yield parts[-1]


class Inventory:
    """All facts, found by kind and key or by any of their names.

    Raises `TrueupError` naming both places when two facts have one kind and key.
    """

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._by_id: dict[tuple[str, str], Fact] = {}
        for fact in sorted(facts, key=lambda fact: (fact.kind, fact.key)):
            other = self._by_id.setdefault((fact.kind, fact.key), fact)
            if other is not fact:
                raise TrueupError(
                    f"two facts are {fact.id!r}: {other.place or 'unknown place'} and {fact.place or 'unknown place'}; "
                    "give one of them another key"
                )

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Fact]]:
        index: dict[str, list[Fact]] = {}
        for fact in self:
            for name in dict.fromkeys(fact.names):
                index.setdefault(name, []).append(fact)
        return index

    @cached_property
    def _by_kind(self) -> Mapping[str, Sequence[Fact]]:
        index: dict[str, list[Fact]] = {}
        for fact in self:
            index.setdefault(fact.kind, []).append(fact)
        for facts in index.values():
            facts.sort(key=lambda fact: (fact.attributes.get("order", 0), fact.key))
        return index

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds there are, sorted."""
        return sorted(self._by_kind)

    def get(self, kind: str, key: str) -> Fact | None:
        """The fact with this kind and key."""
        return self._by_id.get((kind, key))

    def of_kind(self, kind: str) -> Sequence[Fact]:
        """The facts of a kind, in the order of their attribute `order`, then of their keys."""
        return self._by_kind.get(kind, ())

    def named(self, name: str) -> Sequence[Fact]:
        """The facts that inline code may mean by this name."""
        return self._by_name.get(name, ())

    def suggest(self, name: str, kind: str | None = None) -> str | None:
        """The known name closest to `name`, of one kind or of all; none when nothing is close."""
        if kind is None:
            choices: Iterable[str] = (n for n, facts in self._by_name.items() if any(f.kind != "file" for f in facts))
        else:
            choices = (n for fact in self.of_kind(kind) for n in fact.names)
        return closest(name, choices)

    def dump(self) -> str:
        """The committed form: JSON in a stable order, without lines, so that moving code changes nothing in it."""
        facts = [
            {"kind": f.kind, "key": f.key, "file": f.file, "attributes": f.attributes}
            for f in self
            if f.kind not in AMBIENT_KINDS
        ]
        return json.dumps({"facts": facts}, indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def load(cls, text: str, path: str) -> "Inventory":
        """Read the committed form. Raises `TrueupError` naming `path` when it is something else."""
        try:
            facts = [
                Fact(kind=str(f["kind"]), key=str(f["key"]), attributes=dict(f["attributes"]), file=str(f["file"]))
                for f in json.loads(text)["facts"]
            ]
        except (ValueError, TypeError, KeyError) as error:
            raise TrueupError(f"{path}: is no inventory ({type(error).__name__}: {error}); run trueup write") from None
        return cls(facts)


def slug(text: str) -> str:
    """A name as the id of an element: lower case, everything but letters, digits and `_` as one hyphen."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")


def closest(name: str, choices: Iterable[str]) -> str | None:
    """The choice most like `name`, in any case; none when nothing is close."""
    # Imported for those who ask: building a site asks for nothing that is not there.
    from rapidfuzz import fuzz, process

    found = process.extractOne(name, list(choices), scorer=fuzz.ratio, processor=str.lower, score_cutoff=72)
    return found[0] if found else None
