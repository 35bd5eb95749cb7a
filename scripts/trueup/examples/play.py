"""Playing one step of a story on its stage: run it, compare what it printed, and say what disagrees."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic

import httpx

from trueup.examples import request
from trueup.examples.compare import Comparison, compare_json, compare_text
from trueup.examples.rewrite import merge_json, merge_text
from trueup.examples.runner import Trouble
from trueup.examples.stage import SHOWN_ADDRESS, Outcome, Stage
from trueup.examples.story import Kind, Step, Story
from trueup.examples.transcript import commands, without_blank_lines
from trueup.findings import Finding
from trueup.normalise import Ledger
from trueup.pages import Block
from trueup.verify.bench import Bench

_TAIL_LINES = 20
_CODES: dict[Trouble, str] = {
    "": "example-failed",
    "timeout": "example-timeout",
    "flood": "example-flood",
    "died": "example-died",
}


class _StopError(Exception):
    """The rest of the page cannot be run; carries the finding that says why."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


@dataclass
class Play:
    """One page's story on its stage. `seconds` and `page_seconds` limit a block and the whole page."""

    story: Story
    stage: Stage
    bench: Bench
    seconds: float
    page_seconds: float
    write: bool
    verified: int = 0
    findings: list[Finding] = field(default_factory=list)
    rewritten: list[tuple[Block, str]] = field(default_factory=list)
    """New sources of blocks whose outputs no longer agree; only when writing."""

    def __post_init__(self) -> None:
        self._ledger = Ledger(self.bench.plugins.normalisers)
        self._deadline = monotonic() + self.page_seconds

    @property
    def path(self) -> str:
        """The page's path, as findings name it."""
        return self.story.page.path

    def perform(self) -> None:
        """Play every step in order; after one that fails, the steps that would run after it are left out."""
        stopped: Finding | None = None
        skipped = 0
        for step in self.story.steps:
            if step.kind is Kind.DATA:
                self.findings += self.bench.static(self.path, step.block)
                self.verified += 1
            elif stopped is not None:
                skipped += 1
            else:
                try:
                    self._play(step)
                except _StopError as stop:
                    stopped = stop.finding
        if stopped is not None:
            more = f"; the {skipped} examples after it were not run" if skipped else ""
            self.findings.append(
                Finding(self.path, stopped.line, stopped.code, stopped.message + more, stopped.mend, stopped.detail)
            )

    def _play(self, step: Step) -> None:
        limit = min(step.number("timeout", self.seconds), self._deadline - monotonic())
        if limit <= 0:
            message = f"the page's examples did not end within {self.page_seconds:g} s"
            raise _StopError(Finding(self.path, step.block.line, "example-timeout", message))
        match step.kind:
            case Kind.BASH:
                outcome = self.stage.bash(step.block.source, step.block.line + 1, limit)
                self._require(step, outcome, limit)
                self._compare(step, outcome.output)
            case Kind.CONSOLE:
                self._console(step, limit)
            case Kind.PYTHON:
                outcome, _ = self.stage.python(step.block.source, step.block.line + 1, limit)
                self._require(step, outcome, limit)
                self._compare(step, outcome.output)
            case Kind.PROMPTS:
                self._prompts(step, limit)
            case Kind.HTTP:
                self._http(step, limit)
            case Kind.QUERY | Kind.PLUGIN:
                self._verifier(step, limit)
        self._sound(step)
        self.verified += 1

    def _verifier(self, step: Step, limit: float) -> None:
        stage = self.stage
        found, output = self.bench.run(self.path, step.block, stage.service, stage.variables, limit)
        self.findings += found
        if not found and output is not None:
            self._compare(step, output)

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
        self._agree(step, step.block, without_blank_lines("\n".join(lines)), transcript=True)

    def _prompts(self, step: Step, limit: float) -> None:
        outcome, transcript = self.stage.python(step.block.source, step.block.line + 1, limit)
        if outcome.trouble or (not outcome.ok and not transcript):
            self._require(step, outcome, limit)
        self._agree(step, step.block, without_blank_lines(transcript + outcome.output), transcript=True)

    def _http(self, step: Step, limit: float) -> None:
        block = step.block
        service = self.stage.service
        try:
            if service is None:
                raise request.MessageError(1, "the page has `service: false` in its front matter, but sends a request")
            text = request.substitute(self._ledger.to_real(block.source.rstrip("\n")), self.stage.variables)
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
            self._compare(step, response.text)
        else:
            self._response(step, step.output, response)

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

    def _response(self, step: Step, output: Block, response: httpx.Response) -> None:
        try:
            documented = request.read_message(output.source) if output.source.strip() else None
        except request.MessageError as error:
            self.findings.append(Finding(self.path, output.line + error.line, "block-invalid", f"http output: {error}"))
            return
        real_head = request.head(response, documented)
        shown_head = request.documented_head(documented) if documented else ""
        shown_body = documented.body if documented else ""
        heads = compare_text(shown_head, real_head, self._ledger, step.patterns)
        bodies = self._bodies(step, output, shown_body, response.text, documented)
        self._schema(output, response.text)
        if bodies is None or (heads.agrees and bodies.agrees):
            return
        if self.write:
            new = merge_text(shown_head, self._public(real_head), self._ledger, step.patterns)
            if response.text:
                new += "\n" + self._merge(step, shown_body, self._public(response.text))
            self.rewritten.append((output, new))
            return
        self._differs(output, "\n".join(item.diff for item in (heads, bodies) if item.diff))

    def _bodies(
        self, step: Step, output: Block, shown: str, real: str, documented: request.Message | None
    ) -> Comparison | None:
        """The comparison of two bodies; none, and a finding, when the documented one cannot be read."""
        if not request.is_json(real) or not shown.strip():
            return compare_text(shown, real, self._ledger, step.patterns)
        try:
            return compare_json(shown, real, self._ledger, step.patterns, step.volatile)
        except json.JSONDecodeError as error:
            if self.write:
                return Comparison("the documented body is no JSON")
            line = output.line + (documented.body_line if documented else 1) + error.lineno - 1
            self.findings.append(Finding(self.path, line, "block-invalid", f"documented body is no JSON: {error.msg}"))
            return None

    def _compare(self, step: Step, real: str) -> None:
        if step.output is not None:
            self._schema(step.output, real)
            self._agree(step, step.output, real)

    def _agree(self, step: Step, block: Block, real: str, *, transcript: bool = False) -> None:
        """Hold the documented output in `block` against the real one."""
        shown = without_blank_lines(block.source) if transcript else block.source
        # Where nothing is documented yet, there is no JSON to read.
        as_json = not transcript and block.language.lower() == "json" and (self.write or bool(shown.strip()))
        try:
            if as_json:
                result = compare_json(shown, real, self._ledger, step.patterns, step.volatile)
            else:
                result = compare_text(shown, real, self._ledger, step.patterns)
        except json.JSONDecodeError as error:
            if not self.write:
                message = f"documented output is no JSON: {error.msg}"
                self.findings.append(Finding(self.path, block.line + error.lineno, "block-invalid", message))
                return
            result = Comparison(str(error))
        if result.agrees:
            return
        if self.write and (not as_json or request.is_json(real)):
            public = self._public(real)
            merged = self._merge(step, shown, public) if as_json else None
            self.rewritten.append((block, merged or merge_text(shown, public, self._ledger, step.patterns)))
            return
        self._differs(block, result.diff)

    def _merge(self, step: Step, shown: str, real: str) -> str:
        if request.is_json(real):
            return merge_json(shown, real, self._ledger, step.patterns, step.volatile)
        return merge_text(shown, real, self._ledger, step.patterns)

    def _public(self, text: str) -> str:
        """Output as a reader would see it: with the address that the pages use."""
        service = self.stage.service
        return text if service is None else text.replace(f"127.0.0.1:{service.port}", SHOWN_ADDRESS)

    def _differs(self, block: Block, diff: str) -> None:
        mend = f"run `trueup check {self.path}` to repeat it, `trueup write` to take the output over"
        self.findings.append(
            Finding(self.path, block.line, "example-differs", "documented output differs from the real one", mend, diff)
        )

    def _schema(self, output: Block, real: str) -> None:
        if (name := output.attributes.get("schema")) is not None and request.is_json(real):
            for fault in self.bench.schemas.faults(name, json.loads(real)):
                self.findings.append(Finding(self.path, output.line, fault.code, fault.message, fault.mend))

    def _require(self, step: Step, outcome: Outcome, limit: float, status: int | None = None, offset: int = 0) -> None:
        """Stop unless the code ended with the documented status, or `status` when that is given."""
        wanted = int(step.number("exit", 0)) if status is None else status
        if not outcome.trouble and outcome.status == wanted:
            return
        expected = f", expected {wanted}" if wanted and not outcome.trouble else ""
        message = f"{step.kind.value} block {outcome.describe(limit)}{expected}"
        mend = f"run `trueup check {self.path}` to repeat it"
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
        service = self.stage.service
        if service is not None and not service.alive:
            message = f"the service ended with status {service.process.returncode} while the block ran"
            yield Finding(self.path, step.block.line, "service-died", message, "", service.tail())
