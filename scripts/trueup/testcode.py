"""Tests as their source shows them: where each stands, and whether it can prove anything. Nothing is run."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from trueup.facts import closest

_SKIPS = {"skip", "xfail"}
_CHECKS = {"raises", "warns", "deprecated_call", "fail", "expect"}  # the last is how Playwright asserts

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Test:
    """One test function, `key` within its `module`."""

    file: str
    key: str
    module: "_Module" = field(repr=False, compare=False)

    __test__ = False

    @property
    def node(self) -> str:
        """The id by which pytest knows it."""
        return f"{self.file}::{self.key}"

    @property
    def line(self) -> int:
        """Where its `def` stands."""
        return self.module.tests[self.key][0].lineno

    @property
    def source(self) -> str:
        """Its text, with its decorators."""
        function = self.module.tests[self.key][0]
        first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
        return "\n".join(self.module.lines[first - 1 : function.end_lineno])

    @property
    def headlines(self) -> Sequence[str]:
        """The first lines of its own docstring, and of those of its classes and of its module."""
        return self.module.tests[self.key][2]

    @cached_property
    def doubt(self) -> str:
        """Why it proves nothing; empty when it may."""
        function, marks, _ = self.module.tests[self.key]
        return _doubt(function, marks, self.module)

    @property
    def sentence(self) -> str:
        """The name of the test as words: `test_of_many_claims_one_wins` as “of many claims one wins”."""
        return self.node.rpartition("::")[2].removeprefix("test_").replace("_", " ")


@dataclass(frozen=True)
class NoTest:
    """There is no such test: why, and the node id that may be meant."""

    message: str
    suggestion: str | None = None


def find(root: Path, node: str) -> Test | NoTest:
    """The test that a pytest node id names: `tests/test_loans.py::test_x` or `…::TestLoans::test_x`."""
    file, *names = node.split("::")
    if not names or not file.endswith(".py"):
        return NoTest(f"{node} is no test id", None if names else _somewhere(root, node))
    path = root / file
    try:
        module = _module(path.read_text(encoding="utf-8"))
    except OSError:
        return NoTest(f"there is no file {file}", _somewhere(root, names[-1]))
    except (SyntaxError, ValueError) as error:
        return NoTest(f"{file} cannot be read: {error}")
    key = "::".join(names)
    if key not in module.tests:
        near = closest(key, module.tests)
        return NoTest(f"{file} has no test {key}", f"{file}::{near}" if near else None)
    return Test(file, key, module)


def tests_in(root: Path, file: str) -> Iterator[Test]:
    """Every test of a file, in its order; none when the file cannot be read."""
    try:
        module = _module((root / file).read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return
    for key in module.tests:
        yield Test(file, key, module)


def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a file of tests. Raises `OSError` or `SyntaxError` when it cannot be read."""
    return _module(path.read_text(encoding="utf-8")).tree


_Found = tuple[_Function, Sequence[ast.expr], Sequence[str]]  # with marks and headlines, those of class and module too


@dataclass(frozen=True)
class _Module:
    tree: ast.Module
    lines: Sequence[str]
    tests: Mapping[str, _Found]

    @cached_property
    def functions(self) -> Mapping[str, _Function]:
        """Every function of the module by its name."""
        return {node.name: node for node in ast.walk(self.tree) if isinstance(node, _Function)}


@lru_cache(maxsize=1024)
def _module(text: str) -> _Module:
    tree = ast.parse(text)
    marks = [
        mark
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets)
        for mark in (node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value])
    ]
    return _Module(tree, text.splitlines(), dict(_tests(tree.body, "", marks, _headline(tree))))


def _tests(
    body: Sequence[ast.stmt], prefix: str, marks: Sequence[ast.expr], headlines: Sequence[str]
) -> Iterator[tuple[str, _Found]]:
    for node in body:
        if isinstance(node, _Function) and node.name.startswith("test"):
            yield prefix + node.name, (node, [*marks, *node.decorator_list], [*_headline(node), *headlines])
        elif isinstance(node, ast.ClassDef):
            above = [*_headline(node), *headlines]
            yield from _tests(node.body, f"{prefix}{node.name}::", [*marks, *node.decorator_list], above)


def _headline(node: ast.Module | ast.ClassDef | _Function) -> list[str]:
    text = ast.get_docstring(node)
    return [text.splitlines()[0]] if text else []


def _doubt(function: _Function, marks: Sequence[ast.expr], module: _Module) -> str:
    for mark in marks:
        call = mark.func if isinstance(mark, ast.Call) else mark
        name = call.attr if isinstance(call, ast.Attribute) else call.id if isinstance(call, ast.Name) else ""
        if name in _SKIPS:
            return f"is marked {name}"
    for statement in function.body:
        if isinstance(statement, ast.Expr) and _called(statement.value) in _SKIPS:
            return f"calls {_called(statement.value)}() whatever happens"
    return "" if _asserts(function, module, set()) else "asserts nothing"


def _asserts(function: _Function, module: _Module, seen: set[str]) -> bool:
    """Whether a function, or one of its own module that it calls, can fail on purpose."""
    seen.add(function.name)
    nodes = list(ast.walk(function))
    if any(isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant) for node in nodes):
        return True
    for node in nodes:
        name = _called(node)
        if name in _CHECKS or name.startswith("assert"):
            return True
        other = module.functions.get(name)
        if other is not None and name not in seen and _asserts(other, module, seen):
            return True
    return False


def _called(node: ast.AST) -> str:
    """The last part of the name that is called; empty for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _somewhere(root: Path, name: str) -> str | None:
    """The node id of a test of this name in any test file below the folder `tests`."""
    needle = f"def {name.rpartition('::')[2]}("
    for path in sorted((root / "tests").rglob("test_*.py")):
        try:
            if needle in path.read_text(encoding="utf-8"):
                return f"{path.relative_to(root).as_posix()}::{name.rpartition('::')[2]}"
        except (OSError, UnicodeDecodeError):
            continue
    return None
