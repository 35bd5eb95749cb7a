"""Screenshots: `/// screenshot | name` in a page, a picture in light and dark that is bound to what it shows.

Beside the two pictures stands a file that says what they show: the accessible tree of the page as it was then. That is
compared, not the pixels, so that fonts and browsers do not matter.
"""

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from trueup.findings import Finding
from trueup.normalise import NORMALISERS
from trueup.pages import Directive, Page
from trueup.render.view import Rendered, Trouble, safe

NAME = "screenshot"
"""The name of the block."""

FOLDER = "assets/screenshots"
"""Where pictures and what they show are kept, below the folder of the pages."""

Scheme = Literal["light", "dark"]
"""A colour scheme."""

SCHEMES: tuple[Scheme, ...] = ("light", "dark")
"""The colour schemes in which each picture is taken."""

_PLAIN = re.compile(r"[a-z0-9][a-z0-9-]*")


class Filling(BaseModel):
    """A step that types."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    field: str = Field(alias="in", description="The selector of the field.")
    text: str = Field(description="What is typed; `$NAME` is a variable of the scenario.")


class Step(BaseModel):
    """One thing that is done before the picture is taken: exactly one of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    click: str | None = Field(None, description="The selector of what is clicked.")
    fill: Filling | None = Field(None, description="The field (`in`) that is filled, and the `text`.")
    press: str | None = Field(None, description="The key that is pressed, such as `Escape`.")
    hover: str | None = Field(None, description="The selector of what the pointer is moved to.")
    wait: str | None = Field(None, description="The selector of what has to be seen.")
    gone: str | None = Field(None, description="The selector of what has to be seen no longer.")
    open: str | None = Field(None, description="Another path that is opened.")

    @model_validator(mode="after")
    def _one(self) -> "Step":
        if len(self.model_fields_set) != 1:
            raise ValueError(f"a step is one of {', '.join(type(self).model_fields)}")
        return self


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Options(BaseModel):
    """Options of a block that shows a picture. Selectors are those of Playwright (`text=Save`, `role=button`, CSS)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alt: str = Field(min_length=1, description="What the picture shows, for those who cannot see it.")
    caption: str = Field("", description="The line below the picture.")
    path: str = Field("", pattern=r"^(/.*)?$", description="The path of the service that is shown.")
    site: str | None = Field(
        None, description="Instead: the address of the built site that is shown, such as `guide/`."
    )
    scenario: Annotated[list[str], BeforeValidator(_listed)] = Field(
        default_factory=list, description="Scenarios sourced before; their exported variables may be used as `$NAME`."
    )
    env: dict[str, str] = Field(default_factory=dict, description="Environment variables of the service.")
    steps: list[Step] = Field(default_factory=list, description="What is done before the picture is taken, in order.")
    element: str = Field("", description="The selector of the part that is shown; empty: the window.")
    hide: list[str] = Field(default_factory=list, description="The selectors of what is left out.")
    normalise: Annotated[list[Literal[tuple(NORMALISERS)]], BeforeValidator(_listed)] = Field(  # type: ignore[valid-type]
        default_factory=list, description="Further normalisers for what is shown."
    )
    width: int = Field(1000, ge=200, le=4000, description="The width of the window, in pixels.")
    height: int = Field(700, ge=100, le=4000, description="The height of the window, in pixels.")

    @model_validator(mode="after")
    def _somewhere(self) -> "Options":
        if bool(self.path) == (self.site is not None):
            raise ValueError("give either path (of the service) or site (an address of the built site)")
        return self


@dataclass(frozen=True)
class Screenshot:
    """A picture that a page shows."""

    page: Page
    line: int
    name: str
    options: Options

    @property
    def digest(self) -> str:
        """The digest of all that decides what is taken; alternative text and caption do not."""
        made = self.options.model_dump(mode="json", exclude={"alt", "caption"}, exclude_defaults=True)
        return hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """What stands beside two pictures: how they were taken, their digests by scheme, and what they show."""

    taken: str
    pictures: Mapping[str, str] = field(default_factory=dict)
    shows: str = ""

    def dump(self) -> str:
        """The committed form."""
        head = "# Written by trueup write. What the pictures show, as somebody hears it who cannot see them.\n"
        pictures = "".join(f"  {scheme}: {digest}\n" for scheme, digest in self.pictures.items())
        shows = "".join(f"  {line}".rstrip() + "\n" for line in self.shows.splitlines())
        return f"{head}taken: {self.taken}\npictures:\n{pictures}shows: |-\n{shows}"


def picture(folder: Path, name: str, scheme: str) -> Path:
    """The file of a picture below `folder`, which holds the pages."""
    return folder / FOLDER / f"{name}-{scheme}.png"


def record_file(folder: Path, name: str) -> Path:
    """The file that says what the pictures of a name show."""
    return folder / FOLDER / f"{name}.yml"


def read_record(folder: Path, name: str) -> Record | None:
    """What is written beside the pictures; none when there is nothing that can be read."""
    try:
        data = yaml.safe_load(record_file(folder, name).read_text(encoding="utf-8"))
        return Record(str(data["taken"]), dict(data["pictures"]), str(data["shows"]))
    except (OSError, yaml.YAMLError, UnicodeDecodeError, TypeError, KeyError, ValueError):
        return None


def read_screenshots(page: Page) -> Iterator[Screenshot]:
    """The pictures of a page, in order. Blocks whose options are wrong are left out: their page reports them."""
    for directive in page.directives:
        if directive.name == NAME and isinstance(found := _options(directive), Options):
            yield Screenshot(page, directive.line, directive.argument, found)


def show(page: Page, directive: Directive) -> Rendered:
    """The block as Markdown: two pictures, of which a reader sees the one that fits the colours of the site."""
    options = _options(directive)
    if isinstance(options, Trouble):
        return Rendered(troubles=[options])
    folder = posixpath.relpath(FOLDER, posixpath.dirname(page.docs_path) or ".")
    alt = re.sub(r"([\[\]])", r"\\\1", " ".join(options.alt.split()))
    lines = [
        f"![{alt}]({folder}/{directive.argument}-{scheme}.png#only-{scheme}){{.trueup-screenshot loading=lazy}}"
        for scheme in SCHEMES
    ]
    if options.caption:
        lines.append(f'<span class="trueup-caption">{safe(options.caption)}</span>')
    return Rendered("\n".join(lines))


def _options(directive: Directive) -> Options | Trouble:
    if not _PLAIN.fullmatch(directive.argument):
        message = f"the name of a screenshot is made of a-z, 0-9 and hyphens, not {directive.argument!r}"
        return Trouble("", "block-unknown", message, "write /// screenshot | the-name")
    try:
        return Options.model_validate(yaml.safe_load(directive.body) or {})
    except yaml.YAMLError as error:
        return Trouble("", "block-option", f"options are no YAML: {str(error).splitlines()[0]}")
    except ValidationError as error:
        first: Any = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        message = f"unknown option {name}" if first["type"] == "extra_forbidden" else f"option {name}: {first['msg']}"
        mend = f"screenshot takes {', '.join(Options.model_fields)}" if first["type"] == "extra_forbidden" else ""
        if not name:
            message = str(first["msg"]).removeprefix("Value error, ")
        return Trouble(name.partition(".")[0], "block-option", message, mend)


def check(pages: Sequence[Page], root: Path, docs: Path) -> Iterator[Finding]:
    """What can be told without a browser: pictures that are not there, were altered, or are shown by no page."""
    seen: dict[str, Screenshot] = {}
    for page in pages:
        for shot in read_screenshots(page):
            other = seen.setdefault(shot.name, shot)
            if other is not shot:
                message = f"two screenshots are named {shot.name}: the other is in {other.page.path}:{other.line}"
                yield Finding(page.path, shot.line, "block-option", message, "rename one")
            elif trouble := stale(shot, root / docs):
                yield Finding(page.path, shot.line, "screenshot-stale", trouble, "run trueup write")
    known = {record_file(root / docs, name) for name in seen}
    known |= {picture(root / docs, name, scheme) for name in seen for scheme in SCHEMES}
    for file in sorted((root / docs / FOLDER).glob("*")):
        if file not in known and not file.name.startswith("."):
            path = file.relative_to(root).as_posix()
            yield Finding(path, 1, "screenshot-orphan", f"no page has a screenshot for {file.name}", "delete the file")


def stale(shot: Screenshot, folder: Path) -> str:
    """Why the files of a screenshot are not those of its block, without looking at what it shows now; empty: they are.

    `folder` holds the pages.
    """
    record = read_record(folder, shot.name)
    if record is None:
        return f"screenshot {shot.name} has not been taken yet"
    if record.taken != shot.digest:
        return f"the block of screenshot {shot.name} has changed since it was taken"
    for scheme in SCHEMES:
        file = picture(folder, shot.name, scheme)
        if not file.is_file():
            return f"screenshot {shot.name} has no {file.name}"
        if hashlib.sha256(file.read_bytes()).hexdigest() != record.pictures.get(scheme):
            return f"{file.name} is not the picture that was taken"
    return ""
