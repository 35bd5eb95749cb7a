"""Edits of code that change nothing a page may state: locals, order, quotes, comments, blank lines, moved modules."""

import ast
import re
from collections.abc import Iterator

from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Mutant, Side
from trueup.mutate.source import Source

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def locals_renamed(ground: Ground) -> Iterator[Mutant]:
    """A local variable of a function is renamed."""
    for source, function in _functions(ground):
        name = _local(function)
        if name is None:
            continue
        places = [node for node in ast.walk(function) if isinstance(node, ast.Name) and node.id == name]
        text = source.text
        for node in sorted(places, key=lambda node: source.span(node)[0], reverse=True):
            start, end = source.span(node)
            text = f"{text[:start]}{name}_here{text[end:]}"
        yield _mutant("local renamed", f"{name} in {function.name}()", source, function.lineno, text)


def variables_extracted(ground: Ground) -> Iterator[Mutant]:
    """What a function returns is put into a variable first."""
    for source, function in _functions(ground):
        last = function.body[-1]
        if isinstance(last, ast.Return) and isinstance(last.value, ast.Call | ast.Await) and not _generates(function):
            piece, indent = source.piece(last.value), " " * last.col_offset
            edit = source.replace(last, f"answer_here = {piece}\n{indent}return answer_here")
            yield _mutant("variable extracted", f"in {function.name}()", source, last.lineno, edit.text or "")


def returns_early(ground: Ground) -> Iterator[Mutant]:
    """An if that returns gets an else for what follows it, or a nested return gets a condition turned round."""
    for source, function in _functions(ground):
        if len(function.body) < 2:
            continue
        branch, last = function.body[-2], function.body[-1]
        if (
            isinstance(branch, ast.If)
            and not branch.orelse
            and isinstance(branch.body[-1], ast.Return)
            and isinstance(last, ast.Return)
        ):
            indent = " " * branch.col_offset
            start = source.offset(last.lineno, 0)
            end = source.span(last)[1]
            piece = source.text[start:end].replace("\n", "\n    ")
            if '"""' in piece or "'''" in piece:
                continue
            text = f"{source.text[:start]}{indent}else:\n    {piece}{source.text[end:]}"
            yield _mutant("else written out", f"in {function.name}()", source, last.lineno, text)


def functions_reordered(ground: Ground) -> Iterator[Mutant]:
    """Two private functions that stand next to each other change places."""
    for path in ground.application:
        source = ground.source(path)
        for first, second in zip(source.tree.body, source.tree.body[1:], strict=False):
            if not all(isinstance(one, _Function) and not one.decorator_list for one in (first, second)):
                continue
            one, two = source.span(first), source.span(second)
            between = source.text[one[1] : two[0]]
            if between.strip():
                continue
            text = source.text[: one[0]] + source.text[two[0] : two[1]] + between
            text += source.text[one[0] : one[1]] + source.text[two[1] :]
            title = f"{getattr(first, 'name', '')}() and {getattr(second, 'name', '')}()"
            yield _mutant("functions reordered", title, source, first.lineno, text)


def comments_added(ground: Ground) -> Iterator[Mutant]:
    """A comment is put before a statement."""
    for source, function in _functions(ground):
        last = function.body[-1]
        start = source.offset(last.lineno, 0)
        comment = f"{' ' * last.col_offset}# This comment says nothing.\n"
        text = source.text[:start] + comment + source.text[start:]
        yield _mutant("comment added", f"in {function.name}()", source, last.lineno, text)


def lines_shifted(ground: Ground) -> Iterator[Mutant]:
    """Everything of a module that declares facts stands some lines further down."""
    for path in ground.facts_by_file:
        source = ground.source(path)
        first = next((node for node in source.tree.body if not _opening(node)), None)
        if first is not None:
            start = source.whole_lines(first)[0]
            text = source.text[:start] + "# One.\n\n# Two.\n\n\n" + source.text[start:]
            yield _mutant("lines shifted", f"all of {path}", source, first.lineno, text)


def quotes_changed(ground: Ground) -> Iterator[Mutant]:
    """The strings of a module are written with the other quotes."""
    for path in ground.facts_by_file:
        source = ground.source(path)
        text = re.sub(r'(?<![\w"\\{\'])"([A-Za-z0-9_ ./-]+)"(?!["\w])', r"'\1'", source.text)
        if text != source.text and _equal(text, source.text):
            yield _mutant("quotes changed", f"all of {path}", source, 1, text)


def reformatted(ground: Ground) -> Iterator[Mutant]:
    """A module is laid out anew, comments and all blank lines lost."""
    for path in ground.facts_by_file:
        source = ground.source(path)
        yield _mutant("laid out anew", f"all of {path}", source, 1, ast.unparse(source.tree) + "\n")


def functions_added(ground: Ground) -> Iterator[Mutant]:
    """A private function is added that nothing uses."""
    for path in ground.facts_by_file:
        source = ground.source(path)
        text = f"{source.text.rstrip()}\n\n\ndef _unused() -> None:\n    return\n"
        yield _mutant("private function added", f"in {path}", source, len(source.lines), text)


def modules_moved(ground: Ground) -> Iterator[Mutant]:
    """A module that no page and no configuration names is moved, and its imports with it."""
    documents = "\n".join([*(page.text for page in ground.pages), ground.text("pyproject.toml")])
    for path in ground.application:
        name = path.removesuffix(".py").replace("/", ".")
        stem = name.rpartition(".")[2]
        if stem == "__init__" or name in documents or path in documents or "." not in name:
            continue
        users = [
            one
            for one in ground.modules
            if stem in (text := ground.source(one).text)
            and re.search(rf"\b{re.escape(name)}\b|\bimport\b.*\b{stem}\b", text)
        ]
        if any(
            re.search(rf"from {re.escape(name.rpartition('.')[0])} import .*\b{stem}\b", ground.source(one).text)
            for one in users
        ):
            continue
        text = ground.source(path).text
        edits = [Edit(path, None), Edit(path.replace(".py", "_moved.py"), text)]
        for one in users:
            before = ground.source(one).text
            after = re.sub(rf"\b{re.escape(name)}\b(?!\.\w+\.)", f"{name}_moved", before)
            if after != before and one != path:
                edits.append(Edit(one, after))
        if len(edits) > 2:
            yield Mutant("harmless: module moved", Side.HARMLESS, f"{name} → {name}_moved", f"{path}:1", tuple(edits))


def _mutant(group: str, title: str, source: Source, line: int, text: str) -> Mutant:
    edit = Edit(source.path, text)
    return Mutant(f"harmless: {group}", Side.HARMLESS, title, f"{source.path}:{line}", (edit,))


def _functions(ground: Ground) -> Iterator[tuple[Source, _Function]]:
    for path in ground.application:
        source = ground.source(path)
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and len(node.body) > 1:
                yield source, node


def _local(function: _Function) -> str | None:
    """A name that a function assigns once, and that nothing else of it could mean."""
    if any(isinstance(node, ast.Global | ast.Nonlocal | ast.Lambda | ast.ClassDef) for node in ast.walk(function)):
        return None
    inner = [node for node in ast.walk(function) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    if len(inner) > 1:
        return None
    for node in function.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and len(node.targets) == 1:
            return node.targets[0].id
    return None


def _generates(function: _Function) -> bool:
    return any(isinstance(node, ast.Yield | ast.YieldFrom) for node in ast.walk(function))


def _opening(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.Import | ast.ImportFrom)


def _equal(left: str, right: str) -> bool:
    try:
        return ast.dump(ast.parse(left)) == ast.dump(ast.parse(right))
    except SyntaxError:
        return False
