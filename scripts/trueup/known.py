"""What of a run is known from earlier ones, and what each of its checks reads.

The rule: a check reads every file of the project, with these exceptions. Collecting facts and playing examples read no
*document* (a page, the vocabulary, the configuration of the site, the results of an earlier run) but those that they
are seen to read. The facts note which documents are opened meanwhile; an act reads what its page says of it, and what
its code can reach.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from trueup.collect.settings import Validator
from trueup.config import Config
from trueup.memory import Memory, opened, unchanged
from trueup.reach import reached
from trueup.tree import OWN, digest_of
from trueup.truth import Truth


class Known:
    """The results of one project, as far as they still hold."""

    def __init__(self, memory: Memory, config: Config, root: Path) -> None:
        self._memory, self._config, self._root = memory, config, root

    def truth(self) -> Truth | None:
        """The facts."""
        kept = self._memory.recall("facts", *self._facts)
        if kept is None or not unchanged(self._memory.tree, kept["reads"]):
            return None
        return self.truth_of(kept["truth"])

    def truth_of(self, plain: Mapping[str, Any]) -> Truth:
        """The facts from their plain form; the models of settings are imported only when a value is asked about."""
        return Truth.of_plain(plain, _Verdicts(self._memory, self._code, plain["validators"], self))

    def gather(self) -> Truth:
        """Collect the facts anew. Raises `TrueupError` as `trueup.gather.gather` does."""
        # Imported only here, with FastAPI and all that it brings: facts that are known need none of it.
        from trueup.gather import gather

        with opened() as paths:
            truth = gather(self._config, self._root)
        reads = {path: self._memory.tree.files[path] for path in self._relative(paths) & self._documents}
        self._memory.remember("facts", *self._facts, value={"reads": reads, "truth": truth.plain()})
        verdicts = _Verdicts(self._memory, self._code, truth.validators, self, truth.validators)
        return Truth(truth.inventory, truth.document, verdicts)

    def validators(self) -> Mapping[str, Validator]:
        """The real checks of the values of settings, for which their models are imported."""
        from trueup.collect import settings
        from trueup.collect.load import project_imports

        with project_imports(self._root, self._config.env):
            return settings.validators(self._config.settings)

    def act(self, script: str) -> int | None:
        """How many examples of an act were verified; `script` is all that its page says of it."""
        kept = self._memory.recall("act", *self._act(script))
        return None if kept is None else int(kept)

    def note_act(self, script: str, verified: int) -> None:
        """Remember that all examples of an act are true."""
        self._memory.remember("act", *self._act(script), value=verified)

    def screenshot(self, *reads: str) -> bool:
        """Whether a screenshot showed what it should; `reads` is what it depends on besides the code."""
        return self._memory.recall("screenshot", self._code, *reads) is not None

    def note_screenshot(self, *reads: str) -> None:
        """Remember that a screenshot shows what it should."""
        self._memory.remember("screenshot", self._code, *reads, value=1)

    def check(self, name: str) -> Mapping[str, Any] | None:
        """What a check that reads everything found to count."""
        kept = self._memory.recall(name, self._everything)
        return kept if isinstance(kept, dict) else None

    def note_check(self, name: str, counts: Mapping[str, Any]) -> None:
        """Remember that a check that reads everything found nothing wrong."""
        self._memory.remember(name, self._everything, value=dict(counts))

    @property
    def site_reads(self) -> str:
        """The digest of everything that the site is built from, except the pages."""
        tree = self._memory.tree
        return self._memory.key(tree.digest({path for path in tree.files if _is_page(path, self._config.docs)}))

    @cached_property
    def _everything(self) -> str:
        return self._memory.tree.digest()

    @cached_property
    def _code(self) -> str:
        """Everything but the documents."""
        return self._memory.tree.digest(self._documents)

    @property
    def _facts(self) -> tuple[str, str]:
        # Files are facts, documents among them.
        return self._code, digest_of(sorted(self._memory.tree.files))

    @cached_property
    def _documents(self) -> frozenset[str]:
        config = self._config
        files = (config.vocabulary, config.mkdocs, config.coverage, config.claims.reviewed)
        single = {path.as_posix() for path in files if path}
        served = tuple(f"{name.rstrip('/')}/" for name in (config.service.depends if config.service else ()))
        return frozenset(
            path
            for path in self._memory.tree.files
            if (path in single or path.startswith(f"{OWN}/") or _is_page(path, config.docs))
            and not f"{path}/".startswith(served)
        )

    def _act(self, script: str) -> Iterator[str]:
        for path in sorted(reached([script, *self._shell(script)], self._documents, str(self._root))):
            yield f"{path} {self._memory.tree.files[path]}"
        yield from (script, self._code)

    def _shell(self, script: str) -> Iterator[str]:
        """The scenarios and failures that an act names, or seems to name."""
        for folder in (self._config.scenarios, self._config.failures):
            for path in sorted((self._root / folder).glob("*.sh")) if folder else ():
                if re.search(rf"(?<![\w-]){re.escape(path.stem)}(?![\w-])", script):
                    yield path.read_text(encoding="utf-8", errors="replace")

    def _relative(self, paths: Iterable[str]) -> set[str]:
        return {
            Path(path).relative_to(self._root).as_posix() for path in paths if Path(path).is_relative_to(self._root)
        }


class _Verdicts(Mapping[str, Validator]):
    """The checks of the values of settings: what they said is remembered, so that they are rarely asked."""

    def __init__(
        self,
        memory: Memory,
        code: str,
        names: Iterable[str],
        known: Known,
        real: Mapping[str, Validator] | None = None,
    ) -> None:
        self._memory, self._code, self._known, self._real = memory, code, known, real
        self._names = frozenset(names)

    def __getitem__(self, name: str) -> Validator:
        if name not in self._names:
            raise KeyError(name)
        return lambda text: self._check(name, text)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _check(self, name: str, text: str) -> str | None:
        kept = self._memory.recall("verdict", self._code, name, text)
        if kept is None:
            if self._real is None:
                self._real = self._known.validators()
            kept = [self._real[name](text)]
            self._memory.remember("verdict", self._code, name, text, value=kept)
        problem: str | None = kept[0]
        return problem


def _is_page(path: str, docs: Path) -> bool:
    return path.startswith(f"{docs.as_posix()}/") and PurePosixPath(path).suffix == ".md"
