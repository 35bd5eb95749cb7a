"""A Python file with its syntax tree and positions, so that a piece of it can be replaced and all else stays."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from trueup.mutate.mutant import Edit

Unit = Sequence[ast.AST]
"""The nodes that declare one thing: a statement, a row of a table, a parameter with its default."""


@dataclass(frozen=True)
class Source:
    """One Python file. `path` is relative to the project root. Raises `SyntaxError` when the text is no Python."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.text.split("\n"):
            starts.append(starts[-1] + len(line) + 1)
        return starts

    @cached_property
    def lines(self) -> list[str]:
        """The lines, without their ends."""
        return self.text.split("\n")

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """Each node's parent."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _begun(self) -> Mapping[int, list[ast.AST]]:
        """The nodes that begin on a line, the outermost first."""
        found: dict[int, list[ast.AST]] = {}
        for node in ast.walk(self.tree):
            if hasattr(node, "lineno"):
                found.setdefault(node.lineno, []).append(node)
        return found

    @cached_property
    def attributes(self) -> Mapping[str, list[ast.Attribute]]:
        """The places where an attribute is taken from something, by the attribute's name."""
        found: dict[str, list[ast.Attribute]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute):
                found.setdefault(node.attr, []).append(node)
        return found

    def offset(self, line: int, column: int) -> int:
        """Where a position of the syntax tree (lines from 1, columns in bytes of UTF-8) is in the text."""
        return self._starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Start and end of a node in the text, decorators included."""
        line, column = _start(node)
        return self.offset(line, column), self.offset(int(node.end_lineno), int(node.end_col_offset))  # type: ignore[attr-defined]

    def piece(self, node: ast.AST) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def replace(self, node: ast.AST, text: str) -> Edit:
        """The file with one node replaced."""
        start, end = self.span(node)
        return self.splice(start, end, text)

    def splice(self, start: int, end: int, text: str) -> Edit:
        """The file with a piece replaced."""
        return Edit(self.path, self.text[:start] + text + self.text[end:])

    def whole_lines(self, node: ast.AST) -> tuple[int, int]:
        """Start and end of the lines that a node takes, the last line end included."""
        first = _start(node)[0]
        return self._starts[first - 1], min(self._starts[int(node.end_lineno)], len(self.text))  # type: ignore[attr-defined]

    def unit(self, line: int) -> Unit:
        """What is declared on a line: the statement, row or parameter that begins there; nothing when none does."""
        here = self._begun.get(line, [])
        for node in here:
            if isinstance(node, ast.stmt):
                return [node]
        for node in here:
            parent = self.parents.get(node)
            if isinstance(parent, ast.arguments) and isinstance(node, ast.arg):
                return [node, *_default(parent, node)]
            if isinstance(parent, ast.Dict) and node in parent.keys:
                return [node, parent.values[parent.keys.index(node)]]
            if isinstance(parent, ast.Tuple | ast.List | ast.Set):
                return [node]
            if isinstance(parent, ast.Call) and node is not parent.func:
                return [parent]
        return []

    def inside(self, unit: Unit) -> Iterator[ast.AST]:
        """Every node of a unit: of a function decorators, parameters and docstring, of a class its plain values."""
        for node in unit:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                parts = [*node.decorator_list, node.args, *([node.returns] if node.returns else []), *_docstring(node)]
                for part in parts:
                    yield from ast.walk(part)
            elif isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.Assign | ast.Expr):
                        yield from ast.walk(part)
            else:
                yield from ast.walk(node)


def _start(node: ast.AST) -> tuple[int, int]:
    decorators = getattr(node, "decorator_list", None)
    if decorators:
        first = decorators[0]
        return first.lineno, first.col_offset - 1
    return node.lineno, node.col_offset  # type: ignore[attr-defined]


def _default(arguments: ast.arguments, argument: ast.arg) -> list[ast.AST]:
    positional = [*arguments.posonlyargs, *arguments.args]
    if argument in positional:
        index = positional.index(argument) - len(positional) + len(arguments.defaults)
        return [arguments.defaults[index]] if index >= 0 else []
    found = arguments.kw_defaults[arguments.kwonlyargs.index(argument)] if argument in arguments.kwonlyargs else None
    return [found] if found else []


def _docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
    first = node.body[0]
    return [first] if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) else []
