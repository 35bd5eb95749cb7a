"""What schemathesis did, read from its NDJSON report: cases, failures with a request to repeat them, errors."""

import base64
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_BODY_LIMIT = 2000
_OF_THE_CLIENT = frozenset({"user-agent", "accept-encoding", "connection", "accept", "content-length"})


@dataclass(frozen=True)
class Failure:
    """One way in which an operation broke its contract. `check` is the name of schemathesis's check."""

    operation: str
    check: str
    title: str
    topic: str
    """The first line of the message; failures that agree so far are one."""
    message: str = field(compare=False, default="")
    request: str = field(compare=False, default="")
    """A command that repeats it."""
    response: str = field(compare=False, default="")
    user: str = field(compare=False, default="")
    """As whom it was asked; empty: there is but one user."""


@dataclass(frozen=True)
class Events:
    """A run of schemathesis. `stopped` says why it ended; empty when it was cut off."""

    stopped: str
    cases: int
    operations: int
    tested: frozenset[str]
    """What was tested, by its label: `METHOD /path`, or the name of a phase that tests operations together."""
    failures: tuple[Failure, ...]
    errors: tuple[tuple[str, str], ...]
    """Operation and message of what could not be tested."""


def merged(parts: Sequence[Events]) -> Events:
    """Several runs as one. It is completed when all are; else it stopped for the reason of the first that is not."""
    return Events(
        stopped=next((part.stopped for part in parts if part.stopped != "completed"), "completed"),
        cases=sum(part.cases for part in parts),
        operations=max(part.operations for part in parts),
        tested=frozenset().union(*(part.tested for part in parts)),
        failures=tuple(dict.fromkeys(failure for part in parts for failure in part.failures)),
        errors=tuple(dict.fromkeys(error for part in parts for error in part.errors)),
    )


def read_events(path: Path, base_url: str) -> Events:
    """Read a report, line by line, as it may be large. A file that is missing or cut short is an incomplete run."""
    cases = operations = 0
    stopped = ""
    tested: set[str] = set()
    failures: dict[Failure, None] = {}
    errors: dict[tuple[str, str], None] = {}
    for name, event in _lines(path):
        if name == "LoadingFinished":
            operations = event.get("statistic", {}).get("operations", {}).get("selected", 0)
        elif name == "ScenarioFinished":
            recorder = event.get("recorder") or {}
            cases += len(recorder.get("cases", {}))
            if recorder.get("cases"):
                tested.add(str(recorder.get("label", "")))
            failures |= dict.fromkeys(_failures(recorder, base_url))
        elif name in {"NonFatalError", "FatalError"}:
            errors[str(event.get("label", "")), _message(event)] = None
        elif name == "EngineFinished":
            stopped = str(event.get("stop_reason", ""))
    return Events(stopped, cases, operations, frozenset(tested), tuple(failures), tuple(errors))


def _lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                return
            yield from event.items()


def _failures(recorder: Mapping[str, Any], base_url: str) -> Iterator[Failure]:
    for case, checks in recorder.get("checks", {}).items():
        for check in checks:
            if check.get("status") != "failure":
                continue
            failure = check.get("failure_info", {}).get("failure", {})
            message = str(failure.get("message", ""))
            exchange = recorder.get("interactions", {}).get(case, {})
            yield Failure(
                operation=str(failure.get("operation") or recorder.get("label", "")),
                check=str(check["name"]),
                title=str(failure.get("title", check["name"])),
                topic=(message.splitlines() or [""])[0],
                message=" ".join(message.split())[:500],
                request=_command(exchange.get("request") or {}, base_url),
                response=_response(exchange.get("response") or {}),
            )


def _command(request: Mapping[str, Any], base_url: str) -> str:
    if not request:
        return ""
    parts = ["curl", "-i", "-X", shlex.quote(str(request.get("method", "GET")))]
    for name, values in request.get("headers", {}).items():
        if name.lower() == "authorization":
            # Its value is left out of the report; whoever repeats the request has a token of his own.
            parts += ["-H", '"Authorization: Bearer $TOKEN"']
        elif name.lower() not in _OF_THE_CLIENT:
            parts += ["-H", shlex.quote(f"{name}: {', '.join(values)}")]
    if body := _text(request.get("body")):
        parts += ["--data-binary", shlex.quote(body)]
    address = str(request.get("uri", "")).removeprefix(base_url)
    return " ".join([*parts, f"$BASE_URL{shlex.quote(address)}"])


def _response(response: Mapping[str, Any]) -> str:
    if not response:
        return "no response"
    return f"status {response.get('status_code')}: {_text(response.get('content'))}"


def _text(content: Any) -> str:
    if isinstance(content, Mapping) and "$base64" in content:
        text = base64.b64decode(content["$base64"]).decode(errors="backslashreplace")
    else:
        text = content if isinstance(content, str) else ""
    return text if len(text) <= _BODY_LIMIT else f"{text[:_BODY_LIMIT]}…"


def _message(event: Mapping[str, Any]) -> str:
    for key in ("value", "info", "exception", "message"):
        value = event.get(key)
        if isinstance(value, Mapping):
            return str(value.get("message") or value.get("title") or value)
        if value:
            return str(value)
    return "unknown error"
