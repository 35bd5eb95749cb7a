"""Reading Markdown: front matter, and the blocks of CommonMark."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import yaml
from lxml import etree
from lxml import html as lxml_html
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.documents.errors import DocumentError
from app.documents.model import Block, BlockKind, Extract

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
#: A longer one is not read as front matter.
_MOST_FRONT_MATTER = 65_536
#: Names that front matter gives to what a document declares of itself.
_NAMES = {
    "title": ("title",),
    "authors": ("authors", "author"),
    "date": ("date", "published"),
    "language": ("lang", "language"),
    "tags": ("tags", "keywords"),
}
_PARSER = MarkdownIt("commonmark").enable("table")


def read_markdown(text: str) -> Extract:
    """Return the blocks of a Markdown text. Raises DocumentError when its front matter is no YAML."""
    declared, body = _front_matter(text)
    return Extract(_blocks(_PARSER.parse(body)), declared)


def _front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    found = _FRONT_MATTER.match(text)
    if not found or found.end() > _MOST_FRONT_MATTER:
        return {}, text
    try:
        values = yaml.safe_load(found[1] or "")
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 2}" if mark else ""
        raise DocumentError(f"The front matter is no YAML{place}; mend it or remove it.") from None
    if not isinstance(values, dict):
        # A rule at the top of a text looks the same.
        return {}, text
    return declared_by({str(name).lower(): value for name, value in values.items()}), text[found.end() :]


def declared_by(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return title, authors, date, language and tags from what a file calls them; other members are left out."""
    found: dict[str, Any] = {}
    for name, spellings in _NAMES.items():
        value = next((values[spelling] for spelling in spellings if values.get(spelling)), None)
        several = _several(value)
        if several:
            found[name] = several if name in ("authors", "tags") else several[0]
    return found


def _several(value: Any) -> list[str]:
    """Return a value as texts: one or a list; what is nested deeper is no name."""
    values = value if isinstance(value, list) else re.split(r"[;,]", value) if isinstance(value, str) else [value]
    if isinstance(value, str) and len(values) > 1 and not re.search(r"[;,]\s*\w", value):
        values = [value]
    return [str(one).strip() for one in values if isinstance(one, str | int | float | date) and str(one).strip()]


def _blocks(tokens: Sequence[Token]) -> list[Block]:
    blocks: list[Block] = []
    level, items = 0, 0
    row: list[str] | None = None
    for token in tokens:
        match token.type:
            case "heading_open":
                level = int(token.tag[1:])
            case "heading_close":
                level = 0
            case "list_item_open":
                items += 1
            case "list_item_close":
                items -= 1
            case "tr_open":
                row = []
            case "tr_close":
                blocks.append(Block(BlockKind.TABLE, " | ".join(row or [])))
                row = None
            case "inline":
                text = _inline(token.children or [])
                if row is not None:
                    row.append(text)
                elif level:
                    blocks.append(Block(BlockKind.HEADING, text, level))
                else:
                    blocks.append(Block(BlockKind.ITEM if items else BlockKind.TEXT, text))
            case "fence" | "code_block":
                blocks.append(Block(BlockKind.CODE, token.content))
            case "html_block":
                blocks.append(Block(BlockKind.TEXT, _untagged(token.content)))
    return blocks


def _inline(tokens: Sequence[Token]) -> str:
    parts = []
    for token in tokens:
        match token.type:
            case "text" | "code_inline" | "image":
                parts.append(token.content)
            case "softbreak" | "hardbreak":
                parts.append(" ")
    return "".join(parts)


def _untagged(markup: str) -> str:
    try:
        return str(lxml_html.fragment_fromstring(markup, create_parent="div").text_content())
    except etree.LxmlError:
        return ""  # only comments, or half a tag: no text for people
