"""Operations in inline code: `POST /jobs`, `/api/jobs/{id}`, `GET /jobs?state=open`."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

from trueup.facts import Fact, Inventory, closest
from trueup.resolution import Resolution, wrong

_REQUEST = re.compile(r"(?:(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|WEBSOCKET)\s+)?((?:/|https?://)\S*)$")
_PLACEHOLDER = re.compile(r"\{[^{}]*\}$")
_VALUE = re.compile(r".*[\d$…<]|\.\.\.$")


class Operations:
    """Matches requests against the operations, and the hidden routes, of an inventory.

    A path may leave out leading segments (`/jobs` for `/api/v1/jobs`). A segment that looks like a value (it holds a
    digit, `$` or `…`) matches a placeholder; a placeholder matches only one of the same name.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._operations = [*inventory.of_kind("operation"), *inventory.of_kind("route")]
        self._split = [(fact, str(fact.attributes["path"]).strip("/").split("/")) for fact in self._operations]

    def resolve(self, text: str) -> Resolution | None:
        """What `text` names; none when it is no request."""
        match = _REQUEST.match(text)
        if match is None:
            return None
        method, url = match.groups()
        parts = urlsplit(url)
        if parts.scheme and not method:
            return None  # an address of its own is a link's business
        found = list(self._matching(method, parts.path))
        if not found:
            return self._unknown(method, text)
        if parts.query:
            for problem in self._query(found[0], parts.query):
                return problem
        return Resolution(facts=tuple(found))

    def _matching(self, method: str | None, path: str) -> Iterator[Fact]:
        wanted = path.strip("/").split("/")
        exact = []
        prefixes = []
        for fact, segments in self._split:
            if method and fact.attributes["method"] != method:
                continue
            if len(wanted) <= len(segments) and _match(wanted, segments[-len(wanted) :]):
                exact.append((len(segments) - len(wanted), fact))
            elif not method and path != "/" and _match(wanted, segments[: len(wanted)]):
                prefixes.append(fact)
        if exact:
            best = min(distance for distance, _ in exact)
            yield from (fact for distance, fact in exact if distance == best)
        elif prefixes:
            yield prefixes[0]

    def _unknown(self, method: str | None, text: str) -> Resolution:
        names = []
        for fact in self._operations:
            segments = str(fact.attributes["path"]).strip("/").split("/")
            for start in range(len(segments)):
                path = "/" + "/".join(segments[start:])
                names.append(f"{fact.attributes['method']} {path}" if method else path)
        return wrong("operation-unknown", f"unknown operation {text}", closest(text.partition("?")[0], names))

    def unknown_parameters(self, operation: Fact, query: str) -> Iterator[tuple[str, Resolution]]:
        """The names in a query that an operation has no parameter for."""
        known = self._parameters(operation)
        for name, _ in parse_qsl(query, keep_blank_values=True):
            if name not in known:
                yield name, _no_parameter(operation, name, known)

    def _query(self, operation: Fact, query: str) -> Iterator[Resolution]:
        known = self._parameters(operation)
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name not in known:
                yield _no_parameter(operation, name, known)
                continue
            choices = known[name].attributes.get("enum")
            if choices and value not in map(str, choices) and not _VALUE.match(value):
                message = f"parameter {name} of {operation.key} does not take {value}"
                yield wrong("parameter-unknown", message, closest(value, map(str, choices)))

    def _parameters(self, operation: Fact) -> dict[str, Fact]:
        return {
            str(fact.attributes["name"]): fact
            for fact in self._inventory.of_kind("parameter")
            if fact.attributes["operation"] == operation.attributes.get("id")
        }


def _no_parameter(operation: Fact, name: str, known: Iterable[str]) -> Resolution:
    return wrong("parameter-unknown", f"{operation.key} has no parameter {name}", closest(name, known))


def _match(wanted: list[str], segments: list[str]) -> bool:
    return len(wanted) == len(segments) and all(
        want == segment or (bool(_PLACEHOLDER.match(segment)) and bool(_VALUE.match(want)) and "{" not in want)
        for want, segment in zip(wanted, segments, strict=True)
    )
