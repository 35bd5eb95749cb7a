"""A finding: one place where a document and the software disagree, on one line a person can act on."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple


class Code(NamedTuple):
    """What one finding code means, and how to mend it; rendered into the documentation."""

    meaning: str
    mend: str


CODES: Mapping[str, Code] = MappingProxyType(
    {
        # pages
        "page-duplicate": Code(
            "Two pages have the same body, so a build cannot tell them apart.", "Make them differ, or delete one."
        ),
        "page-unstamped": Code(
            "A built page carries no stamp, so its bindings were not expanded.", "Build with `trueup build`."
        ),
        "front-matter-invalid": Code(
            "The front matter of a page is no YAML mapping.", "Correct the YAML between the `---` lines."
        ),
        "fence-unclosed": Code(
            "A fenced block has no closing fence at its indentation.", "Close it with the same characters."
        ),
        "fence-malformed": Code(
            "The header of a fenced block cannot be read.", 'Write ```` ``` {.lang key="value"} ````.'
        ),
        # inline code
        "code-unknown": Code(
            "Inline code names nothing that exists.", "Correct it, or list the word in the vocabulary with a reason."
        ),
        "option-unknown": Code("Inline code gives a command an option that it does not have.", "Correct the option."),
        "parameter-unknown": Code(
            "Inline code, or a request in an example, gives an operation a name or value that it does not have.",
            "Correct it, or list the name in the vocabulary with a reason.",
        ),
        "value-invalid": Code("Inline code gives a setting a value that it refuses.", "Correct the value."),
        "setting-unknown": Code("A setting is named that does not exist.", "Correct the name."),
        "operation-unknown": Code("An operation is named that the service does not have.", "Correct method or path."),
        "file-unknown": Code("A file or folder is named that is not in the repository.", "Correct the path."),
        "vocabulary-stale": Code("A word of the vocabulary is used by no page.", "Remove the entry."),
        "vocabulary-known": Code("A word of the vocabulary is a fact as well.", "Remove the entry."),
        # values and fact blocks
        "value-unknown": Code("A `{{ … }}` value names no fact, attribute or filter.", "Correct it."),
        "value-bare": Code("A number with a unit is written by hand.", "Bind it with `{{ kind.key.attribute }}`."),
        "status-unknown": Code(
            "Prose tells an HTTP status of an operation or problem that is never answered with it.",
            "Correct the status, or declare it where the operation is.",
        ),
        "relation-wrong": Code(
            "A sentence relates two facts (an operation and a permission, a setting and its default, …) that are "
            "related otherwise.",
            "Correct what the sentence says.",
        ),
        "place-wrong": Code("A name is said to be in a file that does not have it.", "Correct the path."),
        "block-unknown": Code("A fact block names no kind or view.", "Correct its header line."),
        "block-option": Code("An option of a fact block is unknown or has a wrong value.", "Correct the option."),
        "block-unclosed": Code("A fact block has no closing `///`.", "Close it."),
        "block-empty": Code("A fact block shows no fact.", "Correct its filter."),
        # evidence
        "evidence-missing": Code("An evidence block names a test that does not exist.", "Correct its id."),
        "evidence-void": Code(
            "A test that is named as evidence is skipped, is expected to fail, or asserts nothing.",
            "Name a test that can fail, or mend this one.",
        ),
        "evidence-failed": Code(
            "A test that is named as evidence did not pass in the last run.", "Mend what it found, and run it again."
        ),
        "evidence-unproved": Code(
            "A test that is named as evidence has not been run on the code as it stands (only with `--evidence`).",
            "Run the tests, then check.",
        ),
        "claim-unproved": Code(
            "A promise (never, always, at most once, …) stands in a section without evidence.",
            "Add an evidence block, say it without the promise, or exempt the phrase in the vocabulary.",
        ),
        "claim-unreviewed": Code(
            "A claim with evidence, or a test of it, is not as a person has accepted it.",
            "Read the claim with its tests, then run `trueup review` with the page.",
        ),
        "claim-gone": Code(
            "A claim that was accepted is on no page any more.", "Bring it back, or run `trueup review`."
        ),
        "requirement-unproved": Code(
            "A requirement is cited by no test that can prove it, or one that cites it failed in the last run; or it "
            "says to be open, and is not any more.",
            "Begin the docstring of a test with its id, mend the test, or remove `open`.",
        ),
        "requirement-unknown": Code("A test cites a requirement that there is not.", "Correct the id."),
        # words
        "alias-used": Code(
            "Another name of a thing stands where it is not explained.", "Write the name of the thing, or explain it."
        ),
        "word-misspelt": Code("A word is misspelt.", "Correct it, or list it in the vocabulary."),
        "review-missing": Code(
            "A page whose folder asks for a review date has none, or one that cannot be.",
            "Read the page, and write `trueup: {review: YYYY-MM-DD}` in its front matter.",
        ),
        "review-overdue": Code("A page was last read by a person too long ago.", "Read it again, and change the date."),
        "rule-invalid": Code(
            "A file of alert rules is not what Prometheus accepts, or reads a metric that there is not.",
            "Correct the rule.",
        ),
        "dashboard-invalid": Code(
            "A query of a dashboard is no PromQL, or reads a metric or label that there is not.", "Correct the query."
        ),
        # screenshots
        "screenshot-stale": Code(
            "A screenshot shows something else than the page it was taken of shows now, or was never taken.",
            "Run `trueup write`, and look at the picture.",
        ),
        "screenshot-failed": Code("A screenshot cannot be taken.", "Correct its block, or what it shows."),
        "screenshot-orphan": Code("A picture in the folder of screenshots is on no page.", "Delete the file."),
        "screenshot-unseen": Code(
            "No browser is there to look at the screenshots with.",
            "Install Chromium, or name it in `screenshots.browser`.",
        ),
        # coverage and generated files
        "fact-undocumented": Code("A fact that needs an owner page has none.", "Add a fact block that shows it."),
        "fact-misplaced": Code(
            "A fact is shown in full on another page than the one that claims its kind (`trueup.owns`).",
            "Move the block, or change the claim.",
        ),
        "owner-empty": Code(
            "A page claims to own a kind (`trueup.owns`) of which it shows no fact in full.",
            "Add a fact block, or remove the claim.",
        ),
        "fact-owned-twice": Code(
            "A fact has two owner pages.", "Keep one, and link to it with `own: false` in the other."
        ),
        "coverage-fell": Code(
            "Fewer facts of a kind have an owner page, are named in prose, or are exercised by an example than before.",
            "Bring them back, or lower the mark in the file of `tool.trueup.coverage`.",
        ),
        "backing-lost": Code(
            "A page has fewer sentences that something backs than before, and more that nothing does.",
            "Name what the sentence is about, or take its value from a fact; or lower the mark.",
        ),
        "route-hidden": Code(
            "A route that the OpenAPI document does not show (hidden, a web socket, a mount) is not accounted for.",
            "Show it in a fact block, or list it under `hidden` with a reason.",
        ),
        "exemption-stale": Code("An exemption in the configuration exempts nothing.", "Remove it."),
        "generated-stale": Code("A generated file differs from what the code says now.", "Run `trueup write`."),
        "fact-added": Code(
            "The code has a fact that the committed inventory lacks.", "Run `trueup write` and review the pages named."
        ),
        "fact-removed": Code(
            "The committed inventory has a fact that the code lost.", "Run `trueup write` and review the pages named."
        ),
        "fact-renamed": Code(
            "A fact has another key than in the committed inventory.", "Run `trueup write` and review the pages named."
        ),
        "fact-changed": Code(
            "A fact has other attributes than in the committed inventory.",
            "Run `trueup write` and review the pages named.",
        ),
        # examples
        "block-unverified": Code(
            "A fenced block is verified by nothing.",
            'Mark it `{.output}` after the block it belongs to, or `{.literal reason="…"}`.',
        ),
        "block-attribute": Code("An attribute of a fence is unknown or has a wrong value.", "Correct the header."),
        "block-invalid": Code("A block is not well formed in its own language.", "Correct the block."),
        "literal-unexplained": Code("A block is marked literal without a reason.", 'Write `reason="…"`.'),
        "output-orphan": Code(
            "An output block follows no block that is run.", "Put it after the block whose output it shows."
        ),
        "example-failed": Code(
            "An example ended with another status than documented.", "Correct it, or write `exit=N` or `status=N`."
        ),
        "example-differs": Code(
            "The real output of an example differs from the documented one.",
            "Correct the service, or take the output over with `trueup write`.",
        ),
        "example-timeout": Code(
            "An example, or all of a page, did not end in time.", "Shorten it, or write `timeout=SECONDS`."
        ),
        "example-flood": Code("An example printed more than 1 MB.", "Let it print less."),
        "example-died": Code(
            "An example ended the shell or interpreter that runs its page.", "Leave out `exit` and the like."
        ),
        "example-trespassed": Code(
            "An example changed files of the project.", "Let it write to the folder it runs in only."
        ),
        "example-elsewhere": Code(
            "An example calls a fixed port of this machine, not the service of its page.", "Write `$BASE_URL`."
        ),
        "example-scratch": Code("An example deleted the folder it runs in.", "Let it delete only what it made."),
        "package-copied": Code(
            "The project is installed as a copy, so examples run that and not the code as it is.",
            "Install it with `pip install -e .`.",
        ),
        "plugin-failed": Code(
            "A verifier of the project raised an error, or answered something else than a verdict.", "Correct it."
        ),
        "example-types": Code("A Python block uses something with a wrong type, or that is not there.", "Correct it."),
        "schema-unknown": Code("A block names a schema that the OpenAPI document does not have.", "Correct the name."),
        "schema-mismatch": Code("A JSON block does not follow the schema it names.", "Correct the block."),
        "scenario-unknown": Code("A page names a scenario that does not exist.", "Correct the name."),
        "scenario-failed": Code("A scenario of a page failed.", "Correct the scenario."),
        # failures that runbooks treat
        "failure-unknown": Code("A page treats a failure that does not exist.", "Correct the name."),
        "failure-untreated": Code(
            "A failure is treated by no page.", "Write a section with `/// failure`, or remove the file."
        ),
        "failure-ineffective": Code("A failure could not be brought about.", "Correct its script."),
        "runbook-unproved": Code(
            "A section treats a failure, but documents no output, so nothing shows that its fix works.",
            "Document the output of a command after the fix.",
        ),
        "service-failed": Code("The documented service did not start.", "Correct what its log says."),
        "service-died": Code("The documented service ended while an example ran.", "Correct what its log says."),
        # links of the built site
        "link-broken": Code("A link leads to nothing in the built site.", "Correct the address."),
        "anchor-missing": Code("A link names an anchor that its page does not have.", "Correct the fragment."),
        "link-misleads": Code(
            "The text of a link is the heading of another section than the one it leads to.",
            "Correct the fragment, or the text.",
        ),
        "id-duplicate": Code(
            "An anchor occurs twice on a built page, so links to it are ambiguous.",
            "Rename one heading, or give it an explicit `{#id}`.",
        ),
        "redirect-broken": Code("A redirect leads nowhere, or in a circle.", "Correct its target."),
        # the live service against its schema
        "openapi-example": Code("An example in the OpenAPI document breaks its schema.", "Correct the example."),
        "contract-failure": Code(
            "The live service broke the contract of an operation.", "Correct the service or its schema."
        ),
        "contract-error": Code("An operation could not be tested.", "Correct its schema."),
        "contract-incomplete": Code(
            "The contract test did not come to its end.", "Raise `contract.seconds` or lower `contract.max_examples`."
        ),
        "conformance-differs": Code(
            "The live service does something else with a state and an event than the documented transitions say.",
            "Correct the code, or the transition.",
        ),
        # the crawl of the served site
        "crawl-broken": Code("LinkChecker found a broken link.", "Correct the address."),
        "crawl-disagrees": Code(
            "LinkChecker and the own resolver saw different pages.", "Find out which of them is wrong."
        ),
        # the site build
        "build-failed": Code("The site does not build in strict mode.", "Correct what the builder names."),
    }
)
"""Every code a finding may carry. The table is rendered into the documentation; a code not in it cannot be used."""


CHANGED = frozenset({"fact-added", "fact-removed", "fact-renamed", "fact-changed"})
"""Codes of findings that tell how the code has changed since the pages were reviewed."""

#: The check that finds a code, by the code or by its first word; all others are found while pages are bound.
_CHECKS: Mapping[str, str] = MappingProxyType(
    {
        "example-types": "types",
        **dict.fromkeys(("block-unverified", "block-attribute", "block-invalid"), "examples"),
        **dict.fromkeys(("literal", "output", "example", "schema", "scenario", "scene", "failure"), "examples"),
        **dict.fromkeys(("service", "plugin"), "examples"),
        **dict.fromkeys(("fact-undocumented", "fact-owned-twice", "route", "exemption", "vocabulary"), "coverage"),
        "requirement": "coverage",
        **dict.fromkeys(("generated", "fact"), "generated"),
        **dict.fromkeys(("link", "anchor", "id", "redirect"), "links"),
        **dict.fromkeys(("build", "page-unstamped"), "site"),
        **dict.fromkeys(("openapi", "contract"), "contract"),
        "conformance": "conformance",
        "crawl": "crawl",
    }
)


def check_of(code: str) -> str:
    """The name of the check that finds a code."""
    return _CHECKS.get(code) or _CHECKS.get(code.partition("-")[0], "bindings")


@dataclass(frozen=True, order=True)
class Finding:
    """One disagreement: where, what, and the way out.

    `path` is relative to the project root, `line` counts from 1. `detail` may hold more lines (a diff, the end of a
    log), which are printed indented below. Raises `KeyError` when the code is not in `CODES`.
    """

    path: str
    line: int
    code: str
    message: str
    mend: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise KeyError(f"finding code {self.code!r} is not listed in trueup.findings.CODES")

    def __str__(self) -> str:
        mend = f"; {self.mend}" if self.mend else ""
        return f"{self.path}:{self.line}: {self.message}{mend} [{self.code}]"
