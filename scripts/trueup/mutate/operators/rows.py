"""Changes of whole declarations: a row, a member or a statement that declares a fact is removed, added or altered."""

import ast
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from trueup.facts import Fact
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side
from trueup.mutate.source import Source, Unit

_SUCCESSORS = ("fact-removed", "fact-renamed")
_MOST_SWAPS = 2


def removed(ground: Ground) -> Iterator[Mutant]:
    """The declaration of a fact is removed."""
    for fact in ground.facts:
        source = ground.source(fact.file)
        unit = source.unit(fact.line)
        member = _member(source, unit)
        edit = _without(source, unit)
        if fact.kind == "schema" or fact in ground.crowded:
            continue  # what refers to a schema would not import without it
        edits = struck(ground, fact.file, *member) if member else (edit,) if edit else ()
        if edits:
            yield Mutant(
                f"{fact.kind} removed",
                Side.CODE,
                f"{fact.kind} {fact.key} removed",
                fact.place,
                edits,
                Expected(_SUCCESSORS, (f"{fact.kind} {fact.key} is",)),
            )


def added(ground: Ground) -> Iterator[Mutant]:
    """The declaration of a fact stands there twice, the second time under another name."""
    for fact in ground.facts:
        source = ground.source(fact.file)
        twin = None if fact.kind == "schema" else _twin(source, source.unit(fact.line), fact)
        if twin is not None and fact not in ground.crowded:
            edit, name = twin
            yield Mutant(
                f"{fact.kind} added",
                Side.CODE,
                f"{fact.kind} like {fact.key} added",
                fact.place,
                (edit,),
                Expected(("fact-added", "fact-renamed"), (f"{fact.kind} ", name)),
            )


def swapped(ground: Ground) -> Iterator[Mutant]:
    """An argument of a declaration gets the value that the same argument has in another declaration of the file."""
    for fact in ground.facts:
        source = ground.source(fact.file)
        unit = source.unit(fact.line)
        calls = [node for node in source.inside(unit) if isinstance(node, ast.Call)]
        for call in calls:
            for slot, node in _arguments(call):
                if not isinstance(node, ast.Name | ast.Attribute):
                    continue
                here = source.piece(node)
                if not _shown(fact, here) or (call.lineno != fact.line and call.lineno in ground.lines(fact.file)):
                    continue
                others = [other for other in _choices(source, call, slot) if other != here]
                for other in islice(others, _MOST_SWAPS):
                    yield Mutant(
                        f"{fact.kind} declared otherwise",
                        Side.CODE,
                        f"{fact.kind} {fact.key}: {here} → {other}",
                        f"{fact.file}:{node.lineno}",
                        (source.replace(node, other),),
                        Expected(("fact-changed", *_SUCCESSORS), (f"{fact.kind} {fact.key}",)),
                    )


def _shown(fact: Fact, name: str) -> bool:
    """Whether an attribute of a fact holds what a name of the code stands for: `Role.ADMIN` the word `admin`."""
    wanted = re.sub(r"\W|_", "", name.rpartition(".")[2]).casefold()
    values = [item for value in fact.attributes.values() for item in (value if isinstance(value, list) else [value])]
    return any(re.sub(r"\W|_", "", str(value)).casefold() == wanted for value in values)


