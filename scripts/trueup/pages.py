"""Pages: Markdown files read once, with their front matter and parts."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from trueup.errors import TrueupError
from trueup.findings import Finding
from trueup.markup import Block, Directive, Parts, Prose, Span, read_parts, spans
from trueup.yamltext import read_yaml

__all__ = ["Block", "Directive", "Page", "Prose", "Span", "digest", "read_page", "read_pages", "spans"]

_FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)

_HEADING = re.compile(r"[> \t]*#{1,6}[ \t]")


@dataclass(frozen=True)
class Page:
    """One Markdown file. `path` is relative to the project root, `docs_path` to the docs folder, both with `/`."""

    path: str
    docs_path: str
    text: str

    @cached_property
    def _front_matter(self) -> tuple[dict[str, Any], int, str]:
        match = _FRONT_MATTER.match(self.text)
        if match is None:
            return {}, 0, ""
        lines = match.group(0).count("\n")
        try:
            meta = read_yaml(match.group(1) or "")
        except yaml.YAMLError as error:
            return {}, lines, str(error).splitlines()[0]
        if meta is None:
            return {}, lines, ""
        if not isinstance(meta, dict):
            return {}, lines, f"is a {type(meta).__name__}"
        return meta, lines, ""

    @property
    def meta(self) -> Mapping[str, Any]:
        """The front matter; empty when there is none."""
        return self._front_matter[0]

    @property
    def offset(self) -> int:
        """How many lines the front matter takes, its two marks included."""
        return self._front_matter[1]

    @cached_property
    def body(self) -> str:
        """The text without its front matter."""
        return "".join(self.text.splitlines(keepends=True)[self.offset :])

    @cached_property
    def digest(self) -> str:
        """The digest of the body, by which a build knows the page again."""
        return digest(self.body)

    @cached_property
    def _parts(self) -> Parts:
        return _parts(self.path, self.text, self.offset)

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks, in order."""
        return self._parts.blocks

    @property
    def directives(self) -> list[Directive]:
        """The blocks of trueup (`/// facts`, `/// evidence`), in order."""
        return self._parts.directives

    @property
    def prose(self) -> list[Prose]:
        """Everything else, in order, one entry for each Markdown block; comments are left out."""
        return self._parts.prose

    @cached_property
    def texts(self) -> list[Prose]:
        """The prose, and the claims that evidence blocks make."""
        claims = [Prose(each.line, each.argument) for each in self.directives if each.name == "evidence"]
        return [*self.prose, *claims]

    def below(self, folders: Iterable[str]) -> bool:
        """Whether the page is one of these, or below one of them; paths are relative to the docs folder, `.` is it."""
        return any(
            folder == "." or self.docs_path == folder or self.docs_path.startswith(f"{folder.rstrip('/')}/")
            for folder in folders
        )

    @cached_property
    def _headings(self) -> list[int]:
        return [prose.line for prose in self.prose if _HEADING.match(prose.text)]

    def section(self, line: int) -> int:
        """The line of the last heading at or before a line; 0 before the first one."""
        return max((heading for heading in self._headings if heading <= line), default=0)

    @cached_property
    def spans(self) -> list[Span]:
        """The inline code of all prose and claims."""
        return [span for prose in self.texts for span in spans(prose)]

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with the page's own structure."""
        problem = self._front_matter[2]
        found = list(self._parts.findings)
        if problem:
            found.insert(
                0, Finding(self.path, 1, "front-matter-invalid", f"front matter is no YAML mapping: {problem}")
            )
        return found


@lru_cache(maxsize=2048)
def _parts(path: str, text: str, offset: int) -> Parts:
    # A process that reads the same page again, or is forked from one that has read it, need not take it apart again.
    return read_parts(path, text.splitlines(), offset)


def digest(body: str) -> str:
    """The digest of a page's body; line ends, and blank lines before and after, do not matter."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return hashlib.sha256("\n".join(line.rstrip() for line in lines).strip().encode()).hexdigest()


def read_page(root: Path, docs: Path, path: Path) -> Page:
    """Read one page. Raises `TrueupError` when the file is no UTF-8 text or cannot be read."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TrueupError(f"{_relative(path, root)}: is no UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise TrueupError(f"{_relative(path, root)}: cannot be read: {error.strerror}") from None
    return Page(path=_relative(path, root), docs_path=_relative(path, docs), text=text)


def read_pages(root: Path, docs: Path) -> list[Page]:
    """Read every Markdown page below the folder `docs` of the project, in the order of their paths.

    Raises `TrueupError` when the folder is missing or a page is no UTF-8 text.
    """
    folder = root / docs
    if not folder.is_dir():
        raise TrueupError(f"{docs}: no such folder; set tool.trueup.docs in pyproject.toml")
    return [read_page(root, folder, path) for path in sorted(folder.rglob("*.md"))]


def _relative(path: Path, folder: Path) -> str:
    try:
        return path.relative_to(folder).as_posix()
    except ValueError:
        return path.as_posix()
