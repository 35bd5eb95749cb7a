"""Sentences that relate two facts: what they say must be what the facts say of each other.

Each rule reads one form of words in which nobody means anything else, such as “the stage `count` of `stocktaking`”.
All other sentences are left alone: a checker that guesses is soon switched off.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from trueup import sentences
from trueup.config import ConformanceConfig
from trueup.facts import Fact, Inventory
from trueup.findings import Finding
from trueup.pages import Page, Prose
from trueup.resolver import Resolver
from trueup.values import Values

_SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)
_REF = r"\[(\d+)\]"
_LIST = r"((?:\[\d+\](?:, (?:and |or )?| and | or )?)+)"
_ONE = re.compile(_REF)
_NEGATED = re.compile(
    r"\b(?:not|no|none|never|neither|nor|cannot|without|unlike|except|instead|than|but|if|unless)\b|n't\b"
)
_LOOSE = frozenset({"number", "text", "list", "string", "object", "path", "file", "time", "state"})
"""Types whose names are everyday words: “the number `x`” tells no type."""

_METRICS = frozenset({"counter", "gauge", "histogram"})
"""The types of metrics that Prometheus has, whether or not a project has metrics of each."""

_TYPED = ("type", "level", "severity")
_EMPTY = frozenset({"", "none", "no", "never", "false"})
_OWN = re.compile(rf"([a-z][a-z ]*?) {_LIST} ?(?:of|in) (?:the )?(?:\w+ )?{_REF}")
_HAS = re.compile(rf"{_REF} (?:has|have|needs?|requires?|asks for|carr(?:y|ies)) (?:the |an? )?([a-z][a-z ]*?) {_LIST}")
_ASIDE = re.compile(rf"{_REF} \((?:the |an? )?([a-z][a-z ]*?) {_LIST}\)")
_BEFORE = re.compile(rf"\b(?:the|an?) ([a-z]+) {_REF}")
_IS = re.compile(rf"{_REF} (?:is|are) (not )?(?:an? |the )?([a-z_]+)\b")
_MOVES = re.compile(rf"\bfrom {_REF} to {_REF}")
_MAY = re.compile(r"\b(?:may|can|is allowed|are allowed|has|have|holds?)\b")
_MAY_NOT = re.compile(r"\b(?:may not|can ?not|can't|is not allowed|are not allowed)\b")
_REFUSES = re.compile(r"\b(?:answer(?:s|ed)?|refuse[sd]?|fail(?:s|ed)?|reject(?:s|ed)?|gives?|gets?|returns?)\b")
_GUARDS = re.compile(r"\b(?:needs?|requires?|asks for|wants?|allows?|lets|grants?|guarded by|covered by)\b")
_VALUE = re.compile(r"-?\d+(?:\.\d+)?|true|false|[a-z][a-z0-9_-]*")


@dataclass(frozen=True)
class States:
    """The kinds of facts that are states, events and transitions; a transition has `source`, `event` and `target`."""

    states: str = "state"
    events: str = "event"
    transitions: str = "transition"

    @classmethod
    def of(cls, config: ConformanceConfig | None) -> "States":
        """The kinds that the conformance test of a project is configured for."""
        return cls(config.states, config.events, config.transitions) if config else cls()


@dataclass(frozen=True)
class _Said:
    """One sentence in small letters, each inline code as its number in brackets, with the facts that it may name."""

    words: str
    codes: Sequence[str]
    facts: Sequence[tuple[Fact, ...]]

    @cached_property
    def negated(self) -> bool:
        return _NEGATED.search(self.words) is not None

    def of_kind(self, kind: str) -> set[Fact]:
        """The facts of a kind that the sentence names, each by inline code that means no other of that kind."""
        found = [[fact for fact in facts if fact.kind == kind] for facts in self.facts]
        return {facts[0] for facts in found if len(facts) == 1}

    def items(self, text: str) -> list[int]:
        return [int(number) for number in _ONE.findall(text)]


@dataclass
class Relations:
    """The rules, over one inventory."""

    inventory: Inventory
    resolver: Resolver
    values: Values
    states: States = field(default_factory=States)

    def check(self, page: Page) -> Iterator[Finding]:
        """A finding for each sentence of a page that relates facts in another way than they are related."""
        rules: Sequence[Callable[[_Said], Iterator[str]]] = (
            self._attributes, self._types, self._conditions, self._moves, self._defaults, self._refusals, self._matrix,
        )  # fmt: skip
        for prose in page.texts:
            filled = Prose(prose.line, self.values.fill(prose.text).text) if "{{" in prose.text else prose
            for line, text in sentences.split(filled):
                if text.count("`") >= 2 and not text.lstrip().startswith("|"):
                    said = self._said(text)
                    for message in dict.fromkeys(message for rule in rules for message in rule(said)):
                        yield Finding(page.path, line, "relation-wrong", message, "correct what the sentence says")

    def _said(self, text: str) -> _Said:
        codes: list[str] = []

        def number(match: re.Match[str]) -> str:
            codes.append(" ".join(match[2].split()))
            return f"[{len(codes) - 1}]"

        numbered = _SPAN.sub(number, text.replace("[", "").replace("]", ""))
        words = re.sub(r"[*_]{1,3}(?=\[)|(?<=\])[*_]{1,3}", "", numbered)
        facts = [self.resolver.resolve(code).facts for code in codes]
        return _Said(" ".join(words.split()).casefold(), codes, facts)

    def _attributes(self, said: _Said) -> Iterator[str]:
        """“The stage `count` of `stocktaking`”, “`loans` has the labels `a` and `b`”, “`x` (alias `y`)”."""
        if said.negated:
            return
        told = [(match[1], match[2], match[3]) for match in _OWN.finditer(said.words)]
        told += [(match[2], match[3], match[1]) for form in (_HAS, _ASIDE) for match in form.finditer(said.words)]
        for phrase, listed, owner in told:
            for index in said.items(listed):
                yield from self._attribute(said, phrase.split(), index, int(owner))

    def _attribute(self, said: _Said, phrase: Sequence[str], index: int, owner: int) -> Iterator[str]:
        owners, code = said.facts[owner], said.codes[index]
        for length in (1, 2):
            name = "_".join(phrase[-length:])
            right = [value for fact in owners for value in _listed(fact, name)]
            if right:
                keys = {code, *(fact.key for fact in said.facts[index])}
                if not keys & set(right):
                    yield f"{owners[0].key} has no {' '.join(phrase[-length:])} {code}; it has {', '.join(right)}"
                return
            ones = [fact for fact in said.facts[index] if name in (fact.kind, f"{fact.kind}s")]
            if ones and (relations := self._related(ones, owners)):
                if not any(relations):
                    yield f"{ones[0].kind.replace('_', ' ')} {code} is not one of {owners[0].key}"
                return

    def _related(self, ones: Sequence[Fact], owners: Sequence[Fact]) -> list[bool]:
        """For each attribute by which facts of one kind name those of the other, whether it does here."""
        found = []
        for one in ones:
            for owner in owners:
                for fact, other in ((one, owner), (owner, one)):
                    keys = {each.key for each in self.inventory.of_kind(other.kind)}
                    for value in fact.attributes.values():
                        names = value if isinstance(value, list) else [value]
                        if names and all(isinstance(name, str) and name in keys for name in names):
                            found.append(other.key in names)
        return found

    def _types(self, said: _Said) -> Iterator[str]:
        """“The gauge `loans_open`”, “`loan.failed` is a warning”: a word that is the type of another of the kind."""
        told = [(match[1], int(match[2])) for match in _BEFORE.finditer(said.words)]
        told += [(match[3], int(match[1])) for match in _IS.finditer(said.words) if not match[2]]
        for word, index in told:
            for name in _TYPED:
                having = [fact for fact in said.facts[index] if isinstance(fact.attributes.get(name), str)]
                kinds = {fact.kind for fact in having}
                known = {str(each.attributes.get(name)) for kind in kinds for each in self.inventory.of_kind(kind)}
                known |= _METRICS if known & _METRICS else set()
                if word in known - _LOOSE and word not in {fact.attributes[name] for fact in having}:
                    yield f"{having[0].key} is no {word}; its {name} is {having[0].attributes[name]}"

    def _conditions(self, said: _Said) -> Iterator[str]:
        """“`returned` is terminal”, “`limit` is not required”: attributes that are true or false."""
        for match in _IS.finditer(said.words):
            name = "required" if match[3] == "optional" else match[3]
            told = (match[2] is None) != (match[3] == "optional")
            values = {fact.attributes[name] for fact in said.facts[int(match[1])] if name in fact.attributes}
            if values and all(isinstance(value, bool) and value is not told for value in values):
                yield f"{said.codes[int(match[1])]} is {'not ' if told else ''}{name}"

    def _moves(self, said: _Said) -> Iterator[str]:
        """“`renew` takes a loan from `lent` to `overdue`”: a transition with these ends, and with that event."""
        if said.negated:
            return
        events = {fact.key for fact in said.of_kind(self.states.events)}
        for match in _MOVES.finditer(said.words):
            ends = [
                next((fact.key for fact in said.facts[int(number)] if fact.kind == self.states.states), "")
                for number in match.groups()
            ]
            found = [
                fact.attributes.get("event")
                for fact in self.inventory.of_kind(self.states.transitions)
                if [fact.attributes.get("source"), fact.attributes.get("target")] == ends
            ]
            if all(ends) and not found:
                yield f"nothing leads from {ends[0]} to {ends[1]}"
            elif all(ends) and len(events) == 1 and not events & set(found):
                yield f"{next(iter(events))} does not lead from {ends[0]} to {ends[1]}"

    def _defaults(self, said: _Said) -> Iterator[str]:
        """“`SHELVING` is `author` by default”, “the default of `SHELVING` is `author`”."""
        having = [index for index, facts in enumerate(said.facts) if any("default" in f.attributes for f in facts)]
        told = [index for index, code in enumerate(said.codes) if index not in having and _VALUE.fullmatch(code)]
        form = re.compile(
            rf"{_REF} (?:is|are) {_REF} by default|default of {_REF} is {_REF}|{_REF} defaults to {_REF}"
            rf"|{_REF} \((?:by )?default:? {_REF}\)"
        )
        for match in form.finditer(said.words):
            subject, value = (int(number) for number in match.groups() if number is not None)
            right = {_plain(f.attributes["default"]) for f in said.facts[subject] if "default" in f.attributes}
            if right and value in [*told, *having] and said.codes[value] not in right and not said.negated:
                yield f"{said.codes[subject]} is {' or '.join(sorted(right))} by default, not {said.codes[value]}"

    def _refusals(self, said: _Said) -> Iterator[str]:
        """“`POST /x` needs `x.write`”, “`POST /x` is refused with `x.gone`”: what an attribute of that name lists."""
        for kind, form in (("permission", _GUARDS), ("problem", _REFUSES)):
            operations = said.of_kind("operation")
            if said.negated or len(operations) != 1 or not form.search(said.words):
                continue
            (operation,) = operations
            right = [*_listed(operation, kind)]
            for fact in sorted(said.of_kind(kind), key=lambda fact: fact.key):
                if right and fact.key not in right:
                    yield f"{operation.key} has no {kind} {fact.key}; it has {', '.join(right)}"

    def _matrix(self, said: _Said) -> Iterator[str]:
        """“A `reader` has `loans.read`”: a fact with an attribute that has the other one's name."""
        denied = _MAY_NOT.search(said.words) is not None
        if not denied and (said.negated or not _MAY.search(said.words)):
            return
        named = {fact for facts in said.facts for fact in facts}
        pairs = [(row, column) for row in named for column in named if _is_cell(row.attributes.get(column.key))]
        if len({(row.key, column.key) for row, column in pairs}) == 1:
            row, column = pairs[0]
            allowed = str(row.attributes[column.key]).casefold() not in _EMPTY
            if allowed is denied:
                yield f"{row.key} is {row.attributes[column.key]} for {column.key}"


def _listed(fact: Fact, name: str) -> list[str]:
    """The names in the attribute of a fact that is called so, in the singular or plural; none when it has none."""
    for called in (name, f"{name}s", name.removesuffix("s"), f"{name}es", name.removesuffix("es")):
        value = fact.attributes.get(called)
        values = value if isinstance(value, list) else [value]
        if value and all(isinstance(each, str | int | float) and not isinstance(each, bool) for each in values):
            return [_plain(each) for each in values]
    return []


def _is_cell(value: Any) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.isalpha())


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
