"""Running the examples of many pages: pages side by side, the blocks of a page in order, a fresh service for each."""

import re
import shlex
import shutil
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from trueup.config import Config
from trueup.examples.play import Play
from trueup.examples.rewrite import replace_blocks
from trueup.examples.stage import Stage
from trueup.examples.story import Kind, Step, Story, read_story
from trueup.findings import Finding
from trueup.pages import Page
from trueup.plugins import load_plugins
from trueup.preload import Forkyard
from trueup.processes import reap
from trueup.scratch import memory, scratch_folder
from trueup.seed import Seeds
from trueup.service import Ports, Service, ServiceError, start
from trueup.verify.bench import Bench

_AHEAD = 2
"""Services that are up or starting before their page's turn."""

_MENTIONS = re.compile(r"""\$\{?(?:BASE_URL|PORT)\b|["'](?:BASE_URL|PORT)["']""")


@dataclass(frozen=True)
class RunResult:
    """The outcome of one run: findings, the number of verified examples by page path, and the pages written."""

    findings: tuple[Finding, ...]
    per_page: Mapping[str, int]
    written: tuple[str, ...] = ()
    literal: int = 0
    """Blocks that are marked literal and so verified by nothing."""
    seconds: float = 0.0


def run_pages(config: Config, pages: Sequence[Page], *, root: Path, write: bool, jobs: int) -> RunResult:
    """Verify every fenced block of `pages`; with `write`, put the real outputs into the pages that disagree.

    `jobs` is the number of processors to keep busy. Raises `TrueupError` when the OpenAPI document cannot be read; a
    service that does not start is a finding of each page that needs it.
    """
    started = time.perf_counter()
    plugins = load_plugins(config, root)
    stories = [read_story(page, plugins) for page in pages]
    bench = Bench.set_up(config, root, plugins)
    with scratch_folder() as scratch, scratch_folder(memory()) as cellar:
        theatre = _Theatre(config, root, scratch, cellar, stories)
        try:
            acts = theatre.perform(bench, write, max(jobs, 1))
        finally:
            theatre.close()
    findings = [
        finding for story, act in zip(stories, acts, strict=True) for finding in (*story.findings, *act.findings)
    ]
    return RunResult(
        findings=tuple(sorted(set(findings))),
        per_page={story.page.path: act.verified for story, act in zip(stories, acts, strict=True)},
        written=tuple(story.page.path for story, act in zip(stories, acts, strict=True) if act.written),
        literal=sum(story.literal for story in stories),
        seconds=time.perf_counter() - started,
    )


@dataclass(frozen=True)
class _Act:
    """What came of one page."""

    findings: list[Finding] = field(default_factory=list)
    verified: int = 0
    written: bool = False


def _runs(step: Step) -> bool:
    return step.kind is not Kind.DATA


