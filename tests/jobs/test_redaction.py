"""Sensitive members of a payload are hidden, and nothing else."""

from app.jobs.redaction import REDACTED, redacted


def test_members_are_hidden_by_their_dotted_names():
    data = {"token": "hunter2", "filters": {"zip": "43210", "state": "OH", "near": [1, 2]}, "name": "ada"}
    shown = redacted(data, ["token", "filters.zip", "filters.near"])
    assert shown == {
        "token": REDACTED,
        "filters": {"zip": REDACTED, "state": "OH", "near": REDACTED},
        "name": "ada",
    }
    assert data["filters"]["zip"] == "43210", "what is stored stays as it is"
    assert redacted(data, ["filters"])["filters"] == REDACTED


def test_what_is_not_there_is_not_made_up():
    for data in ({}, {"filters": None}, {"filters": {}}, {"filters": {"zip": None}}, {"filters": "all"}):
        assert redacted(data, ["token", "filters.zip"]) == data
