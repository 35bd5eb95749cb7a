"""The command line of trueup."""

import gc
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from trueup import recollection
from trueup import report as reports
from trueup.errors import TrueupError
from trueup.memory import Memory
from trueup.outputs import Format, give_out
from trueup.progress import shown_progress
from trueup.project import find_root, read_section
from trueup.report import Report
from trueup.scope import Scope
from trueup.terminal import terminal

# What a command needs beyond that is imported when it runs: answering from memory takes less time than these imports.
if TYPE_CHECKING:
    from trueup.config import Config
    from trueup.findings import Finding

cli = typer.Typer(
    name="trueup",
    help="Keeps documentation true to the code it describes.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Memories = Annotated[
    bool, typer.Option("--memory/--no-memory", help="Recall clean results of this day whose inputs have not changed.")
]
Root = Annotated[Path | None, typer.Option("--root", help="The project folder; by default the nearest one above.")]


Formats = Annotated[
    list[Format] | None, typer.Option("--format", help="How to give out the report; may be given several times.")
]
Outputs = Annotated[
    list[Path] | None,
    typer.Option("--output", help="The file that gets the format of the same place; without it, it is printed."),
]


def main() -> NoReturn:
    """Run the command line. Exits with 0 when all is true, 1 with findings, 2 when the work could not be done."""
    try:
        cli(standalone_mode=True)
    except TrueupError as error:
        terminal(stderr=True, soft_wrap=True).print(f"trueup: {error}", highlight=False, markup=False)
        sys.exit(2)
    sys.exit(0)


@cli.command()
def write(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Pages, folders or examples (page.md:41) whose outputs to write; all by default."),
    ] = None,
    examples: Annotated[bool, typer.Option(help="Run the examples and write their outputs.")] = True,
    root: Root = None,
) -> None:
    """Write the generated files and the outputs of examples anew."""
    console = terminal()
    findings = _write(paths or (), _folder(root), console, examples=examples)
    reports.print_findings(findings, console)
    raise typer.Exit(1 if findings else 0)


@cli.command()
def check(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Pages, folders or examples (page.md:41) to check; all by default.")
    ] = None,
    contract: Annotated[bool, typer.Option("--contract", help="Test the live service against its schema too.")] = False,
    conformance: Annotated[
        bool, typer.Option("--conformance", help="Try every state with every event on the live service too.")
    ] = False,
    crawl: Annotated[bool, typer.Option("--crawl", help="Crawl the built site with LinkChecker too.")] = False,
    types: Annotated[bool, typer.Option("--types", help="Check the types of Python blocks with mypy too.")] = False,
    evidence: Annotated[
        bool, typer.Option("--evidence", help="Ask that every test named as evidence has passed on this code.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Run every check there is.")] = False,
    examples: Annotated[bool, typer.Option(help="Run the examples.")] = True,
    links: Annotated[bool, typer.Option(help="Build the site and resolve its links.")] = True,
    memory: Memories = True,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and check each page again as it is saved.")] = False,
    formats: Formats = None,
    outputs: Outputs = None,
    root: Root = None,
) -> None:
    """Hold the documentation against the code and the running service."""
    folder = _folder(root)
    chosen = [_relative(path, folder) for path in paths or ()]
    if watch:
        from trueup import watch as watching

        raise typer.Exit(watching.watch(folder, chosen, examples))
    driven = conformance or (everything and "conformance" in read_section(folder))
    scope = Scope(
        chosen,
        examples,
        links,
        contract=contract or everything,
        crawl=crawl or everything,
        evidence=evidence or everything,
        conformance=driven,
        types=types or everything,
    )
    result = _run(folder, scope, memory)
    if scope.whole:
        reports.save(result, folder)
    give_out(result, formats or [], outputs or [])
    raise typer.Exit(1 if result.findings else 0)


@cli.command()
def review(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Pages or folders whose claims have been read; all by default.")
    ] = None,
    root: Root = None,
) -> None:
    """Accept claims with evidence as they stand, after reading them with their tests; tells what has changed."""
    from trueup import accepted
    from trueup.check import choose
    from trueup.pages import read_pages

    config, folder = _project(root)
    pages = read_pages(folder, config.docs)
    chosen = choose(pages, [_relative(path, folder) for path in paths or ()], config)
    console = terminal(soft_wrap=True)
    changes = list(accepted.accept(pages, chosen, config, folder))
    for change in changes:
        console.print(change, highlight=False, markup=False)
    console.print(f"{len(changes)} accepted; the record is {config.claims.reviewed}", highlight=False)


