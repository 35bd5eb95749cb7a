"""Changes of types, of what is required, and of what is shown: idioms of Python, pydantic and FastAPI."""

import ast
from collections.abc import Iterator

from trueup.facts import Fact
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side
from trueup.mutate.source import Source

_TYPES = {"int": "float", "float": "int", "str": "int", "bool": "str", "UUID": "str", "datetime": "str"}
_KINDS = frozenset({"field", "parameter", "setting", "option"})
_GONE = ("fact-renamed", "fact-removed")


def retyped(ground: Ground) -> Iterator[Mutant]:
    """A field, parameter, setting or option gets another type."""
    for fact, source, node in _annotated(ground):
        for part in ast.walk(node.annotation) if node.annotation else ():
            if isinstance(part, ast.Name) and part.id in _TYPES:
                other = _TYPES[part.id]
                yield _mutant(fact, "retyped", f"{part.id} → {other}", part.lineno, source.replace(part, other), "type")
                break


def required(ground: Ground) -> Iterator[Mutant]:
    """A field, parameter, setting or option loses its default, and so becomes required."""
    for fact, source, node in _annotated(ground):
        if fact.attributes.get("required"):
            continue
        default = node.value if isinstance(node, ast.AnnAssign) else _default_of(source, node)
        edit = _undefaulted(source, node, default)
        if edit is not None:
            yield _mutant(fact, "made required", "no default", node.lineno, edit, "")


def unprotected(ground: Ground) -> Iterator[Mutant]:
    """An operation loses the permission or the dependencies that it declares."""
    for fact in ground.facts:
        if fact.kind != "operation" or fact.attributes.get("public"):
            continue
        source = ground.source(fact.file)
        for node in source.inside(source.unit(fact.line)):
            if not isinstance(node, ast.keyword) or node.arg not in {"permission", "dependencies", "security"}:
                continue
            edit = source.replace(node.value, "None" if node.arg == "permission" else "[]")
            yield _mutant(fact, "made public", f"without {node.arg}", node.value.lineno, edit, "")


def hidden(ground: Ground) -> Iterator[Mutant]:
    """An operation is left out of the OpenAPI document, but still answers."""
    keyword = "include_in_schema=False"
    for fact in ground.facts:
        if fact.kind != "operation":
            continue
        source = ground.source(fact.file)
        unit = source.unit(fact.line)
        calls = [node for node in getattr(unit[0], "decorator_list", []) if isinstance(node, ast.Call)] if unit else []
        for call in calls:
            end = source.span(call)[1] - 1
            comma = "" if source.text[:end].rstrip().endswith((",", "(")) else ", "
            edit = source.splice(end, end, f"{comma}{keyword}")
            yield Mutant(
                "operation hidden",
                Side.CODE,
                f"{fact.key} hidden from the OpenAPI document",
                fact.place,
                (edit,),
                Expected(("route-hidden",), (fact.key,)),
            )


def signatures(ground: Ground) -> Iterator[Mutant]:
    """A function of the promised interface gets one more parameter."""
    for fact in ground.truth.inventory.of_kind("signature"):
        source = ground.source(fact.file)
        unit = source.unit(fact.line)
        function = unit[0] if unit else None
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) or function.args.kwarg:
            continue
        start = source.text.index("(", source.text.index(f"def {function.name}", source.span(function)[0])) + 1
        own = [argument.arg for argument in function.args.args[:1] if argument.arg in {"self", "cls"}]
        if own:
            continue
        yield _mutant(
            fact, "changed", "one more parameter", fact.line, source.splice(start, start, "extra_here: int, "), ""
        )


def statuses(ground: Ground) -> Iterator[Mutant]:
    """The status of success that an operation declares is another one."""
    for fact in ground.facts:
        if fact.kind != "operation":
            continue
        source = ground.source(fact.file)
        for node in source.inside(source.unit(fact.line)):
            parent = source.parents.get(node)
            if (
                isinstance(node, ast.Constant)
                and isinstance(parent, ast.keyword)
                and str(node.value) in fact.attributes.get("statuses", ())
                and str(node.value).startswith("2")
            ):
                other = 202 if node.value != 202 else 200
                edit = source.replace(node, str(other))
                yield _mutant(fact, "status changed", f"{node.value!s} → {other}", node.lineno, edit, "statuses")


def _mutant(fact: Fact, what: str, detail: str, line: int, edit: Edit, attribute: str) -> Mutant:
    names = (f"{fact.kind} {fact.key}", *([attribute] if attribute else []))
    return Mutant(
        f"{fact.kind} {what}",
        Side.CODE,
        f"{fact.kind} {fact.key}: {detail}",
        f"{fact.file}:{line}",
        (edit,),
        Expected(("fact-changed",), names),
    )


def _annotated(ground: Ground) -> Iterator[tuple[Fact, Source, ast.AnnAssign | ast.arg]]:
    for fact in ground.facts:
        if fact.kind in _KINDS:
            source = ground.source(fact.file)
            unit = source.unit(fact.line)
            if unit and isinstance(unit[0], ast.AnnAssign | ast.arg):
                yield fact, source, unit[0]


def _default_of(source: Source, argument: ast.arg) -> ast.AST | None:
    unit = source.unit(argument.lineno)
    return unit[1] if len(unit) > 1 else None


def _undefaulted(source: Source, node: ast.AnnAssign | ast.arg, default: ast.AST | None) -> Edit | None:
    if default is None:
        return None
    if not isinstance(default, ast.Call):
        return source.splice(
            source.span(node if isinstance(node, ast.arg) else node.annotation)[1], source.span(default)[1], ""
        )
    for keyword in default.keywords:
        if keyword.arg in {"default", "default_factory"}:
            start, end = source.span(keyword)
            rest = source.text[end:]
            cut = len(rest) - len(rest.lstrip(" ,\n")) if rest.lstrip().startswith(",") else 0
            return source.splice(start, end + cut, "")
    if default.args and isinstance(default.args[0], ast.Constant) and default.args[0].value is not ...:
        return source.replace(default.args[0], "...")
    return None
