"""The theatre: acts of many pages side by side, each on a stage of its own, with a fresh service where it needs one."""

import re
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from trueup import failures
from trueup.beside import result
from trueup.config import Config
from trueup.examples.acts import Act
from trueup.examples.border import Border
from trueup.examples.play import Play
from trueup.examples.stage import Stage
from trueup.examples.story import Kind
from trueup.findings import Finding
from trueup.pages import Block
from trueup.preload import Forkyard
from trueup.processes import reap
from trueup.progress import Playing, Progress
from trueup.seed import Seeds
from trueup.service import Ports, Service, ServiceError, start
from trueup.verify.bench import Bench

_AHEAD = 2
"""Services that are up or starting before their act's turn."""

_PAUSE_SECONDS = 0.1

_MENTIONS = re.compile(r"""\$\{?(?:BASE_URL|PORT|SERVICE_PID)\b|["'](?:BASE_URL|PORT|SERVICE_PID)["']""")


@dataclass(frozen=True)
class Review:
    """What came of one act: findings, how many steps were verified, and new sources of blocks, when writing."""

    findings: list[Finding] = field(default_factory=list)
    verified: int = 0
    rewritten: list[tuple[Block, str]] = field(default_factory=list)


class Theatre:
    """All acts of a run, and the services they need. A service is started shortly before its act's turn.

    The acts play in the folder `scratch`, the data of the services are in `cellar`.
    """

    def __init__(self, config: Config, root: Path, scratch: Path, cellar: Path, acts: Sequence[Act]) -> None:
        self._config, self._root, self._acts = config, root, acts
        self._scratch, self._cellar = scratch, cellar
        self._ports = Ports()
        self._border = Border(root, [scratch, cellar])
        self._seeds = Seeds(config, root, cellar, self._ports)
        # The longest first, so that none is left to play alone at the end.
        self._order = sorted(range(len(acts)), key=lambda index: -acts[index].length)
        self._needing = [index for index in self._order if self._needs_service(acts[index])]
        self._starting: dict[int, Future[Service]] = {}
        self._retired: set[int] = set()
        self._yard: Forkyard | None = None
        self._starter = ThreadPoolExecutor(2, thread_name_prefix="service")
        self._stopper = ThreadPoolExecutor(2, thread_name_prefix="stop")
        self._lock = threading.Lock()
        self._closed = False

    def perform(self, bench: Bench, write: bool, jobs: int, progress: Progress | None = None) -> list[Review]:
        """Play all acts, keeping `jobs` processors busy; the reviews come in the order of the acts.

        `progress` is told which are being played.
        """
        told = Playing(progress or (lambda _: None), len(self._acts))
        service = self._config.service
        if self._needing and service is not None:
            self._yard = Forkyard.of(service, self._cellar)
        # Blocks wait, for the service or for time to pass, far longer than they compute.
        playing = 3 * jobs
        self._begin(playing + _AHEAD)
        with ThreadPoolExecutor(playing, thread_name_prefix="act") as pool:
            futures = {index: pool.submit(self._act, index, bench, write, told) for index in self._order}
            try:
                return [result(futures[index]) for index in range(len(self._acts))]
            except BaseException:
                # Interrupted: what waits is dropped, what runs loses its processes and so ends.
                self._closed = True
                for future in futures.values():
                    future.cancel()
                # Again and again, because an act that waited for its service starts a shell only now.
                running = set(futures.values())
                while running:
                    reap(self._scratch)
                    reap(self._cellar)
                    running = wait(running, timeout=_PAUSE_SECONDS).not_done
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
        """Let the next `ahead` services start, in the order of their acts."""
        with self._lock:
            waiting = [index for index in self._needing if index not in self._starting]
            for index in waiting[: 0 if self._closed else ahead]:
                self._starting[index] = self._starter.submit(self._open, index)

    def _await(self, index: int) -> Service:
        """The service of an act, once it is ready. Raises `ServiceError`."""
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
        return start(
            service,
            self._config.timeouts,
            root=self._root,
            folder=folder,
            ports=self._ports,
            env=self._acts[index].service_env,
            starter=self._yard,
        )

    def _act(self, index: int, bench: Bench, write: bool, told: Playing) -> Review:
        act = self._acts[index]
        path = act.story.page.path
        service = partial(self._await, index) if index in self._needing else None
        try:
            with told.act(f"{path}:{act.line}" if act.steps else path):
                return self._play(act, Stage(path, self._scratch / f"p{index}", service, self._border), bench, write)
        except ServiceError as error:
            first, _, log = str(error).partition("\n")
            return Review([Finding(path, act.line, "service-failed", first, "", log)])
        finally:
            if index in self._needing:
                self._begin(1)
                self._retire(index)

    def _play(self, act: Act, stage: Stage, bench: Bench, write: bool) -> Review:
        play = Play(act, stage, bench, self._config.timeouts, write)
        try:
            if missing := list(self._missing(act)):
                return Review(missing)
            play.perform([self._scenario(name) for name in act.story.options.scenarios], self._failure(act))
        finally:
            stage.close()
        return Review(play.findings, play.verified, [] if self._closed else play.rewritten)

    def _scenario(self, name: str) -> Path:
        return self._root / (self._config.scenarios or "") / f"{name}.sh"

    def _failure(self, act: Act) -> Path | None:
        return self._root / (self._config.failures or "") / f"{act.failure}.sh" if act.failure else None

    def _missing(self, act: Act) -> list[Finding]:
        """A finding for the first file that the act names and that does not exist."""
        path = act.story.page.path
        scenarios = _names(self._root, self._config.scenarios)
        for name in act.story.options.scenarios if act.runs else ():
            if name not in scenarios:
                message = f"unknown scenario {name}; there are: {', '.join(scenarios) or 'none'}"
                return [Finding(path, 1, "scenario-unknown", message)]
        known = _names(self._root, self._config.failures)
        if act.failure and act.failure not in known:
            return [Finding(path, act.line, *failures.unknown(act.failure, known))]
        return []

    def _needs_service(self, act: Act) -> bool:
        options = act.story.options
        if isinstance(options.service, bool):
            return options.service and act.runs
        if options.service is not None:
            return act.runs
        sources = [step.block.source for step in (*act.prelude, *act.steps) if step.runs]
        if act.runs:
            files = [*map(self._scenario, options.scenarios), self._failure(act)]
            sources += [file.read_text(encoding="utf-8", errors="replace") for file in files if file and file.is_file()]
        return any(step.kind in {Kind.HTTP, Kind.QUERY} for step in act.steps) or any(map(_MENTIONS.search, sources))

    def _retire(self, index: int) -> None:
        """Stop the service of an act that has been played, and forget its data; meanwhile others play."""
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


def _names(root: Path, folder: Path | None) -> list[str]:
    """The names of the shell files in a folder."""
    return sorted(path.stem for path in (root / folder).glob("*.sh")) if folder else []
