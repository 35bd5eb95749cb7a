"""Drift: how the facts of the code differ from the committed inventory, and which pages that touches."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz import fuzz

from trueup.facts import AMBIENT_KINDS, Fact, Inventory
from trueup.findings import Finding

_SILENT = frozenset({"order"})
_MOST = 4


@dataclass(frozen=True)
class Change:
    """One difference: the fact before and after; none on the side where it does not exist."""

    before: Fact | None
    after: Fact | None

    @property
    def code(self) -> str:
        """The finding's code."""
        if self.before is None:
            return "fact-added"
        if self.after is None:
            return "fact-removed"
        return "fact-changed" if self.before.key == self.after.key else "fact-renamed"

    @property
    def ids(self) -> set[str]:
        """The ids of the fact before and after."""
        return {fact.id for fact in (self.before, self.after) if fact}

    def __str__(self) -> str:
        if self.before is None:
            return f"{self.after.kind} {self.after.key} is new" if self.after else ""
        if self.after is None:
            return f"{self.before.kind} {self.before.key} is gone"
        details = "; ".join(_differences(self.before.attributes, self.after.attributes))
        if self.before.key != self.after.key:
            return f"{self.before.kind} {self.before.key} is now {self.after.key}"
        return f"{self.before.kind} {self.before.key}: {details}"


def compare(committed: Inventory, live: Inventory) -> list[Change]:
    """Every difference between two inventories, renames recognised; positions and order do not count."""
    old = {(fact.kind, fact.key): fact for fact in committed if fact.kind not in AMBIENT_KINDS}
    new = {(fact.kind, fact.key): fact for fact in live if fact.kind not in AMBIENT_KINDS}
    changed = [
        Change(old[key], new[key])
        for key in old
        if key in new and _comparable(old[key].attributes) != _comparable(new[key].attributes)
    ]
    removed = [old[key] for key in old if key not in new]
    added = [new[key] for key in new if key not in old]
    for before in list(removed):
        after = _successor(before, added)
        if after:
            removed.remove(before)
            added.remove(after)
            changed.append(Change(before, after))
    changed += [Change(fact, None) for fact in removed]
    changed += [Change(None, fact) for fact in added]
    return changed


def findings(
    changes: Iterable[Change], live: Inventory, shown: Mapping[str, Sequence[str]], inventory_path: str
) -> Iterator[Finding]:
    """A finding for each line of code that changed facts; `shown` lists, by fact id, the places that use it."""
    groups: dict[tuple[str, int, str], list[Change]] = {}
    for change in changes:
        file, line = _place(change, live, inventory_path)
        groups.setdefault((file, line, change.code), []).append(change)
    for (file, line, code), group in groups.items():
        texts = list(dict.fromkeys(str(change) for change in group))
        message = "; ".join(texts[:_MOST]) + (f"; and {len(texts) - _MOST} more" if len(texts) > _MOST else "")
        places = sorted({place for change in group for ident in change.ids for place in shown.get(ident, ())})
        mend = "run trueup write"
        if places:
            more = f" and {len(places) - _MOST} more" if len(places) > _MOST else ""
            mend += f" and review {', '.join(places[:_MOST])}{more}"
        yield Finding(file, max(line, 1), code, message, mend)


def _comparable(attributes: Mapping[str, Any]) -> Any:
    plain = {key: value for key, value in attributes.items() if key not in _SILENT}
    return json.loads(json.dumps(plain))  # tuples become lists, as in the committed form


def _successor(before: Fact, added: list[Fact]) -> Fact | None:
    """The added fact that is most likely `before` under another key; none when nothing is alike."""
    best, score = None, 60.0
    for after in added:
        if after.kind != before.kind or before.key.rpartition(".")[0] != after.key.rpartition(".")[0]:
            continue
        same = _sameness(before, after)
        points = fuzz.ratio(before.key, after.key) * 0.5 + same * 50
        if same >= 0.5 and points > score:
            best, score = after, points
    return best


def _sameness(before: Fact, after: Fact) -> float:
    """The share of attributes that are equal, those that only repeat the key aside."""
    names = (
        {*before.attributes, *after.attributes} - _SILENT - {"names", "name", "path", "id", "field", "title", "value"}
    )
    if not names:
        return 1.0
    return len([name for name in names if before.attributes.get(name) == after.attributes.get(name)]) / len(names)


def _place(change: Change, live: Inventory, inventory_path: str) -> tuple[str, int]:
    if change.after is not None and change.after.file:
        return change.after.file, change.after.line
    before = change.before
    if before is None or not before.file:
        return inventory_path, 1
    return before.file, _line_of_neighbour(before, live)


def _line_of_neighbour(gone: Fact, live: Inventory) -> int:
    """Where a fact that is gone used to stand: after the last fact of its kind and file that came before it."""
    here = [fact for fact in live.of_kind(gone.kind) if fact.file == gone.file]
    parent = gone.key.rpartition(".")[0]
    siblings = [fact for fact in here if parent and fact.key.rpartition(".")[0] == parent] or here
    order = gone.attributes.get("order")
    if order is not None:
        earlier = [fact.line for fact in siblings if fact.attributes.get("order", 0) < order]
    else:
        earlier = [fact.line for fact in siblings if fact.key < gone.key]
    return max(earlier, default=min((fact.line for fact in siblings), default=1))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*before, *after} - _SILENT):
        old, new = before.get(name), after.get(name)
        if json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True):
            continue
        if isinstance(old, list) and isinstance(new, list):
            gone = [str(item) for item in old if item not in new]
            come = [str(item) for item in new if item not in old]
            parts = [f"without {', '.join(gone)}"] if gone else []
            parts += [f"with {', '.join(come)}"] if come else []
            yield f"{name} {' and '.join(parts) or 'in another order'}"
        else:
            yield f"{name} {_short(old)} → {_short(new)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 48 else f"{text[:45]}…"
