"""The contract test: schemathesis against the live service, in all its phases, its results as findings."""

import json
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rapidfuzz import process
from schemathesis.checks import CHECKS, load_all_checks

from trueup import openapi_examples
from trueup.collect.openapi import operations
from trueup.config import Config, ContractConfig
from trueup.contract_events import Events, Failure, merged, read_events
from trueup.errors import TrueupError
from trueup.facts import Inventory
from trueup.findings import Finding
from trueup.gather import gather
from trueup.outcome import CheckResult
from trueup.processes import end_group
from trueup.scratch import memory, scratch_folder
from trueup.service import Service, base_environment, tail
from trueup.testbed import open_testbed
from trueup.truth import Truth

_FAILURES_EACH = 3
"""Findings for one operation and check; more of a kind say nothing new."""

_FINISH_SECONDS = 15.0
_FIXED, _GENERATED = "examples,coverage", "fuzzing,stateful"
"""Phases that run beside each other, in processes: a tester mostly waits, and threads of one disturb each other."""
_AT_ONCE = 2
_USAGE_ERROR = 2


@dataclass(frozen=True)
class _Run:
    """One run of schemathesis: its phases, the cases that it generates for each operation, and as whom it asks."""

    phases: str
    most: int
    user: str
    variable: str


@dataclass(frozen=True)
class _Part:
    """What came of some phases: events, the end of what was printed, and of the service's log when it has ended."""

    events: Events
    log: str
    died: str


def run(config: Config, root: Path, truth: Truth | None = None) -> CheckResult:
    """Test every operation of the OpenAPI document against a fresh service; `truth` is gathered when not given.

    Raises `TrueupError` when no service is configured, it does not start, or schemathesis refuses its configuration.
    """
    truth = truth or gather(config, root)
    _known_checks(config.contract)
    file = config.openapi.as_posix() if config.openapi else "pyproject.toml"
    documented = openapi_examples.check(truth.document, truth.inventory, file)
    stale = list(_stale(config.contract, truth.document))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = list(pool.map(lambda one: _part(config, root, truth, one), _runs(config.contract)))
    events = merged([part.events for part in parts])
    log = next((part.log for part in parts if part.events.stopped != "completed"), "")
    died = "".join(part.died for part in parts)
    known = {f"{method} {path}" for method, path, _ in operations(truth.document)}
    findings = [*documented.findings, *stale]
    findings += _findings(events, truth.inventory, file)
    findings += _gaps(events, config.contract, truth.inventory, file, known, log)
    if died:
        findings.append(Finding(file, 1, "service-died", "the service ended during the contract test", "", died))
    figures = {
        "operations": len(known),
        "operations tested": len(known & events.tested),
        "cases": events.cases,
        "failures": len(events.failures),
        "documented examples": documented.counted,
    }
    return CheckResult(tuple(sorted(set(findings))), events.cases, figures)


