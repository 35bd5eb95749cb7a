"""Values in prose: `{{ setting.WORKER_COUNT.default }}` takes the number from the code."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from trueup.facts import Fact, Inventory, closest
from trueup.filters import FILTERS, plain
from trueup.findings import Finding
from trueup.pages import Page

_VALUE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_MOST = 3


@dataclass(frozen=True)
class Unknown:
    """A `{{ … }}` that cannot be filled in: where in the text it starts, and why."""

    offset: int
    message: str
    suggestion: str | None = None


@dataclass(frozen=True)
class Filled:
    """Text with its values filled in, the facts they came from, and those that are unknown (left as written)."""

    text: str
    used: tuple[Fact, ...]
    unknown: tuple[Unknown, ...]


class Values:
    """Fills values into text: `{{ kind.key.attribute | filter }}`, `{{ count.kind }}`.

    A key may hold dots. An attribute may go on into nested attributes (`retry.delay`) and list positions (`names.0`).
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def fill(self, text: str) -> Filled:
        """Replace every value in `text`."""
        used: list[Fact] = []
        unknown: list[Unknown] = []

        def replace(match: re.Match[str]) -> str:
            answer = self._evaluate(match[1].strip())
            if isinstance(answer, _Problem):
                unknown.append(Unknown(match.start(), answer.message, answer.suggestion))
                return match[0]
            used.extend(answer.used)
            return answer.text

        return Filled(_VALUE.sub(replace, text), tuple(used), tuple(unknown))

    def _evaluate(self, expression: str) -> "_Answer | _Problem":
        path, *filters = (part.strip() for part in expression.split("|"))
        found = self._lookup(path)
        if isinstance(found, _Problem):
            return found
        used, value = found
        for name in filters or ["plain"]:
            if name not in FILTERS:
                return _Problem(f"unknown filter {name}", closest(name, FILTERS))
            try:
                value = FILTERS[name](value)
            except ValueError as error:
                return _Problem(f"filter {name}: {error}")
        return _Answer(used, value if isinstance(value, str) else plain(value))

    def _lookup(self, path: str) -> "tuple[tuple[Fact, ...], Any] | _Problem":
        kind, _, rest = path.partition(".")
        if kind == "count":
            if rest not in self._inventory.kinds:
                return _Problem(f"unknown kind {rest}", closest(rest, self._inventory.kinds))
            facts = tuple(self._inventory.of_kind(rest))
            return facts, len(facts)
        if kind not in self._inventory.kinds:
            return _Problem(f"unknown kind {kind} in {{{{ {path} }}}}", closest(kind, self._inventory.kinds))
        parts = rest.split(".")
        for length in range(len(parts), 0, -1):
            fact = self._inventory.get(kind, ".".join(parts[:length]))
            if fact is not None:
                return self._attribute(fact, parts[length:])
        return self._unknown_key(kind, parts)

    def _attribute(self, fact: Fact, path: Sequence[str]) -> "tuple[tuple[Fact, ...], Any] | _Problem":
        if not path:
            known = ", ".join(sorted({*fact.attributes, "key"}))
            return _Problem(f"{fact.kind}.{fact.key} needs an attribute; it has {known}")
        value: Any = {**fact.attributes, "key": fact.key, "kind": fact.kind}
        for part in path:
            if isinstance(value, dict) and part in value:
                value = value[part]
            elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
                value = value[int(part)]
            else:
                choices = list(value) if isinstance(value, dict) else []
                return _Problem(f"{fact.kind}.{fact.key} has no {'.'.join(path)}", closest(part, map(str, choices)))
        return (fact,), value

    def _unknown_key(self, kind: str, parts: list[str]) -> "_Problem":
        key, attribute = (".".join(parts[:-1]), f".{parts[-1]}") if len(parts) > 1 else (parts[0], "")
        keys = [fact.key for fact in self._inventory.of_kind(kind)]
        likely = _ending(key, keys) or [close for close in [closest(key, keys)] if close]
        likely = likely or _ending(closest(key, map(_last, keys)), keys)
        forms = [f"{kind}.{each}{attribute}" for each in likely[:_MOST]]
        return _Problem(f"unknown {kind} {key}", " or ".join(forms) or None)


def _ending(part: str | None, keys: Sequence[str]) -> list[str]:
    """The keys that have this last part: few people know the name of the operation to which a parameter belongs."""
    return [key for key in keys if "." in key and _last(key) == part]


def _last(key: str) -> str:
    return key.rpartition(".")[2]


@dataclass(frozen=True)
class _Answer:
    used: tuple[Fact, ...]
    text: str


@dataclass(frozen=True)
class _Problem:
    message: str
    suggestion: str | None = None


def check(page: Page, values: Values, used: set[Fact]) -> Iterator[Finding]:
    """A finding for each `{{ … }}` of the page that cannot be filled in; `used` takes the facts of the others."""
    for prose in page.texts:
        if "{{" not in prose.text:
            continue
        filled = values.fill(prose.text)
        used.update(filled.used)
        for problem in filled.unknown:
            line = prose.line + prose.text.count("\n", 0, problem.offset)
            mend = f"did you mean {problem.suggestion}?" if problem.suggestion else ""
            yield Finding(page.path, line, "value-unknown", problem.message, mend)
