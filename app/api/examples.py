"""Example bodies: one small story, told through all operations. A test holds each against its schema."""

import json
from collections.abc import Mapping
from typing import Any

USER_ID = "7c1e9f52-3b64-4a0c-8d2e-5f9a1b6c7d80"
FILE_ID = "a3f1c2d4-5e6b-4789-9a0b-1c2d3e4f5a6b"
JOB_ID = "0d5b2c1e-7a34-4f5d-9b1a-3c8e2f6a9d10"
_AT = "2026-03-02T09:15:0{}Z"

USER = {
    "id": USER_ID,
    "name": "ada",
    "role": "admin",
    "created_at": "2026-03-02T08:00:00Z",
    "disabled_at": None,
}
OPERATOR = {
    "id": "2f0d6a5b-91c8-4e37-b6d1-8a7c4e3f2b19",
    "name": "grace",
    "role": "operator",
    "created_at": "2026-03-02T08:05:00Z",
    "disabled_at": None,
}
TOKEN = {
    "access_token": "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI3YzFlOWY1MiJ9.c2lnbmF0dXJl",
    "token_type": "Bearer",
    "expires_at": "2026-03-02T10:15:00Z",
    "expires_in": 3600,
}
FILE = {
    "id": FILE_ID,
    "size": 61_244,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
LINKS = {
    "self": f"/api/v1/jobs/{JOB_ID}",
    "progress": f"/api/v1/jobs/{JOB_ID}/progress",
    "events": f"/api/v1/jobs/{JOB_ID}/events",
    "checkpoints": f"/api/v1/jobs/{JOB_ID}/checkpoints",
    "control": f"/api/v1/jobs/{JOB_ID}/control",
}
PROGRESS = {"percent": 40, "stage": "look_up", "status": "processing", "processed": 400, "total": 1000}


def summary(**changes: Any) -> dict[str, Any]:
    """Return a job as in a list."""
    return {
        "id": JOB_ID,
        "type": "geocode_households",
        "status": "processing",
        "stage": "look_up",
        "progress": {"percent": 40, "stage": "look_up", "details": {}},
        "priority": 50,
        "total_items": 1000,
        "processed_items": 400,
        "waits_for": [],
        "control_request": None,
        "allowed_actions": ["pause", "cancel"],
        "created_by": USER_ID,
        "created_at": _AT.format(0),
        "updated_at": _AT.format(4),
        "started_at": _AT.format(1),
        "completed_at": None,
        "links": LINKS,
        **changes,
    }


def job(**changes: Any) -> dict[str, Any]:
    """Return a job with everything that is known of it."""
    return {
        **summary(),
        "data": {"mode": "static"},
        "config": {"max_retries": None},
        "depends_on": [],
        "on_dependency_failure": "fail",
        "output_stats": {"matched_zip": 391, "conflict": 9},
        "error_log": [
            {
                "at": _AT.format(3),
                "stage": "look_up",
                "message": "The ZIP code lies in another city than the address says.",
                "item": 217,
            }
        ],
        "fingerprint": None,
        "paused_at": None,
        "pause_reason": None,
        "resumed_at": None,
        "resume_count": 0,
        "last_checkpoint_path": f"{JOB_ID}/select.json",
        "last_checkpoint_stage": "select",
        "retry_count": 0,
        "max_retries": 3,
        "next_retry_at": None,
        "schedule_id": None,
        "scheduled_for": None,
        "start_at": None,
        "aged_at": None,
        "worker_id": "host-1-4711-9c2f1a",
        "lock_expires_at": "2026-03-02T09:15:19Z",
        "run": 1,
        "current_state": {"stage": "look_up", "state": {"after": 400}},
        **changes,
    }


#: A job that was just created: no worker has seen it.
NEW: dict[str, Any] = {
    "status": "pending",
    "stage": None,
    "progress": {"percent": 0, "stage": None, "details": {}},
    "total_items": None,
    "processed_items": 0,
    "allowed_actions": ["pause", "cancel"],
    "updated_at": _AT.format(0),
    "started_at": None,
    "output_stats": {},
    "error_log": [],
    "last_checkpoint_path": None,
    "last_checkpoint_stage": None,
    "worker_id": None,
    "lock_expires_at": None,
    "current_state": {},
}

_CREATED: dict[str, Any] = {
    "at": _AT.format(0),
    "event": "create",
    "actor": "user",
    "actor_id": USER_ID,
    "from_status": None,
    "to_status": "pending",
    "run": 1,
    "reason": None,
    "details": {},
}
NEW_SCHEDULE = {
    "name": "nightly-geocoding",
    "type": "geocode_households",
    "data": {"mode": "dynamic"},
    "cron": "30 2 * * *",
    "time_zone": "America/New_York",
}
SCHEDULE: dict[str, Any] = {
    "id": "5b8e2d7a-0c41-4e6f-9a3b-7d1c2e4f6a80",
    **NEW_SCHEDULE,
    "priority": 50,
    "interval_seconds": None,
    "catch_up": "skip",
    "enabled": True,
    "next_at": "2026-03-03T07:30:00Z",
    "last_at": "2026-03-02T07:30:00Z",
    "last_job_id": JOB_ID,
    "last_error": None,
    "created_by": USER_ID,
    "created_at": "2026-03-01T12:00:00Z",
    "updated_at": "2026-03-01T12:00:00Z",
}

EVENTS = {
    "items": [
        _CREATED,
        {
            "at": _AT.format(1),
            "event": "claim",
            "actor": "worker",
            "actor_id": "host-1-4711-9c2f1a",
            "from_status": "pending",
            "to_status": "processing",
            "run": 1,
            "reason": None,
            "details": {},
        },
    ]
}
CHECKPOINTS = {"items": [{"stage": "select", "path": f"{JOB_ID}/select.json", "final": True, "size": 128}]}
WHY = {"reason": "The provider has asked us to stop until noon."}

_STREAMED = _CREATED | {"job_id": JOB_ID, "type": "geocode_households"}
_STANDING = {**PROGRESS, "percent": 0, "stage": None, "status": "pending", "processed": 0, "total": None}


def _stream(*messages: tuple[int | None, str, Mapping[str, Any]]) -> str:
    """Return messages (id, name, data) as a stream has them."""
    return "".join(
        f"event: {name}\ndata: {json.dumps(data)}\n" + ("" if ident is None else f"id: {ident}\n") + "\n"
        for ident, name, data in messages
    )


_STORY = (
    (42, "event", _STREAMED),
    (None, "progress", _STANDING | {"job_id": JOB_ID, "type": "geocode_households"}),
)
LIST_STREAM = _stream((41, "start", {"complete": True}), *_STORY)
JOB_STREAM = _stream((0, "start", {"complete": True}), *_STORY)

WEBHOOK = {
    "id": "9a6f0d3c-1b2e-4f58-8c7d-6e5f4a3b2c1d",
    "url": "https://hooks.example.org/jobs",
    "events": ["job.completed", "job.failed", "job.cancelled"],
    "job_type": None,
    "enabled": True,
    "created_by": USER_ID,
    "created_at": "2026-03-02T08:30:00Z",
    "old_secret_until": None,
}
DELIVERY = {
    "id": "4c1b7e90-52da-4a36-9f0e-7d8c6b5a4e3f",
    "event": "job.completed",
    "job_id": JOB_ID,
    "state": "delivered",
    "attempts": 1,
    "created_at": "2026-03-02T09:16:00Z",
    "last_attempt_at": "2026-03-02T09:16:01Z",
    "next_attempt_at": None,
    "status_code": 204,
    "error": None,
}
