"""A job with everything that its page shows of it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.jobs.attempts import Attempt
from app.jobs.failures import FailureKind, failure_kind
from app.jobs.model import Job
from app.jobs.registry import Registry
from app.jobs.states import Event, Status
from app.problems import Problem
from app.ui.buttons import Button, Offer
from app.ui.words import duration

#: Characters of a payload that are shown; the rest can be downloaded.
SHOWN_CHARACTERS = 20_000

_KNOWN_CODES = frozenset(kind.code for kind in Problem.catalogue())
#: Members of an entry of the error log that have a place of their own.
_PLACED = frozenset({"at", "stage", "message", "code", "transient"})

_OUTCOMES: Mapping[Event, str] = {
    Event.COMPLETE: "Completed",
    Event.FAIL: "Failed",
    Event.RESCHEDULE: "Failed, to be tried again",
    Event.SUSPEND: "Paused",
    Event.STOP: "Cancelled",
    Event.RELEASE: "Given back: the worker was stopped",
    Event.RESCUE: "Taken back: the lease expired",
    Event.ABANDON: "Failed: the lease expired",
    Event.FORCE_FAIL: "Forced to fail",
}


@dataclass(frozen=True)
class StageView:
    """A stage: ``state`` is ``done``, ``now`` or ``ahead``, and ``word`` says so."""

    label: str
    state: str
    word: str


@dataclass(frozen=True)
class AttemptView:
    """One run of the job in the hands of a worker."""

    number: int
    worker: str
    started_at: datetime
    waited: str
    ran: str
    outcome: str
    reason: str | None


@dataclass(frozen=True)
class ErrorView:
    """An entry of the error log; ``known`` tells whether the catalogue of problems explains its code.

    ``kind`` says whether it comes again.
    """

    at: datetime
    message: str
    code: str | None
    known: bool
    kind: FailureKind
    stage: str
    rest: Mapping[str, str]


@dataclass(frozen=True)
class JsonView:
    """JSON for people, cut when it is huge; ``size`` is in bytes."""

    text: str
    size: int
    cut: bool


@dataclass(frozen=True)
class ApiCall:
    """What to send to the API to do the same."""

    title: str
    command: str


_HERE = {
    Status.PENDING: "next",
    Status.PROCESSING: "now",
    Status.PAUSED: "paused here",
    Status.FAILED: "failed here",
    Status.CANCELLED: "cancelled here",
}


def stages_of(job: Job, registry: Registry) -> list[StageView]:
    """Return the stages of a job's type, each done, under way, or to come."""
    if job.type not in registry:
        return []
    stages = registry[job.type].stages
    names = [stage.name for stage in stages]
    at = names.index(job.stage) if job.stage in names else -1
    # A finished stage has its checkpoint; then the next one is where the job stands.
    if job.last_checkpoint_stage == job.stage and at >= 0 and job.status is not Status.PROCESSING:
        at += 1 if job.current_state == {} else 0
    found = []
    for index, stage in enumerate(stages):
        if job.status is Status.COMPLETED or index < at:
            found.append(StageView(stage.label, "done", "done"))
        elif index == at:
            found.append(StageView(stage.label, "now", _HERE[job.status]))
        else:
            found.append(StageView(stage.label, "ahead", "to come"))
    return found


def attempts_of(attempts: Iterable[Attempt], now: datetime) -> list[AttemptView]:
    """Return the attempts, the newest first."""
    return [
        AttemptView(
            number=attempt.number,
            worker=attempt.worker_id or "unknown",
            started_at=attempt.started_at,
            waited=duration(attempt.wait_seconds),
            ran=duration((attempt.ended_at or now) - attempt.started_at),
            outcome=_OUTCOMES.get(attempt.outcome, attempt.outcome.value) if attempt.outcome else "Runs",
            reason=attempt.reason,
        )
        for attempt in reversed(list(attempts))
    ]


def errors_of(job: Job, registry: Registry) -> list[ErrorView]:
    """Return the entries of the error log, the newest first."""
    return [
        ErrorView(
            at=datetime.fromisoformat(entry["at"]),
            message=str(entry.get("message", "")),
            code=str(entry["code"]) if entry.get("code") else None,
            known=entry.get("code") in _KNOWN_CODES,
            kind=failure_kind(entry),
            stage=registry.stage_label(job.type, str(entry["stage"])) if entry.get("stage") else "",
            rest={name: _plain(value) for name, value in entry.items() if name not in _PLACED},
        )
        for entry in job.error_log
    ]


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def json_of(value: Any) -> JsonView:
    """Return a value as JSON for people."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return JsonView(text[:SHOWN_CHARACTERS], len(text.encode()), len(text) > SHOWN_CHARACTERS)


_ADDRESSES: Mapping[Button, tuple[str, str]] = {
    Button.PAUSE: ("POST", "/jobs/{}/pause"),
    Button.RESUME: ("POST", "/jobs/{}/resume"),
    Button.CANCEL: ("POST", "/jobs/{}/cancel"),
    Button.RETRY: ("POST", "/jobs/{}/retry"),
    Button.FORCE_FAIL: ("POST", "/jobs/{}/force-fail"),
    Button.DELETE: ("DELETE", "/admin/jobs/{}"),
}


def api_calls(job_id: UUID, offers: Sequence[Offer]) -> list[ApiCall]:
    """Return the calls of the API that show the same, and that do what can be done now."""
    calls = [
        ApiCall("This job", _curl("GET", f"/jobs/{job_id}")),
        ApiCall("Its audit trail", _curl("GET", f"/jobs/{job_id}/events")),
    ]
    for offer in offers:
        if offer.open and offer.button in _ADDRESSES:
            method, path = _ADDRESSES[offer.button]
            calls.append(ApiCall(offer.button.label, _curl(method, path.format(job_id))))
    return calls


def _curl(method: str, path: str) -> str:
    chosen = "" if method == "GET" else f" -X {method}"
    return f'curl -s "$BASE_URL/api/v1{path}"{chosen} -H "Authorization: Bearer $TOKEN"'
