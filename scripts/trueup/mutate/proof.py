"""The proof: mutants are made of a clean copy of the project, and each must be reported as expected."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from trueup import accepted, repository, requirements
from trueup.collect import symbols
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.mutate import judge, tree, yard
from trueup.mutate.choice import Choice, Sample, choose
from trueup.mutate.judge import Clean, Survey, Verdict
from trueup.mutate.mutant import Depth, Mutant
from trueup.mutate.score import Fate, Outcome, Score
from trueup.mutate.yard import Done, Task
from trueup.pages import read_pages
from trueup.scratch import memory, scratch_folder

_EXAMPLES = 10
"""How many times longer a mutant may take whose page is played."""

_SITE_SECONDS = 300.0

Progress = Callable[[int, int, str], None]
"""Is told how many mutants are done, of how many, and the title of the last one."""


@dataclass(frozen=True)
class Order:
    """What a run is asked for: `each` mutants of every class (0: all), of some classes only, or a sample of all."""

    each: int
    seed: int
    jobs: int
    only: tuple[str, ...] = ()
    sample: Sample | None = None


@dataclass
class Proof:
    """One run over the project at `root`."""

    config: Config
    root: Path
    order: Order
    progress: Progress
    clock: Callable[[], datetime]
    cpu: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)

    def execute(self) -> Score:
        """Make the mutants and judge them. Raises `TrueupError` when the project is not clean to begin with."""
        started = time.perf_counter()
        # Of what is copied now: the project may be worked on meanwhile.
        state = repository.state(self.root)
        with scratch_folder(memory()) as folder:
            base = tree.base(self.root, folder / tree.BASE)
            found = self._survey(base)
            choice = self._choose(found)
            site = folder / "site"
            if any(mutant.depth is Depth.SITE for mutant in choice.chosen):
                self._clean(self._single(partial(judge.build, base, self.root, site), _SITE_SECONDS).answer)
            yard.preload(found.modules)
            self._read_once(base)
            self._judge(choice, found.clean, base, site, folder)
        return Score(
            finished=self.clock().isoformat(timespec="seconds"),
            commit=state.commit,
            dirty=state.dirty,
            seconds=time.perf_counter() - started,
            cpu=self.cpu,
            jobs=self.order.jobs,
            seed=self.order.seed,
            candidates=len(found.mutants),
            outcomes=self.outcomes,
        )

    def mutants(self) -> tuple[Survey, Choice]:
        """All mutants that there are to choose from, and those that a run would make."""
        with scratch_folder(memory()) as folder:
            found = self._survey(tree.base(self.root, folder / tree.BASE))
        return found, self._choose(found)

    def _survey(self, base: Path) -> Survey:
        self.progress(0, 0, "checking the project as it is")
        answer = self._single(partial(judge.survey, base, self.root), self.config.mutate.seconds * _EXAMPLES).answer
        if not isinstance(answer, Survey):
            raise TrueupError("the project as it is could not be checked; run trueup check")
        self._clean(answer.verdict)
        return answer

    def _single(self, work: Callable[[], object], seconds: float) -> Done:
        done = yard.single(Task("", work, seconds))
        self.cpu += done.cpu
        if done.trouble:
            raise TrueupError(f"the project as it is could not be checked: {done.trouble.strip().splitlines()[-1]}")
        return done

    def _clean(self, verdict: object) -> None:
        if not isinstance(verdict, Verdict):
            raise TypeError(f"no verdict: {verdict!r}")
        if verdict.refused:
            raise TrueupError(verdict.refused)
        if verdict.findings:
            count = len(verdict.findings)
            told = "1 finding" if count == 1 else f"{count} findings"
            raise TrueupError(
                f"the project is not clean, so nothing can be proved; {told}, the first: {verdict.findings[0]}"
            )

    def _choose(self, found: Survey) -> Choice:
        order = self.order
        return choose(found.mutants, each=order.each, seed=order.seed, only=order.only, sample=order.sample)

    def _read_once(self, base: Path) -> None:
        """Read what is read of the clean tree and not run: forks then read only what differs."""
        list(symbols.collect(base, self.config.packages))
        list(requirements.citations(base))
        pages = read_pages(base, self.config.docs)
        accepted.claims(pages, base)
        for page in pages:
            _ = page.spans

    def _judge(self, choice: Choice, clean: Clean | None, base: Path, site: Path, folder: Path) -> None:
        # Those that play a page take longest; started first, none is left to run alone at the end.
        waiting = sorted(choice.chosen, key=lambda mutant: mutant.depth is not Depth.PAGE, reverse=True)
        total, number = len(waiting), 0

        def draw() -> Task | None:
            nonlocal number
            if not waiting:
                return None
            mutant, number = waiting.pop(), number + 1
            work = partial(judge.judge, base, folder / f"m{number}", self.root, site, mutant, clean)
            plays = mutant.depth is Depth.PAGE
            limits = self.config.mutate
            seconds = limits.seconds * (_EXAMPLES if plays else 1)
            return Task(mutant, work, seconds, 0 if plays else limits.memory)

        for done in yard.run(draw, self.order.jobs):
            self.cpu += done.cpu
            outcome = _outcome(done)
            self.outcomes.append(outcome)
            if outcome.fate is Fate.INVALID:
                spare = choice.spare.get(outcome.mutant.group)
                if spare:
                    waiting.append(spare.pop(0))
                    total += 1
            self.progress(len(self.outcomes), total, outcome.mutant.title)


def _outcome(done: Done) -> Outcome:
    mutant: Mutant = done.key
    verdict = done.answer if isinstance(done.answer, Verdict) else Verdict()
    seen = tuple(str(finding) for finding in verdict.findings)
    if done.trouble:
        fate = Fate.ALARM if mutant.expected is None else Fate.SURVIVED
        return Outcome(mutant, fate, others=(done.trouble.strip().splitlines()[-1],), seconds=done.cpu)
    if mutant.expected is None:
        if verdict.refused:
            return Outcome(mutant, Fate.INVALID, others=(verdict.refused,), seconds=done.cpu)
        return Outcome(mutant, Fate.ALARM if seen else Fate.SILENT, others=seen, seconds=done.cpu)
    if verdict.refused:
        met = mutant.expected.refused and all(name in verdict.refused for name in mutant.expected.names)
        fate = Fate.KILLED if met else Fate.SURVIVED if mutant.expected.refused else Fate.INVALID
        told = (verdict.refused,) if not met else ()
        return Outcome(mutant, fate, verdict.refused if met else "", "exit 2" if met else "", told, done.cpu)
    finding = mutant.expected.met_by(verdict.findings)
    if finding is None:
        return Outcome(mutant, Fate.SURVIVED, others=seen, seconds=done.cpu)
    return Outcome(mutant, Fate.KILLED, str(finding), finding.code, seconds=done.cpu)


def summary(score: Score) -> Mapping[str, int]:
    """The counts that decide: mutants killed and survived, harmless edits silent and not."""
    return {fate.value: score.count(fate) for fate in Fate}
