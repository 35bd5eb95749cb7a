"""The truth: everything the code says now, in one value that can be kept as JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trueup.collect.settings import Validator
from trueup.facts import Fact, Inventory


@dataclass(frozen=True)
class Truth:
    """What the code says now: the facts, the OpenAPI document, and a check for each setting's values."""

    inventory: Inventory
    document: Mapping[str, Any] = field(default_factory=dict)
    validators: Mapping[str, Validator] = field(default_factory=dict)

    def plain(self) -> dict[str, Any]:
        """Everything as JSON values, but of the validators only for which settings there are some."""
        facts = [[fact.kind, fact.key, dict(fact.attributes), fact.file, fact.line] for fact in self.inventory]
        return {"facts": facts, "document": dict(self.document), "validators": sorted(self.validators)}

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any], validators: Mapping[str, Validator]) -> "Truth":
        """The inverse of `plain`."""
        return cls(Inventory(Fact(*entry) for entry in plain["facts"]), plain["document"], validators)


def dump_document(document: Mapping[str, Any]) -> str:
    """The committed form of the OpenAPI document: JSON, in the application's own order of paths and schemas."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
