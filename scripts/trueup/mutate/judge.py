"""What the checks say about one tree. Everything here runs in a process that is thrown away afterwards."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trueup import config as configuration
from trueup import generated, links, sitebuild
from trueup.check import Run, choose
from trueup.collect import files, symbols
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.examples.run import run_pages
from trueup.facts import AMBIENT_KINDS
from trueup.findings import Finding
from trueup.gather import gather
from trueup.keptsite import KeptSite
from trueup.known import Known
from trueup.memory import Memory
from trueup.mutate import operators, tree
from trueup.mutate.ground import Ground
from trueup.mutate.mutant import Depth, Edit, Mutant, Side
from trueup.pages import read_pages
from trueup.scope import Scope
from trueup.truth import Truth

_PAGES = "pages"
"""Stands for everything that the clean site was built from, its pages aside."""


@dataclass(frozen=True)
class Verdict:
    """The findings about one tree, or the error that ended the run."""

    findings: tuple[Finding, ...] = ()
    refused: str = ""


@dataclass(frozen=True)
class Survey:
    """What the clean tree gave: its verdict, the mutants that operators make of it, and the modules it imported."""

    verdict: Verdict
    mutants: tuple[Mutant, ...] = ()
    modules: tuple[str, ...] = ()
    clean: "Clean | None" = None


@dataclass(frozen=True)
class Clean:
    """What the code of the clean tree says, as plain values, and the files that were read to know it.

    A mutant that leaves these files alone is one whose code says the same.
    """

    truth: Mapping[str, Any]
    files: frozenset[str]

    def truth_at(self, root: Path, config: Config, edits: Sequence[Edit]) -> Truth | None:
        """What the code of a tree with these edits says; none when it must be asked."""
        if any(edit.path in self.files or not edit.path.endswith((".md", ".py")) for edit in edits):
            return None
        ambient = [*files.collect(root), *symbols.collect(root, config.packages)]
        plain = dict(self.truth)
        plain["facts"] = [fact for fact in plain["facts"] if fact[0] not in ("file", "symbol")]
        plain["facts"] += [[fact.kind, fact.key, dict(fact.attributes), fact.file, fact.line] for fact in ambient]
        return Known(Memory.none(), config, root).truth_of(plain)


def survey(root: Path, project: Path) -> Survey:
    """Check the clean tree at `root`, a copy of `project`, and let the operators look at it."""
    _move_in(root, project)
    known = set(sys.modules)
    config = configuration.load(root)
    try:
        truth = gather(config, root)
    except TrueupError as error:
        return Survey(Verdict(refused=str(error)))
    verdict = _judged(config, root, Depth.STATIC, (), truth)
    if verdict.findings or verdict.refused:
        return Survey(verdict)
    pages = tuple(read_pages(root, config.docs))
    found = tuple(operators.mutants(Ground(config, root, truth, pages)))
    modules = tuple(name for name in sys.modules if name not in known and _foreign(name, root))
    return Survey(verdict, found, modules, Clean(truth.plain(), _read(root, truth)))


def _read(root: Path, truth: Truth) -> frozenset[str]:
    """The files that facts come from, and those of all modules of the project that were imported for them."""
    places = {fact.file for fact in truth.inventory if fact.kind not in AMBIENT_KINDS}
    modules = (Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None)))
    return frozenset(places | {path.relative_to(root).as_posix() for path in modules if path.is_relative_to(root)})


def build(root: Path, project: Path, site: Path) -> Verdict:
    """Build the site of the clean tree, which mutants of single pages are then built into."""
    _move_in(root, project)
    config = configuration.load(root)
    kept = KeptSite(site, _PAGES)
    verdict = _site(config, root, kept)
    kept.keep()
    return verdict


def judge(base: Path, target: Path, project: Path, site: Path, mutant: Mutant, clean: Clean | None = None) -> Verdict:
    """Apply a mutant to a copy of the clean tree `base` at `target`, and check it as deep as it needs."""
    try:
        tree.copy(base, target, mutant.edits)
        _move_in(target, project)
        config = configuration.load(target)
        if mutant.written:
            generated.write(gather(config, target), config, target)
        if mutant.depth is Depth.SITE and mutant.side is not Side.HARMLESS:
            return _rebuilt(config, target, KeptSite(site, ""), _PAGES if _only_pages(mutant, base) else "")
        truth = clean.truth_at(target, config, mutant.edits) if clean and mutant.depth is not Depth.PAGE else None
        return _judged(config, target, mutant.depth, mutant.pages, truth)
    except TrueupError as error:
        return Verdict(refused=str(error))
    finally:
        shutil.rmtree(target, ignore_errors=True)


def _judged(config: Config, root: Path, depth: Depth, pages: Sequence[str], truth: Truth | None = None) -> Verdict:
    try:
        if depth is Depth.PAGE:
            chosen = choose(read_pages(root, config.docs), pages, config)
            return Verdict(run_pages(config, chosen, root=root, write=False, jobs=1).findings)
        scope = Scope(examples=False, links=depth is Depth.SITE)
        run = Run(config, root, scope, lambda *_: None, lambda: datetime.now(UTC), truth=truth)
        return Verdict(tuple(run.execute().findings))
    except TrueupError as error:
        return Verdict(refused=str(error))


def _rebuilt(config: Config, root: Path, clean: KeptSite, reads: str) -> Verdict:
    """What the site of a mutant is like; with the same `reads`, only pages that differ from the clean one are built."""
    own = KeptSite(root.with_name(f"{root.name}-site"), reads)
    try:
        shutil.copytree(clean.folder, own.folder)
        shutil.copy2(clean.notes, own.notes)
        return _site(config, root, own)
    finally:
        shutil.rmtree(own.folder, ignore_errors=True)


def _site(config: Config, root: Path, kept: KeptSite) -> Verdict:
    complaints = sitebuild.start(config, root, kept.folder, kept).finish()
    address = sitebuild.site_url(config, root)
    result = links.resolve(kept.folder, base_url=address, root=root, docs=root / config.docs)
    return Verdict((*complaints, *sitebuild.unstamped(config, root, kept.folder), *result.findings))


def _only_pages(mutant: Mutant, base: Path) -> bool:
    """Whether only texts of pages that there were before differ, so that no other page of the site does."""
    return all(
        edit.text is not None and edit.path.endswith(".md") and (base / edit.path).exists() for edit in mutant.edits
    )


def _move_in(root: Path, project: Path) -> None:
    """Let this process, and what it starts, find the project's modules in the tree at `root` instead of `project`."""
    sys.path[:] = [
        str(root / Path(entry).relative_to(project)) if _below(entry, project) else entry for entry in sys.path
    ]
    os.environ["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if _below(entry, root))
    sys.dont_write_bytecode = root.name != tree.BASE
    os.chdir(root)


def _below(entry: str, folder: Path) -> bool:
    inside = bool(entry) and Path(entry).is_relative_to(folder)
    return inside and "site-packages" not in Path(entry).parts and ".venv" not in Path(entry).relative_to(folder).parts


def _foreign(name: str, root: Path) -> bool:
    """Whether a module is none of the project's own, nor trueup's, and so the same for every mutant."""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if file is None or name.partition(".")[0] in {"trueup", "__main__", "__mp_main__"}:
        return False
    return not Path(file).is_relative_to(root)
