"""Where in the source a row of one of our tables stands: the file and line that documentation is told."""

import ast
import inspect
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

#: The project's folder.
ROOT = Path(__file__).resolve().parent.parent

Place = dict[str, Any]


class Places:
    """The lines of one module."""

    def __init__(self, module: ModuleType) -> None:
        source = Path(inspect.getsourcefile(module) or "")
        self.file = source.resolve().relative_to(ROOT).as_posix()
        self._tree = ast.parse(source.read_text(encoding="utf-8"))

    def at(self, line: int) -> Place:
        """Return the members ``file`` and ``line`` of a fact."""
        return {"file": self.file, "line": line}

    def name(self, name: str) -> Place:
        """Return where a class, a function or a constant of the module is defined."""
        return self.at(self._definition(name).lineno)

    def member(self, owner: str, name: str) -> Place:
        """Return where a member of a class is defined."""
        body = self._definition(owner)
        for node in body.body if isinstance(body, ast.ClassDef) else []:
            if name in _targets(node):
                return self.at(node.lineno)
        raise KeyError(f"{self.file}: {owner}.{name}")

    def row(self, table: str, index: int) -> Place:
        """Return where a row of a tuple, a list or a dict stands, counted from 0."""
        value = getattr(self._definition(table), "value", None)
        if isinstance(value, ast.Tuple | ast.List):
            return self.at(value.elts[index].lineno)
        if isinstance(value, ast.Dict):
            key = value.keys[index]
            assert key is not None, f"{table} is spread from another dict"  # noqa: S101 (for the type checker)
            return self.at(key.lineno)
        raise KeyError(f"{self.file}: {table} is no table")

    def _definition(self, name: str) -> ast.stmt:
        for node in self._tree.body:
            if name in _targets(node):
                return node
        raise KeyError(f"{self.file}: {name}")


def _targets(node: ast.stmt) -> set[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


@cache
def places(module: ModuleType) -> Places:
    """Return the lines of ``module``, read once."""
    return Places(module)
