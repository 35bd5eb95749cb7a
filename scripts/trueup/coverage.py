"""Coverage, closed both ways: what exists is documented in exactly one place, and exemptions exempt something."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from trueup import failures
from trueup.bindings import Bindings
from trueup.config import Config
from trueup.facts import Fact, closest
from trueup.findings import Finding

_MOST = 4  # facts of one kind that are named one by one


def check(bindings: Bindings, config: Config, root: Path) -> Iterator[Finding]:
    """A finding for each fact of an owned kind without an owner, each fact with two, and each hidden route."""
    inventory, owners = bindings.inventory, bindings.owners
    for kind in config.owned:
        if kind not in inventory.kinds:
            close = closest(kind, inventory.kinds)
            mend = f"did you mean {close}?" if close else "remove it from tool.trueup.owned"
            yield Finding("pyproject.toml", _line(root, kind), "exemption-stale", f"no fact is of kind {kind}", mend)
        missing = [
            fact for fact in inventory.of_kind(kind) if fact.id not in owners and not fact.attributes.get("framework")
        ]
        if len(missing) > _MOST and len(missing) == len(inventory.of_kind(kind)):
            yield _all_undocumented(missing)
        else:
            yield from (_undocumented(fact, bindings) for fact in missing)
    for ident, places in owners.items():
        if len(places) > 1:
            (first, first_line, _), (second, second_line, _) = places[:2]
            message = f"{ident} is documented in full here and in {first}:{first_line}"
            yield Finding(
                second, second_line, "fact-owned-twice", message, "keep one, and write `own: false` in the other"
            )
    yield from failures.untreated(bindings.pages, inventory)
    yield from _claimed(bindings)
    yield from _hidden(inventory.of_kind("route"), owners, config, root)


def _claimed(bindings: Bindings) -> Iterator[Finding]:
    """Findings of pages that claim kinds, `trueup: {owns: [setting]}`: every fact of these is on such a page."""
    claims: dict[str, list[str]] = {}
    for page in bindings.pages:
        own = page.meta.get("trueup")
        kinds = own.get("owns") if isinstance(own, dict) else None
        line = next((at for at, text in enumerate(page.text.splitlines(), 1) if text.strip().startswith("owns:")), 1)
        for kind in kinds if isinstance(kinds, list) else [kinds] if kinds else []:
            claims.setdefault(str(kind), []).append(page.path)
            shown = [fact for fact in bindings.inventory.of_kind(str(kind)) if _is_on(fact, page.path, bindings)]
            if not shown:
                close = closest(str(kind), bindings.inventory.kinds) if kind not in bindings.inventory.kinds else None
                mend = f"did you mean {close}?" if close else "add a fact block, or remove the claim"
                message = f"the page claims {kind}, and shows none in full"
                yield Finding(page.path, line, "owner-empty", message, mend)
    for kind, pages in claims.items():
        for fact in bindings.inventory.of_kind(kind):
            for path, at, _ in bindings.owners.get(fact.id, ())[:1]:
                if path not in pages:
                    message = f"{fact.id} is shown in full here, but {' and '.join(pages)} claims the kind"
                    mend = "write `own: false` here and show it there, or change the claim"
                    yield Finding(path, at, "fact-misplaced", message, mend)


def _is_on(fact: Fact, path: str, bindings: Bindings) -> bool:
    return any(place[0] == path for place in bindings.owners.get(fact.id, ()))


def _all_undocumented(facts: Sequence[Fact]) -> Finding:
    first = facts[0]
    names = ", ".join(fact.key for fact in facts[:_MOST])
    message = f"none of the {len(facts)} {first.kind} facts is documented: {names}, …"
    mend = f"add a fact block: /// facts | {first.kind}"
    return Finding(first.file or "pyproject.toml", max(first.line, 1), "fact-undocumented", message, mend)


def _undocumented(fact: Fact, bindings: Bindings) -> Finding:
    pages = sorted(
        {place[0] for other in bindings.inventory.of_kind(fact.kind) for place in bindings.owners.get(other.id, ())}
    )
    where = f" (other {fact.kind} facts are in {', '.join(pages[:3])})" if pages else ""
    message = f"{fact.kind} {fact.key} is documented nowhere"
    mend = f"add a fact block that shows it{where}"
    return Finding(fact.file or "pyproject.toml", max(fact.line, 1), "fact-undocumented", message, mend)


def _hidden(routes: Sequence[Fact], owners: Mapping[str, object], config: Config, root: Path) -> Iterator[Finding]:
    listed = {entry.route for entry in config.hidden}
    for fact in routes:
        if fact.key not in listed and fact.id not in owners and not fact.attributes.get("framework"):
            message = f"route {fact.key} is not in the OpenAPI document and documented nowhere"
            mend = "show it in a block (/// facts | route), or list it under [[tool.trueup.hidden]] with a reason"
            yield Finding(fact.file or "pyproject.toml", max(fact.line, 1), "route-hidden", message, mend)
    known = {fact.key for fact in routes if not fact.attributes.get("framework")}
    for name in sorted(listed & {fact.key for fact in routes} - known):
        message = f"hidden route {name} is FastAPI's own, which needs no page"
        yield Finding("pyproject.toml", _line(root, name), "exemption-stale", message, "remove the entry")
    for name in sorted(listed - {fact.key for fact in routes}):
        message = f"hidden route {name} does not exist or is not hidden"
        close = closest(name, known)
        mend = f"did you mean {close}?" if close else "remove the entry"
        yield Finding("pyproject.toml", _line(root, name), "exemption-stale", message, mend)


def _line(root: Path, text: str) -> int:
    """The line of `pyproject.toml` that holds a text in quotes."""
    try:
        lines = (root / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 1
    return next((number for number, line in enumerate(lines, 1) if f'"{text}"' in line), 1)
