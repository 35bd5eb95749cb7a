"""Holding what a block really printed against what the page documents, or writing it there."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from trueup.examples import request
from trueup.examples.compare import Comparison, compare_json, compare_text
from trueup.examples.rewrite import merge_json, merge_text
from trueup.examples.story import Step
from trueup.examples.transcript import without_blank_lines
from trueup.findings import Finding
from trueup.normalise import Ledger
from trueup.pages import Block
from trueup.verify.schemas import Schemas


@dataclass
class Agreement:
    """The outputs of one act, in order. With `write`, differences become new sources of blocks, else findings."""

    path: str
    schemas: Schemas
    ledger: Ledger
    write: bool
    public: Callable[[str], str]
    """Output as a reader would see it."""
    findings: list[Finding] = field(default_factory=list)
    rewritten: list[tuple[Block, str]] = field(default_factory=list)

    def forget(self, findings: int, rewritten: int) -> None:
        """Drop what was noted after there were so many; ids that were met stay known."""
        del self.findings[findings:]
        del self.rewritten[rewritten:]

    def output(self, step: Step, real: str) -> None:
        """Hold the output documented for a block, if any, against the real one."""
        if step.output is not None:
            self._schema(step.output, real)
            self._agree(step, step.output, real)

    def transcript(self, step: Step, real: str) -> None:
        """Hold a block that shows commands and their outputs against the real transcript."""
        self._agree(step, step.block, without_blank_lines(real), transcript=True)

    def response(self, step: Step, output: Block, response: httpx.Response) -> None:
        """Hold a documented response, with status line and headers, against the real one."""
        try:
            documented = request.read_message(output.source) if output.source.strip() else None
        except request.MessageError as error:
            self.findings.append(Finding(self.path, output.line + error.line, "block-invalid", f"http output: {error}"))
            return
        real_head = request.head(response, documented)
        shown_head = request.documented_head(documented) if documented else ""
        shown_body = documented.body if documented else ""
        heads = compare_text(shown_head, real_head, self.ledger, step.patterns)
        bodies = self._bodies(step, output, shown_body, response.text, documented)
        self._schema(output, response.text)
        if bodies is None or (heads.agrees and bodies.agrees):
            return
        if self.write:
            new = merge_text(shown_head, self.public(real_head), self.ledger, step.patterns)
            if response.text:
                new += "\n" + self._merge(step, shown_body, self.public(response.text))
            self.rewritten.append((output, new))
            return
        self._differs(output, "\n".join(item.diff for item in (heads, bodies) if item.diff))

    def _bodies(
        self, step: Step, output: Block, shown: str, real: str, documented: request.Message | None
    ) -> Comparison | None:
        """The comparison of two bodies; none, and a finding, when the documented one cannot be read."""
        if not request.is_json(real) or not shown.strip():
            return compare_text(shown, real, self.ledger, step.patterns)
        try:
            return compare_json(shown, real, self.ledger, step.patterns, step.volatile)
        except json.JSONDecodeError as error:
            if self.write:
                return Comparison("the documented body is no JSON")
            line = output.line + (documented.body_line if documented else 1) + error.lineno - 1
            self.findings.append(Finding(self.path, line, "block-invalid", f"documented body is no JSON: {error.msg}"))
            return None

    def _agree(self, step: Step, block: Block, real: str, *, transcript: bool = False) -> None:
        shown = without_blank_lines(block.source) if transcript else block.source
        # Where nothing is documented yet, there is no JSON to read.
        as_json = not transcript and block.language.lower() == "json" and (self.write or bool(shown.strip()))
        try:
            if as_json:
                result = compare_json(shown, real, self.ledger, step.patterns, step.volatile)
            else:
                result = compare_text(shown, real, self.ledger, step.patterns)
        except json.JSONDecodeError as error:
            if not self.write:
                message = f"documented output is no JSON: {error.msg}"
                self.findings.append(Finding(self.path, block.line + error.lineno, "block-invalid", message))
                return
            result = Comparison(str(error))
        if result.agrees:
            return
        if self.write and (not as_json or request.is_json(real)):
            public = self.public(real)
            merged = self._merge(step, shown, public) if as_json else None
            self.rewritten.append((block, merged or merge_text(shown, public, self.ledger, step.patterns)))
            return
        self._differs(block, result.diff)

    def _merge(self, step: Step, shown: str, real: str) -> str:
        if request.is_json(real):
            return merge_json(shown, real, self.ledger, step.patterns, step.volatile)
        return merge_text(shown, real, self.ledger, step.patterns)

    def _differs(self, block: Block, diff: str) -> None:
        place = f"{self.path}:{block.line}"
        mend = f"run `trueup check {place}` to repeat it, `trueup write {place}` to take the output over"
        message = "documented output differs from the real one"
        self.findings.append(Finding(self.path, block.line, "example-differs", message, mend, diff))

    def _schema(self, output: Block, real: str) -> None:
        if (name := output.attributes.get("schema")) is not None and request.is_json(real):
            for fault in self.schemas.faults(name, json.loads(real)):
                self.findings.append(Finding(self.path, output.line, fault.code, fault.message, fault.mend))
