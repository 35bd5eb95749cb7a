"""Digests of tests by what they do: layout, comments, docstrings, annotations and names of locals do not count."""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from trueup.testcode import Test, tree_of

_LENGTH = 12  # hexadecimal digits: enough to tell versions of one test apart, on a line that people read

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_LEFT_OUT = frozenset({"annotation", "returns", "type_comment", "type_params", "kind", "ctx"})


def digest(root: Path, test: Test) -> str:
    """The digest of a test, with the functions, fixtures and constants of its own module that it uses.

    What other modules hold does not count: whether that still does its work is what the test is run for.
    """
    tree = tree_of(root / test.file)
    return _digest(tree, test.node.partition("::")[2])


@lru_cache(maxsize=4096)
def _digest(tree: ast.Module, key: str) -> str:
    own = _definitions(tree)
    *classes, name = key.split("::")
    body: Iterable[ast.stmt] = tree.body
    for wanted in classes:
        body = next(node.body for node in body if isinstance(node, ast.ClassDef) and node.name == wanted)
    start = next(node for node in body if isinstance(node, _Function) and node.name == name)
    parts, seen, waiting = [_substance(start)], {name}, sorted(_names(start))
    while waiting:
        used = waiting.pop(0)
        if used in seen or used not in own:
            continue
        seen.add(used)
        parts.append(f"{used}={_substance(own[used])}")
        waiting += sorted(_names(own[used]))
    return hashlib.sha256("\n".join([parts[0], *sorted(parts[1:])]).encode()).hexdigest()[:_LENGTH]


@lru_cache(maxsize=256)
def _definitions(tree: ast.Module) -> Mapping[str, ast.AST]:
    """What a module defines itself, by name: functions, classes, and the values of constants."""
    found: dict[str, ast.AST] = {}
    for node in tree.body:
        if isinstance(node, _Function | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found.update((target.id, node.value) for target in targets if isinstance(target, ast.Name))
    return found


@lru_cache(maxsize=4096)
def _names(node: ast.AST) -> set[str]:
    """The names that a piece of code uses; a test names its fixtures by its parameters."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} | {
        each.arg for each in ast.walk(node) if isinstance(each, ast.arg)
    }


@lru_cache(maxsize=4096)
def _substance(node: ast.AST) -> str:
    """A piece of code as text in which only what it does is left."""
    stored = (each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store))
    numbers: dict[str, str] = {}
    for name in stored:
        numbers.setdefault(name, f"local{len(numbers)}")
    return " ".join(_told(node, numbers))


def _told(node: object, locals_: Mapping[str, str], asserted: bool = False) -> Iterator[str]:
    """The parts of that text. What methods are called counts only where something is `asserted`: elsewhere it is a
    matter of the code that is tested, which may rename its own.
    """
    if isinstance(node, list):
        for item in node:
            yield from _told(item, locals_, asserted)
    elif isinstance(node, ast.Name):
        yield locals_.get(node.id, node.id)
    elif isinstance(node, ast.AST):
        asserted = asserted or isinstance(node, ast.Assert)
        yield f"({type(node).__name__}"
        for field, value in ast.iter_fields(node):
            if field not in _LEFT_OUT and value not in (None, []) and (asserted or field != "attr"):
                yield f"{field}:"
                yield from _told(_without_docstring(value) if field == "body" else value, locals_, asserted)
        yield ")"
    else:
        yield repr(node)


def _without_docstring(body: object) -> object:
    first = body[0] if isinstance(body, list) and len(body) > 1 else None
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if documented and isinstance(body, list) else body
