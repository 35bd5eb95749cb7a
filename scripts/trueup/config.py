"""The configuration: `[tool.trueup]` of the project's `pyproject.toml`."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trueup.errors import TrueupError
from trueup.project import read_section


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServiceConfig(_Section):
    """How a live service is started; `{port}` and `{data}` are replaced in `command`, `env` and `setup`."""

    command: str = Field(
        description="The command line that starts it; it listens on `{port}`, its data is under `{data}`."
    )
    env: dict[str, str] = Field(default_factory=dict, description="Environment variables of the service.")
    ready: str = Field(default="/", description="The path that answers 200 once the service is ready.")
    setup: list[str] = Field(
        default_factory=list, description="Shell commands run once, on the seed data, while the service runs."
    )
    depends: list[str] = Field(
        default_factory=list,
        description="Files and folders whose change makes the seed data anew; none: the folders of `packages`.",
    )
    preload: list[str] = Field(
        default_factory=list,
        description="Modules imported once, by a process from which the services of pages are forked to start sooner, "
        "and functions called there (`module:function`), such as one that loads data; for a `command` that is a "
        "Python console script and reads its environment when it runs, not when imported.",
    )
    stop_signal: str = Field(default="SIGTERM", description="The signal that stops the service gracefully.")
    database: str = Field(
        default="",
        description="The address of its database as SQLAlchemy reads it, with `{port}` and `{data}`; `sql` blocks "
        "run there.",
    )

    @property
    def apart(self) -> bool:
        """Whether something tells the service of a data folder of its own."""
        return any("{data}" in text for text in (self.command, *self.env.values()))


class TimeoutConfig(_Section):
    """Time limits, in seconds."""

    block: float = Field(default=30, gt=0, description="One example, or one step of a screenshot.")
    page: float = Field(default=120, gt=0, description="All examples of a page together.")
    start: float = Field(default=60, gt=0, description="The service's start, until it is ready.")
    stop: float = Field(default=15, gt=0, description="The service's graceful stop, before it is killed.")
    facts: float = Field(default=120, gt=0, description="Importing the project and collecting its facts.")


class Exemption(_Section):
    """Something that is left out of a check, and why."""

    reason: str = Field(min_length=1, description="Why this is left out.")


class ExcludedOperation(Exemption):
    """An operation that a check of the live service leaves out."""

    operation: str = Field(description="The operation, as `METHOD /path`.")
    check: str = Field(default="", description="The check that is left out; empty: the whole operation.")


class ContractConfig(_Section):
    """The bounds of the contract test (schemathesis)."""

    max_examples: int = Field(default=20, gt=0, description="Generated cases for each operation and phase.")
    seconds: float = Field(default=120, gt=0, description="The time budget of the whole run.")
    seed: int = Field(default=1, description="The seed, so that a run can be repeated.")
    scenario: str = Field(
        default="", description="The scenario whose exported `TOKEN` authenticates the requests; empty: none."
    )
    users: dict[str, str] = Field(
        default_factory=dict,
        description="Name → the exported variable of the scenario that holds the user's token. The first runs all "
        "phases, and generated cases are divided among them; none: one user with `TOKEN`.",
    )
    exclude: list[ExcludedOperation] = Field(default_factory=list, description="What is left out, each with a reason.")


class ConformanceConfig(_Section):
    """How every state is tried with every event."""

    driver: str = Field(description="`module:function` that opens a driver on the live service.")
    states: str = Field(default="state", description="The kind of facts that are the states.")
    events: str = Field(default="event", description="The kind of facts that are the events; `actor`: who causes it.")
    transitions: str = Field(
        default="transition",
        description="The kind of facts that are the transitions, with `source`, `event`, `target` and maybe `guard`.",
    )
    problems: str = Field(default="problem", description="The kind of facts that are the documented problems.")
    problem: str = Field(default="", description="The problem that refuses an event in the wrong state; empty: any.")
    absent: str = Field(default="", description="The problem where there is no subject; empty: any.")
    scenario: str = Field(default="", description="The scenario whose exported variables the driver gets.")
    env: dict[str, str] = Field(default_factory=dict, description="Environment variables of this check's service.")


class NormaliserConfig(_Section):
    """A kind of volatile value that only this project has."""

    pattern: str = Field(description="A regular expression without named groups.")
    meaning: str = Field(min_length=1, description="What it is, for readers.")
    identity: bool = Field(default=False, description="Whether equal values must stay equal within a page.")
    always: bool = Field(default=False, description="Whether it applies everywhere, or only where it is asked for.")


class ScreenshotsConfig(_Section):
    """How screenshots are taken."""

    browser: str = Field(
        default="", description="The command of a Chromium; empty: the first of the usual ones on the search path."
    )
    required: Literal["never", "ci", "always"] = Field(
        default="never",
        description="Whether `check --all` fails where no browser is found; `ci`: where the variable `CI` is set.",
    )


class HiddenRoute(Exemption):
    """A route that stays out of the OpenAPI document and of the pages."""

    route: str = Field(description="The route, as `METHOD /path`.")


class BareValues(_Section):
    """Where numbers with a unit must be bound to facts."""

    folders: list[str] = Field(
        default_factory=list, description="Folders or pages below `docs` held to it; `.` is all of them."
    )
    units: list[str] = Field(default_factory=list, description="Further units, as regular expressions: `jobs?`.")


CLAIM_WORDS = (
    "never", "always", "exactly once", "at most once", "at least once", "guarantee[sd]?", "impossible",
    r"loses? (?:nothing|none)", r"(?:nothing|none|no \w+(?: \w+)?) (?:is|gets) lost",
)  # fmt: skip
"""The words that promise something for ever, unless the configuration has others."""


class ClaimConfig(_Section):
    """Where words that promise something for ever need a test that proves them."""

    folders: list[str] = Field(
        default_factory=list, description="Folders or pages below `docs` held to it; `.` is all of them."
    )
    words: list[str] = Field(
        default_factory=lambda: list(CLAIM_WORDS),
        description="What counts as a promise, as regular expressions; case does not matter.",
    )
    reviewed: Path | None = Field(
        default=None,
        description="The committed record of claims as people have accepted them; none: nobody is asked to.",
    )


class MutateConfig(_Section):
    """The proof: which mutants `trueup mutate` makes, and its bounds."""

    operators: list[str] = Field(
        default_factory=list, description="`module:function` of each that yields further mutants of the project."
    )
    result: Path = Field(
        default=Path("docs/mutation.json"), description="Where `trueup mutate --write` keeps the score."
    )
    each: int = Field(default=1, gt=0, description="Mutants of each class; twice as many harmless edits.")
    seed: int = Field(default=1, description="The seed by which they are chosen.")
    seconds: float = Field(default=60, gt=0, description="The time limit of one mutant; ten times that with examples.")
    memory: int = Field(default=4096, gt=0, description="The memory limit of one mutant, in MiB; none with examples.")


class Config(_Section):
    """Everything that trueup must be told about a project."""

    app: str = Field(default="", description="`module:object` of the FastAPI application or of its factory.")
    docs: Path = Field(default=Path("docs"), description="The folder of Markdown pages.")
    mkdocs: Path = Field(default=Path("mkdocs.yml"), description="The site's configuration.")
    site: Path = Field(default=Path("site"), description="Where the site is built.")
    archive: Path = Field(default=Path("docs/planning"), description="Where `trueup archive` puts frozen reports.")
    openapi: Path | None = Field(default=None, description="The committed OpenAPI document.")
    inventory: Path = Field(default=Path("docs/_facts/inventory.json"), description="The committed inventory of facts.")
    packages: list[str] = Field(
        default_factory=list, description="Packages whose symbols are facts; read, not imported."
    )
    signatures: list[str] = Field(
        default_factory=list,
        description="Modules and classes of `packages` whose signatures are facts: the interface that is promised.",
    )
    settings: list[str] = Field(default_factory=list, description="`module:Class` of each pydantic-settings model.")
    commands: dict[str, str] = Field(
        default_factory=dict, description="Command name → `module:object` of its Typer or Click application."
    )
    metrics: list[str] = Field(
        default_factory=list, description="`module:registry` of each registry of the Prometheus client."
    )
    collectors: list[str] = Field(
        default_factory=list, description="`module:function` of each that returns the application's own facts."
    )
    rules: list[Path] = Field(default_factory=list, description="Files of alert rules that Prometheus reads.")
    dashboards: list[Path] = Field(
        default_factory=list, description="Files of dashboards that Grafana imports, each panel a fact."
    )
    vocabulary: Path | None = Field(default=None, description="TOML file of foreign words, each with a reason.")
    glossary: Path | None = Field(default=None, description="TOML file of terms, each with its meaning and aliases.")
    requirements: Path | None = Field(
        default=None, description="TOML file of requirements by id; tests cite the ids in their docstrings."
    )
    spelling: bool = Field(default=True, description="Whether the words of prose are held against known misspellings.")
    review: dict[str, int] = Field(
        default_factory=dict,
        description="Folder or page below `docs` → days after which a person must have read its pages again.",
    )
    coverage: Path | None = Field(
        default=None, description="The committed figures of coverage, which may not fall; none: they are not kept."
    )
    owned: list[str] = Field(default_factory=list, description="Kinds whose facts need exactly one owner page each.")
    hidden: list[HiddenRoute] = Field(
        default_factory=list, description="Routes that stay out of the OpenAPI document, each with a reason."
    )
    values: BareValues = Field(default_factory=BareValues, description="Where numbers with a unit must be bound.")
    claims: ClaimConfig = Field(default_factory=ClaimConfig, description="Where promises need evidence.")
    source: str = Field(
        default="", description="Address of a line of source code, with `{file}` and `{line}`; evidence links there."
    )
    scenarios: Path | None = Field(
        default=None, description="The folder of shell files that a page may name as its `scenario`."
    )
    failures: Path | None = Field(
        default=None, description="The folder of shell files, each of which brings about a failure that a page treats."
    )
    service: ServiceConfig | None = Field(default=None, description="The live service; none: pages may not need one.")
    contract: ContractConfig = Field(default_factory=ContractConfig, description="The contract test.")
    conformance: ConformanceConfig | None = Field(
        default=None, description="The conformance test; none: nothing to drive."
    )
    verifiers: dict[str, str] = Field(
        default_factory=dict,
        description="Language of a fence, or name of a consumer → `module:function` that verifies such blocks.",
    )
    consumers: dict[str, str] = Field(
        default_factory=dict,
        description="Title of a block, or the file name in it → the consumer that must accept the block.",
    )
    normalisers: dict[str, NormaliserConfig] = Field(
        default_factory=dict, description="Name → a kind of volatile value that blocks may ask for."
    )
    screenshots: ScreenshotsConfig = Field(default_factory=ScreenshotsConfig, description="How screenshots are taken.")
    timeouts: TimeoutConfig = Field(default_factory=TimeoutConfig, description="Time limits.")
    mutate: MutateConfig = Field(default_factory=MutateConfig, description="The proof by mutation.")
    env: dict[str, str] = Field(
        default_factory=dict,
        description="Environment variables set while the application is imported; `{data}` is a folder for the time.",
    )


def load(root: Path) -> Config:
    """Read the configuration of the project at `root`.

    Raises `TrueupError` naming the file, the key and what is wrong with it.
    """
    section = read_section(root)
    try:
        return Config.model_validate(section)
    except ValidationError as error:
        problems = "; ".join(_problem(item["loc"], item["type"], item["msg"]) for item in error.errors())
        raise TrueupError(f"{root / 'pyproject.toml'}: [tool.trueup]: {problems}") from None


def _problem(location: tuple[int | str, ...], kind: str, message: str) -> str:
    key = ".".join(str(part) for part in location)
    return f"unknown key {key}" if kind == "extra_forbidden" else f"{key}: {message}"
