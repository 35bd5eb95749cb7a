"""Where things stand in the source: file and line of functions, classes and their members."""

import ast
import inspect
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

Place = tuple[str, int]
"""A file relative to the project root, and a line from 1. `("", 0)` where nothing is known."""

NOWHERE: Place = ("", 0)


class Locator:
    """Answers where an object is defined, for objects of the project at `root`."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()

    def file(self, thing: Any) -> str:
        """The file that defines a module, class or function; empty when it is not the project's own."""
        if isinstance(thing, type):
            # Asked for every class that there is, most of them of libraries; to look for sources takes much longer.
            path = getattr(sys.modules.get(thing.__module__), "__file__", None)
            if path and path.endswith(".py"):
                return _own(path, str(self._root))
        try:
            path = inspect.getsourcefile(thing)
        except TypeError:
            return ""
        if path is None:
            return ""
        return _own(path, str(self._root))

    def function(self, function: Callable[..., Any]) -> Place:
        """The line of a function's `def`."""
        function = inspect.unwrap(function)
        function = getattr(function, "func", function)  # functools.partial
        if not isinstance(function, FunctionType | type):
            function = type(function)
        file = self.file(function)
        if not file:
            return NOWHERE
        name = getattr(function, "__qualname__", "").replace("<locals>.", "")
        return file, self._definitions(file).get(name, 1)

    def parameter(self, function: Callable[..., Any], name: str) -> Place:
        """The line of one parameter of a function; the function's own when it cannot be told."""
        file, line = self.function(function)
        if not file:
            return NOWHERE
        qualified = getattr(inspect.unwrap(function), "__qualname__", "").replace("<locals>.", "")
        return file, self._definitions(file).get(f"{qualified}({name})", line)

    def cls(self, cls: type) -> Place:
        """The line of a class statement."""
        file = self.file(cls)
        if not file:
            return NOWHERE
        name = cls.__qualname__.replace("<locals>.", "").partition("[")[0]
        return file, self._definitions(file).get(name, 1)

    def member(self, cls: type, name: str) -> Place:
        """The line on which a class, or the base that brings it, defines a member; the class's own otherwise."""
        for base in cls.__mro__:
            file = self.file(base) if base.__module__ != "builtins" else ""
            if not file:
                continue
            qualified = base.__qualname__.replace("<locals>.", "").partition("[")[0]
            line = self._definitions(file).get(f"{qualified}.{name}")
            if line:
                return file, line
        return self.cls(cls)

    def _definitions(self, file: str) -> Mapping[str, int]:
        return _definitions(self._root / file)


def _own(path: str, root: str) -> str:
    """A path from the root of the project; empty when the file is not the project's own."""
    resolved = _resolved(path)
    if not resolved.startswith(f"{root}{os.sep}"):
        return ""
    relative = Path(resolved).relative_to(root)
    return "" if ".venv" in relative.parts else relative.as_posix()


_resolved = cache(os.path.realpath)


@cache
def _definitions(path: Path) -> Mapping[str, int]:
    """Qualified name → line, of every class, function, parameter `f(x)` and class member in a file."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return {}
    found: dict[str, int] = {}
    _visit(tree, "", found)
    return found


def _visit(node: ast.AST, prefix: str, found: dict[str, int]) -> None:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{prefix}{child.name}"
            found.setdefault(name, child.lineno)
            if not isinstance(child, ast.ClassDef):
                for argument in [*child.args.posonlyargs, *child.args.args, *child.args.kwonlyargs]:
                    found.setdefault(f"{name}({argument.arg})", argument.lineno)
            _visit(child, f"{name}.", found)
        elif isinstance(child, ast.AnnAssign) and isinstance(child.target, ast.Name):
            found.setdefault(f"{prefix}{child.target.id}", child.lineno)
        elif isinstance(child, ast.Assign):
            for target in child.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(f"{prefix}{target.id}", child.lineno)
        elif isinstance(child, ast.If | ast.Try | ast.With):
            _visit(child, prefix, found)
