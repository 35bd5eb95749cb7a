"""The parts of a Markdown text: prose, fenced blocks, blocks of trueup and inline code, each with its line.

Block structure follows what the renderer (Python-Markdown with pymdownx.superfences) does, so that what is checked is
what a reader sees: a fence may be indented in a list or quoted, and ends at its own indentation.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markdown.extensions.attr_list import get_attrs_and_remainder
from markdown.inlinepatterns import BACKTICK_RE, BacktickInlineProcessor
from pymdownx.superfences import RE_NESTED_FENCE_START, RE_OPTIONS

from trueup.findings import Finding

_PREFIX = re.compile(r"[> \t]*")
DIRECTIVES = ("facts", "evidence", "failure", "scene", "screenshot")
"""What a block of trueup may be called after its `///`; others are left to the renderer."""

_DIRECTIVE = re.compile(
    rf"/{{3,}}[ \t]*(?P<name>{'|'.join(DIRECTIVES)})(?![\w-])[ \t]*(?:\|[ \t]*(?P<argument>.*?))?[ \t]*$"
)
_BACKTICKS: Any = BacktickInlineProcessor(BACKTICK_RE)
_HEADING = re.compile(r"#{1,6}[ \t]")
_STARTS_BLOCK = re.compile(r"[> \t]*(?:#{1,6}[ \t]|[-*+][ \t]|\d+[.)][ \t]|\||={3}|!{3}|\?{3}|/{3})")
_ITEM = re.compile(r"[> \t]*(?:[-*+]|\d+[.)])[ \t]")


@dataclass(frozen=True)
class Block:
    """A fenced block. `line` and `end` are the lines of its fences, counted from 1 in the file.

    `prefix` is what stands before each line (indentation, quote marks); `source` is without it and ends in a newline
    unless it is empty. `classes` are those of the header without the language; an attribute without a value is `""`.
    """

    line: int
    end: int
    prefix: str
    fence: str
    language: str
    classes: tuple[str, ...]
    attributes: Mapping[str, str]
    source: str


@dataclass(frozen=True)
class Directive:
    """A block of trueup: `/// name | argument`, options as YAML lines, `///`. Lines count from 1 in the file."""

    line: int
    end: int
    prefix: str
    argument: str
    body: str
    name: str = "facts"

    def line_of(self, option: str, word: str = "") -> int:
        """The file line on which an option stands, or `word` below it; the block's first line when there is none."""
        lines = list(enumerate(self.body.splitlines(), self.line + 1))
        start = next((number for number, text in lines if text.lstrip().startswith(f"{option}:")), self.line)
        if not word:
            return start
        return next((number for number, text in lines if number >= start and word in text), start)


@dataclass(frozen=True)
class Span:
    """Inline code: its text as the reader sees it, and where its first backtick stands (both from 1)."""

    line: int
    column: int
    text: str


@dataclass(frozen=True)
class Prose:
    """A run of neighbouring lines that belong to one Markdown block and hold no fence. `line` counts from 1."""

    line: int
    text: str


@dataclass(frozen=True)
class Parts:
    """Everything that a text holds, in order, and what is wrong with its structure."""

    blocks: list[Block]
    directives: list[Directive]
    prose: list[Prose]
    findings: list[Finding]


def spans(prose: Prose) -> Iterator[Span]:
    """The inline code in a piece of prose, found by the renderer's own rule."""
    text = prose.text
    position = 0
    while opening := _BACKTICKS.getCompiledRegExp().search(text, position):
        position = opening.end()
        if opening.group(1):
            # Escaped backslashes do not escape the backtick behind them; the renderer stashes them away.
            text = text[: opening.start()] + "x" * len(opening.group()) + text[opening.end() :]
            continue
        start, end = _BACKTICKS.find_code_spans(opening.start(), text)
        if end is None:
            position = start
            continue
        before = text[: opening.start()]
        line = prose.line + before.count("\n")
        column = opening.start() - (before.rfind("\n") + 1) + 1
        yield Span(line, column, " ".join(text[start:end].split()))
        position = end + (start - opening.start())


