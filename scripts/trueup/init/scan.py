"""The scan: what a project's Python files seem to hold, read without importing anything."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from trueup.collect.files import paths

_SKIPPED = frozenset({"tests", "test", "docs", "examples", "build", "dist", "site", "node_modules", "venv", "env"})
_SOURCE = "src"


@dataclass(frozen=True)
class Sighting:
    """Something that was seen: `module:name`, and the file and line where it stands."""

    module: str
    name: str
    file: str
    line: int

    @property
    def target(self) -> str:
        """As the configuration names it."""
        return f"{self.module}:{self.name}"

    @property
    def place(self) -> str:
        """File and line."""
        return f"{self.file}:{self.line}"


@dataclass
class Scan:
    """All that was seen. `apps` are FastAPI objects, `factories` functions that return one."""

    files: int = 0
    apps: list[Sighting] = field(default_factory=list)
    factories: list[Sighting] = field(default_factory=list)
    settings: list[Sighting] = field(default_factory=list)
    commands: list[Sighting] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    @property
    def candidates(self) -> Sequence[Sighting]:
        """What may be the application: objects before factories, as a server would be told."""
        modules = {app.module for app in self.apps}
        return [*self.apps, *(each for each in self.factories if each.module not in modules)]


def scan(root: Path) -> Scan:
    """Read the Python files of the project at `root` that git does not ignore, tests and the like left out."""
    found = Scan()
    inner: set[str] = set()
    for path in paths(root):
        module = module_of(path)
        if not module:
            continue
        found.files += 1
        try:
            tree = ast.parse((root / path).read_text(encoding="utf-8"))
        except (OSError, ValueError, SyntaxError) as error:
            line = getattr(error, "lineno", None) or 1
            found.broken.append(f"{path}:{line}: {getattr(error, 'msg', error)}")
            continue
        reader = _Reader(module, path, found)
        reader.read(tree)
        inner |= reader.inner
    # What is mounted into another application, or added to another command, is a part of it.
    for part in (found.apps, found.commands):
        part[:] = [each for each in part if each.name not in inner or each.name in {"app", "application"}]
    return found


def module_of(path: str) -> str:
    """The name by which a file is imported; empty when it is no module of the project, or is one for tests."""
    pure = PurePosixPath(path)
    parts = [*pure.parts[:-1], pure.stem]
    if pure.suffix != ".py":
        return ""
    if parts[0] == _SOURCE:
        parts = parts[1:]
    if parts and parts[-1] == "__init__":
        parts = parts[:-1]
    skipped = any(part in _SKIPPED or not part.isidentifier() for part in parts)
    test = pure.name.startswith("test_") or pure.name in {"conftest.py", "setup.py", "noxfile.py"}
    return "" if skipped or test or not parts else ".".join(parts)


class _Reader:
    """Reads one module."""

    def __init__(self, module: str, file: str, found: Scan) -> None:
        self._module, self._file, self._found = module, file, found
        self._names: dict[str, str] = {}
        self._factories: set[str] = set()
        self._settings = {"pydantic_settings.BaseSettings", "pydantic_settings.main.BaseSettings"}
        self.inner: set[str] = set()

    def read(self, tree: ast.Module) -> None:
        """Note what stands at the top level of the module."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            elif isinstance(node, ast.Call):
                self._call(node)
        for statement in _top(tree.body):
            if isinstance(statement, ast.FunctionDef):
                self._function(statement)
            elif isinstance(statement, ast.ClassDef):
                self._class(statement)
            elif isinstance(statement, ast.Assign | ast.AnnAssign):
                self._assignment(statement)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            origin = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            self._names[alias.asname or alias.name] = f"{origin}{alias.name}"

    def _call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"mount", "add_typer", "add_command"}:
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                if isinstance(argument, ast.Name | ast.Attribute):
                    self.inner.add(ast.unparse(argument).rpartition(".")[2])

    def _function(self, node: ast.FunctionDef) -> None:
        if any(self._is(_called(each), "click.group", "click.command") for each in node.decorator_list):
            self._found.commands.append(self._sighting(node.name, node))
        required = len(node.args.posonlyargs) + len(node.args.args) - len(node.args.defaults)
        required += sum(default is None for default in node.args.kw_defaults)
        makes = any(self._is_app(each) for each in ast.walk(node) if isinstance(each, ast.Call))
        returns = any(isinstance(each, ast.Return) and each.value is not None for each in ast.walk(node))
        if makes and returns:
            self._factories.add(node.name)
            if not required:
                self._found.factories.append(self._sighting(node.name, node))

    def _class(self, node: ast.ClassDef) -> None:
        bases = {self._full(ast.unparse(base)) for base in node.bases}
        if bases & self._settings:
            self._settings.add(node.name)
            if any(isinstance(each, ast.AnnAssign) for each in node.body):
                self._found.settings.append(self._sighting(node.name, node))

    def _assignment(self, node: ast.Assign | ast.AnnAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not isinstance(node.value, ast.Call) or not isinstance(targets[0], ast.Name):
            return
        made = ast.unparse(node.value.func)
        if self._is_app(node.value) or made in self._factories:
            self._found.apps.append(self._sighting(targets[0].id, node))
        elif self._is(made, "typer.Typer"):
            self._found.commands.append(self._sighting(targets[0].id, node))

    def _is_app(self, call: ast.Call) -> bool:
        return self._is(ast.unparse(call.func), "fastapi.FastAPI", "fastapi.applications.FastAPI")

    def _is(self, name: str, *wanted: str) -> bool:
        return self._full(name) in wanted

    def _full(self, name: str) -> str:
        head, dot, rest = name.partition(".")
        return f"{self._names.get(head, head)}{dot}{rest}"

    def _sighting(self, name: str, node: ast.stmt) -> Sighting:
        return Sighting(self._module, name, self._file, node.lineno)


def _top(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, also those below `if` and `try`, in which names are set as well."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If):
            if "__main__" not in ast.unparse(statement.test):
                yield from _top([*statement.body, *statement.orelse])
        elif isinstance(statement, ast.Try):
            yield from _top([*statement.body, *statement.orelse])


def _called(decorator: ast.expr) -> str:
    return ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