def _runs(config: ContractConfig) -> list[_Run]:
    """The first user meets everything; what is generated is divided among all of them."""
    users = list((config.users or {"": "TOKEN"}).items())
    share = max(1, config.max_examples // len(users))
    return [_Run(_FIXED, config.max_examples, *users[0]), *(_Run(_GENERATED, share, *user) for user in users)]


def _part(config: Config, root: Path, truth: Truth, run: _Run) -> _Part:
    """Run some phases against a service of their own, so that no other phase deletes what they have made."""
    contract = config.contract
    with (
        scratch_folder(memory()) as scratch,
        open_testbed(config, root, scratch, "contract", contract.scenario) as bed,
    ):
        token = bed.variables.get(run.variable, "")
        if contract.scenario and not token:
            raise TrueupError(f"tool.trueup.contract.scenario: {contract.scenario} exports no {run.variable}")
        events, log = _test(contract, truth.document, scratch / "st", bed.service, token, run)
        events = replace(events, failures=tuple(replace(failure, user=run.user) for failure in events.failures))
        return _Part(events, log, "" if bed.service.alive else bed.service.tail())


def _test(
    config: ContractConfig, document: Mapping[str, Any], folder: Path, service: Service, token: str, run: _Run
) -> tuple[Events, str]:
    """Run schemathesis in `folder`; what happened, and the end of what it printed."""
    folder.mkdir()
    (folder / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "schemathesis.toml").write_text(configuration(config), encoding="utf-8")
    report, log = folder / "events.ndjson", folder / "log"
    command = [
        *("schemathesis", "--config-file", "schemathesis.toml", "run", "openapi.json", "--url", service.base_url),
        *("--max-examples", str(run.most), "--seed", str(config.seed), "--generation-database", "none"),
        *("--report", "ndjson", "--report-ndjson-path", report.name, "--no-color", "--request-timeout", "10"),
        *("--phases", run.phases),
        *(("--header", f"Authorization: Bearer {token}") if token else ()),
    ]
    with log.open("wb") as sink:
        tester = subprocess.Popen(
            command,
            cwd=folder,
            env=base_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            with suppress(subprocess.TimeoutExpired):
                tester.wait(timeout=config.seconds)
            if tester.poll() is None:
                # Interrupted, it still writes its report.
                tester.send_signal(signal.SIGINT)
                with suppress(subprocess.TimeoutExpired):
                    tester.wait(timeout=_FINISH_SECONDS)
        finally:
            end_group(tester)
    if tester.returncode == _USAGE_ERROR:
        raise TrueupError(f"tool.trueup.contract: schemathesis refuses its configuration:\n{tail(log)}")
    return read_events(report, service.base_url), tail(log)


def configuration(config: ContractConfig) -> str:
    """What is left out, as schemathesis's own configuration."""
    checks: dict[str, list[str]] = {}
    for item in config.exclude:
        checks.setdefault(item.operation, [])
        if item.check:
            checks[item.operation].append(item.check)
    whole = {item.operation for item in config.exclude if not item.check}
    lines: list[str] = []
    for operation, names in sorted(checks.items()):
        lines += ["[[operations]]", f"include-name = {json.dumps(operation)}"]
        lines += ["enabled = false"] if operation in whole else [f"checks.{name}.enabled = false" for name in names]
    return "\n".join([*lines, ""])


def _known_checks(config: ContractConfig) -> None:
    """Refuse names of checks that do not exist; schemathesis itself passes over them."""
    load_all_checks()
    known = CHECKS.get_all_names()
    for item in config.exclude:
        if item.check and item.check not in known:
            raise TrueupError(
                f"tool.trueup.contract.exclude: unknown check {item.check!r}; there are {', '.join(sorted(known))}"
            )


def _stale(config: ContractConfig, document: Mapping[str, Any]) -> Iterator[Finding]:
    known = [f"{method} {path}" for method, path, _ in operations(document)]
    for item in config.exclude:
        if item.operation not in known:
            guess = process.extractOne(item.operation, known, score_cutoff=60)
            hint = f"; did you mean {guess[0]}?" if guess else ""
            message = f"tool.trueup.contract.exclude: there is no operation {item.operation}{hint}"
            yield Finding("pyproject.toml", 1, "exemption-stale", message, "correct or remove the entry")


def _findings(events: Events, inventory: Inventory, file: str) -> Iterator[Finding]:
    counts: Counter[tuple[str, str]] = Counter()
    for failure in events.failures:
        counts[failure.operation, failure.check] += 1
        if counts[failure.operation, failure.check] <= _FAILURES_EACH:
            yield _finding(failure, inventory, file)
    for operation, message in events.errors:
        path, line = _place(operation, inventory, file)
        yield Finding(path, line, "contract-error", f"{operation}: could not be tested: {message}")


def _gaps(
    events: Events, config: ContractConfig, inventory: Inventory, file: str, known: set[str], log: str
) -> Iterator[Finding]:
    """What was not tested: single operations, or all that would have come after an early end."""
    if events.stopped == "completed":
        for operation in sorted(known - events.tested - {item.operation for item in config.exclude if not item.check}):
            path, line = _place(operation, inventory, file)
            yield Finding(path, line, "contract-incomplete", f"{operation}: schemathesis did not test it")
        return
    reasons = {
        "": f"was cut off after {config.seconds:g} s",
        "interrupted": f"did not end within {config.seconds:g} s",
    }
    reason = reasons.get(events.stopped, f"stopped early ({events.stopped})")
    message = f"the contract test {reason}, after {events.cases} cases on {len(known & events.tested)} operations"
    mend = "raise tool.trueup.contract.seconds or lower max_examples"
    yield Finding("pyproject.toml", 1, "contract-incomplete", message, mend, "" if events.cases else log)


def _finding(failure: Failure, inventory: Inventory, file: str) -> Finding:
    path, line = _place(failure.operation, inventory, file)
    asker = f" as {failure.user}" if failure.user else ""
    message = f"{failure.operation}{asker}: {failure.title}: {failure.message} ({failure.check})"
    detail = "\n".join(part for part in (failure.request, failure.response) if part)
    return Finding(path, line, "contract-failure", message, "", detail)


def _place(operation: str, inventory: Inventory, file: str) -> tuple[str, int]:
    fact = inventory.get("operation", operation)
    return (fact.file or file, fact.line or 1) if fact is not None else (file, 1)
