"""The columns of a table for which the page names none."""

from collections.abc import Mapping, Sequence

from trueup.facts import Fact

_OF_KIND: Mapping[str, Mapping[str, str]] = {
    "alert": {
        "Alert": "key | code", "Fires when": "expr | code", "For": "for", "Severity": "severity", "Summary": "summary",
    },
    "body": {"Body": "key | code", "Type": "type | code", "Required": "required | mark"},
    "command": {"Command": "key | code", "What it does": "summary"},
    "coverage": {
        "Kind": "key | code", "Facts": "facts", "In prose": "prose", "With an owner page": "owner",
        "In an executed example": "example",
    },
    "field": {
        "Field": "key | code", "Type": "type | code", "Required": "required | mark", "Meaning": "description",
    },
    "header": {"Header": "key | code", "In": "in", "Meaning": "description"},
    "metric": {"Metric": "key | code", "Type": "type", "Labels": "labels | code", "What it measures": "summary"},
    "operation": {"Operation": "key | code", "Id": "id | code", "What it does": "summary"},
    "option": {
        "Option": "key | code", "Type": "type", "Default": "default | code", "Meaning": "summary",
    },
    "parameter": {
        "Parameter": "key | code", "In": "in", "Type": "type | code", "Required": "required | mark",
        "Default": "default | code", "Meaning": "description",
    },
    "response": {"Response": "key | code", "Type": "type | code", "Meaning": "description"},
    "schema": {"Schema": "key | code", "Meaning": "description"},
    "setting": {
        "Setting": "key | code", "Type": "type", "Default": "default | code", "Range": "range",
        "Meaning": "description",
    },
    "signature": {"Function": "key | code", "Signature": "signature | code"},
    "symbol": {"Name": "key | code", "Is a": "category", "Meaning": "summary"},
    "term": {"Term": "key", "Also called": "aliases", "Meaning": "summary"},
}  # fmt: skip

_TELLING = ("title", "summary", "description")
_UNTOLD = {*_TELLING, "order", "names", "id"}


def chosen(kind: str, facts: Sequence[Fact]) -> dict[str, str]:
    """Heading → text of each column: those of a kind that trueup collects, else what most facts of a page tell."""
    known = {"key", "file"}.union(*(fact.attributes for fact in facts))
    if kind in _OF_KIND:
        return {head: spec for head, spec in _OF_KIND[kind].items() if spec.split(" ")[0] in known}
    names = [name for name in _TELLING if name in known]
    if not names:
        names = sorted(name for name in known - _UNTOLD if all(_short(fact.attributes.get(name)) for fact in facts))
        names = [name for name in names if name not in ("key", "file")][:4]
    return {heading(name, kind): name for name in ["key", *names]}


def heading(spec: str, kind: str) -> str:
    """The heading of a column of which only the text is named."""
    name = spec.split("|")[0].strip()
    return (kind if name == "key" else name).replace("_", " ").capitalize()


def _short(value: object) -> bool:
    return value is None or isinstance(value, str | int | float) or (isinstance(value, list) and len(value) < 6)
