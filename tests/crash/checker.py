"""Reads what a trial has left in the database, and says what is wrong with it.

It is independent: it uses nothing of the application, neither its queries nor its table of transitions.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

TERMINAL = {"completed", "failed", "cancelled"}
#: The stages of the job type whose effects are counted, in order.
STAGES = ("debit", "credit")


@dataclass(frozen=True)
class Evidence:
    """Rows of one job: itself, its audit trail in order, and its effects in the order of writing."""

    job: Any
    trail: Sequence[Any] = ()
    effects: Sequence[Any] = ()


@dataclass
class Report:
    """What was looked at, and every violation as one line."""

    violations: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def check(database_url: str, accepted: Mapping[str, Mapping[str, Any]]) -> Report:
    """Look at everything that the accepted jobs have left; ``accepted`` gives their payloads by id."""
    with psycopg.connect(database_url, row_factory=namedtuple_row) as connection:
        jobs = connection.execute("SELECT * FROM jobs").fetchall()
        trails, effects = defaultdict(list), defaultdict(list)
        for row in connection.execute("SELECT * FROM job_events ORDER BY id"):
            trails[row.job_id].append(row)
        for row in connection.execute("SELECT * FROM crash_effects ORDER BY number"):
            effects[row.job_id].append(row)
    report = Report()
    known = {str(job.id) for job in jobs}
    report.violations += [f"job {job_id}: accepted, and there is no row" for job_id in sorted(set(accepted) - known)]
    report.violations += [f"job {job_id}: nobody was told of it" for job_id in sorted(known - set(accepted))]
    for job in jobs:
        evidence = Evidence(job, trails[job.id], effects[job.id])
        report.violations += [f"job {job.id}: {fault}" for fault in faults(evidence, accepted.get(str(job.id), {}))]
        report.counts[job.status] += 1
        report.counts["effects"] += len(evidence.effects)
        report.counts.update(f"event {row.event}" for row in evidence.trail)
    return report


def faults(evidence: Evidence, payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with one job."""
    yield from _ending(evidence)
    yield from _chain(evidence.trail)
    yield from _holds(evidence.trail)
    yield from _effects(evidence, payload)


def _ending(evidence: Evidence) -> Iterator[str]:
    job, trail = evidence.job, evidence.trail
    if job.status not in TERMINAL:
        yield f"it has not ended: {job.status}"
    ends = [row.to_status for row in trail if row.to_status in TERMINAL]
    if len(ends) != 1:
        yield f"it has ended {len(ends)} times: {', '.join(ends) or 'never'}"
    elif trail[-1].to_status != ends[0]:
        yield f"something happened after its end: {trail[-1].event}"
    if trail and trail[-1].to_status != job.status:
        yield f"its row says {job.status}, its trail {trail[-1].to_status}"
    if job.worker_id is not None:
        yield f"it has ended, and {job.worker_id} holds it"


def _chain(trail: Sequence[Any]) -> Iterator[str]:
    before = None
    for row in trail:
        if row.from_status != before:
            yield f"{row.event} comes from {row.from_status}, and it was {before}"
        before = row.to_status


def _holds(trail: Sequence[Any]) -> Iterator[str]:
    """A claim opens a hold; only leaving ``processing`` ends it, by the holder or by somebody who is no worker."""
    holder, runs = None, [0]
    for row in trail:
        if row.to_status == "processing" and row.from_status != "processing":
            if holder is not None:
                yield f"{row.actor_id} has claimed it while {holder} held it"
            if row.run <= runs[-1]:
                yield f"run {row.run} was claimed after run {runs[-1]}"
            holder = row.actor_id
            runs.append(row.run)
        elif row.from_status == "processing":
            if row.actor == "worker" and row.actor_id != holder:
                yield f"{row.actor_id} wrote {row.event} while {holder} held it"
            if row.to_status != "processing":
                holder = None


def _effects(evidence: Evidence, payload: Mapping[str, Any]) -> Iterator[str]:
    job, items = evidence.job, payload.get("items", 0)
    expected = [(stage, item) for stage in STAGES for item in range(items)]
    if payload.get("fail_at") is not None:
        expected = expected[: items + payload["fail_at"]]
    written = [(row.stage, row.item) for row in evidence.effects]
    if written != expected[: len(written)]:
        doubled = [effect for effect, count in Counter(written).items() if count > 1]
        yield f"its effects are not {expected[: len(written)]}: doubled {doubled}, written {written}"
    whole = job.status == "completed" or (job.status == "failed" and payload.get("fail_at") is not None)
    if whole and len(written) != len(expected):
        yield f"{len(written)} of {len(expected)} effects are there"
    if job.status == "completed" and payload.get("fail_at") is not None:
        yield "it has completed, and should have failed"
    if job.processed_items != len(written):
        yield f"it counts {job.processed_items} items, and {len(written)} effects are there"
    claims = {(row.run, row.actor_id) for row in evidence.trail if row.event == "claim"}
    runs = [row.run for row in evidence.effects]
    if runs != sorted(runs):
        yield f"an earlier run has written after a later one: {runs}"
    strangers = {(row.run, row.worker_id) for row in evidence.effects} - claims
    if strangers:
        yield f"written by {strangers}, who never claimed it"
