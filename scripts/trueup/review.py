"""Review dates: pages that a person must read again from time to time."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from trueup.findings import Finding
from trueup.pages import Page


def check(page: Page, days: Mapping[str, int], today: date) -> Iterator[Finding]:
    """A finding when a page has no review date though its folder asks for one, or when it is too old.

    `days` is folder or page (relative to the docs folder) → days; the longest that fits counts. `today` is the day of
    the last commit, so that a checkout that nobody works on stays as it is.
    """
    fitting = [folder for folder in days if page.below([folder])]
    own = page.meta.get("trueup")
    stated = own.get("review") if isinstance(own, dict) else None
    line = next((at for at, text in enumerate(page.text.splitlines(), 1) if text.strip().startswith("review:")), 1)
    if stated is not None and not isinstance(stated, date):
        yield Finding(page.path, line, "review-missing", f"review: {stated} is no date", "write review: YYYY-MM-DD")
    elif stated is not None and stated > today:
        message = f"the review of {stated} is later than the last commit ({today})"
        yield Finding(page.path, line, "review-missing", message, "write the day on which it was read")
    elif fitting and stated is None:
        mend = f"read it, and write `trueup: {{review: {today}}}` in its front matter"
        yield Finding(page.path, 1, "review-missing", "nobody is known to have read this page", mend)
    elif fitting and stated is not None:
        allowed = days[max(fitting, key=len)]
        if stated + timedelta(days=allowed) < today:
            message = f"was read on {stated}, more than {allowed} days ago"
            yield Finding(page.path, line, "review-overdue", message, f"read it again, and write review: {today}")
