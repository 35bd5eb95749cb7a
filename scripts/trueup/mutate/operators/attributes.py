"""Changes of what a fact says of itself: an attribute that stands as a literal where the fact is declared."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from trueup.facts import Fact
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Expected, Mutant, Side
from trueup.mutate.source import Source, Unit

_PASSED_OVER = frozenset({"names", "order", "id", "number"})
_RANGE = frozenset({
    "ge", "gt", "le", "lt", "min", "max", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "pattern",
    "minLength", "maxLength", "min_length", "max_length", "minItems", "maxItems",
})  # fmt: skip
_TEXTS = frozenset({"title", "summary", "description", "example", "examples", "trigger", "effect", "group", "fix"})
_UNITS = {"seconds": "minutes", "minutes": "hours", "hours": "days", "days": "weeks", "bytes": "kilobytes",
          "percent": "per mille"}  # fmt: skip
_UNIT = re.compile(rf"\b({'|'.join(_UNITS)})\b", re.IGNORECASE)
_NAME = re.compile(r"[\w.:/{}-]+")


def values(ground: Ground) -> Iterator[Mutant]:
    """Each attribute of each fact that is a literal at the fact's place gets another value."""
    for fact in ground.facts:
        source = ground.source(fact.file)
        unit = source.unit(fact.line)
        for name, value in fact.attributes.items():
            if name in _PASSED_OVER or value is None or value == "" or _in_key(value, fact):
                continue
            for single in value if isinstance(value, list) else [value]:
                # A part of the key that changes is another name, which has a class of its own.
                node = None if _in_key(single, fact) else _literal(source, unit, name, single)
                if node is not None:
                    yield _changed(fact, name, single, source, node)


def loosened(ground: Ground) -> Iterator[Mutant]:
    """A guard or condition that a fact states is dropped."""
    for fact in ground.facts:
        source = ground.source(fact.file)
        for name in ("guard", "condition"):
            value = fact.attributes.get(name)
            node = _literal(source, source.unit(fact.line), name, value) if value else None
            if node is not None:
                yield Mutant(
                    f"{fact.kind} {name} dropped",
                    Side.CODE,
                    f"{fact.kind} {fact.key}: without {value!r}",
                    f"{fact.file}:{node.lineno}",
                    (source.replace(node, '""'),),
                    Expected(("fact-changed",), (f"{fact.kind} {fact.key}", name)),
                )


def units(ground: Ground) -> Iterator[Mutant]:
    """A text that names a unit names another one."""
    for fact in ground.facts:
        source = ground.source(fact.file)
        for name, value in fact.attributes.items():
            if not isinstance(value, str) or not _UNIT.search(value):
                continue
            node = _literal(source, source.unit(fact.line), name, value)
            if node is None:
                continue
            text, count = _UNIT.subn(_other_unit, source.piece(node), count=1)
            if count:
                yield Mutant(
                    "unit changed",
                    Side.CODE,
                    f"{fact.kind} {fact.key}: another unit in its {name}",
                    f"{fact.file}:{node.lineno}",
                    (source.replace(node, text),),
                    Expected(("fact-changed",), (f"{fact.kind} {fact.key}",)),
                )


def _changed(fact: Fact, name: str, value: Any, source: Source, node: ast.Constant) -> Mutant:
    other = _other(value, fact)
    shown = f"{value!r} → {other!r}" if len(str(value)) < 40 else "another wording"
    text = _reworded(source.piece(node)) if isinstance(value, str) and " " in value else repr(other)
    return Mutant(
        f"{fact.kind} {_told(name)} changed",
        Side.CODE,
        f"{fact.kind} {fact.key}: {name} {shown}",
        f"{fact.file}:{node.lineno}",
        (source.replace(node, text),),
        Expected(("fact-changed",), (f"{fact.kind} {fact.key}", name)),
    )


def _told(name: str) -> str:
    """What an attribute is called in the name of a class: those of one sort share one."""
    if name in _RANGE:
        return "range"
    return "description" if name in _TEXTS else name.replace("_", " ")


def _literal(source: Source, unit: Unit, name: str, value: Any) -> ast.Constant | None:
    """The one constant in a unit that gives an attribute its value; none when it cannot be told."""
    if not isinstance(value, str | int | float):
        return None
    found = [node for node in source.inside(unit) if isinstance(node, ast.Constant) and _same(node.value, value)]
    named = [node for node in found if _keyword(source, node) == name]
    chosen = named or found
    if len(chosen) != 1 or (not named and value in (0, 1)):
        return None
    node = chosen[0]
    word = _keyword(source, node)
    same = word == name or (name in _RANGE and word in _RANGE)
    if not named and not same and word in _TEXTS | _RANGE | {"default"}:
        return None  # it only happens to be the same
    joined = isinstance(source.parents.get(node), ast.JoinedStr)
    return None if joined or _key_of(source, node) else node


def _keyword(source: Source, node: ast.Constant) -> str:
    """The name under which a constant is handed over or assigned; for an item of a tuple, that of the tuple."""
    parent = source.parents.get(node)
    if isinstance(parent, ast.Tuple | ast.List):
        parent = source.parents.get(parent)
    if isinstance(parent, ast.keyword):
        return parent.arg or ""
    if isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name):
        return parent.targets[0].id
    if isinstance(parent, ast.AnnAssign) and isinstance(parent.target, ast.Name):
        return parent.target.id
    return ""


def _key_of(source: Source, node: ast.Constant) -> bool:
    parent = source.parents.get(node)
    return isinstance(parent, ast.Dict) and node in parent.keys


def _in_key(value: Any, fact: Fact) -> bool:
    """Whether a value is a part of the key, so that changing it renames the fact."""
    parts = [*re.split(r"[ .]", fact.key), fact.key]
    return isinstance(value, str | int) and str(value).casefold() in [part.casefold() for part in parts if part]


def _same(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return _plain(left) == _plain(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return isinstance(left, int | float) and isinstance(right, int | float) and left == right


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".").casefold()


def _other(value: Any, fact: Fact) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        most = fact.attributes.get("le", fact.attributes.get("max"))
        return value - 1 if most is not None and value + 1 > most else value + 1
    return f"{value}_x" if _NAME.fullmatch(value) else f"{value} x"


def _reworded(piece: str) -> str:
    """A string literal without its last word, or with one more when it has only few."""
    words = list(re.finditer(r"(?<=\s)\w{2,}(?=[\s.,;:\"'])", piece))
    if not words:
        return re.sub(r"(\w)(\W*)$", r"\1 otherwise\2", piece)
    last = words[-1]
    return piece[: last.start()] + "otherwise" + piece[last.end() :]


def _other_unit(match: re.Match[str]) -> str:
    word = _UNITS[match[1].lower()]
    return word.capitalize() if match[1][0].isupper() else word