def _arguments(call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    for index, node in enumerate(call.args):
        yield str(index), node
    for keyword in call.keywords:
        if keyword.arg:
            yield keyword.arg, keyword.value


def _choices(source: Source, call: ast.Call, slot: str) -> list[str]:
    """What the same slot holds in calls of the same function, in the order of the file."""
    function = source.piece(call.func)
    found: dict[str, None] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and source.piece(node.func) == function:
            for other, value in _arguments(node):
                if other == slot and isinstance(value, ast.Name | ast.Attribute | ast.Constant):
                    found[source.piece(value)] = None
    return list(found)


def struck(ground: Ground, file: str, owner: str, name: str) -> tuple[Edit, ...]:
    """A member of a class removed, and with it every row of a table that mentions it."""
    edits = []
    for path in ground.application:
        source = ground.source(path)
        owners = {owner, *_aliases(source, owner)}
        cuts = [
            cut
            for node in source.attributes.get(name, ())
            if source.piece(node.value) in owners
            if (cut := _row_around(source, node)) is not None
        ]
        if path == file:
            cuts += [
                source.whole_lines(member)
                for node in source.tree.body
                if isinstance(node, ast.ClassDef) and node.name == owner
                for member in node.body
                if isinstance(member, ast.Assign) and source.piece(member.targets[0]) == name
            ]
        text = source.text
        for start, end in _outermost(cuts):
            text = text[:start] + text[end:]
        if cuts:
            edits.append(Edit(path, text))
    return tuple(edits)


def _aliases(source: Source, owner: str) -> set[str]:
    """The names that a module gives a class: `_S, _E = Status, Event`."""
    found = set()
    for node in source.tree.body:
        if not isinstance(node, ast.Assign):
            continue
        target, value = node.targets[0], node.value
        pairs = (
            zip(target.elts, value.elts, strict=False)
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            else [(target, value)]
        )
        found |= {source.piece(left) for left, right in pairs if source.piece(right) == owner}
    return found


def _row_around(source: Source, node: ast.AST) -> tuple[int, int] | None:
    """Start and end of the innermost row of a table of several that holds a node, its comma included."""
    child: Any = node
    parent = source.parents.get(node)
    while parent is not None and not isinstance(parent, ast.stmt):
        if isinstance(parent, ast.Dict):
            index = parent.keys.index(child) if child in parent.keys else parent.values.index(child)
            return _with_comma(source, parent.keys[index] or child, parent.values[index])
        row = isinstance(parent, ast.Tuple) and isinstance(source.parents.get(parent), ast.Tuple | ast.List | ast.Set)
        if isinstance(parent, ast.Tuple | ast.List | ast.Set) and len(parent.elts) > 1 and not row:
            return _with_comma(source, child, child)
        child, parent = parent, source.parents.get(parent)
    return None


def _with_comma(source: Source, first: ast.AST, last: ast.AST) -> tuple[int, int] | None:
    start, end = source.span(first)[0], source.span(last)[1]
    after = source.text[end:]
    return (start, end + len(after) - len(after.lstrip()) + 1) if after.lstrip().startswith(",") else None


def _outermost(cuts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those cuts that lie within no other, the last first."""
    return sorted(
        {one for one in cuts if not any(other != one and other[0] <= one[0] and one[1] <= other[1] for other in cuts)},
        reverse=True,
    )


def _member(source: Source, unit: Unit) -> tuple[str, str] | None:
    """Class and name of a member that a unit assigns; none when it is something else."""
    first = unit[0] if unit else None
    parent = source.parents.get(first) if first else None
    if isinstance(first, ast.Assign) and isinstance(parent, ast.ClassDef) and isinstance(first.targets[0], ast.Name):
        return parent.name, first.targets[0].id
    return None


def _without(source: Source, unit: Unit) -> Edit | None:
    if not unit:
        return None
    first = unit[0]
    parent = source.parents.get(first)
    if isinstance(first, ast.FunctionDef | ast.AsyncFunctionDef) and first.decorator_list:
        start = source.offset(first.decorator_list[0].lineno, 0)
        return source.splice(start, source.offset(first.lineno, first.col_offset), " " * first.col_offset)
    if isinstance(first, ast.ClassDef | ast.AnnAssign | ast.Assign) and isinstance(parent, ast.Module | ast.ClassDef):
        start, end = source.whole_lines(first)
        alone = len(parent.body) == 1
        return source.splice(start, end, " " * first.col_offset + "pass\n" if alone else "")
    if isinstance(parent, ast.Tuple | ast.List | ast.Dict) and not isinstance(first, ast.stmt):
        return _row_removed(source, unit)
    return None


def _row_removed(source: Source, unit: Unit) -> Edit | None:
    cut = _with_comma(source, unit[0], unit[-1])
    return source.splice(*cut, "") if cut else None


def _twin(source: Source, unit: Unit, fact: Fact) -> tuple[Edit, str] | None:
    """The file with the declaration repeated under another name, and that name; none when it has no plain name."""
    if not unit:
        return None
    first, parent = unit[0], source.parents.get(unit[0])
    start, end = source.whole_lines(first) if isinstance(first, ast.stmt) else (0, 0)
    piece = source.text[start:end]
    last = fact.key.rpartition(".")[2]
    if isinstance(first, ast.AnnAssign | ast.Assign) and isinstance(parent, ast.ClassDef):
        target = first.target if isinstance(first, ast.AnnAssign) else first.targets[0]
        if not isinstance(target, ast.Name):
            return None
        name = f"{target.id}_TWIN" if target.id.isupper() else f"{target.id}_twin"
        copy = piece.replace(target.id, name, 1)
        if isinstance(first.value, ast.Constant) and first.value.value in {last, fact.key}:
            copy = copy.replace(last, f"{last}_twin")
        elif isinstance(first.value, ast.Attribute):
            # A member of an enumeration that takes its value from another one: with the same value it were an alias.
            copy = copy.replace(source.piece(first.value), f'"{last}_twin"')
        shown = f"{last}_TWIN" if last.isupper() else f"{last}_twin"
        return source.splice(end, end, copy if copy.endswith("\n") else f"\n{copy}"), shown
    if isinstance(first, ast.ClassDef) and f'"{fact.key}"' in piece:
        copy = piece.replace(first.name, f"{first.name}Twin", 1).replace(fact.key, f"{fact.key}_twin")
        return source.splice(end, end, f"\n\n{copy}"), f"{fact.key}_twin"
    if isinstance(parent, ast.Tuple | ast.List) and fact.key in (row := source.piece(first)):
        copy = row.replace(fact.key, f"{fact.key}_twin")
        at = source.span(first)[1]
        return source.splice(at, at, f", {copy}"), f"{fact.key}_twin"
    if isinstance(first, ast.FunctionDef | ast.AsyncFunctionDef) and first.decorator_list:
        return _route_twin(source, first, fact, piece, end)
    return None


def _route_twin(
    source: Source, function: ast.FunctionDef | ast.AsyncFunctionDef, fact: Fact, piece: str, end: int
) -> tuple[Edit, str] | None:
    """A route or command repeated: another function name, another id, another path."""
    copy = piece.replace(f"def {function.name}(", f"def {function.name}_twin(", 1)
    ident = fact.attributes.get("id")
    last = fact.key.rpartition(" ")[2]
    if fact.kind == "command" and f'"{last}"' in copy:
        copy = copy.replace(f'"{last}"', f'"{last}-twin"', 1)
    if isinstance(ident, str):
        copy = copy.replace(f'"{ident}"', f'"{ident}Twin"')
    path = next(
        (
            node.value
            for node in ast.walk(function.decorator_list[0])
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("/")
        ),
        None,
    )
    if path is not None:
        copy = copy.replace(f'"{path}"', f'"{path}-twin"', 1)
    return source.splice(end, end, f"\n\n{copy}"), "twin"
