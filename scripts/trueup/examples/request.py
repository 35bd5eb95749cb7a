"""`http` blocks: a request sent as written, and the response compared with the one documented."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from time import monotonic

import httpx

from trueup.examples.runner import OUTPUT_LIMIT

_REQUEST_LINE = re.compile(r"(?P<method>[A-Z]+) (?P<path>/\S*)(?: HTTP/[\d.]+)?")
_STATUS_LINE = re.compile(r"(?:HTTP/[\d.]+ )?(?P<status>[1-5]\d\d)(?: (?P<phrase>.*))?")
_HEADER = re.compile(r"(?P<name>[!#$%&'*+.^_`|~\w-]+): ?(?P<value>.*)")


class MessageError(ValueError):
    """A block is no HTTP message; `line` counts from 1 in the block."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _Variables(Template):
    # Only names in capitals are variables, so that `$ref` in a body is left alone.
    idpattern = "[A-Z_][A-Z0-9_]*"
    flags = re.RegexFlag(0)


@dataclass(frozen=True)
class Message:
    """A request or response as a page writes it: the first line, headers in order, the body."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str
    body_line: int
    """The line of the block on which the body starts, from 1."""


def read_message(text: str) -> Message:
    """Read a first line, header lines, a blank line and a body. Raises `MessageError` on a line that is no header."""
    lines = text.splitlines()
    if not lines:
        raise MessageError(1, "is empty")
    headers: list[tuple[str, str]] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            body = "\n".join(lines[number:])
            return Message(lines[0].strip(), tuple(headers), body, number + 1)
        match = _HEADER.fullmatch(line)
        if match is None:
            raise MessageError(number, f"{line!r} is no header; put a blank line before the body")
        headers.append((match["name"], match["value"].strip()))
    return Message(lines[0].strip(), tuple(headers), "", len(lines) + 1)


def substitute(text: str, variables: Mapping[str, str]) -> str:
    """`text` with `$NAME` and `${NAME}` replaced, `$$` by a dollar sign. Raises `MessageError` naming an unset one."""
    template = _Variables(text)
    unset = [name for name in template.get_identifiers() if name not in variables]
    if unset:
        line = next(n for n, line in enumerate(text.splitlines(), 1) if re.search(rf"\$\{{?{unset[0]}\b", line))
        raise MessageError(line, f"variable ${unset[0]} is not set; export it in a bash block or a scenario before")
    return template.safe_substitute(variables)


def send(message: Message, base_url: str, seconds: float) -> httpx.Response:
    """Send a request exactly as written, follow no redirect, and read the whole response.

    Raises `MessageError` when the first line is none of a request, `httpx.TimeoutException` when the response is not
    complete within `seconds`, `OverflowError` when it is larger than the limit, other `httpx.HTTPError` as they come.
    """
    match = _REQUEST_LINE.fullmatch(message.start)
    if match is None:
        raise MessageError(1, f"{message.start!r} is no request line; write METHOD /path")
    deadline = monotonic() + seconds
    content = bytearray()
    body = message.body.encode() if message.body else None
    headers = httpx.Headers(list(message.headers))
    with (
        httpx.Client(trust_env=False, timeout=seconds, headers={"User-Agent": "trueup"}) as client,
        client.stream(match["method"], base_url + match["path"], headers=headers, content=body) as response,
    ):
        for piece in response.iter_bytes():
            content += piece
            if len(content) > OUTPUT_LIMIT:
                raise OverflowError(f"the response is larger than {OUTPUT_LIMIT // 1_000_000} MB")
            if monotonic() > deadline:
                raise httpx.ReadTimeout("the response does not end", request=response.request)
    kept = [(name, value) for name, value in response.headers.multi_items() if name != "content-encoding"]
    return httpx.Response(response.status_code, headers=kept, content=bytes(content), request=response.request)


def head(response: httpx.Response, documented: Message | None) -> str:
    """The response's status line, and of its headers those that are documented, in that order.

    The status line takes the documented form, with or without protocol and phrase. Without a documented one, the
    content type is shown.
    """
    names = [name for name, _ in documented.headers] if documented else ["Content-Type"]
    form = _STATUS_LINE.fullmatch(documented.start) if documented else None
    protocol = documented.start.split(" ")[0] + " " if documented and documented.start.startswith("HTTP/") else ""
    protocol = protocol if documented else "HTTP/1.1 "
    phrase = f" {response.reason_phrase}" if form is None or form["phrase"] is not None else ""
    headers = response.headers
    shown = [f"{name}: {headers[name]}" if name in headers else f"({name} is absent)" for name in names]
    return "\n".join([f"{protocol}{response.status_code}{phrase}", *shown])


def documented_head(message: Message) -> str:
    """The documented status line and headers, in the form of `head`."""
    return "\n".join([message.start, *(f"{name}: {value}" for name, value in message.headers)])


def is_json(text: str) -> bool:
    """Whether a body is JSON."""
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True
