"""Conformance: every state with every event, tried on a live service and held against the transitions that pages show.

The table that counts is the one in the committed inventory: what the pages say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from trueup.collect.load import failure, load, project_imports
from trueup.committed import read_inventory
from trueup.config import Config, ConformanceConfig
from trueup.driver import Drive, Driver, Live, Outcome, Trial
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory
from trueup.findings import Finding
from trueup.gather import gather
from trueup.outcome import CheckResult
from trueup.scratch import memory, scratch_folder
from trueup.service import fill
from trueup.testbed import open_testbed
from trueup.truth import Truth


@dataclass(frozen=True)
class Table:
    """The transitions that pages show, by state and event, and who may cause each event."""

    states: tuple[str, ...]
    events: tuple[str, ...]
    actors: dict[str, str]
    rows: dict[tuple[str, str], Fact]

    @classmethod
    def read(cls, inventory: Inventory, config: ConformanceConfig) -> "Table":
        """The table in an inventory. Raises `TrueupError` when a kind has no facts."""
        found = {kind: inventory.of_kind(kind) for kind in (config.states, config.events, config.transitions)}
        for kind, facts in found.items():
            if not facts:
                raise TrueupError(f"tool.trueup.conformance: there are no facts of the kind {kind!r} in the inventory")
        rows = {
            (str(fact.attributes.get("source") or ""), str(fact.attributes.get("event"))): fact
            for fact in found[config.transitions]
        }
        starts = ("",) if any(not source for source, _ in rows) else ()
        return cls(
            (*starts, *(fact.key for fact in found[config.states])),
            tuple(fact.key for fact in found[config.events]),
            {fact.key: str(fact.attributes.get("actor") or "") for fact in found[config.events]},
            rows,
        )

    def trials(self) -> Iterator[Trial]:
        """Every pair, then every transition with its guard unmet, then every transition by those who may not."""
        for state in self.states:
            for event in self.events:
                yield Trial(state, event, self.actors[event])
        for (state, event), fact in self.rows.items():
            if fact.attributes.get("guard"):
                yield Trial(state, event, self.actors[event], guard=False)
            for actor in sorted(set(self.actors.values()) - {self.actors[event]}):
                yield Trial(state, event, actor)

    def target(self, trial: Trial) -> str | None:
        """The state that a trial must lead to; none: it must be refused."""
        fact = self.rows.get((trial.state, trial.event))
        if fact is None or not trial.guard or trial.actor != self.actors[trial.event]:
            return None
        return str(fact.attributes.get("target"))


def run(config: Config, root: Path, truth: Truth | None = None) -> CheckResult:
    """Try everything on a fresh service; `truth` is gathered when not given.

    Raises `TrueupError` when the service does not start, or the driver cannot be loaded or fails.
    """
    if config.conformance is None:
        raise TrueupError("tool.trueup.conformance is not set; name a driver (see scripts/trueup/README.md)")
    truth = truth or gather(config, root)
    committed = read_inventory(config, root)
    table = Table.read(committed, config.conformance)
    trials = list(table.trials())
    name = config.conformance.driver
    findings: list[Finding] = []
    with (
        scratch_folder(memory()) as scratch,
        open_testbed(
            config, root, scratch, "conformance", config.conformance.scenario, env=config.conformance.env
        ) as bed,
        project_imports(root, config.env),
    ):
        drive: Drive = load(name, "conformance.driver")
        places = {"{port}": str(bed.service.port), "{data}": str(bed.service.data)}
        database = fill(bed.service.config.database, places)
        judge = _Judge(config.conformance, table, truth.inventory, committed)
        try:
            with drive(Live(bed.service.base_url, database, bed.variables)) as driver:
                for trial in trials:
                    findings += judge.finding(trial, _attempt(driver, trial, name))
        except TrueupError:
            raise
        except Exception as error:
            raise TrueupError(f"tool.trueup.conformance.driver: {name} failed: {failure(error)}") from error
    pairs = len(table.states) * len(table.events)
    figures = {
        "pairs": pairs,
        "allowed": len(table.rows),
        "guards": sum(not trial.guard for trial in trials),
        "strangers": sum(trial.actor != table.actors[trial.event] for trial in trials),
    }
    return CheckResult(tuple(sorted(set(findings))), pairs, figures)


def _attempt(driver: Driver, trial: Trial, name: str) -> Outcome:
    try:
        outcome = driver.attempt(trial)
    except Exception as error:
        what = f"{trial.state or 'new'} + {trial.event} by {trial.actor}"
        raise TrueupError(f"tool.trueup.conformance.driver: {name} failed at {what}: {failure(error)}") from error
    if not isinstance(outcome, Outcome):
        raise TrueupError(
            f"tool.trueup.conformance.driver: {name} answered {type(outcome).__name__}, not trueup.driver.Outcome"
        )
    return outcome


@dataclass(frozen=True)
class _Judge:
    config: ConformanceConfig
    table: Table
    now: Inventory
    committed: Inventory

    def finding(self, trial: Trial, outcome: Outcome) -> Iterator[Finding]:
        """What is wrong with the outcome of a trial."""
        expected = self.table.target(trial)
        wrong = self._refused(trial, outcome) if expected is None else self._expected(expected, outcome)
        if wrong:
            place = self._place(trial)
            pair = f"{trial.state or 'new'} + {trial.event}"
            path, line = (place.file, place.line or 1) if place is not None else ("pyproject.toml", 1)
            mend = "correct the code, or the transition that the pages show"
            yield Finding(path, line, "conformance-differs", f"{pair}{self._as(trial)}: {wrong}", mend)

    def _as(self, trial: Trial) -> str:
        if trial.actor != self.table.actors[trial.event]:
            return f" as {trial.actor}"
        return "" if trial.guard else ", its guard not met"

    def _expected(self, expected: str, outcome: Outcome) -> str:
        if not outcome.happened:
            why = f" with {outcome.problem}" if outcome.problem else ""
            return f"must lead to {expected}, but was refused{why}"
        if outcome.state != expected:
            return f"must lead to {expected}, but led to {outcome.state or 'nothing'}"
        return ""

    def _refused(self, trial: Trial, outcome: Outcome) -> str:
        if outcome.happened:
            return f"must be refused, but happened; the state is {outcome.state or 'none'}"
        if outcome.state != trial.state:
            return f"must change nothing, but the state is {outcome.state or 'none'} now"
        if not outcome.problem:
            return ""
        known = [fact.key for fact in self.committed.of_kind(self.config.problems)]
        if known and outcome.problem not in known:
            return f"was refused with {outcome.problem}, which is documented nowhere"
        plain = trial.guard and trial.actor == self.table.actors[trial.event]
        wanted = self.config.problem if trial.state else self.config.absent
        if plain and wanted and outcome.problem != wanted:
            return f"must be refused with {wanted}, but was with {outcome.problem}"
        return ""

    def _place(self, trial: Trial) -> Fact | None:
        """Where the code has the transition, else where it names the event."""
        row = self.table.rows.get((trial.state, trial.event))
        kinds = self.config
        here = self.now.get(kinds.transitions, row.key) if row is not None else None
        return here or self.now.get(kinds.events, trial.event) or row
