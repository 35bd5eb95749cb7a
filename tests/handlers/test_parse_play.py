"""Parsing plays, on a real database."""

import pytest
from sqlalchemy import delete

from app.handlers import REGISTRY
from app.jobs.states import Status
from app.plays import text
from app.plays.tables import plays
from app.services import open_services
from app.settings import Settings
from app.workers.outcome import Completed, Failed
from tests.databases import fresh_database
from tests.handlers.runs import attempt, create, query, run_stopping_everywhere, upload
from tests.plays.samples import SHORT, long_play

pytestmark = pytest.mark.anyio
KIND = REGISTRY["parse_play"]

#: Everything that says what the tables hold, apart from times and jobs.
CONTENTS = (
    "SELECT id, sha256, title, author, acts, scenes, speakers, speeches, lines, directions, doubts FROM plays",
    "SELECT * FROM play_elements ORDER BY number",
    "SELECT * FROM play_drafts",
)


@pytest.fixture(scope="module")
def anyio_backend():
    """One event loop for the module, and with it one process that looks plays over."""
    return "asyncio"


@pytest.fixture(scope="module")
async def services(postgres, tmp_path_factory, anyio_backend):
    with fresh_database(postgres) as address:
        settings = Settings(_env_file=None, database_url=address, data_dir=tmp_path_factory.mktemp("data"))
        async with open_services(settings, REGISTRY, workers=False) as services:
            yield services


@pytest.fixture(autouse=True)
async def _no_plays(services):
    async with services.database.engine.begin() as connection:
        await connection.execute(delete(plays))


async def contents(services):
    return [await query(services, sql) for sql in CONTENTS]


async def new(services, content, **options):
    return await create(services, "parse_play", file_id=await upload(services, content), **options)


async def parsed(services, content, **options):
    job = await new(services, content, **options)
    assert isinstance(await attempt(services, job, KIND), Completed)
    return await services.jobs.get(job.id)


async def test_short_and_long_plays_are_saved_and_saving_again_changes_nothing(services):
    short = await parsed(services, SHORT)
    assert (short.status, short.processed_items, short.total_items) == (Status.COMPLETED, 1, 1)
    assert {name: short.output_stats[name] for name in ("title", "author", "acts", "scenes", "outcome")} == {
        "title": "The Lamp", "author": "A. Nobody", "acts": 2, "scenes": 3, "outcome": "inserted",
    }  # fmt: skip
    assert [(entry["line"], entry["message"]) for entry in reversed(short.error_log)] == [
        (60, "scene 3 of act 2 follows scene 0"), (66, "STRANGER is not in the list of persons"),
    ]  # fmt: skip
    long = await parsed(services, long_play())
    assert long.processed_items == long.total_items > 12
    assert (long.output_stats["speeches"], long.output_stats["lines"], long.output_stats["directions"]) == (
        1200, 4800, 171,
    )  # fmt: skip
    assert long.output_stats["doubts"] == 0
    before = await contents(services)
    assert (await parsed(services, SHORT)).output_stats["outcome"] == "unchanged"
    assert await contents(services) == before


async def test_a_text_that_is_no_play_fails_for_good_and_leaves_nothing(services):
    """RZ-3: an input that is wrong is a permanent error."""
    outcome = await attempt(services, await new(services, "Once upon a time there was a lamp.\n"), KIND)
    assert isinstance(outcome, Failed)
    assert (outcome.stage, outcome.transient) == ("validate", False)
    assert str(outcome.error).startswith("The text has no speeches.")
    wrong = await attempt(services, await new(services, b"KEEPER. caf\xe9"), KIND)
    assert "not in utf-8: byte 12, in line 1" in str(wrong.error)
    assert (await contents(services))[:2] == [[], []]


async def test_a_play_in_another_encoding_is_read_when_that_is_named(services):
    done = await parsed(services, "KEEPER. A café.\n".encode("latin-1"), encoding="latin-1")
    assert done.output_stats["lines"] == 1
    assert "A café." in {element.text for element in (await contents(services))[1]}


@pytest.mark.parametrize("crash", [True, False], ids=["crash", "pause"])
async def test_a_play_is_the_same_wherever_its_job_was_stopped(services, monkeypatch, crash):
    """P8-5, RZ-4, RZ-5: every chunk goes on from the last one with what it carried over."""
    monkeypatch.setattr(text, "CHUNK_CHARACTERS", 100)
    of_whole = await parsed(services, SHORT)
    expected = await contents(services)
    async with services.database.engine.begin() as connection:
        await connection.execute(delete(plays))
    job = await new(services, SHORT)
    stops = await run_stopping_everywhere(services, job, KIND, crash=crash)
    assert of_whole.total_items > 5
    # Each chunk has a boundary within and behind its step; each stage has more of them.
    assert stops > (2 if crash else 1) * of_whole.total_items + len(KIND.stages)
    assert await contents(services) == expected
    done = await services.jobs.get(job.id)
    assert (done.processed_items, done.total_items) == (of_whole.processed_items, of_whole.total_items)
    assert done.output_stats == of_whole.output_stats
    assert [entry["message"] for entry in done.error_log] == [entry["message"] for entry in of_whole.error_log]
