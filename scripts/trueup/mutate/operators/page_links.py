"""Broken ways through the site: links, anchors, pictures, headings that others link to, the navigation."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Depth, Edit, Expected, Mutant, Side
from trueup.pages import Page

_LINK = re.compile(r"(?<!!)\[[^\]\[]+\]\(([\w./-]+\.md)(#[\w-]+)?\)")
_PICTURE = re.compile(r"!\[[^\]]*\]\(([\w./-]+\.(?:png|svg|jpe?g|webp))\)|<(?:img|source)[^>]+src(?:set)?=\"([^\"]+)\"")
_HEADING = re.compile(r"(#{2,6}) +([A-Za-z][\w ,-]*)$")
_BROKEN = ("build-failed", "link-broken")


def links(ground: Ground) -> Iterator[Mutant]:
    """A link leads to a page that does not exist."""
    for page, line, match in _found(ground, _LINK):
        other = match[1].replace(".md", "-gone.md")
        edit = _spliced(page, line, match, 1, other)
        names = (PurePosixPath(other).stem,)
        yield _mutant(
            "docs: broken link", f"{match[1]} → {other}", page, line, edit, Expected(_BROKEN, names, page.path)
        )


def anchors(ground: Ground) -> Iterator[Mutant]:
    """A link leads to an anchor that its page does not have."""
    for page, line, match in _found(ground, _LINK):
        if not match[2]:
            continue
        other = f"{match[2]}-gone"
        edit = _spliced(page, line, match, 2, other)
        expected = Expected(("anchor-missing", "build-failed"), (other.lstrip("#"),), page.path)
        yield _mutant("docs: broken anchor", f"{match[2]} → {other}", page, line, edit, expected)


def headings(ground: Ground) -> Iterator[Mutant]:
    """A heading that another page links to is worded anew, so that its anchor changes."""
    linked: dict[tuple[str, str], str] = {}
    for page, _, match in _found(ground, _LINK):
        if match[2]:
            target = _joined(page.path, match[1])
            linked.setdefault((target, match[2][1:]), page.path)
    for page in ground.pages:
        for number, text in enumerate(page.text.splitlines(), 1):
            heading = _HEADING.match(text)
            if heading is None:
                continue
            slug = re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading[2]).strip().lower())
            source = linked.get((page.path, slug))
            if source is not None and source != page.path:
                lines = page.text.splitlines(keepends=True)
                lines[number - 1] = f"{heading[1]} Otherwise {heading[2]}\n"
                edit = Edit(page.path, "".join(lines))
                expected = Expected(("anchor-missing", "build-failed"), (slug,))
                yield _mutant(
                    "docs: heading renamed that others link to", f"#{slug} gone", page, number, edit, expected
                )


def pictures(ground: Ground) -> Iterator[Mutant]:
    """A page shows a picture that does not exist."""
    for page, line, match in _found(ground, _PICTURE):
        group = 1 if match[1] else 2
        other = re.sub(r"(\.\w+)$", r"-gone\1", match[group])
        edit = _spliced(page, line, match, group, other)
        expected = Expected(_BROKEN, (PurePosixPath(other).stem,), page.path)
        yield _mutant("docs: missing picture", f"{match[group]} → {other}", page, line, edit, expected)


def navigation(ground: Ground) -> Iterator[Mutant]:
    """A page is missing in the navigation, or the navigation names one that does not exist."""
    path = ground.config.mkdocs.as_posix()
    if path not in ground.files:
        return
    text = ground.text(path)
    for page in ground.pages:
        for line in text.splitlines(keepends=True):
            if line.rstrip().endswith((f" {page.docs_path}", f'"{page.docs_path}"')):
                gone = Edit(path, text.replace(line, "", 1))
                yield _site("docs: page not in the navigation", page.docs_path, path, gone, _BROKEN, page.docs_path)
                wrong = Edit(path, text.replace(line, line.replace(".md", "-gone.md"), 1))
                name = page.docs_path.replace(".md", "-gone.md")
                yield _site("docs: navigation to nowhere", name, path, wrong, _BROKEN, name)
                break


def _site(group: str, title: str, path: str, edit: Edit, codes: tuple[str, ...], name: str) -> Mutant:
    return Mutant(group, Side.DOCS, title, f"{path}:1", (edit,), Expected(codes, (name,)), Depth.SITE)


def _mutant(group: str, title: str, page: Page, line: int, edit: Edit, expected: Expected) -> Mutant:
    return Mutant(group, Side.DOCS, title, f"{page.path}:{line}", (edit,), expected, Depth.SITE)


def _found(ground: Ground, pattern: re.Pattern[str]) -> Iterator[tuple[Page, int, re.Match[str]]]:
    for page in ground.pages:
        prose = {number for one in page.prose for number in range(one.line, one.line + one.text.count("\n") + 1)}
        for number, text in enumerate(page.text.splitlines(), 1):
            if number in prose:
                for match in pattern.finditer(text):
                    if text.count("`", 0, match.start()) % 2 == 0:
                        yield page, number, match


def _spliced(page: Page, line: int, match: re.Match[str], group: int, new: str) -> Edit:
    lines = page.text.splitlines(keepends=True)
    text = lines[line - 1]
    lines[line - 1] = text[: match.start(group)] + new + text[match.end(group) :]
    return Edit(page.path, "".join(lines))


def _joined(path: str, link: str) -> str:
    parts: list[str] = []
    for part in [*PurePosixPath(path).parent.parts, *PurePosixPath(link).parts]:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
