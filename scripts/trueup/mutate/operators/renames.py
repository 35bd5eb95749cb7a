"""Renames: a fact gets another key; with or without the generated files written anew afterwards."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from functools import cache

from trueup.facts import Fact
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side
from trueup.mutate.source import Source, Unit

_GONE = ("fact-renamed", "fact-removed")
_UNRESOLVED = (
    "code-unknown", "setting-unknown", "operation-unknown", "option-unknown", "parameter-unknown", "value-unknown",
    "file-unknown", "block-empty", "block-option",
)  # fmt: skip
"""What a page is told when it names something that is not there any more."""


def literals(ground: Ground) -> Iterator[Mutant]:
    """The literal that is a fact's key is another one."""
    for fact in ground.facts:
        if fact.kind == "schema":
            continue  # it is named after its class
        source = ground.source(fact.file)
        node = _key_literal(source, source.unit(fact.line), fact)
        if node is not None:
            edit = source.replace(node, repr(_renamed(str(node.value))))
            yield from _pair(ground, fact, (edit,), f"{fact.file}:{node.lineno}")


def names(ground: Ground) -> Iterator[Mutant]:
    """The class member or parameter that makes a fact's key is renamed, everywhere in the code."""
    for fact in ground.facts:
        source = ground.source(fact.file)
        unit = source.unit(fact.line)
        name = _declared(unit)
        if isinstance(unit[0] if unit else None, ast.ClassDef) and fact.kind != "schema":
            continue  # its key is a literal in the class
        if name and name.lower() == fact.key.rpartition(".")[2].rpartition(" ")[2].lstrip("-").lower().replace(
            "-", "_"
        ):
            edits = _everywhere(ground, name, f"{name}_x")
            if edits:
                yield from _pair(ground, fact, edits, fact.place)


def functions(ground: Ground) -> Iterator[Mutant]:
    """A function that a command is named after is renamed."""
    for fact in ground.facts:
        source = ground.source(fact.file)
        unit = source.unit(fact.line)
        if fact.kind != "command" or not unit or not isinstance(unit[0], ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        name = unit[0].name
        if name.replace("_", "-") == fact.key.rpartition(" ")[2]:
            edits = _everywhere(ground, name, f"{name}_x", only=(fact.file,))
            yield from _pair(ground, fact, edits, fact.place)


def _pair(ground: Ground, fact: Fact, edits: tuple[Edit, ...], place: str) -> Iterator[Mutant]:
    """A rename, and the same with everything generated written anew: then the pages that name it are what is wrong."""
    title = f"{fact.kind} {fact.key} renamed"
    yield Mutant(
        f"{fact.kind} renamed", Side.CODE, title, place, edits, Expected(_GONE, (f"{fact.kind} {fact.key} is",))
    )
    if any(other.place != fact.place for other in ground.truth.inventory.named(fact.key)):
        return
    for page in ground.naming(fact.key):
        expected = Expected(_UNRESOLVED, (fact.key.rpartition(" ")[2],), page.path)
        yield Mutant(
            f"{fact.kind} renamed, trueup write run",
            Side.CODE,
            f"{title}; {page.path} still names it",
            place,
            edits,
            expected,
            written=True,
        )
        return


def _key_literal(source: Source, unit: Unit, fact: Fact) -> ast.Constant | None:
    parts = {fact.key, fact.key.rpartition(".")[2], fact.key.rpartition(" ")[2]}
    found = [
        node
        for node in source.inside(unit)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in parts
    ]
    plain = [node for node in found if not isinstance(source.parents.get(node), ast.Tuple | ast.List | ast.Set)]
    exact = [node for node in found if node.value == fact.key] or plain
    if len(exact) == 1:
        return exact[0]
    if unit and isinstance(unit[0], ast.Attribute):
        return _member_literal(source, unit[0], fact.key)
    if fact.kind == "operation":
        tail = [
            node
            for node in source.inside(unit)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith("/")
            and fact.key.endswith(node.value)
        ]
        return tail[0] if len(tail) == 1 else None
    return None


def _member_literal(source: Source, named: ast.Attribute, key: str) -> ast.Constant | None:
    """The value of the member of a class of the same file that a row is about, when it is the fact's key."""
    owner = source.piece(named.value)
    for node in source.tree.body:
        if not isinstance(node, ast.ClassDef) or node.name != owner:
            continue
        for part in node.body:
            if isinstance(part, ast.Assign) and source.piece(part.targets[0]) == named.attr:
                value = part.value
                return value if isinstance(value, ast.Constant) and value.value == key else None
    return None


def _renamed(text: str) -> str:
    return f"{text}-x" if text.startswith(("/", "-")) and not text.endswith("}") else f"{text}_x"


def _declared(unit: Unit) -> str:
    first = unit[0] if unit else None
    if isinstance(first, ast.ClassDef):
        return first.name
    if isinstance(first, ast.AnnAssign) and isinstance(first.target, ast.Name):
        return first.target.id
    return first.arg if isinstance(first, ast.arg) else ""


def _everywhere(ground: Ground, name: str, other: str, only: tuple[str, ...] = ()) -> tuple[Edit, ...]:
    """The files of the application with one identifier renamed wherever it stands as such."""
    edits = []
    for path in only or ground.application:
        text = ground.source(path).text
        if name not in text:
            continue
        changed = _replace_names(text, name, other)
        if changed != text:
            edits.append(Edit(path, changed))
    return tuple(edits)


@cache
def _names(text: str) -> Mapping[str, list[tuple[int, int]]]:
    """Where each name stands, by line and column, the last first."""
    found: dict[str, list[tuple[int, int]]] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.NAME:
            found.setdefault(token.string, []).insert(0, token.start)
    return found


def _replace_names(text: str, name: str, other: str) -> str:
    lines = text.splitlines(keepends=True)
    for line, column in _names(text).get(name, ()):
        row = lines[line - 1]
        lines[line - 1] = row[:column] + other + row[column + len(name) :]
    return "".join(lines)


def identifiers(ground: Ground) -> Iterator[Mutant]:
    """A symbol that a page names is renamed, everywhere in the code."""
    for page, span in ground.spans:
        for fact in ground.bindings.resolver.resolve(span.text).facts:
            name = fact.key.rpartition(".")[2]
            own = fact.kind == "symbol" and fact.file in ground.application and fact.attributes["category"] != "module"
            if not own or not re.search(rf"\b{re.escape(name)}\b", span.text) or len(name) < 5:
                continue
            edits = _everywhere(ground, name, f"{name}X" if name[0].isupper() else f"{name}_x")
            if edits:
                yield Mutant(
                    "symbol renamed",
                    Side.CODE,
                    f"{fact.key} renamed; {page.path} still names it",
                    fact.place,
                    edits,
                    Expected(_UNRESOLVED, (span.text,), page.path),
                )
