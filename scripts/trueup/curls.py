"""The requests that curl makes in a script of a shell."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

_CURL = re.compile(r"(?<![\w/.-])curl\s")
_ADDRESS = re.compile(r"^(?:https?://[^/]+|\$\{?\w*(?:URL|HOST|ADDRESS)\w*\}?)(?=/)")
_METHOD = re.compile(r"^(?:-[a-zA-Z]*X|--request=?)(\w*)$")
_SENDS = re.compile(r"^(?:-[a-zA-Z]*[dF]$|--data|--json|--form)")
_BODY = re.compile(r"^(?:-[a-zA-Z]*d|--json|--data(?:-raw|-binary|-urlencode)?)$")
_AS_QUERY = re.compile(r"^(?:-[a-zA-Z]*G|--get)$")
_HEAD = re.compile(r"^(?:-[a-zA-Z]*I|--head)$")


@dataclass(frozen=True)
class Request:
    """A request; `line` is that of its command in the script, counted from 0, `body` a text that stands in it."""

    method: str
    path: str
    query: str
    body: str
    line: int

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def requests(source: str) -> Iterator[Request]:
    """Each request of a script, as far as its words tell; what variables hold stays `$NAME`."""
    joined = source.replace("\\\n", "\0\0")  # as long as before, so that lines can be counted
    for match in _CURL.finditer(joined):
        try:
            words = shlex.split(segment(joined, match.start()).replace("\0\0", " "), comments=False)
        except ValueError:
            continue
        line = source.count("\n", 0, match.start())
        method, sent = _method(words), _sent(words)
        asked = sent if any(_AS_QUERY.match(word) for word in words) else []
        body = sent[0] if len(sent) == 1 and not asked and not sent[0].startswith("@") else ""
        for word in words:
            if _ADDRESS.match(word):
                parts = urlsplit(_ADDRESS.sub("", word))
                yield Request(method, parts.path, "&".join(filter(None, [parts.query, *asked])), body, line)


def _method(words: list[str]) -> str:
    method = "POST" if any(_SENDS.match(word) for word in words) else "GET"
    for index, word in enumerate(words):
        if given := _METHOD.match(word):
            method = given[1] or (words[index + 1] if index + 1 < len(words) else method)
        elif _AS_QUERY.match(word):
            method = "GET"
        elif _HEAD.match(word):
            method = "HEAD"
        elif word in ("-T", "--upload-file"):
            method = "PUT"
    return method


def _sent(words: list[str]) -> list[str]:
    return [words[index + 1] for index, word in enumerate(words[:-1]) if _BODY.match(word)]


def segment(source: str, start: int) -> str:
    """The simple command that starts at `start`: up to a pipe, a list operator, a closing bracket or the line's end."""
    quote = ""
    for index in range(start, len(source)):
        mark = source[index]
        if quote:
            quote = "" if mark == quote and source[index - 1] != "\\" else quote
        elif mark in "\"'":
            quote = mark
        elif mark in "|;&\n)":
            return source[start:index]
        elif mark in "<>":
            return re.sub(r"\s\d*$", "", source[start:index])  # the number of a redirected stream
    return source[start:]
