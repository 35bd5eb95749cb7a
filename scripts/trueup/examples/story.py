"""A page's fenced blocks as a story: what is run, in order, and what is expected of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trueup.findings import Finding
from trueup.normalise import Normaliser, Patterns
from trueup.pages import Block, Page
from trueup.plugins import Plugins
from trueup.scenes import Scene, read_scenes


class Kind(Enum):
    """How a block is verified."""

    BASH = "bash"
    CONSOLE = "console"
    HTTP = "http"
    PYTHON = "python"
    PROMPTS = "pycon"
    JAVASCRIPT = "javascript"
    DATA = "data"
    """Is not run, but read by its consumer."""
    QUERY = "sql"
    PLUGIN = "plug-in"


LANGUAGES: Mapping[str, Kind] = MappingProxyType(
    {
        "bash": Kind.BASH,
        "sh": Kind.BASH,
        "shell": Kind.BASH,
        "console": Kind.CONSOLE,
        "http": Kind.HTTP,
        "python": Kind.PYTHON,
        "py": Kind.PYTHON,
        "pycon": Kind.PROMPTS,
        "javascript": Kind.JAVASCRIPT,
        "js": Kind.JAVASCRIPT,
        "json": Kind.DATA,
        "yaml": Kind.DATA,
        "yml": Kind.DATA,
        "toml": Kind.DATA,
        "ini": Kind.DATA,
        "env": Kind.DATA,
        "dotenv": Kind.DATA,
        "promql": Kind.DATA,
        "mermaid": Kind.DATA,
        "sql": Kind.QUERY,
    }
)
"""The language of a fence → how its block is verified. Other languages must be outputs, or literal with a reason."""

ATTRIBUTES = frozenset({"consumer", "exit", "status", "schema", "normalise", "volatile", "timeout", "reason", "write"})
"""The attributes of a fence that trueup understands; those of the renderer (`title`, `hl_lines`, …) pass."""

_RENDERER = frozenset({"title", "hl_lines", "linenums", "id", "anchor_linenums", "select", "use_pygments"})


class ServiceOptions(BaseModel):
    """What a page asks of its own service."""

    model_config = ConfigDict(extra="forbid")

    env: dict[str, str] = Field(default_factory=dict, description="Environment variables of this page's service.")


class PageOptions(BaseModel):
    """The keys of a page's front matter, below `trueup`, that concern its examples."""

    model_config = ConfigDict(extra="ignore")

    scenario: str | list[str] = Field(default_factory=list, description="Scenarios sourced before the first block.")
    service: bool | ServiceOptions | None = Field(
        None, description="Whether the page gets a service; without it, when a block mentions `BASE_URL` or `PORT`."
    )
    normalise: list[str] = Field(default_factory=list, description="Normalisers in force on the whole page.")

    @property
    def scenarios(self) -> list[str]:
        """The names of the scenarios, in order."""
        return [self.scenario] if isinstance(self.scenario, str) else self.scenario

    @property
    def service_env(self) -> Mapping[str, str]:
        """What is added to the environment of the page's service."""
        return self.service.env if isinstance(self.service, ServiceOptions) else {}


