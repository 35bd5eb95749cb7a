"""The parts of the Jobs page."""

from collections.abc import Iterator

from app.facts.fact import Fact, fact
from app.places import places
from app.ui import navigation, updates


def collect_jobs_page() -> Iterator[Fact]:
    """Yield the parts that every page links to."""
    for order, part in enumerate(navigation.DESTINATIONS):
        where = places(navigation).row("DESTINATIONS", order)
        yield fact("jobs_page", f"/ui{part.path}", part.label, part.meaning, where, order=order, letter=part.key)
    for order, state in enumerate(updates.Updates):
        where = places(updates).member("Updates", state.name)
        yield fact("page_updates", state.value, state.label, state.meaning, where, order=order, label=state.label)
