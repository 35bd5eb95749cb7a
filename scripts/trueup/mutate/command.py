"""What `trueup mutate` does: choose, judge, print, keep."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from trueup import generated, repository
from trueup.config import Config
from trueup.gather import gather
from trueup.mutate.choice import Sample
from trueup.mutate.export import export as export_mutants
from trueup.mutate.mutant import Side
from trueup.mutate.proof import Order, Progress, Proof
from trueup.mutate.score import Fate, Outcome, Score
from trueup.terminal import terminal


def order(
    config: Config,
    root: Path,
    *,
    everything: bool,
    only: Sequence[str],
    sample: str,
    jobs: int | None,
    each: int | None,
    seed: int | None,
) -> Order:
    """The order that the options of the command line mean. Raises `TrueupError` when a sample is none."""
    part = Sample.parse(sample, repository.state(root).commit) if sample else None
    chosen = config.mutate.seed if seed is None else seed
    count = 0 if everything else each or config.mutate.each
    return Order(count, chosen, jobs or os.cpu_count() or 1, tuple(only), part)


def show(config: Config, root: Path, wanted: Order, folder: Path | None) -> None:
    """Print how many mutants each class has; with a folder, write those that are chosen there as patches."""
    console = terminal()
    found, choice = Proof(config, root, wanted, _nothing, _now).mutants()
    if folder is not None:
        count = export_mutants(choice.chosen, root, folder)
        console.print(f"wrote {count} mutants to {folder}/", highlight=False)
        return
    counts: dict[str, int] = {}
    for mutant in found.mutants:
        counts[mutant.group] = counts.get(mutant.group, 0) + 1
    for name, count in sorted(counts.items()):
        console.print(f"{count:>6}  {escape(name)}", highlight=False)
    console.print(f"{len(found.mutants):>6}  mutants in {len(counts)} classes", highlight=False)


def prove(config: Config, root: Path, wanted: Order, *, keep: bool, as_json: bool) -> int:
    """Run the proof and print the score; answers the exit status: 1 with survivors or false alarms."""
    with _shown() as progress:
        score = Proof(config, root, wanted, progress, _now).execute()
    if as_json:
        sys.stdout.write(score.dump())
    else:
        print_score(score, terminal())
    if keep:
        _keep(score, config, root)
    return 1 if score.bad else 0


def print_score(score: Score, console: Console) -> None:
    """Print the score of each class, then what went wrong, then the verdict."""
    width = max((len(group.name) for group in score.groups), default=0)
    side = ""
    for group in score.groups:
        if group.side != side:
            side = group.side
            console.print(f"\n[bold]{side}[/]", highlight=False)
        style = "" if group.good == group.mutants else "red"
        codes = ", ".join(group.codes)
        row = f"  {group.name:<{width}} {group.good:>4}/{group.mutants:<4} {codes}".rstrip()
        console.print(escape(row), style=style, highlight=False, soft_wrap=True)
    for outcome in score.bad:
        _print_bad(outcome, console)
    console.print()
    style = "red" if score.bad else "green"
    for line in verdict(score):
        console.print(line, style=style, highlight=False, soft_wrap=True)


def verdict(score: Score) -> list[str]:
    """What came out, in two lines."""
    totals = score.totals()
    where = f" at {totals['commit']}" if totals["commit"] else ""
    return [
        f"{totals['killed']} of {totals['mutants']} mutants killed by the expected finding, "
        f"in {_counted(totals['classes'], 'class')}; "
        f"{totals['silent']} of {totals['harmless']} harmless edits silent",
        f"seed {totals['seed']}, {totals['candidates']} to choose from, {totals['invalid']} more were no valid programs"
        f"{where}, {totals['seconds']} s, {totals['cpu']} s of processor time",
    ]


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}es"


def _print_bad(outcome: Outcome, console: Console) -> None:
    mutant = outcome.mutant
    what = "false alarm" if outcome.fate is Fate.ALARM else "survived"
    console.print(f"\n[red]{what}[/]: {escape(mutant.group)}: {escape(mutant.title)}", highlight=False, soft_wrap=True)
    console.print(f"    {escape(mutant.place)}", highlight=False, soft_wrap=True)
    if mutant.side is not Side.HARMLESS:
        console.print(f"    expected: {escape(str(mutant.expected))}", highlight=False, soft_wrap=True)
    for text in outcome.others[:4] or ("no finding",):
        console.print(f"    reported: {escape(text)}", highlight=False, soft_wrap=True)


def _keep(score: Score, config: Config, root: Path) -> None:
    console = terminal(stderr=True)
    target = root / config.mutate.result
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(score.dump(), encoding="utf-8")
    console.print(f"wrote {config.mutate.result.as_posix()}", highlight=False)
    for path in generated.write(gather(config, root), config, root):
        console.print(f"wrote {path}", highlight=False)


@contextmanager
def _shown() -> Iterator[Progress]:
    """A bar on a terminal; nothing elsewhere. It has no thread of its own, because this process forks."""
    console = terminal(stderr=True)
    if not console.is_terminal:
        yield _nothing
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=console, transient=True, auto_refresh=False) as bar:
        task = bar.add_task("copying the project", total=None)

        def progress(done: int, total: int, title: str) -> None:
            bar.update(task, completed=done, total=total or None, description=title[:60])
            bar.refresh()

        yield progress


def _nothing(*_: object) -> None:
    return


def _now() -> datetime:
    return datetime.now(UTC)
