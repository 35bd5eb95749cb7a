"""What recovery decides."""

from collections.abc import Iterator

from app.facts.fact import Fact, enum, fact, words
from app.jobs import decisions
from app.places import places
from app.queue.orphans import OrphanKind


def collect_recovery() -> Iterator[Fact]:
    """Yield the rows of recovery's table; what a row does not ask for is "any"."""
    for order, rule in enumerate(decisions.RULES):
        yield fact(
            "recovery_rule",
            rule.name,
            words(rule.name),
            rule.reason[0].upper() + rule.reason[1:] + ".",
            places(decisions).row("RULES", order),
            order=order,
            statuses=[status.value for status in rule.statuses],
            lease=rule.lease.value if rule.lease else "any",
            entry=rule.entry.value if rule.entry else "any",
            attempts_left=_asked(rule.attempts_left),
            type_known=_asked(rule.type_known),
            decision=rule.decision.value,
            event=rule.event.value if rule.event else None,
            wait=rule.wait.value,
            reason=rule.reason,
        )


def collect_orphans() -> Iterator[Fact]:
    """Yield what can lose its counterpart."""
    for member in enum("orphan_kind", OrphanKind):
        yield member | {"fix": OrphanKind(member["key"]).fix}


def _asked(wanted: bool | None) -> str:
    return "any" if wanted is None else "yes" if wanted else "no"
