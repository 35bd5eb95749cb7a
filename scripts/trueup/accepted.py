"""Accepted claims: each claim with evidence as a person has read it, with what its tests were then.

A claim that was reversed above unchanged tests is as wrong as one whose tests were weakened, and no test can tell. So
both are remembered, and when one of them changes a person must look: `trueup review` takes over what is there.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from trueup import evidence, testdigest
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.facts import closest
from trueup.findings import Finding
from trueup.pages import Directive, Page
from trueup.testcode import Test, find

Record = Mapping[str, Mapping[str, str]]
"""Claim → node id of each test → digest of that test."""

_MARKUP = re.compile(r"(?<![\w`])[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?![\w`])|[`]")
_MOST = 3  # tests that a finding names one by one


@dataclass(frozen=True)
class Claim:
    """A claim of a page: the line of its block, its words without markup, and its tests."""

    page: str
    line: int
    words: str
    tests: Mapping[str, str]


@dataclass(frozen=True)
class Doubt:
    """Why a claim wants reading: what it was accepted as (empty: it is new), and the tests that are others now."""

    claim: Claim
    before: str = ""
    tests: Sequence[str] = ()

    def __str__(self) -> str:
        if self.before:
            return f"was accepted as “{self.before}”"
        if not self.tests:
            return "has not been accepted by anybody yet"
        more = f" and {len(self.tests) - _MOST} more" if len(self.tests) > _MOST else ""
        return f"was accepted with other tests; changed since: {', '.join(self.tests[:_MOST])}{more}"


def words(text: str) -> str:
    """The words of a claim: emphasis, the marks of code, white space and the full stop do not count."""
    return " ".join(_MARKUP.sub("", text).split()).rstrip(".")


def claims(pages: Iterable[Page], root: Path) -> list[Claim]:
    """The claims of pages, each with the digests of those of its tests that exist."""
    return [
        Claim(page.path, directive.line, words(directive.argument), _tests(directive, root))
        for page in pages
        for directive in page.directives
        if directive.name == "evidence" and directive.argument
    ]


def doubts(found: Sequence[Claim], record: Record) -> list[Doubt]:
    """The claims that are not as they were accepted."""
    gone = {words: tests for words, tests in record.items() if words not in {claim.words for claim in found}}
    answer = []
    for claim in found:
        before = record.get(claim.words)
        if before is None:
            answer.append(Doubt(claim, before=_predecessor(claim, gone)))
            continue
        beside = {node for other in found if other.words == claim.words for node in other.tests}
        changed = {node for node, digest in claim.tests.items() if before.get(node) != digest} | (set(before) - beside)
        if changed:
            answer.append(Doubt(claim, tests=sorted(changed)))
    return answer


def check(pages: Sequence[Page], chosen: Iterable[Page], config: Config, root: Path, *, whole: bool) -> list[Finding]:
    """A finding for each claim of the chosen pages that wants reading; for the `whole` site also for each gone."""
    path = config.claims.reviewed
    if path is None:
        return []
    record, found = read(path, root), claims(pages, root)
    wanted = {page.path for page in chosen}
    open_ = doubts(found, record)
    findings = [
        Finding(
            doubt.claim.page,
            doubt.claim.line,
            "claim-unreviewed",
            f"the claim {doubt}",
            f"read it with its tests, then run: trueup review {doubt.claim.page}",
        )
        for doubt in open_
        if doubt.claim.page in wanted
    ]
    if whole:
        known = {claim.words for claim in found} | {doubt.before for doubt in open_}
        findings += [_gone(words, path, root) for words in record if words not in known]
    return findings


def accept(pages: Sequence[Page], chosen: Sequence[Page], config: Config, root: Path) -> Iterator[str]:
    """Take over the claims of the chosen pages as they are, and forget those that are on no page; tells each change.

    Raises `TrueupError` when the project keeps no record of claims.
    """
    path = config.claims.reviewed
    if path is None:
        raise TrueupError("tool.trueup.claims.reviewed names no file, so claims are not kept")
    record, found = read(path, root), claims(pages, root)
    wanted = {page.path for page in chosen}
    current: dict[str, dict[str, str]] = {}
    for claim in found:
        current.setdefault(claim.words, {}).update(claim.tests)
    open_ = doubts(found, record)
    accepted = {doubt.claim.words for doubt in open_ if doubt.claim.page in wanted}
    replaced = {doubt.before for doubt in open_ if doubt.claim.words in accepted}
    pending = {doubt.before for doubt in open_ if doubt.claim.words not in accepted}
    for doubt in open_:
        if doubt.claim.words in accepted:
            yield f"{doubt.claim.page}:{doubt.claim.line}: “{doubt.claim.words}” {doubt}"
    kept = {}
    for words, tests in record.items():
        if words in current or words in pending:
            kept[words] = dict(tests)
        elif words not in replaced:
            yield f"{path}: “{words}” is on no page any more"
    _write({**kept, **{words: current[words] for words in accepted}}, path, root)


def read(path: Path, root: Path) -> Record:
    """What was accepted; nothing when there is no such file yet. Raises `TrueupError` when it is something else."""
    try:
        plain = json.loads((root / path).read_text(encoding="utf-8"))
        return {str(words): {str(node): str(what) for node, what in tests.items()} for words, tests in plain.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, AttributeError) as error:
        message = f"is no record of claims ({type(error).__name__}: {error}); take it from git, or run trueup review"
        raise TrueupError(f"{path}: {message}") from None


def _write(record: Record, path: Path, root: Path) -> None:
    plain = {claim: dict(sorted(tests.items())) for claim, tests in sorted(record.items())}
    text = json.dumps(plain, indent=1, ensure_ascii=False) + "\n"
    partial = (root / path).with_name(f".{path.name}.partial")
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text(text, encoding="utf-8")
    partial.replace(root / path)


def _gone(words: str, path: Path, root: Path) -> Finding:
    lines = (root / path).read_text(encoding="utf-8").splitlines()
    first = json.dumps(words, ensure_ascii=False)
    line = next((number for number, text in enumerate(lines, 1) if text.strip().startswith(f"{first}:")), 1)
    message = f"the claim “{words}” is on no page any more"
    return Finding(path.as_posix(), line, "claim-gone", message, "bring it back, or run: trueup review")


def _predecessor(claim: Claim, gone: Record) -> str:
    """What a claim was before it was reworded: the lost one with the same tests, else the one that is most like it."""
    same = [words for words, tests in gone.items() if tests and set(tests) == set(claim.tests)]
    return closest(claim.words, same or gone) or (same[0] if same else "")


def _tests(directive: Directive, root: Path) -> dict[str, str]:
    try:
        found = [find(root, node) for node in evidence.nodes_of(directive)]
    except yaml.YAMLError:
        return {}
    return {test.node: testdigest.digest(root, test) for test in found if isinstance(test, Test)}
