"""The bench: everything that verifiers of one run work with, and the one way by which a block is verified."""

import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from trueup.collect.load import failure, load, project_imports
from trueup.committed import read_inventory
from trueup.config import Config
from trueup.facts import Inventory
from trueup.findings import Finding
from trueup.pages import Block
from trueup.plugins import Plugins
from trueup.service import Service, fill
from trueup.verify import env, formats, mermaid, promql, sql
from trueup.verify.consumer import Means, consume
from trueup.verify.formats import PARSERS, MalformedError
from trueup.verify.schemas import Schemas
from trueup.verify.verdict import Fault, Sample, Verdict


@dataclass(frozen=True)
class Bench:
    """What one run has: the project, its committed facts and schemas, its plug-ins."""

    config: Config
    root: Path
    facts: Inventory
    schemas: Schemas
    plugins: Plugins = field(default_factory=Plugins)

    @classmethod
    def set_up(cls, config: Config, root: Path, plugins: Plugins) -> "Bench":
        """Read the committed files. Raises `TrueupError` when one cannot be read."""
        schemas = Schemas.read(root / config.openapi if config.openapi else None)
        return cls(config, root, read_inventory(config, root), schemas, plugins)

    @cached_property
    def _models(self) -> list[Any]:
        with project_imports(self.root, self.config.env):
            return [load(name, "settings") for name in self.config.settings]

    def static(self, path: str, block: Block) -> list[Finding]:
        """Verify a block that is not run."""
        sample = self._sample(path, block)
        return [_finding(sample, block, fault) for fault in self._static(sample, block)]

    def run(
        self, path: str, block: Block, service: Service | None, variables: Mapping[str, str], seconds: float
    ) -> tuple[list[Finding], str | None]:
        """Verify a block in its turn, on the page's service: findings, and what it printed."""
        database = ""
        if service is not None and self.config.service is not None:
            names = {"{port}": str(service.port), "{data}": str(service.data)}
            database = fill(self.config.service.database, names)
        sample = replace(self._sample(path, block), variables=variables, database=database, seconds=seconds)
        language = block.language.lower()
        verdict = self._plugin(language, sample) if language in self.plugins.verifiers else sql.verify(sample)
        return [_finding(sample, block, fault) for fault in verdict.faults], verdict.output

    @cached_property
    def runs_javascript(self) -> bool:
        """Whether Node.js is installed, which blocks of JavaScript need."""
        return shutil.which("node") is not None

    def note(self, blocks: Iterable[Block]) -> str:
        """What the verifiers of `blocks` cannot ask, because it is not installed; empty when nothing is missing."""
        asked = [(block.language.lower(), self._consumer(block)) for block in blocks]
        notes = []
        if shutil.which("promtool") is None and any(consumer in {"prometheus", "rules"} for _, consumer in asked):
            notes.append("promtool is not installed, so files of Prometheus met trueup's own checks alone")
        if not self.runs_javascript and any(language in {"javascript", "js"} for language, _ in asked):
            notes.append("node is not installed, so blocks of JavaScript were not run")
        return "; ".join(notes)

    def _sample(self, path: str, block: Block) -> Sample:
        return Sample(
            block.source, block.language.lower(), block.attributes, path, block.line + 1, self.root, self.facts
        )

    def _static(self, sample: Sample, block: Block) -> Iterator[Fault]:
        name = self._consumer(block)
        if name in self.plugins.verifiers:
            yield from self._plugin(name, sample).faults
            return
        match sample.language:
            case "env" | "dotenv":
                yield from env.faults(sample.source, self._models)
            case "promql":
                yield from promql.faults(sample.source, self.facts)
            case "mermaid":
                yield from mermaid.faults(sample.source)
            case language if language in PARSERS:
                yield from self._data(sample, name)

    def _data(self, sample: Sample, consumer: str) -> Iterator[Fault]:
        try:
            value = formats.parse(sample.language, sample.source)
        except MalformedError as error:
            yield Fault(f"{sample.language} block is no {sample.language.upper()}: {error}", error.line)
            return
        if schema := sample.attributes.get("schema"):
            yield from self.schemas.faults(schema, value)
        if consumer:
            models = self._models if consumer in {"settings", "systemd"} else []
            yield from consume(consumer, sample, value, Means(models, self.schemas))

    def _consumer(self, block: Block) -> str:
        """The consumer that the block names, or the configuration for its title; empty when there is none."""
        title = block.attributes.get("title", "")
        by_title = self.config.consumers.get(title) or self.config.consumers.get(PurePosixPath(title).name, "")
        return block.attributes.get("consumer", by_title)

    def _plugin(self, name: str, sample: Sample) -> Verdict:
        """The verdict of a plug-in, which may raise, answer nonsense or never end."""
        answers: list[Any] = []

        def ask() -> None:
            try:
                answers.append(self.plugins.verifiers[name](sample))
            except Exception as error:
                answers.append(error)

        thread = threading.Thread(target=ask, name=f"verifier {name}", daemon=True)
        with project_imports(self.root, {}):
            thread.start()
            thread.join(sample.seconds)
            what = f"tool.trueup.verifiers.{name}: {self.config.verifiers[name]}"
            match answers:
                case [Verdict() as verdict]:
                    return verdict
                case [Exception() as error]:
                    return Verdict.fault(f"{what} failed: {failure(error)}", code="plugin-failed")
                case [other]:
                    return Verdict.fault(f"{what} returned {type(other).__name__}, no Verdict", code="plugin-failed")
        return Verdict.fault(f"{what} did not end within {sample.seconds:g} s", code="example-timeout")


def _finding(sample: Sample, block: Block, fault: Fault) -> Finding:
    # A parser may complain about the end of the text, one line after the last.
    line = min(block.line + fault.line, max(block.end - 1, block.line))
    return Finding(sample.path, line, fault.code, fault.message, fault.mend)
