"""The checker finds each fault that it is there for; a checker that finds nothing proves nothing."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from tests.crash.checker import Evidence, faults

PAYLOAD = {"items": 1}


def event(name, before, after, *, who="w1", run=1, actor="worker"):
    return SimpleNamespace(event=name, from_status=before, to_status=after, actor=actor, actor_id=who, run=run)


def effect(stage, item, *, run=2, who="w2"):
    return SimpleNamespace(stage=stage, item=item, run=run, worker_id=who)


CREATE = event("create", None, "pending", actor="user")
CLAIM = event("claim", "pending", "processing")
RESCUE = event("rescue", "processing", "pending", actor="system", who="recovery", run=2)
AGAIN = event("claim", "pending", "processing", who="w2", run=2)
END = event("complete", "processing", "completed", who="w2", run=2)
#: A worker died, and another one has finished the job: nothing is wrong with it.
SOUND = Evidence(
    SimpleNamespace(status="completed", worker_id=None, processed_items=2),
    [CREATE, CLAIM, RESCUE, AGAIN, END],
    [effect("debit", 0), effect("credit", 0)],
)


def with_job(**changes):
    return replace(SOUND, job=SimpleNamespace(**{**vars(SOUND.job), **changes}))


@pytest.mark.parametrize(
    ("evidence", "payload", "says"),
    [
        (with_job(status="processing"), {}, "it has not ended"),
        (with_job(worker_id="w2"), {}, "w2 holds it"),
        (with_job(processed_items=3), {}, "it counts 3 items"),
        (replace(SOUND, trail=SOUND.trail[:-1]), {}, "it has ended 0 times"),
        (replace(SOUND, trail=[*SOUND.trail, END]), {}, "it has ended 2 times"),
        (replace(SOUND, trail=[*SOUND.trail, CREATE]), {}, "after its end"),
        (replace(SOUND, trail=[CREATE, CLAIM, AGAIN, END]), {}, "claimed it while w1 held it"),
        (replace(SOUND, trail=[CREATE, CLAIM, RESCUE, event("claim", "pending", "processing", who="w2"), END]), {},
         "run 1 was claimed after run 1"),
        (replace(SOUND, trail=[*SOUND.trail[:-1], event("complete", "processing", "completed")]), {},
         "w1 wrote complete while w2 held it"),
        (replace(SOUND, trail=[CREATE, CLAIM, AGAIN, END]), {}, "claim comes from pending, and it was processing"),
        (replace(SOUND, effects=SOUND.effects[:1]), {}, "1 of 2 effects are there"),
        (replace(SOUND, effects=[SOUND.effects[0], *SOUND.effects]), {}, "doubled [('debit', 0)]"),
        (replace(SOUND, effects=SOUND.effects[::-1]), {}, "its effects are not"),
        (replace(SOUND, effects=[effect("debit", 0), effect("credit", 0, run=1, who="w1")]), {},
         "an earlier run has written after a later one"),
        (replace(SOUND, effects=[effect("debit", 0, who="w3"), effect("credit", 0)]), {}, "who never claimed it"),
        (SOUND, {"fail_at": 0}, "should have failed"),
    ],
)  # fmt: skip
def test_a_planted_fault_is_found(evidence, payload, says):
    assert any(says in fault for fault in faults(evidence, {**PAYLOAD, **payload}))


def test_a_job_that_was_rescued_is_sound():
    assert list(faults(SOUND, PAYLOAD)) == []
