"""Falsehoods between two names that both exist: a status, a permission, a default, a stage that belongs elsewhere."""

import re
from collections.abc import Iterator, Sequence

from trueup.facts import Fact
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Edit, Expected, Mutant, Side
from trueup.pages import Page
from trueup.relations import States

_MOST = 12  # sentences of one class
_CONDITIONS = ("terminal", "required", "public")
_WRONG_STATUS = "418"
_SAID = re.compile(r"`([^`\n]+)`\s+(?:in|of|from)\s+`([\w./-]+\.py)`")


def defaults(ground: Ground) -> Iterator[Mutant]:
    """“`X` is `y` by default”, where y is another of its choices."""
    for fact in _facts(ground, "setting"):
        others = [each for each in fact.attributes.get("choices", ()) if each != fact.attributes.get("default")]
        if others and fact.attributes.get("default"):
            yield from _told(ground, "default", f"`{fact.key}` is `{others[0]}` by default.", (fact.key, others[0]))


def permissions(ground: Ground) -> Iterator[Mutant]:
    """“`GET /x` needs `y`”, where it needs another permission."""
    keys = [fact.key for fact in _facts(ground, "permission")]
    for fact in _facts(ground, "operation"):
        own = fact.attributes.get("permission")
        other = next((key for key in keys if key != own), None) if own else None
        if other:
            yield from _told(ground, "permission", f"`{fact.key}` needs `{other}`.", (fact.key, other))


def problems(ground: Ground) -> Iterator[Mutant]:
    """“`GET /x` is refused with `y`”, which it never gives."""
    keys = [fact.key for fact in _facts(ground, "problem")]
    for fact in _facts(ground, "operation"):
        own = fact.attributes.get("problems", ())
        other = next((key for key in keys if key not in own), None) if own else None
        if other:
            yield from _told(ground, "problem", f"`{fact.key}` is refused with `{other}`.", (fact.key, other))


def statuses(ground: Ground) -> Iterator[Mutant]:
    """“`GET /x` answers 418”, which no operation does."""
    for fact in _facts(ground, "operation"):
        if _WRONG_STATUS not in fact.attributes.get("statuses", ()):
            sentence = f"`{fact.key}` answers `{_WRONG_STATUS}`."
            yield from _told(ground, "status", sentence, (_WRONG_STATUS,), "status-unknown")


def roles(ground: Ground) -> Iterator[Mutant]:
    """“`role` may use `x`”, which is none of its permissions."""
    for role in _facts(ground, "role"):
        for fact in _facts(ground, "permission"):
            if str(fact.attributes.get(role.key)).casefold() == "none":
                yield from _told(ground, "role", f"Whoever is `{role.key}` may use `{fact.key}`.", (role.key, fact.key))


def types(ground: Ground) -> Iterator[Mutant]:
    """“The counter `x`”, which is a gauge."""
    for fact in _facts(ground, "metric"):
        other = "gauge" if fact.attributes.get("type") != "gauge" else "counter"
        if _alone(ground, fact.key, "type"):
            yield from _told(ground, "type", f"The {other} `{fact.key}` shows it.", (fact.key, other))


def conditions(ground: Ground) -> Iterator[Mutant]:
    """“`x` is not terminal”, which it is."""
    for fact in ground.truth.inventory:
        for name, value in fact.attributes.items():
            if isinstance(value, bool) and name in _CONDITIONS and _alone(ground, fact.key, name):
                sentence = f"`{fact.key}` is {'not ' if value else ''}{name}."
                yield from _told(ground, "condition", sentence, (fact.key, name))


def members(ground: Ground) -> Iterator[Mutant]:
    """“The stage `y` of `x`”, where y belongs to another one."""
    for kind in ground.truth.inventory.kinds:
        facts = _facts(ground, kind)
        for fact in facts:
            for name in ("stages", "labels", "aliases"):
                own = fact.attributes.get(name)
                others = [item for each in facts for item in each.attributes.get(name) or () if item not in (own or ())]
                # Other words for a term are no names, which inline code could mean.
                others = [item for item in others if ground.bindings.resolver.resolve(item).facts]
                if own and others and ground.truth.inventory.named(fact.key):
                    one = name.removesuffix("es") if name == "aliases" else name.removesuffix("s")
                    sentence = f"The {one} `{others[0]}` of `{fact.key}` is first."
                    yield from _told(ground, "member", sentence, (fact.key, others[0]))


def moves(ground: Ground) -> Iterator[Mutant]:
    """“From `x` to `y`”, where nothing leads."""
    kinds = States.of(ground.config.conformance)
    transitions = ground.truth.inventory.of_kind(kinds.transitions)
    pairs = {(fact.attributes.get("source"), fact.attributes.get("target")) for fact in transitions}
    states = [fact.key for fact in _facts(ground, kinds.states)]
    for start in states:
        for end in states:
            if pairs and start != end and (start, end) not in pairs:
                yield from _told(ground, "move", f"Then it goes from `{start}` to `{end}`.", (start, end))


def places(ground: Ground) -> Iterator[Mutant]:
    """A name is said to be in a file of the project that does not have it."""
    known = {path for path in ground.files if path.endswith(".py")}
    for page in ground.pages:
        for number, text in enumerate(page.text.splitlines(), 1):
            match = _SAID.search(text)
            if match and match[2] in known and not any(block.line < number < block.end for block in page.blocks):
                name = match[1].rstrip("()").rpartition(".")[2]
                other = next((path for path in sorted(known) if name not in ground.text(path)), None)
                facts = [fact for fact in ground.bindings.resolver.resolve(match[1]).facts if fact.kind != "file"]
                if other and any(fact.file for fact in facts):
                    edit = _replaced(page, number, match[2], other)
                    expected = Expected(("place-wrong",), (other,), page.path)
                    title, place = f"`{match[1]}` in `{other}`", f"{page.path}:{number}"
                    yield Mutant("docs: name in another file", Side.DOCS, title, place, (edit,), expected)


def _told(
    ground: Ground, what: str, sentence: str, names: Sequence[str], code: str = "relation-wrong"
) -> Iterator[Mutant]:
    """A false sentence at the end of a page; each goes to another one."""
    pages = [page for page in ground.pages if not _archived(ground, page)]
    if not pages:
        return
    page = pages[sum(sentence.encode()) % len(pages)]
    edit = Edit(page.path, f"{page.text.rstrip()}\n\n{sentence}\n")
    expected = Expected((code,), tuple(names), page.path)
    place = f"{page.path}:{page.text.count(chr(10)) + 2}"
    yield Mutant(f"docs: {what} of another thing", Side.DOCS, sentence, place, (edit,), expected)


def _archived(ground: Ground, page: Page) -> bool:
    return page.path.startswith(f"{ground.config.archive.as_posix()}/")


def _facts(ground: Ground, kind: str) -> Sequence[Fact]:
    return ground.truth.inventory.of_kind(kind)[:_MOST]


def _alone(ground: Ground, name: str, attribute: str) -> bool:
    """Whether inline code of this name means only one fact that has the attribute."""
    return sum(attribute in fact.attributes for fact in ground.bindings.resolver.resolve(name).facts) == 1


def _replaced(page: Page, number: int, old: str, new: str) -> Edit:
    lines = page.text.splitlines(keepends=True)
    lines[number - 1] = lines[number - 1].replace(f"`{old}`", f"`{new}`", 1)
    return Edit(page.path, "".join(lines))
