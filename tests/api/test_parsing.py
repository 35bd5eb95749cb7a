"""Parsing a play as the older parser was asked to, at each step of the rollout."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from app.handlers import REGISTRY
from app.jobs.states import Event
from app.plays.rollout import Rollout
from app.plays.tables import play_comparisons
from app.workers.outcome import Completed
from tests.api.conftest import assert_problem, unknown_id
from tests.handlers.runs import TEST, attempt, query, upload
from tests.plays.samples import SHORT

pytestmark = pytest.mark.anyio


async def test_each_step_of_the_rollout_answers_in_its_way(app, client, operator, viewer):
    """P8-11: off, shadow, percentage, on; one setting goes back, and the shadow's results are compared."""
    opened = app.state.services
    file = await upload(opened, SHORT)

    async def ask(rollout, percent=0, headers=operator, file_id=file):
        changed = {"parsing_rollout": rollout, "parsing_rollout_percent": percent}
        # What a restart with the changed setting gives.
        app.state.services = replace(opened, settings=opened.settings.model_copy(update=changed))
        return await client.post("/api/v1/plays/parse", headers=headers, json={"file_id": file_id})

    async def job_count():
        return (await query(opened, "SELECT count(*) FROM jobs"))[0].count

    by_job = await ask(Rollout.ON)
    assert (by_job.status_code, by_job.json()["type"], by_job.json()["status"]) == (202, "parse_play", "pending")
    assert (await ask(Rollout.PERCENTAGE, 100)).status_code == 202
    assert await job_count() == 2
    at_once = await ask(Rollout.OFF)
    assert (at_once.status_code, at_once.json()["speeches"], len(at_once.json()["doubts"])) == (200, 6, 2)
    assert (await ask(Rollout.PERCENTAGE, 0)).json() == at_once.json()
    assert await job_count() == 2
    assert await query(opened, "SELECT id FROM plays") == [], "what a request parses is stored nowhere"
    shadows = []
    for _ in range(4):
        assert (await ask(Rollout.SHADOW)).json() == at_once.json()
        (newest,) = await query(opened, "SELECT id FROM jobs ORDER BY created_at DESC, id LIMIT 1")
        shadows.append(await opened.jobs.get(newest.id))
    await opened.jobs.control(shadows[2].id, Event.CANCEL, caller=TEST)
    async with opened.database.engine.begin() as connection:
        other = {"expected": {"elements": 3}}
        await connection.execute(
            update(play_comparisons).where(play_comparisons.c.job_id == shadows[1].id).values(other)
        )
    for job, expected in zip(shadows[:2], ("same", "different"), strict=True):
        assert isinstance(await attempt(opened, job, REGISTRY["parse_play"]), Completed)
        assert (await opened.jobs.get(job.id)).output_stats["comparison"] == expected
    figures = (await client.get("/api/metrics", headers=viewer)).text
    for outcome, count in {"same": 1, "different": 1, "open": 1, "failed": 1}.items():
        assert f'jobs_play_comparisons{{outcome="{outcome}"}} {count}' in figures
    stored = await query(opened, "SELECT text FROM play_elements ORDER BY number")
    assert [row.text for row in stored] == [one["text"] for one in at_once.json()["elements"]]

    before, no_play = await job_count(), await upload(opened, "No speeches.\n")
    for rollout in (Rollout.OFF, Rollout.SHADOW):
        wrong = assert_problem(await ask(rollout, file_id=no_play), 422, "request.invalid")
        assert wrong["errors"][0]["message"].startswith("The text has no speeches.")
    assert await job_count() == before
    for rollout in (Rollout.OFF, Rollout.ON):
        assert_problem(await ask(rollout, file_id=unknown_id()), 404, "file.not_found")
        assert_problem(await ask(rollout, headers=viewer), 403, "auth.forbidden")
