"""The stamp at the end of every page: when it was verified, against which commit, and how much of it."""

from html import escape

from trueup.nouns import counted
from trueup.pages import Page
from trueup.report import Report

NOT_VERIFIED = '<p class="trueup-stamp trueup-stamp-none">Not verified in this build.</p>'
"""What a page shows when no verification of it, as it stands, is known."""


def stamp(page: Page, report: Report | None, generated: str, driven: str = "") -> str:
    """The stamp of a page, as HTML.

    `generated` is the digest of the generated files that the page is built from; `driven` is the kind of the events
    that the conformance check causes: a page with a matrix of them says how many pairs were driven. `NOT_VERIFIED`
    when the report does not cover page and files as they stand, or has findings on the page.
    """
    entry = report.pages.get(page.path) if report else None
    if report is None or report.generated != generated or entry is None:
        return NOT_VERIFIED
    if entry.digest != page.digest or entry.findings:
        return NOT_VERIFIED
    day = report.finished[:10]
    commit = f" at commit <code>{escape(report.commit)}</code>" if report.commit else ", at no commit"
    dirty = " with local changes" if report.dirty else ""
    parts = [counted(entry.facts, "fact"), counted(entry.examples, "example"), counted(entry.links, "link")]
    if driven and any(directive.argument.split() == ["matrix", driven] for directive in page.directives):
        pairs = next((check.counted for check in report.checks if check.name == "conformance"), 0)
        parts.append(f"{counted(pairs, 'pair') if pairs else 'no pairs'} driven on a live service")
    return (
        f'<p class="trueup-stamp">Verified on <time datetime="{escape(report.finished)}">{day}</time>'
        f"{commit}{dirty}: {', '.join(parts)}.</p>"
    )