def read_parts(path: str, lines: list[str], offset: int) -> Parts:
    """The parts of a text given as lines; the first `offset` lines are left out. `path` is for findings."""
    parts = Parts([], [], [], [])
    prose: list[str] = []
    start = offset

    def flush() -> None:
        if prose:
            parts.prose.append(Prose(start + 1, "\n".join(prose)))
            prose.clear()

    index = offset
    in_comment = False
    while index < len(lines):
        line = lines[index]
        if in_comment or "<!--" in line:
            line, in_comment = _strip_comments(line, in_comment)
        prefix = _PREFIX.match(line)
        head = prefix.group() if prefix else ""
        rest = line[len(head) :]
        if fence := RE_NESTED_FENCE_START.match(rest):
            flush()
            index = _read_fence(path, lines, index, head, fence, parts)
        elif directive := _DIRECTIVE.match(rest):
            flush()
            index = _read_directive(path, lines, index, head, directive, parts)
        else:
            if not rest or _starts_block(line, prose):
                flush()
            if rest:
                if not prose:
                    start = index
                prose.append(line)
                if _HEADING.match(rest):
                    flush()
            index += 1
    flush()
    return parts


def _starts_block(line: str, before: list[str]) -> bool:
    """Whether a line begins a block of its own; the lines `before` it are of one block."""
    if not _STARTS_BLOCK.match(line):
        return False
    # In a paragraph, a line that looks like an item goes on with its sentence: it may begin with the number of it.
    return not (_ITEM.match(line) and before and not _STARTS_BLOCK.match(before[0]))


def _strip_comments(line: str, inside: bool) -> tuple[str, bool]:
    """Blank out what stands in HTML comments, keeping columns."""
    out = []
    position = 0
    while position < len(line):
        mark = "-->" if inside else "<!--"
        found = line.find(mark, position)
        stop = len(line) if found < 0 else found + (3 if inside else 0)
        out.append(" " * (stop - position) if inside else line[position:stop])
        if found < 0:
            break
        inside = not inside
        position = stop
    return "".join(out), inside


def _read_fence(path: str, lines: list[str], index: int, head: str, match: re.Match[str], parts: Parts) -> int:
    fence = match.group("fence")
    closing = re.compile(re.escape(fence) + r"[ \t]*$")
    source: list[str] = []
    end = index + 1
    closed = False
    while end < len(lines):
        line = lines[end]
        if line.startswith(head) and closing.match(line[len(head) :]):
            closed = True
            break
        if line.strip(" \t>") and not line.startswith(head):
            break
        source.append(line[len(head) :])
        end += 1
    if not closed:
        parts.findings.append(
            Finding(
                path, index + 1, "fence-unclosed", f"fenced block {fence} is not closed", f"close it with {head}{fence}"
            )
        )
        return end
    language, classes, attributes = _read_header(match)
    if match.group("unrecognized"):
        header = match.group().strip()
        parts.findings.append(
            Finding(
                path,
                index + 1,
                "fence-malformed",
                f"fence header {header!r} cannot be read",
                'write ``` {.lang key="value"}',
            )
        )
    text = "".join(f"{line}\n" for line in source)
    parts.blocks.append(Block(index + 1, end + 1, head, fence, language, classes, attributes, text))
    return end + 1


def _read_header(match: re.Match[str]) -> tuple[str, tuple[str, ...], dict[str, str]]:
    language = match.group("lang") or ""
    classes: list[str] = []
    attributes: dict[str, str] = {}
    if match.group("attrs"):
        for key, value in get_attrs_and_remainder(match.group("attrs"))[0]:
            if key == ".":
                classes.append(value or "")
            else:
                attributes[key] = value or ""
    for option in RE_OPTIONS.finditer(match.group("options") or ""):
        attributes[option.group("key")] = option.group("value") or ""
    if not language and classes:
        language = classes.pop(0)
    return language, tuple(classes), attributes


def _read_directive(path: str, lines: list[str], index: int, head: str, match: re.Match[str], parts: Parts) -> int:
    body: list[str] = []
    end = index + 1
    while end < len(lines):
        rest = lines[end][len(head) :] if lines[end].startswith(head) else lines[end].lstrip()
        if re.match(r"/{3,}[ \t]*$", rest):
            argument = (match.group("argument") or "").strip()
            parts.directives.append(
                Directive(index + 1, end + 1, head, argument, "".join(f"{line}\n" for line in body), match["name"])
            )
            return end + 1
        body.append(rest)
        end += 1
    parts.findings.append(
        Finding(path, index + 1, "block-unclosed", f"{match['name']} block is not closed", f"close it with {head}///")
    )
    return len(lines)
