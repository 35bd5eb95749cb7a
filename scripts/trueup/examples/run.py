"""Running the examples of many pages: acts side by side, the blocks of an act in order, a fresh service for each."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from trueup.config import Config
from trueup.examples.acts import Act, acts_at, acts_of
from trueup.examples.rewrite import replace_blocks
from trueup.examples.story import Story, read_story
from trueup.examples.theatre import Review, Theatre
from trueup.findings import Finding
from trueup.known import Known
from trueup.pages import Page
from trueup.plugins import Plugins, load_plugins
from trueup.progress import Progress
from trueup.scratch import memory, scratch_folder
from trueup.verify.bench import Bench


@dataclass(frozen=True)
class RunResult:
    """The outcome of one run: findings, the number of verified examples by page path, and the pages written."""

    findings: tuple[Finding, ...]
    per_page: Mapping[str, int]
    written: tuple[str, ...] = ()
    literal: int = 0
    """Blocks that are marked literal and so verified by nothing."""
    seconds: float = 0.0
    note: str = ""
    """What could not be asked, because it is not installed here."""
    remembered: int = 0
    """How many of the verified examples are known from an earlier run."""


def run_pages(
    config: Config,
    pages: Sequence[Page],
    *,
    root: Path,
    write: bool,
    jobs: int,
    lines: Mapping[str, Sequence[int]] | None = None,
    progress: Progress | None = None,
    known: Known | None = None,
) -> RunResult:
    """Verify every fenced block of `pages`; with `write`, put the real outputs into the pages that disagree.

    `jobs` is the number of processors to keep busy. Of a page whose path is in `lines`, only what the blocks in those
    lines need is run: the page's main story, or their scene, as far as to them. Acts that are `known` to be true are
    not played, and those that turn out to be true are noted. Raises `TrueupError` when no block stands in such a line,
    or the OpenAPI document cannot be read; a service that does not start is a finding.
    """
    started = time.perf_counter()
    plugins = load_plugins(config, root)
    stories = [read_story(page, plugins) for page in pages]
    wanted = lines or {}
    acts = [_acts(story, wanted.get(story.page.path)) for story in stories]
    everything = [act for each in acts for act in each]
    told = [known.act(act.script) if known else None for act in everything]
    fresh = [act for act, verified in zip(everything, told, strict=True) if verified is None]
    note, played = _play(config, fresh, root, plugins, write, jobs, progress) if fresh else ("", [])
    for act, review in zip(fresh, played, strict=True):
        if known and not review.findings and not review.rewritten:
            known.note_act(act.script, review.verified)
    coming = iter(played)
    reviews = iter([next(coming) if verified is None else Review(verified=verified) for verified in told])
    findings: list[Finding] = []
    per_page: dict[str, int] = {}
    written: list[str] = []
    for story, each in zip(stories, acts, strict=True):
        path = story.page.path
        mine = [next(reviews) for _ in each]
        findings += [*story.findings, *_joined(story, each, mine)]
        per_page[path] = sum(review.verified for review in mine)
        rewritten = [item for review in mine for item in review.rewritten]
        if rewritten:
            replace_blocks(root / path, rewritten)
            written.append(path)
    return RunResult(
        findings=tuple(sorted(set(findings))),
        per_page=per_page,
        written=tuple(written),
        literal=sum(story.literal for story in stories),
        seconds=time.perf_counter() - started,
        note=note,
        remembered=sum(verified for verified in told if verified is not None),
    )


def _play(
    config: Config,
    acts: Sequence[Act],
    root: Path,
    plugins: Plugins,
    write: bool,
    jobs: int,
    progress: Progress | None,
) -> tuple[str, list[Review]]:
    """What could not be asked, and what came of each act."""
    bench = Bench.set_up(config, root, plugins)
    with scratch_folder() as scratch, scratch_folder(memory()) as cellar:
        theatre = Theatre(config, root, scratch, cellar, acts)
        try:
            reviews = theatre.perform(bench, write, max(jobs, 1), progress)
        finally:
            theatre.close()
    return bench.note(step.block for act in acts for step in act.steps), reviews


def _acts(story: Story, lines: Sequence[int] | None) -> list[Act]:
    return acts_of(story) if lines is None else acts_at(story, lines)


def _joined(story: Story, acts: Sequence[Act], reviews: Sequence[Review]) -> list[Finding]:
    """The findings of a page's acts; a block of the prelude that fails in all of them is named once."""
    found: list[Finding] = []
    seen: set[tuple[int, str]] = set()
    first = story.scenes[0].line if story.scenes else 0
    for act, review in zip(acts, reviews, strict=True):
        for finding in review.findings:
            place = (finding.line, finding.code)
            if act.scene is None or finding.line >= first or place not in seen:
                found.append(finding)
            seen.add(place)
    return found