class _Theatre:
    """All pages of a run, and the services they need. A service is started shortly before its page's turn.

    The pages play in the folder `scratch`, the data of the services are in `cellar`.
    """

    def __init__(self, config: Config, root: Path, scratch: Path, cellar: Path, stories: Sequence[Story]) -> None:
        self._config, self._root, self._stories = config, root, stories
        self._scratch, self._cellar = scratch, cellar
        self._ports = Ports()
        self._seeds = Seeds(config, root, cellar, self._ports)
        # The longest first, so that none is left to play alone at the end.
        self._order = sorted(range(len(stories)), key=lambda index: -sum(map(_runs, stories[index].steps)))
        self._needing = [index for index in self._order if self._needs_service(stories[index])]
        self._starting: dict[int, Future[Service]] = {}
        self._retired: set[int] = set()
        self._yard: Forkyard | None = None
        self._starter = ThreadPoolExecutor(2, thread_name_prefix="service")
        self._stopper = ThreadPoolExecutor(2, thread_name_prefix="stop")
        self._lock = threading.Lock()
        self._closed = False

    def perform(self, bench: Bench, write: bool, jobs: int) -> list[_Act]:
        service = self._config.service
        if self._needing and service is not None and service.preload:
            self._yard = Forkyard(shlex.split(service.command)[0], service.preload, self._cellar)
        # Blocks wait for the service as often as they compute.
        playing = jobs + (jobs + 1) // 2
        self._begin(playing + _AHEAD)
        with ThreadPoolExecutor(playing, thread_name_prefix="page") as pool:
            futures = {index: pool.submit(self._act, index, bench, write) for index in self._order}
            try:
                return [futures[index].result() for index in range(len(self._stories))]
            except BaseException:
                # Interrupted: what waits is dropped, what runs loses its processes and so ends.
                self._closed = True
                for future in futures.values():
                    future.cancel()
                reap(self._scratch)
                reap(self._cellar)
                raise

    def close(self) -> None:
        """Stop every service that is still there."""
        self._starter.shutdown(cancel_futures=True)
        for index in list(self._starting):
            self._retire(index)
        self._stopper.shutdown()
        if self._yard is not None:
            self._yard.close()

    def _begin(self, ahead: int) -> None:
        """Let the next `ahead` services start, in the order of their pages."""
        with self._lock:
            waiting = [index for index in self._needing if index not in self._starting]
            for index in waiting[: 0 if self._closed else ahead]:
                self._starting[index] = self._starter.submit(self._open, index)

    def _await(self, index: int) -> Service:
        """The service of a page, once it is ready. Raises `ServiceError`."""
        with self._lock:
            if index not in self._starting:
                self._starting[index] = self._starter.submit(self._open, index)
        return self._starting[index].result()

    def _open(self, index: int) -> Service:
        service = self._config.service
        seed = self._seeds.ensure()
        folder = self._cellar / f"s{index}"
        self._seeds.copy(seed, folder)
        if service is None:
            raise AssertionError("the seed has been made by a service")
        env = self._stories[index].options.service_env
        return start(
            service,
            self._config.timeouts,
            root=self._root,
            folder=folder,
            ports=self._ports,
            env=env,
            starter=self._yard,
        )

    def _act(self, index: int, bench: Bench, write: bool) -> _Act:
        story = self._stories[index]
        service = partial(self._await, index) if index in self._needing else None
        try:
            return self._play(story, Stage(story.page.path, self._scratch / f"p{index}", service), bench, write)
        except ServiceError as error:
            first, _, log = str(error).partition("\n")
            line = story.steps[0].block.line
            return _Act([Finding(story.page.path, line, "service-failed", first, "", log)])
        finally:
            if index in self._needing:
                self._begin(1)
                self._retire(index)

    def _play(self, story: Story, stage: Stage, bench: Bench, write: bool) -> _Act:
        limits = self._config.timeouts
        play = Play(story, stage, bench, limits.block, limits.page, write)
        try:
            trouble = self._scenarios(story, stage) if story.runs else []
            if trouble:
                return _Act(trouble)
            play.perform()
        finally:
            stage.close()
        if play.rewritten and not self._closed:
            replace_blocks(self._root / story.page.path, play.rewritten)
        return _Act(play.findings, play.verified, bool(play.rewritten))

    def _scenarios(self, story: Story, stage: Stage) -> list[Finding]:
        folder = self._config.scenarios
        for name in story.options.scenarios:
            file = self._root / (folder or "") / f"{name}.sh"
            if folder is None or not file.is_file():
                there = ", ".join(sorted(path.stem for path in file.parent.glob("*.sh"))) if folder else "none"
                message = f"unknown scenario {name}; there are: {there or 'none'}"
                return [Finding(story.page.path, 1, "scenario-unknown", message)]
            outcome = stage.scenario(file, self._config.timeouts.block)
            if not outcome.ok:
                message = f"scenario {name} {outcome.describe(self._config.timeouts.block)}"
                return [Finding(story.page.path, 1, "scenario-failed", message, "", outcome.output[-2000:])]
        return []

    def _needs_service(self, story: Story) -> bool:
        if isinstance(story.options.service, bool):
            return story.options.service and story.runs
        if story.options.service is not None:
            return story.runs
        sources = [step.block.source for step in story.steps if _runs(step)]
        if story.runs and self._config.scenarios:
            files = [self._root / self._config.scenarios / f"{name}.sh" for name in story.options.scenarios]
            sources += [file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()]
        return any(step.kind in {Kind.HTTP, Kind.QUERY} for step in story.steps) or any(map(_MENTIONS.search, sources))

    def _retire(self, index: int) -> None:
        """Stop the service of a page that has been played, and forget its data; meanwhile others play."""
        with self._lock:
            future = self._starting.get(index)
            if future is None or index in self._retired:
                return
            self._retired.add(index)

        def retire() -> None:
            if not future.cancelled() and future.exception() is None:
                service = future.result()
                service.stop()
                shutil.rmtree(service.folder, ignore_errors=True)

        self._stopper.submit(retire)
