"""Sessions of the older parser, taken over on a real database."""

import json
from uuid import UUID

import pytest
from sqlalchemy import delete

from app.auth.permissions import Role
from app.auth.store import UserStore
from app.handlers import REGISTRY
from app.jobs.model import Caller
from app.jobs.states import Event, Status
from app.plays import text
from app.plays.model import Carried
from app.plays.parser import finish, parse_chunk
from app.plays.session import SessionFault, SessionStatus
from app.plays.session_import import SessionImport, SessionStore, Taken
from app.plays.tables import plays
from app.services import open_services
from app.settings import Settings
from app.workers.outcome import Completed
from tests.databases import fresh_database
from tests.handlers.runs import attempt, create, query, upload
from tests.plays.samples import SHORT

pytestmark = pytest.mark.anyio
KIND = REGISTRY["parse_play"]
CONTENTS = "SELECT * FROM play_elements ORDER BY number"


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
async def services(postgres, tmp_path_factory, anyio_backend):
    with fresh_database(postgres) as address:
        settings = Settings(_env_file=None, database_url=address, data_dir=tmp_path_factory.mktemp("data"))
        async with open_services(settings, REGISTRY, workers=False) as services:
            await UserStore(services.database.engine).add("anna", "unknown", Role.OPERATOR)
            yield services


@pytest.fixture(scope="module")
async def play(services):
    """The uploaded play, in chunks that are shorter than others so that there are several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text, "CHUNK_CHARACTERS", 100)
        yield await upload(services, SHORT)


def importing(services, **options):
    engine = services.database.engine
    return SessionImport(
        SessionStore(engine, services.clock), services.reader, UserStore(engine), services.files, services.jobs,
        services.outbox, **options,
    )  # fmt: skip


def session(file, chunk, /, **fields):
    """The line of a session that has parsed ``chunk`` chunks, negative: from the end."""
    found = text.play_text(SHORT.encode(), None)
    lines, carried, elements = found.text.split("\n"), Carried(), []
    cut = text.chunks(lines)
    done = chunk if chunk >= 0 else len(cut) + 1 + chunk
    for first, end in cut[:done]:
        more, carried = parse_chunk(lines[first:end], found.first_line + first, carried)
        elements += more
    if done == len(cut):
        more, carried = finish(carried)
        elements += more
    line = {
        "id": f"s-{chunk}", "file": file, "status": "running", "next_chunk": done, "carried": carried.as_json(),
        "elements": [vars(element) for element in elements], "created_at": "2026-01-05T08:00:00Z",
        "created_by": "anna", **fields,
    }  # fmt: skip
    return json.dumps(line).encode()


async def only_job(services, session_id):
    found = await query(services, "SELECT job_id FROM job_events WHERE event = 'create' AND reason LIKE :like",
                        like=f"session {session_id} %")  # fmt: skip
    return await services.jobs.get(found[0].job_id)


async def test_a_session_goes_on_at_its_chunk_and_ends_as_if_it_had_not_stopped(services, play):
    """P8-11: whatever chunk a session had come to, its job goes on there, and the play is the same."""
    whole = await create(services, "parse_play", file_id=play)
    assert isinstance(await attempt(services, whole, KIND), Completed)
    whole = await services.jobs.get(whole.id)
    expected = await query(services, CONTENTS)
    for chunk in range(whole.total_items + 1):
        async with services.database.engine.begin() as connection:
            await connection.execute(delete(plays))
        assert await importing(services).take(session(play, chunk)) is Taken.CREATED
        job = await only_job(services, f"s-{chunk}")
        assert (job.status, job.processed_items) == (Status.PENDING, chunk)
        assert isinstance(await attempt(services, job, KIND), Completed)
        done = await services.jobs.get(job.id)
        assert await query(services, CONTENTS) == expected
        assert (done.output_stats, done.processed_items) == (whole.output_stats, whole.total_items)
        starts = [one.event for one in await services.jobs.events(job.id)]
        assert starts == [Event.CREATE, Event.CLAIM, Event.RELEASE, Event.CLAIM, Event.COMPLETE]


async def test_each_status_has_its_own_and_a_second_import_makes_nothing(services, play):
    """P8-11: sessions become jobs in the status that they had, once; a retry or a resume goes on at the chunk."""
    lines = [
        session(play, -1 if status is SessionStatus.COMPLETED else 2, id=f"of {status}", status=status.value)
        for status in SessionStatus
    ]
    counting = importing(services, dry_run=True)
    assert [await counting.take(line) for line in lines] == [Taken.CREATED] * len(lines)
    assert [await importing(services).take(line) for line in lines] == [Taken.CREATED] * len(lines)
    before = await query(services, "SELECT * FROM jobs ORDER BY id")
    assert [await importing(services).take(line) for line in lines] == [Taken.KNOWN] * len(lines)
    assert await query(services, "SELECT * FROM jobs ORDER BY id") == before
    found = {status: await only_job(services, f"of {status}") for status in SessionStatus}
    assert {status.value: job.status.value for status, job in found.items()} == {
        "queued": "pending", "running": "pending", "paused": "paused", "completed": "completed", "failed": "failed",
        "cancelled": "cancelled",
    }  # fmt: skip
    done = found[SessionStatus.COMPLETED]
    assert (done.created_at.isoformat(), done.output_stats["speeches"]) == ("2026-01-05T08:00:00+00:00", 6)
    assert found[SessionStatus.FAILED].error_log[0]["message"] == "Failed as session of failed of the older parser."
    again = await services.jobs.control(
        found[SessionStatus.PAUSED].id, Event.RESUME, caller=Caller.user(done.created_by)
    )
    assert isinstance(await attempt(services, again, KIND), Completed)
    assert [row.to_status for row in await services.jobs.events(again.id)].count("processing") == 2


@pytest.mark.parametrize(
    ("chunk", "fields", "reason"),
    [
        (1, {"status": "asleep"}, "status: Input should be 'queued'"),
        (1, {"colour": "red"}, "colour: Extra inputs are not permitted"),
        (1, {"carried": {"tempo": 3}}, "carried.tempo: "),
        (1, {"file": str(UUID(int=7))}, "file: There is no uploaded file"),
        (1, {"created_by": "nobody"}, "created_by: there is no user called 'nobody'; create"),
        (1, {"next_chunk": 99}, "next_chunk: is 99, and the play has"),
        (1, {"status": "completed"}, "next_chunk: is 1; a completed session has parsed all"),
        (4, {"elements": []}, "elements: 0 are given and carried.elements is"),
        (-1, {"next_chunk": 2}, "the older parser has cut the text elsewhere"),
        (2, {"next_chunk": 0}, "next_chunk: is 0, so nothing is carried"),
        (1, {"id": "a\x00b"}, "a value cannot be stored"),
    ],
)  # fmt: skip
async def test_a_line_that_is_wrong_is_refused_with_its_reason(services, play, chunk, fields, reason):
    """P8-11: what cannot go on as it should is told, and nothing is written."""
    before = await query(services, "SELECT count(*) FROM jobs")
    with pytest.raises(SessionFault) as refused:
        await importing(services).take(session(play, chunk, **{"id": "wrong", **fields}))
    assert reason in str(refused.value)
    assert await query(services, "SELECT count(*) FROM jobs") == before