@cli.command()
def build(
    contract: Annotated[bool, typer.Option("--contract", help="Test the live service against its schema too.")] = False,
    crawl: Annotated[bool, typer.Option("--crawl", help="Crawl the built site with LinkChecker too.")] = False,
    memory: Memories = True,
    root: Root = None,
) -> None:
    """Check everything, then build the site with a stamp on every page."""
    from trueup import links, sitebuild

    config, folder = _project(root)
    result = _run(folder, Scope(contract=contract, crawl=crawl), memory)
    reports.save(result, folder)
    give_out(result, [], [])
    if result.findings:
        raise typer.Exit(1)
    site = folder / config.site
    with shown_progress() as progress:
        progress(f"building {config.site}")
        found = sitebuild.start(config, folder, site).finish()
        address = sitebuild.site_url(config, folder)
        found += links.resolve(site, base_url=address, root=folder, docs=folder / config.docs).findings
    console = terminal()
    reports.print_findings(found, console)
    if not found:
        console.print(f"built {config.site}/", highlight=False)
    raise typer.Exit(1 if found else 0)


@cli.command()
def init(
    app: Annotated[
        str, typer.Option(metavar="MODULE:OBJECT", help="The FastAPI application, or a function that makes it.")
    ] = "",
    env: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A variable that the application needs to start.")
    ] = None,
    service: Annotated[bool, typer.Option(help="Start the application for the examples of pages.")] = True,
    root: Annotated[Path | None, typer.Option("--root", help="The project folder; by default this one.")] = None,
) -> None:
    """Give a FastAPI project its configuration and first pages, and check them. What is there is not overwritten."""
    from trueup.init.begin import begin
    from trueup.init.explain import explain

    folder = (root or Path.cwd()).resolve()
    variables = dict(_assignment(each) for each in env or ())
    console = terminal(soft_wrap=True)

    def tell(line: str) -> None:
        console.print(line, highlight=False, markup=False)

    with shown_progress() as progress:
        progress("looking for the application")
        begin(folder, app, variables, service=service, tell=tell)
    _write((), folder, terminal(quiet=True))
    result = _run(folder, Scope(), remembering=False)
    reports.save(result, folder)
    tell("")
    tell(reports.verdict(result))
    tell("")
    for line in explain(sorted(result.findings), result.examples):
        tell(line)
    raise typer.Exit(1 if result.findings else 0)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise TrueupError(f"--env {text}: write NAME=VALUE")
    return name, value


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 8000,
    root: Root = None,
) -> None:
    """Serve the site and the live service from one address, and check pages again as they change."""
    from trueup import serve as server

    config, folder = _project(root)
    server.serve(config, folder, host, port)


@cli.command()
def report(
    formats: Formats = None,
    outputs: Outputs = None,
    root: Root = None,
) -> None:
    """Print the last report again."""
    result = reports.load(_folder(root))
    if result is None:
        raise TrueupError(f"{reports.REPORT}: there is no report yet; run trueup check")
    give_out(result, formats or [], outputs or [])
    raise typer.Exit(1 if result.findings else 0)


@cli.command()
def facts(
    word: Annotated[str, typer.Argument(help="What the key, the summary or the description of a fact has in it.")],
    root: Root = None,
) -> None:
    """List the facts that have a word, with their values as a page writes them; exit status 1 when there is none."""
    from trueup import lookup

    config, folder = _project(root)
    raise typer.Exit(lookup.show(word, config, folder))


@cli.command()
def archive(
    name: Annotated[str, typer.Argument(help="Name of the page, such as verification-2026-11; also its title.")],
    root: Root = None,
) -> None:
    """Freeze the last report as a dated page that is not checked any more."""
    from trueup import archive as archives

    config, folder = _project(root)
    result = reports.load(folder)
    if result is None:
        raise TrueupError(f"{reports.REPORT}: there is no report yet; run trueup check")
    target = folder / config.archive / f"{name}.md"
    archives.write(result, name.replace("-", " ").capitalize(), target)
    terminal().print(f"wrote {target.relative_to(folder)}; add it to the navigation", highlight=False)