@dataclass(frozen=True)
class Step:
    """One block that is verified, and the output documented for it, if any."""

    kind: Kind
    block: Block
    output: Block | None
    patterns: Patterns
    volatile: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether it is executed."""
        return self.kind is not Kind.DATA

    @property
    def lines(self) -> range:
        """The lines of the page that it takes, its output included."""
        return range(self.block.line, (self.output or self.block).end + 1)

    def number(self, name: str, default: float) -> float:
        """The attribute `name` of the block as a number. `read_story` has made sure that it is one."""
        return float(self.block.attributes.get(name, default))


@dataclass(frozen=True)
class Story:
    """All that is to be verified on a page, and what is wrong with it before anything runs."""

    page: Page
    options: PageOptions
    steps: tuple[Step, ...]
    literal: int
    findings: tuple[Finding, ...]
    scenes: tuple[Scene, ...] = ()


_NONE = Plugins()


def read_story(page: Page, plugins: Plugins = _NONE) -> Story:
    """Read the blocks of a page in order. Nothing is run."""
    findings: list[Finding] = []
    known = plugins.normalisers
    try:
        options = PageOptions.model_validate(page.meta.get("trueup") or {})
        Patterns(options.normalise, known)
    except (ValidationError, ValueError) as error:
        findings.append(Finding(page.path, 1, "front-matter-invalid", f"trueup: {_reason(error)}"))
        options = PageOptions.model_validate({})
    steps: list[Step] = []
    literal = 0
    for block in page.blocks:
        language = block.language.lower()
        trouble = list(_attribute_trouble(page, block, plugins))
        findings += trouble
        if "output" in block.classes:
            findings += _attach(page, block, steps, options, known)
        elif "literal" in block.classes:
            literal += 1
            if not block.attributes.get("reason", "").strip():
                findings.append(
                    Finding(
                        page.path,
                        block.line,
                        "literal-unexplained",
                        "block is marked literal without a reason",
                        'write {.text .literal reason="…"}',
                    )
                )
        elif (kind := Kind.PLUGIN if language in plugins.verifiers else LANGUAGES.get(language)) is None:
            findings.append(_unverified(page, block))
        elif not trouble:
            if kind is Kind.PYTHON and block.source.lstrip().startswith(">>>"):
                kind = Kind.PROMPTS
            steps.append(_step(kind, block, None, options, known))
    scenes = read_scenes(page)
    findings += _unproved(page, scenes, steps)
    return Story(page, options, tuple(steps), literal, tuple(findings), scenes)


def _unproved(page: Page, scenes: Iterable[Scene], steps: Iterable[Step]) -> Iterator[Finding]:
    """A finding for each failure whose scene documents no output: nothing shows that the fix works."""
    shown = [step.block.line for step in steps if step.output is not None or step.kind in {Kind.CONSOLE, Kind.PROMPTS}]
    for scene in scenes:
        if scene.failure and not any(map(scene.holds, shown)):
            message = f"section treats the failure {scene.failure}, but no output in it shows that the fix works"
            yield Finding(
                page.path, scene.line, "runbook-unproved", message, "show the output of a command after the fix"
            )


def _step(
    kind: Kind, block: Block, output: Block | None, options: PageOptions, known: Mapping[str, Normaliser]
) -> Step:
    names, volatile = list(options.normalise), []
    for part in (block, output):
        if part is not None:
            names += part.attributes.get("normalise", "").replace(",", " ").split()
            volatile += part.attributes.get("volatile", "").replace(",", " ").split()
    return Step(kind, block, output, Patterns(names, known), tuple(volatile))


def _attach(
    page: Page, block: Block, steps: list[Step], options: PageOptions, known: Mapping[str, Normaliser]
) -> Iterator[Finding]:
    last = steps[-1] if steps else None
    if last is None or last.output is not None or last.kind in {Kind.DATA, Kind.CONSOLE, Kind.PROMPTS}:
        yield Finding(
            page.path,
            block.line,
            "output-orphan",
            "output block follows no block that is run",
            "put it after the block whose output it shows",
        )
        return
    try:
        steps[-1] = _step(last.kind, last.block, block, options, known)
    except ValueError:
        # An unknown normaliser has been reported with the block's attributes.
        steps[-1] = Step(last.kind, last.block, block, last.patterns, last.volatile)


def _attribute_trouble(page: Page, block: Block, plugins: Plugins) -> Iterator[Finding]:
    own = block.language.lower() in plugins.verifiers or block.attributes.get("consumer") in plugins.verifiers
    for name, value in block.attributes.items():
        message = ""
        if name in {"exit", "status", "timeout"} and not value.isdigit():
            message = f"{name}={value!r} is no whole number"
        elif name == "normalise":
            try:
                Patterns(value.replace(",", " ").split(), plugins.normalisers)
            except ValueError as error:
                message = str(error)
        elif name not in ATTRIBUTES | _RENDERER and not name.startswith("data-") and not own:
            message = f"unknown attribute {name!r} of a fence; trueup knows {', '.join(sorted(ATTRIBUTES))}"
        if message:
            yield Finding(page.path, block.line, "block-attribute", message)


def _unverified(page: Page, block: Block) -> Finding:
    name = f"{block.language} block" if block.language else "block without a language"
    return Finding(
        page.path,
        block.line,
        "block-unverified",
        f"{name} is verified by nothing",
        'mark it {.output} after the block it belongs to, or {.literal reason="…"}',
    )


def _reason(error: Any) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors())
    return str(error)
