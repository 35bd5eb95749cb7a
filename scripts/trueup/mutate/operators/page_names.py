"""Falsehoods in the inline code of pages: a name, path, transition, option or value that does not exist."""

import re
from collections.abc import Iterator

from trueup.facts import Fact
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side
from trueup.pages import Page, Span

_UNKNOWN = (
    "code-unknown", "setting-unknown", "operation-unknown", "option-unknown", "parameter-unknown", "value-invalid",
    "file-unknown",
)  # fmt: skip
_ARROW = re.compile(r"\s*(?:->|→)\s*")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_REQUEST = re.compile(rf"({'|'.join(_METHODS)}) (/\S*)")
_ASSIGNED = re.compile(r"([A-Z][A-Z0-9_]+)=(-?[\d.]+)")
_OPTION = re.compile(r"(?<=\s)(--[a-z][a-z-]*)")


def misspelt(ground: Ground) -> Iterator[Mutant]:
    """A name is written with a letter too many in its middle."""
    for page, span in ground.spans:
        facts = [fact for fact in ground.truth.inventory.named(span.text) if fact.kind != "symbol"]
        if not facts or not re.fullmatch(r"[\w.-]{4,}", span.text):
            continue
        other = _misspelt(span.text)
        if _exists(ground, other):
            continue
        kind = min(fact.kind for fact in facts)
        yield from _mutants(ground, page, span, other, f"docs: {_plain_kind(kind)} misspelt")


def transitions(ground: Ground) -> Iterator[Mutant]:
    """A transition is written the other way round."""
    for page, span in ground.spans:
        ends = _ARROW.split(span.text)
        other = " → ".join(reversed(ends))
        if len(ends) == 2 and not _exists(ground, other):
            yield from _mutants(ground, page, span, other, "docs: transition that does not exist")


def requests(ground: Ground) -> Iterator[Mutant]:
    """A request has another method, or another path."""
    known = {fact.key for fact in ground.truth.inventory.of_kind("operation")}
    for page, span in ground.spans:
        match = _REQUEST.fullmatch(span.text)
        if match is None:
            continue
        method, path = match.groups()
        paths = [key.partition(" ")[2] for key in known if key.endswith(path.partition("?")[0])]
        if paths:
            absent = [name for name in _METHODS if f"{name} {paths[0]}" not in known]
            other = f"{absent[0]} {path}" if absent else ""
            if other:
                yield from _mutants(ground, page, span, other, "docs: method that a path does not have")
        head, _, tail = path.lstrip("/").partition("/")
        other = f"{method} /{head}s{'/' + tail if tail else ''}"
        yield from _mutants(ground, page, span, other, "docs: path that does not exist")


def settings(ground: Ground) -> Iterator[Mutant]:
    """A setting is given a value beyond its range."""
    for page, span in ground.spans:
        match = _ASSIGNED.fullmatch(span.text)
        fact = ground.truth.inventory.get("setting", match[1]) if match else None
        if fact is None or match is None:
            continue
        bound = _beyond(fact)
        if bound:
            yield from _mutants(ground, page, span, f"{match[1]}={bound}", "docs: value that a setting refuses")


def options(ground: Ground) -> Iterator[Mutant]:
    """A command is given an option that it does not have."""
    commands = {fact.key for fact in ground.truth.inventory.of_kind("command")}
    for page, span in ground.spans:
        match = _OPTION.search(span.text)
        if match and any(span.text.startswith(f"{command} ") for command in commands):
            other = span.text[: match.end()] + "s" + span.text[match.end() :]
            yield from _mutants(ground, page, span, other, "docs: option that a command does not have")


def files(ground: Ground) -> Iterator[Mutant]:
    """A file is written with another name."""
    known = set(ground.files)
    for page, span in ground.spans:
        if span.text in known and "/" in span.text:
            stem, dot, suffix = span.text.rpartition(".")
            if dot:
                yield from _mutants(ground, page, span, f"{stem}s.{suffix}", "docs: file that does not exist")


def _mutants(ground: Ground, page: Page, span: Span, other: str, group: str) -> Iterator[Mutant]:
    edit = respelt(page, span, other)
    if edit is not None and not ground.bindings.resolver.vocabulary.explains(other):
        yield Mutant(
            group,
            Side.DOCS,
            f"`{span.text}` → `{other}`",
            f"{page.path}:{span.line}",
            (edit,),
            Expected(_UNKNOWN, (_part(span.text, other),), page.path),
        )


def respelt(page: Page, span: Span, other: str) -> Edit | None:
    """The page with one inline code replaced; none when it is not written on one line."""
    lines = page.text.splitlines(keepends=True)
    line = lines[span.line - 1]
    at = line.find(span.text, span.column)
    if at < 0:
        return None
    lines[span.line - 1] = line[:at] + other + line[at + len(span.text) :]
    return Edit(page.path, "".join(lines))


def _part(old: str, new: str) -> str:
    """The word of the new text that was not in the old one, which the finding must name."""
    words = [word for word in re.split(r"[\s=]+", new) if word not in re.split(r"[\s=]+", old)]
    return words[0] if words else new


def _misspelt(text: str) -> str:
    middle = len(text) // 2
    return text[:middle] + text[middle - 1] + text[middle:]


def _exists(ground: Ground, text: str) -> bool:
    return bool(ground.truth.inventory.named(text)) or bool(ground.bindings.resolver.vocabulary.explains(text))


def _plain_kind(kind: str) -> str:
    return kind.replace("_", " ")


def _beyond(fact: Fact) -> str:
    for name, step in (("le", 1), ("lt", 0), ("ge", -1), ("gt", 0)):
        value = fact.attributes.get(name)
        if isinstance(value, int | float):
            return f"{value + step:g}"
    return ""
