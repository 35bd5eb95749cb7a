"""Statuses, transitions and the events that cause them."""

from collections.abc import Iterator

from app.auth import control, permissions
from app.auth.permissions import Role
from app.facts.fact import Fact, enum, fact, words
from app.jobs import dependency, failures, states
from app.jobs.states import Actor
from app.places import places


def collect_states() -> Iterator[Fact]:
    """Yield the statuses, each with how a job gets into it and what people may do then."""
    for member in enum("state", states.Status):
        status = states.Status(member["key"])
        rows = [row for row in states.TRANSITIONS if row.target is status and row.source is not status]
        yield member | {
            "terminal": status in states.TERMINAL,
            "entered_by": sorted({row.event.actor.value for row in rows}),
            "entered_on": list(dict.fromkeys(row.event.value for row in rows)),
            "actions": [event.value for event in states.allowed(status)],
        }


def collect_policies() -> Iterator[Fact]:
    """Yield what becomes of a job when one that it waits for does not end well, and what ends its last attempt."""
    yield from enum("dependency_policy", dependency.DependencyPolicy)
    yield from enum("failure_kind", failures.FailureKind)


def collect_transitions() -> Iterator[Fact]:
    """Yield the rows of the transition table."""
    for order, row in enumerate(states.TRANSITIONS):
        source = row.source.value if row.source else None
        ends = f"{source or 'new'} → {row.target}"
        yield fact(
            "transition",
            f"{ends} ({row.event})",
            ends,
            row.trigger[0].upper() + row.trigger[1:] + ".",
            places(states).row("TRANSITIONS", order),
            names=[ends],
            order=order,
            source=source,
            event=row.event.value,
            label=row.event.value,
            target=row.target.value,
            actor=row.event.actor.value,
            trigger=row.trigger,
            guard=row.guard,
            effect=row.effect,
        )


def collect_events() -> Iterator[Fact]:
    """Yield what causes transitions, with who may cause it."""
    for order, event in enumerate(states.Event):
        rows = [row for row in states.TRANSITIONS if row.event is event]
        permission = control.ACTION_PERMISSIONS.get(event)
        yield fact(
            "job_event",
            event.value,
            words(event.value),
            "; ".join(dict.fromkeys(row.trigger for row in rows)),
            places(states).member("Event", event.name),
            order=order,
            actor=event.actor.value,
            action=event.actor is Actor.USER and event is not states.Event.CREATE,
            permission=permission.value if permission else None,
            roles={role.value: permissions.scope(role, permission).value for role in Role} if permission else {},
            sources=[row.source.value for row in rows if row.source],
            leads={row.source.value: row.target.value for row in rows if row.source},
        )
