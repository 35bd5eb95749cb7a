"""The table of recovery is total, and says nothing that the transition table does not allow."""

from itertools import product

from app.jobs.decisions import RULES, Case, Decision, EntryState, LeaseState
from app.jobs.states import Status, target


def cases():
    """Every job that the database allows: leases are for running jobs, entries are looked for of pending ones."""
    for status, left, known in product(Status, (True, False), (True, False)):
        leases = [LeaseState.LIVE, LeaseState.EXPIRED] if status is Status.PROCESSING else [LeaseState.NONE]
        entries = list(EntryState) if status is Status.PENDING else [None]
        for lease, entry in product(leases, entries):
            yield Case(status, lease, entry, left, known)


def test_of_every_case_exactly_one_rule_speaks():
    """CC-9: each job is requeued, failed or skipped by a rule."""
    for case in cases():
        assert len([rule for rule in RULES if rule.fits(case)]) == 1, case
    assert all(any(rule.fits(case) for case in cases()) for rule in RULES), "no rule is about nothing"


def test_a_decision_is_a_transition_that_the_table_allows():
    """CC-9: what changes is in the audit trail, what is skipped does not change."""
    leads = {Decision.REQUEUE: Status.PENDING, Decision.FAIL: Status.FAILED, Decision.SKIP: None}
    for rule in RULES:
        for status in rule.statuses:
            assert (target(status, rule.event) if rule.event else None) is leads[rule.decision], rule.name
