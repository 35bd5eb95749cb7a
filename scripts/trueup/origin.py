"""From a built page back to the Markdown it was made of: which file, and which line holds a link."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit


def sources(docs: Path) -> Mapping[str, Path]:
    """The Markdown file of every page that a builder makes of `docs`, by the page's path in the site.

    Both address styles are listed (`a/b/index.html` and `a/b.html`), so the builder's setting need not be known.
    """
    table: dict[str, Path] = {}
    for path in sorted(docs.rglob("*.md")):
        relative = PurePosixPath(path.relative_to(docs).as_posix())
        if relative.name in {"index.md", "README.md"}:
            table[str(relative.with_name("index.html"))] = path
        else:
            table[str(relative.with_suffix(".html"))] = path
            table[str(relative.with_suffix("") / "index.html")] = path
    return table


def line_of(source: Path, href: str, text: str) -> int:
    """The line of `source` that most likely holds the link `href` shown as `text`; 1 when no line is alike.

    A builder rewrites addresses (`b.md#x` becomes `../b/#x`), so the parts that survive are looked for: the fragment,
    the last folder or file name, the shown words.
    """
    parts = urlsplit(href)
    path = unquote(parts.path).rstrip("/")
    stem = PurePosixPath(path).name.removesuffix(".html").removesuffix(".md")
    clues = [
        (8, re.escape(href)),
        (4, rf"#{re.escape(unquote(parts.fragment))}(?![\w-])" if parts.fragment else ""),
        (3, rf"(?<![\w-]){re.escape(stem)}(?![\w-])" if stem.strip(".") else ""),
        (2, re.escape(text.strip()) if len(text.strip()) > 1 else ""),
    ]
    patterns = [(weight, re.compile(pattern)) for weight, pattern in clues if pattern]
    return _best(_lines(source), patterns)


def _best(lines: Iterable[str], patterns: list[tuple[int, re.Pattern[str]]]) -> int:
    best, number = 0, 1
    for index, line in enumerate(lines, start=1):
        score = sum(weight for weight, pattern in patterns if pattern.search(line))
        if score > best:
            best, number = score, index
    # The shown words alone are too weak a sign: they occur in prose as well.
    return number if best > 2 else 1


def _lines(source: Path) -> list[str]:
    return source.read_text(encoding="utf-8", errors="replace").splitlines()