@cli.command()
def mutate(
    everything: Annotated[
        bool, typer.Option("--all", help="Make every mutant there is, not some of each class.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="A class of mutants, or code, docs or harmless; may be repeated.")
    ] = None,
    sample: Annotated[
        str, typer.Option(help="One part of the mutants: 3/8, or 8 to let the commit choose which eighth.")
    ] = "",
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Mutants judged at the same time; by default one for each processor.")
    ] = None,
    each: Annotated[int | None, typer.Option(min=1, help="How many mutants of each class to make.")] = None,
    seed: Annotated[int | None, typer.Option(help="Choose other mutants than those of the configured seed.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the classes and how many mutants each has.")] = False,
    export: Annotated[
        Path | None, typer.Option(help="Write the mutants as patches into this folder instead of judging them.")
    ] = None,
    keep: Annotated[bool, typer.Option("--write", help="Keep the score, for the page that shows it.")] = False,
    output: Annotated[Format, typer.Option("--format", help="How to print the score.")] = Format.TEXT,
    root: Root = None,
) -> None:
    """Prove the checks: change code and pages in scratch copies, one mutant at a time, and see what is reported."""
    from trueup.mutate import command  # needed by this command only, and slow to import

    config, folder = _project(root)
    order = command.order(
        config, folder, everything=everything, only=only or (), sample=sample, jobs=jobs, each=each, seed=seed
    )
    if listed or export:
        command.show(config, folder, order, export)
        raise typer.Exit(0)
    raise typer.Exit(command.prove(config, folder, order, keep=keep, as_json=output is Format.JSON))


def _write(paths: Sequence[str], folder: Path, console: Console, *, examples: bool = True) -> "Sequence[Finding]":
    """Write what `trueup write` writes, and say so; what is left to mend is answered."""
    from trueup import config as configuration
    from trueup import generated, sitebuild
    from trueup.check import choose, chosen_lines
    from trueup.examples.run import run_pages
    from trueup.gallery import visit
    from trueup.gather import gather
    from trueup.pages import read_pages
    from trueup.scratch import scratch_folder

    config = configuration.load(folder)
    with shown_progress() as progress:
        progress("facts")
        written = list(generated.write(gather(config, folder), config, folder))
        findings: list[Finding] = []
        if examples:
            progress("examples")
            chosen = [_relative(path, folder) for path in paths]
            pages = choose(read_pages(folder, config.docs), chosen, config)
            lines = chosen_lines(chosen)
            result = run_pages(
                config, pages, root=folder, write=True, jobs=os.cpu_count() or 1, lines=lines, progress=progress
            )
            progress("screenshots")
            with scratch_folder() as scratch:
                taken = visit(config, folder, pages, site=partial(sitebuild.once, config, folder, scratch), write=True)
            findings = [*result.findings, *taken.findings]
            written += [*result.written, *taken.written]
        for path in written:
            console.print(f"wrote {path}", highlight=False)
    return findings


def _folder(root: Path | None) -> Path:
    return root.resolve() if root else find_root(Path.cwd())


def _project(root: Path | None) -> "tuple[Config, Path]":
    from trueup import config as configuration

    folder = _folder(root)
    return configuration.load(folder), folder


def _relative(path: str, root: Path) -> str:
    """A path given on the command line, relative to the project; a line after `:` stays."""
    name, colon, line = path.partition(":")
    absolute = Path(name).resolve()
    if absolute.is_relative_to(root):
        name = absolute.relative_to(root).as_posix()
    return f"{name}{colon}{line}"


def _run(root: Path, scope: Scope, remembering: bool) -> Report:
    site = str(read_section(root).get("site", "site"))
    memory = Memory.open(root, site) if remembering else Memory.none()
    known = recollection.recall(memory, scope, root, _now)
    if known is not None:
        return known
    from trueup import config as configuration
    from trueup.check import Run

    gc.set_threshold(50_000)  # facts and pages are many objects that live until the end
    with shown_progress() as progress:
        return Run(configuration.load(root), root, scope, progress, _now, memory).execute()


def _now() -> datetime:
    return datetime.now(UTC)
