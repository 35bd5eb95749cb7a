"""Playing one act on its stage: prepare it, run its blocks in order, and say what disagrees."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import httpx

from trueup.config import TimeoutConfig
from trueup.examples import request
from trueup.examples.acts import Act
from trueup.examples.agreement import Agreement
from trueup.examples.runner import Trouble
from trueup.examples.stage import SHOWN_ADDRESS, Outcome, Stage
from trueup.examples.story import Kind, Step
from trueup.examples.transcript import commands
from trueup.findings import Finding
from trueup.normalise import Ledger
from trueup.nouns import counted
from trueup.pages import Block
from trueup.verify.bench import Bench

_TAIL_LINES = 20
_ASKING = frozenset({Kind.BASH, Kind.CONSOLE, Kind.PYTHON, Kind.PROMPTS, Kind.JAVASCRIPT})
_LOCAL = re.compile(r"https?://(?:127\.0\.0\.1|localhost):(\d+)")
_CODES: dict[Trouble, str] = {
    "": "example-failed",
    "timeout": "example-timeout",
    "flood": "example-flood",
    "died": "example-died",
}


class _StopError(Exception):
    """The rest of the act cannot be run; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass
class Play:
    """One act on its stage. `write` collects new sources of blocks whose outputs do not agree, instead of findings."""

    act: Act
    stage: Stage
    bench: Bench
    limits: TimeoutConfig
    write: bool
    verified: int = 0

    def __post_init__(self) -> None:
        self._agreement = Agreement(
            self.path, self.bench.schemas, Ledger(self.bench.plugins.normalisers), self.write, self._public
        )
        self._deadline = monotonic() + self.limits.page
        self._replaying = False
        self._service_ended = False

    @property
    def path(self) -> str:
        """The page's path, as findings name it."""
        return self.act.story.page.path

    @property
    def findings(self) -> list[Finding]:
        """What disagrees, so far."""
        return self._agreement.findings

    @property
    def rewritten(self) -> list[tuple[Block, str]]:
        """New sources of blocks whose outputs no longer agree; only when writing."""
        return self._agreement.rewritten

    def perform(self, scenarios: Sequence[Path], failure: Path | None) -> None:
        """Play the act: `scenarios`, its prelude, the script of its `failure`, then every step in order.

        After a step that fails, the steps that would run after it are left out.
        """
        stopped: Finding | None = None
        skipped = 0
        ready = not self.act.runs or self._prepare(scenarios, failure)
        for step in self.act.steps:
            if not step.runs:
                self.findings.extend(self.bench.static(self.path, step.block))
                self.verified += 1
            elif stopped is not None:
                skipped += 1
            elif ready:
                try:
                    self._play(step)
                except _StopError as stop:
                    stopped = stop.finding
        if stopped is not None:
            more = f"; {counted(skipped, 'example')} after it not run" if skipped else ""
            self.findings.append(
                Finding(self.path, stopped.line, stopped.code, stopped.message + more, stopped.mend, stopped.detail)
            )

    def _prepare(self, scenarios: Sequence[Path], failure: Path | None) -> bool:
        """Bring the stage to where the first step finds it; whether that went well."""
        try:
            for file in scenarios:
                self._source(file, Finding(self.path, 1, "scenario-failed", f"scenario {file.stem}"))
            self._replaying = True
            for step in self.act.prelude:
                self._replay(step)
            self._replaying = False
            if failure is not None:
                message = f"failure {failure.stem} was not brought about: its script"
                self._source(failure, Finding(self.path, self.act.line, "failure-ineffective", message))
                service = self.stage.service
                self._service_ended = service is not None and service.ended
        except _StopError as stop:
            self.findings.append(stop.finding)
            return False
        return True

    def _source(self, file: Path, blame: Finding) -> None:
        """Source a shell file; when it fails, `blame` begins the message."""
        limit = self._limit(self.limits.block, blame.line)
        outcome = self.stage.source(file, limit)
        if not outcome.ok:
            message = f"{blame.message} {outcome.describe(limit)}"
            raise _StopError(Finding(blame.path, blame.line, blame.code, message, "", outcome.output[-2000:]))

    def _replay(self, step: Step) -> None:
        """Play a step of the prelude once more. It has been verified elsewhere: here, only its ids are learnt."""
        before = len(self.findings), len(self.rewritten), self.verified
        try:
            self._play(step)
        except _StopError as stop:
            found = stop.finding
            message = f"{found.message}; it was played once more, for the scene in line {self.act.line}"
            raise _StopError(Finding(found.path, found.line, found.code, message, found.mend, found.detail)) from None
        self._agreement.forget(*before[:2])
        self.verified = before[2]

    def _limit(self, seconds: float, line: int) -> float:
        limit = min(seconds, self._deadline - monotonic())
        if limit <= 0:
            whole = "scene" if self.act.scene else "page"
            message = f"the {whole}'s examples did not end within {self.limits.page:g} s"
            raise _StopError(Finding(self.path, line, "example-timeout", message))
        return limit

    def _play(self, step: Step) -> None:
        self._at_home(step)
        limit = self._limit(step.number("timeout", self.limits.block), step.block.line)
        match step.kind:
            case Kind.BASH:
                outcome = self.stage.bash(step.block.source, step.block.line + 1, limit)
                self._require(step, outcome, limit)
                self._agreement.output(step, outcome.output)
            case Kind.CONSOLE:
                self._console(step, limit)
            case Kind.PYTHON:
                outcome, _ = self.stage.python(step.block.source, step.block.line + 1, limit)
                self._require(step, outcome, limit)
                self._agreement.output(step, outcome.output)
            case Kind.JAVASCRIPT:
                if not self.bench.runs_javascript:
                    return
                outcome = self.stage.javascript(step.block.source, step.block.line + 1, limit)
                self._require(step, outcome, limit)
                self._agreement.output(step, outcome.output)
            case Kind.PROMPTS:
                self._prompts(step, limit)
            case Kind.HTTP:
                self._http(step, limit)
            case Kind.QUERY | Kind.PLUGIN:
                self._verifier(step, limit)
        self._sound(step)
        self.verified += 1

    def _at_home(self, step: Step) -> None:
        """Stop before a block that asks whatever listens on a port of this machine, rather than the page's service."""
        if self.act.story.options.service is False or step.kind not in _ASKING:
            return
        for match in _LOCAL.finditer(step.block.source):
            # What the act itself starts on that port, it may ask.
            steps = (*self.act.prelude, *self.act.steps)
            others = _LOCAL.sub("", "\n".join(each.block.source for each in steps))
            if re.search(rf"(?<!\d){match[1]}(?!\d)", others):
                continue
            line = step.block.line + 1 + step.block.source.count("\n", 0, match.start())
            message = f"the block calls {match[0]}, which is not the service of this page"
            raise _StopError(Finding(self.path, line, "example-elsewhere", message, "write $BASE_URL"))

    def _verifier(self, step: Step, limit: float) -> None:
        stage = self.stage
        found, output = self.bench.run(self.path, step.block, stage.service, stage.variables, limit)
        self.findings.extend(found)
        if not found and output is not None:
            self._agreement.output(step, output)

    def _console(self, step: Step, limit: float) -> None:
        found = commands(step.block.source)
        if not found:
            message = "console block holds no command; write them after `$ `"
            self.findings.append(Finding(self.path, step.block.line, "block-invalid", message))
            return
        lines: list[str] = []
        deadline = monotonic() + limit
        for index, command in enumerate(found):
            left = max(deadline - monotonic(), 0.001)
            outcome = self.stage.bash(command.code, step.block.line + 1 + command.line, left)
            # The status that the block documents is that of its last command.
            last = index == len(found) - 1
            self._require(step, outcome, limit, 0 if not last else None, command.line + 1)
            lines += [*command.shown, *outcome.output.splitlines()]
        self._agreement.transcript(step, "\n".join(lines))

    def _prompts(self, step: Step, limit: float) -> None:
        outcome, transcript = self.stage.python(step.block.source, step.block.line + 1, limit)
        if outcome.trouble or (not outcome.ok and not transcript):
            self._require(step, outcome, limit)
        self._agreement.transcript(step, transcript + outcome.output)

    def _http(self, step: Step, limit: float) -> None:
        block = step.block
        service = self.stage.service
        try:
            if service is None:
                raise request.MessageError(1, "the page has `service: false` in its front matter, but sends a request")
            source = self._agreement.ledger.to_real(block.source.rstrip("\n"))
            text = request.substitute(source, self.stage.variables)
            response = request.send(request.read_message(text), service.base_url, limit)
        except request.MessageError as error:
            raise _StopError(
                Finding(self.path, block.line + error.line, "block-invalid", f"http block: {error}")
            ) from None
        except (OverflowError, httpx.HTTPError, ValueError) as error:
            code = "example-flood" if isinstance(error, OverflowError) else "example-failed"
            code = "example-timeout" if isinstance(error, httpx.TimeoutException) else code
            self._sound(step)
            raise _StopError(
                Finding(self.path, block.line, code, f"request failed: {str(error) or type(error).__name__}")
            ) from None
        if step.output is None or step.output.language.lower() != "http":
            self._status(step, response)
            self._agreement.output(step, response.text)
        else:
            self._agreement.response(step, step.output, response)

    def _status(self, step: Step, response: httpx.Response) -> None:
        expected = step.block.attributes.get("status")
        if str(response.status_code) == expected or (expected is None and not response.is_error):
            return
        raise _StopError(
            Finding(
                self.path,
                step.block.line,
                "example-failed",
                f"request was answered with status {response.status_code}, not {expected or '2xx'}",
                "" if expected else f"write {{.http status={response.status_code}}} if that is meant",
                response.text[:2000],
            )
        )

    def _public(self, text: str) -> str:
        """Output as a reader would see it: with the address that the pages use."""
        service = self.stage.service
        return text if service is None else text.replace(f"127.0.0.1:{service.port}", SHOWN_ADDRESS)

    def _require(self, step: Step, outcome: Outcome, limit: float, status: int | None = None, offset: int = 0) -> None:
        """Stop unless the code ended with the documented status, or `status` when that is given."""
        wanted = int(step.number("exit", 0)) if status is None else status
        if not outcome.trouble and outcome.status == wanted:
            return
        expected = f", expected {wanted}" if wanted and not outcome.trouble else ""
        message = f"{step.kind.value} block {outcome.describe(limit)}{expected}"
        line = self.act.line if self._replaying else step.block.line
        mend = f"run `trueup check {self.path}:{line}` to repeat it"
        detail = "\n".join(outcome.output.splitlines()[-_TAIL_LINES:])
        self._sound(step)
        raise _StopError(Finding(self.path, step.block.line + offset, _CODES[outcome.trouble], message, mend, detail))

    def _sound(self, step: Step) -> None:
        """Stop when a block has broken the stage itself."""
        for finding in self._broken(step):
            raise _StopError(finding)

    def _broken(self, step: Step) -> Iterator[Finding]:
        if not self.stage.work.is_dir():
            message = "block deleted the scratch folder that the page's blocks run in"
            yield Finding(self.path, step.block.line, "example-scratch", message)
        if (border := self.stage.border) and (changed := border.changes()):
            message = f"the project was changed while the block ran: {changed}"
            mend = (
                "let the block write to its own folder only; if the service wrote it, give it a folder of its own: "
                'NAME = "{data}" in tool.trueup.service.env'
            )
            yield Finding(self.path, step.block.line, "example-trespassed", message, mend)
        service = self.stage.service
        # A failure may have ended the service before the first step.
        if service is not None and not service.alive and not self._service_ended:
            message = f"the service ended with status {service.process.returncode} while the block ran"
            yield Finding(self.path, step.block.line, "service-died", message, "", service.tail())
