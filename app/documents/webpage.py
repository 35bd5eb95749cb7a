"""Reading HTML: the text of a page without what surrounds it."""

import codecs
import re

from lxml import etree
from lxml import html as lxml_html

from app.documents.decoding import TextEncoding, decode
from app.documents.errors import DocumentError
from app.documents.markdown import declared_by
from app.documents.model import Block, BlockKind, Extract

#: Elements that are no part of what a page says.
_LEFT_OUT = (
    "script", "style", "noscript", "template", "svg", "nav", "aside", "form", "button", "iframe", "object", "head",
)  # fmt: skip
_KINDS = {
    **{f"h{level}": BlockKind.HEADING for level in range(1, 7)},
    "li": BlockKind.ITEM, "dt": BlockKind.ITEM, "dd": BlockKind.ITEM, "tr": BlockKind.TABLE, "pre": BlockKind.CODE,
}  # fmt: skip
_BLOCKS = frozenset(
    {
        *_KINDS, "p", "div", "section", "article", "main", "header", "footer", "blockquote", "ul", "ol", "dl", "table",
        "thead", "tbody", "tfoot", "figure", "figcaption", "body", "address", "hr", "details", "summary",
    }
)  # fmt: skip
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
#: A declared encoding stands near the beginning of the file.
_HEAD_BYTES = 4096


def read_html(data: bytes, encoding: TextEncoding | None) -> Extract:
    """Return the blocks of a page.

    Raises:
        DocumentError: the page does not decode, or has no elements.
    """
    text = re.sub(r"\A\s*<\?xml[^>]*\?>", "", _decoded(data, encoding))
    try:
        page = lxml_html.document_fromstring(text)
    except etree.LxmlError:
        raise DocumentError("The page has no elements, so there is nothing to read.") from None
    declared = _declared(page)
    return Extract(_blocks(_content(page)), declared)


def _decoded(data: bytes, encoding: TextEncoding | None) -> str:
    declared = _CHARSET.search(data[:_HEAD_BYTES])
    if encoding is None and declared:
        try:
            name = codecs.lookup(declared[1].decode("ascii")).name
            if name != "utf-8":
                return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            raise DocumentError(
                f"The page says that its encoding is {declared[1].decode('ascii')}, and it is not. "
                "Name the right one in `encoding`."
            ) from None
    return decode(data, encoding)


def _declared(page: lxml_html.HtmlElement) -> dict[str, object]:
    values: dict[str, object] = {"title": " ".join((page.findtext(".//title") or "").split())}
    values["lang"] = page.get("lang", "")
    for meta in page.iter("meta"):
        name = (meta.get("name") or meta.get("property") or "").lower().removeprefix("article:")
        values.setdefault({"published_time": "date"}.get(name, name), meta.get("content", ""))
    return declared_by(values)


def _content(page: lxml_html.HtmlElement) -> lxml_html.HtmlElement:
    """Return the element that holds what the page says, without what is no part of it."""
    body = page.find("body")
    main = page.find(".//main")
    articles = page.findall(".//article")
    chosen = main if main is not None else articles[0] if len(articles) == 1 else body
    if chosen is None:
        raise DocumentError("The page has no body, so there is nothing to read.")
    etree.strip_elements(chosen, *_LEFT_OUT, with_tail=False)
    etree.strip_elements(chosen, etree.Comment, with_tail=False)
    if chosen is body:
        for around in [*chosen.findall("footer"), *chosen.findall("header")]:
            if around.find(".//h1") is None:
                around.drop_tree()
    return chosen


def _blocks(root: lxml_html.HtmlElement) -> list[Block]:
    blocks: list[Block] = []
    open_kinds: list[tuple[BlockKind, int]] = []
    text: list[str] = []

    def flush() -> None:
        kind, level = open_kinds[-1] if open_kinds else (BlockKind.TEXT, 0)
        joined = "".join(text)
        text.clear()
        joined = joined.strip("\n") if kind is BlockKind.CODE else " ".join(joined.split()).removesuffix(" |")
        if joined.strip():
            blocks.append(Block(kind, joined, level))

    # Without recursion: a page may be nested deeper than Python's stack.
    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag
        if event == "start":
            if tag in _BLOCKS:
                flush()
                inherited = open_kinds[-1] if open_kinds else (BlockKind.TEXT, 0)
                level = int(tag[1]) if _KINDS.get(tag) is BlockKind.HEADING else 0
                open_kinds.append((_KINDS[tag], level) if tag in _KINDS else inherited)
            elif tag == "br":
                text.append("\n")
            elif tag == "img":
                text.append(element.get("alt", ""))
            text.append(element.text or "")
            continue
        if tag in _BLOCKS:
            flush()
            open_kinds.pop()
        elif tag in ("td", "th"):
            text.append(" | ")
        if element is not root:
            text.append(element.tail or "")
    return blocks
