"""Literals in inline code: numbers, times, ids, HTTP statuses, and JSON that is held against the schema."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from trueup.facts import Fact, Inventory, closest
from trueup.resolution import KNOWN, Resolution, wrong

_NUMBER = re.compile(r"[-+]?\d[\d_, ]*(?:\.\d+)?(?:e[-+]?\d+)?\s*%?$", re.IGNORECASE)
_STATUS = re.compile(r"(\d{3}) ([A-Z][\w' -]+)$")
_STATUS_CLASS = re.compile(r"[1-5]xx$", re.IGNORECASE)
_PAIR = re.compile(r"\"?([A-Za-z_][\w.-]*)\"?\s*(?:=|:\s)\s*(.+)$", re.DOTALL)
_PATH = re.compile(r"\.?[A-Za-z_]\w*(?:\[\d*\])?(?:\.[A-Za-z_]\w*(?:\[\d*\])?)*$")
_WORD = re.compile(r"\w+")
_OPEN = frozenset({"object", "any", "map"})
"""Types whose members no schema names."""
_NAMING = ("field", "parameter")


class Literals:
    """Checks literals; names in them must be fields or parameters, and enumerated ones take only their values."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory

    def resolve(self, text: str) -> Resolution | None:
        """Whether `text` is a literal, and a right one; none when it is none."""
        if _NUMBER.match(text) or _STATUS_CLASS.match(text) or text in ("true", "false", "null"):
            return KNOWN
        if status := _STATUS.match(text):
            return self._status(*status.groups())
        if _is(UUID, text) or (len(text) >= 10 and _is(datetime.fromisoformat, text)):
            return KNOWN
        if text[:1] in '{["':
            try:
                return self._json(json.loads(text))
            except ValueError:
                return None
        if pair := _PAIR.match(text):
            return self._pair(pair[1], pair[2].strip().strip('"'))
        if ("." in text or "[" in text) and _PATH.match(text):
            return self._path(text)
        return None

    def _status(self, number: str, phrase: str) -> Resolution:
        try:
            known = HTTPStatus(int(number)).phrase
        except ValueError:
            return wrong("code-unknown", f"unknown HTTP status {number}")
        if phrase.lower() == known.lower():
            return KNOWN
        return wrong("code-unknown", f"HTTP status {number} is not {phrase}", f"{number} {known}")

    def _named(self, name: str) -> Sequence[Fact]:
        return [fact for fact in self._inventory.named(name) if fact.kind in _NAMING]

    def _pair(self, name: str, value: str) -> Resolution | None:
        facts = self._named(name)
        if not facts:
            return None
        return self._value(name, facts, value) or Resolution(facts=tuple(facts))

    def _value(self, name: str, facts: Sequence[Fact], value: Any) -> Resolution | None:
        choices = [str(choice) for fact in facts for choice in fact.attributes.get("enum", [])]
        if len([fact for fact in facts if "enum" in fact.attributes]) == len(facts) and isinstance(value, str):
            if value in choices or re.match(r"[$<…{]|\.\.\.", value):
                return None
            problem = wrong("code-unknown", f"{name} does not take {value}", closest(value, choices))
            return problem if problem.mend else replace(problem, mend=f"it takes {', '.join(dict.fromkeys(choices))}")
        return None

    def _json(self, value: Any) -> Resolution:
        if isinstance(value, dict):
            for key, item in value.items():
                facts = self._named(key)
                if not facts:
                    names = (n for kind in _NAMING for f in self._inventory.of_kind(kind) for n in f.names)
                    return wrong("code-unknown", f"unknown field {key}", closest(key, names))
                problem = self._value(key, facts, item)
                if problem:
                    return problem
                if isinstance(item, dict | list):
                    inner = self._json(item)
                    if inner.wrong:
                        return inner
        elif isinstance(value, list):
            for item in value:
                inner = self._json(item)
                if inner.wrong:
                    return inner
        elif isinstance(value, str) and value and not self._inventory.named(value):
            return wrong("code-unknown", f'unknown text "{value}"', self._inventory.suggest(value))
        return KNOWN

    def _path(self, text: str) -> Resolution | None:
        """A path into JSON: each name must be a field of what the name before it holds, as far as a schema says so."""
        first, *rest = re.sub(r"\[\d*\]", "", text).strip(".").split(".")
        here = list(self._named(first))
        for name in rest:
            held = {word for fact in here for word in _WORD.findall(str(fact.attributes.get("type", "")))}
            if held & _OPEN:
                return KNOWN
            here = [fact for fact in self._named(name) if fact.attributes.get("schema") in held]
        return Resolution(facts=tuple(here)) if here else None


def _is(read: Any, text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True
