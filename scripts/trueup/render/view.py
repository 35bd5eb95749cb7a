"""What every view shares: its options, its source of facts and its result."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

from trueup.facts import Fact, Inventory, closest, slug
from trueup.filters import FILTERS, code, plain


@dataclass(frozen=True)
class Source:
    """Where views take what they show: the facts, and the OpenAPI document."""

    inventory: Inventory
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Trouble:
    """Something wrong with a block: the option (and the word in it) at fault, and a finding's code, message, mend."""

    option: str
    code: str
    message: str
    mend: str = ""
    word: str = ""


@dataclass(frozen=True)
class Rendered:
    """Markdown, the facts that it shows in full with their anchors, all facts that it uses, and what went wrong."""

    markdown: str = ""
    owned: Sequence[tuple[Fact, str]] = ()
    used: Sequence[Fact] = ()
    troubles: Sequence[Trouble] = ()


class Options(BaseModel):
    """Options that every view takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    own: bool = Field(default=True, description="Whether this page is where the facts are documented.")


class Selection(Options):
    """Options of a view that shows the facts of one kind."""

    kind: str = Field(default="", description="The kind of facts to show.")
    filter: dict[str, Any] = Field(
        default_factory=dict,
        description="Attribute (or `key`) → the value it must have, a pattern with `*`, or a list of those.",
    )
    sort: str = Field(default="", description="The attribute to sort by; `-` before it reverses.")
    anchor: str = Field(default="{kind}-{key}", description="The id of each fact's place.")


class View(Protocol):
    """A way to show facts."""

    @property
    def options(self) -> type[Options]:
        """The model that reads the block's options."""

    def render(self, options: Any, source: Source) -> Rendered:
        """Show the facts that the options select."""


@dataclass
class Sheet:
    """Markdown that grows line by line, with the facts it owns and uses."""

    lines: list[str] = field(default_factory=list)
    owned: list[tuple[Fact, str]] = field(default_factory=list)
    used: list[Fact] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)

    def add(self, *lines: str) -> None:
        """Add lines."""
        self.lines.extend(lines)

    def show(self, fact: Fact, anchor: str, options: Options) -> None:
        """Note that `fact` is shown in full at `anchor`."""
        self.used.append(fact)
        if options.own:
            self.owned.append((fact, anchor))

    def done(self) -> Rendered:
        """The result."""
        return Rendered("\n".join(self.lines).strip("\n"), self.owned, self.used, self.troubles)


def select(options: Selection, source: Source, sheet: Sheet) -> Sequence[Fact]:
    """The facts that a selection names, in order; what is wrong with it goes into the sheet's troubles."""
    kinds = source.inventory.kinds
    if options.kind not in kinds:
        close = closest(options.kind, kinds)
        mend = f"did you mean {close}?" if close else f"kinds: {', '.join(kinds)}"
        sheet.troubles.append(Trouble("kind", "block-unknown", f"unknown kind {options.kind!r}", mend))
        return []
    everything = source.inventory.of_kind(options.kind)
    known = {"key"}.union(*(fact.attributes for fact in everything))
    for name in [*options.filter, *([options.sort.lstrip("-")] if options.sort else [])]:
        if name not in known:
            sheet.troubles.append(
                unknown_attribute("filter" if name in options.filter else "sort", name, options.kind, known)
            )
    facts = [fact for fact in everything if all(_fits(fact, name, want) for name, want in options.filter.items())]
    if options.sort:
        name = options.sort.lstrip("-")
        facts.sort(key=lambda fact: _sortable(attribute(fact, name)), reverse=options.sort.startswith("-"))
    if not facts and not sheet.troubles:
        sheet.troubles.append(Trouble("filter", "block-empty", f"no {options.kind} fits the filter {options.filter}"))
    return facts


def unknown_attribute(option: str, name: str, kind: str, known: set[str]) -> Trouble:
    """The trouble of naming an attribute that no fact of the kind has."""
    close = closest(name, known)
    mend = f"did you mean {close}?" if close else f"{kind} has {', '.join(sorted(known))}"
    return Trouble(option, "block-option", f"{kind} has no attribute {name}", mend, name)


def attribute(fact: Fact, path: str) -> Any:
    """An attribute, nested ones with dots; `key`, `kind`, `file` and `line` too. None when there is none."""
    builtin = {"key": fact.key, "kind": fact.kind, "file": fact.file, "line": fact.line}
    if path in builtin and path not in fact.attributes:
        return builtin[path]
    value: Any = fact.attributes
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def anchor_of(fact: Fact, template: str) -> str:
    """The id of a fact's place, from the template of the option `anchor`."""
    if template == Selection.model_fields["anchor"].default:
        return fact.anchor
    return slug(re.sub(r"\{(\w+)\}", lambda match: plain(attribute(fact, match[1])), template))


def cell(fact: Fact, spec: str) -> str:
    """A cell: `attribute | filter`, or a text with `{attribute | filter}` in it. Raises `ValueError` for a filter."""
    if "{" in spec:
        return re.sub(r"\{([^{}]+)\}", lambda match: _value(fact, match[1]), spec)
    return _value(fact, spec)


def _value(fact: Fact, spec: str) -> str:
    path, *filters = (part.strip() for part in spec.split("|"))
    value = attribute(fact, path)
    if not filters and path == "key":
        return code(value)
    for name in filters or ["plain"]:
        if name not in FILTERS:
            raise ValueError(f"unknown filter {name!r}; filters: {', '.join(FILTERS)}")
        value = FILTERS[name](value) if value is not None or name in ("code", "plain", "mark", "list") else plain(None)
    return safe(str(value))


def specified(spec: str) -> list[str]:
    """The attributes that a cell's text names."""
    parts = re.findall(r"\{([^{}]+)\}", spec) if "{" in spec else [spec]
    return [part.split("|")[0].strip().split(".")[0] for part in parts]


def safe(text: str) -> str:
    """Text whose `<` outside inline code cannot start an HTML element."""
    return "".join(part if part.startswith("`") else part.replace("<", "&lt;") for part in re.split(r"(`+.*?`+)", text))


def marked(text: str, anchor: str, options: Options) -> str:
    """Text that carries the anchor of the fact it stands for, when the page owns the fact."""
    if not options.own:
        return text
    if re.fullmatch(r"`[^`]+`", text):
        return f"{text}{{#{anchor}}}"
    return f'<span id="{anchor}"></span>{text}'


def row(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return "| " + " | ".join(re.sub(r"(?<!\\)\|", r"\\|", text.replace("\n", " ")) for text in cells) + " |"


def _fits(fact: Fact, name: str, want: Any) -> bool:
    value = attribute(fact, name)
    wants = want if isinstance(want, list) else [want]
    values = value if isinstance(value, list) else [value]
    return any(
        fnmatchcase(each, pattern) if isinstance(pattern, str) and isinstance(each, str) else each == pattern
        for each in values
        for pattern in wants
    ) or (value in (None, [], False) and False in wants)


def _sortable(value: Any) -> tuple[int, Any, str]:
    return (0, value, "") if isinstance(value, int | float) else (1, 0, str(value))
