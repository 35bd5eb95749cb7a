"""Jobs are found by the words of their ids, payloads and errors."""

import json
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sqlalchemy import text, update

from app.database.tables import jobs
from app.database.texts import JOB_WORDS, MARKED, WORD_CHARACTERS
from app.jobs import reader
from app.jobs.context import Step
from app.jobs.creation import NewJob
from app.jobs.listing import Count, JobFilter
from app.jobs.model import Caller
from app.jobs.states import Event, Status
from tests.workers.samples import counting_registry

pytestmark = pytest.mark.anyio

TEST = Caller.system("test")
LEASE = timedelta(seconds=60)


@pytest.fixture
async def services(open_process):
    async with open_process(counting_registry(), workers=False) as services:
        yield services


async def new(services, data, **values):
    values = {"type": "count", "config": {}, "priority": 50, "max_retries": 3, "created_by": None, **values}
    return await services.store.create(NewJob(data=data, **values), caller=TEST)


async def found(services, words: str, **filters):
    page = await services.reader.page(JobFilter(text=words, **filters), limit=50, cursor=None)
    return [job.id for job in page.items]


async def test_a_job_is_found_by_its_id_and_by_what_its_payload_holds(services):
    job = await new(services, {"file": "/srv/Voters_2026.csv", "filters": {"state": ["OH", "NY"], "limit": 41_000}})
    other = await new(services, {"file": "streets.csv"})
    for words in (
        str(job.id), str(job.id)[:8], str(job.id)[:13], str(job.id).upper(), f"{job.id} oh",
        "voters", "VOTERS csv", "vot", "oh", "ny 41000", "voters-2026.csv",
    ):  # fmt: skip
        assert await found(services, words) == [job.id], words
    assert await found(services, "csv") == [other.id, job.id]
    for words in ("otes", "voters streets", "o", "filters", "410 x"):
        assert await found(services, words) == [], words


async def test_a_job_is_found_by_its_errors_from_the_first_on(services):
    job = await new(services, {})
    claimed = await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)
    async with services.database.engine.begin() as connection:
        step = Step(errors=[{"message": "Line 17 has no ZIP code.", "line": 17}])
        await services.store.record(connection, claimed.lease, "read", step, extend=LEASE)
    assert await found(services, "line 17 zip") == [job.id]
    await services.store.settle(claimed.lease, Event.FAIL, error={"message": "Der Dienst läuft über.", "code": "Away"})
    for words in ("LÄUFT über", "away", "zip"):
        assert await found(services, words) == [job.id], words


async def test_what_is_sensitive_is_not_found(services):
    job = await new(services, {"token": "hunter2", "name": "ada", "in": {"pin": 1234}}, sensitive=("token", "in.pin"))
    assert await found(services, "ada") == [job.id]
    for words in ("hunter2", "hun", "1234"):
        assert await found(services, words) == [], words


@pytest.mark.parametrize(("near", "wide"), [(1, 1), (1, 9), (reader.NEAR, reader.WIDE)])
async def test_words_find_a_job_by_its_type_and_by_the_status_that_it_has_now(services, monkeypatch, near, wide):
    monkeypatch.setattr(reader, "NEAR", near)
    monkeypatch.setattr(reader, "WIDE", wide)
    job, other = await new(services, {"name": "ada"}), await new(services, {"name": "ada"}, type="other")

    async def told(status):
        """Where the job is found: under its own status and type alone."""
        for each in Status:
            assert await found(services, "ada", status=(each,), type="count") == [job.id] * (each is status), each
        assert await found(services, "ada", type="other") == [other.id]
        for group in (MARKED, (*MARKED, Status.PENDING)):
            assert await found(services, "ada", status=group, type="count") == [job.id] * (status in group)
        standings = await services.reader.standings(JobFilter(text="ada", status=(status,), type="count"), limit=9)
        assert [standing.id for standing in standings] == [job.id]
        counts = await services.reader.counts(JobFilter(text="ada", type="count"))
        assert {each: count.jobs for each, count in counts.items() if count.jobs} == {status: 1}

    await told(Status.PENDING)
    claimed = await services.store.claim(job.id, job.run, worker_id="w", lease=LEASE)
    await services.store.settle(claimed.lease, Event.FAIL, error={"message": "No."})
    await told(Status.FAILED)
    for event, status in (
        (Event.RETRY, Status.PENDING),
        (Event.PAUSE, Status.PAUSED),
        (Event.RESUME, Status.PENDING),
        (Event.CANCEL, Status.CANCELLED),
    ):
        await services.store.control(job.id, event, caller=TEST, reason=None)
        await told(status)
    assert await found(services, "=count") == await found(services, "count") == [], "marks are no words"


async def test_wherever_words_are_looked_for_the_newest_that_have_them_are_found(services, monkeypatch):
    made = [await new(services, {"name": name}) for name in ("ada", "bob", "ada", "bob", "bob", "ada", "ada", "bob")]
    adas = [job.id for job in reversed(made) if job.data["name"] == "ada"]
    for near, wide, crossing in product([1, 4, 12], [2, 6, 12], [0, 1, 50]):
        monkeypatch.setattr(reader, "NEAR", near)
        monkeypatch.setattr(reader, "WIDE", wide)
        monkeypatch.setattr(reader, "_CROSSING", crossing)
        for most in range(1, 6):
            page = await services.reader.page(JobFilter(text="ada"), limit=most, cursor=None)
            assert [job.id for job in page.items] == adas[:most], (near, wide, crossing)
            assert (page.next_cursor is None) == (most >= len(adas))
        counts = await services.reader.counts(JobFilter(text="ada"), cap=2)
        assert counts[Status.PENDING] == Count(2, True)


@pytest.mark.parametrize(("crossing", "skipped"), [(50, True), (0, False)])
async def test_a_wide_look_is_taken_only_where_the_first_one_promises_enough(services, monkeypatch, crossing, skipped):
    monkeypatch.setattr(reader, "_CROSSING", crossing)
    await new(services, {"name": "ada"})
    engine = services.database.engine
    query = reader._newest(JobFilter(text="ada"), 51).compile(engine, compile_kwargs={"literal_binds": True})
    async with engine.connect() as connection:
        plan = (await connection.exec_driver_sql(f"EXPLAIN (ANALYZE) {query}")).scalars().all()
    wide = plan[plan.index("  CTE wide") + 1]
    assert ("never executed" in wide) is skipped


async def test_a_job_that_runs_well_writes_its_words_once_and_one_in_trouble_anew(services):
    async def version():
        """Which transaction wrote the words of the only job."""
        async with services.database.engine.connect() as connection:
            return (await connection.execute(text("SELECT xmin::text FROM job_texts"))).scalar_one()

    job = await new(services, {"name": "ada"})
    written = await version()

    async def lease(run):
        return (await services.store.claim(job.id, run, worker_id="w", lease=LEASE)).lease

    async def control(event):
        await services.store.control(job.id, event, caller=TEST, reason=None)

    for event in (Event.PAUSE, Event.RESUME, Event.CANCEL, Event.RETRY):
        await control(event)
        before, written = written, await version()
        assert written != before, event
    held = await lease(3)
    async with services.database.engine.begin() as connection:
        await services.store.record(connection, held, "read", Step(processed=1), extend=LEASE)
    assert await version() == written
    await services.store.settle(held, Event.FAIL)
    assert await version() != written
    await control(Event.RETRY)
    written = await version()
    await services.store.settle(await lease(4), Event.COMPLETE)
    assert await version() == written


async def test_words_combine_with_the_other_filters_and_with_pages(services):
    made = [await new(services, {"name": "ada", "number": number}) for number in range(5)]
    await new(services, {"name": "grace"})
    assert await found(services, "ada", type="count") == [job.id for job in reversed(made)]
    assert await found(services, "ada", type="other") == []
    page = await services.jobs.page(JobFilter(text="ada"), limit=3)
    rest = await services.jobs.page(JobFilter(text="ada"), limit=3, cursor=page.next_cursor)
    assert [job.id for job in [*page.items, *rest.items]] == [job.id for job in reversed(made)]
    assert rest.next_cursor is None
    standings = await services.reader.standings(JobFilter(text="ada"), limit=10)
    assert [standing.id for standing in standings] == sorted(job.id for job in made)


async def test_a_text_without_a_word_finds_nothing(services):
    await new(services, {"name": "ada"})
    for words in ("", "  ", "!!!", "' | & : *", "\\"):
        assert await found(services, words) == [], words
        assert await services.reader.standings(JobFilter(text=words), limit=10) == []


async def test_what_is_kept_of_a_huge_payload_is_bounded_and_its_id_is_found_all_the_same(services):
    job = await new(services, {"words": [f"word{number}" for number in range(20_000)], "long": "x" * 500_000})
    assert await found(services, str(job.id)) == [job.id]
    assert await found(services, "word1") == [job.id]
    assert await found(services, "word19999") == []
    query = "SELECT length(words), pg_column_size(words) FROM job_texts"
    async with services.database.engine.connect() as connection:
        (words, size) = (await connection.execute(text(query))).one()
    assert words <= JOB_WORDS + 1, "and the mark of its type"
    assert size <= JOB_WORDS * (WORD_CHARACTERS * 4 + 8)


async def test_rows_that_are_written_by_hand_are_found_too_and_forgotten_with_their_job(services):
    job = await new(services, {"name": "ada"})
    async with services.database.engine.begin() as connection:
        await connection.execute(update(jobs).values(data={"name": "grace"}, error_log=["no object", 3]))
    assert await found(services, "grace") == [job.id]
    assert await found(services, "ada") == []
    async with services.database.engine.begin() as connection:
        await connection.execute(jobs.delete())
        assert (await connection.execute(text("SELECT count(*) FROM job_texts"))).scalar_one() == 0


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.text(), json_values, max_size=5), st.text(max_size=200))
def test_no_payload_and_no_question_is_refused(database_url, data, question):
    """Whatever can be stored is cut into words, and whatever is asked is a question."""
    import psycopg

    stored = json.dumps(data).replace("\\u0000", "")
    with psycopg.connect(database_url, autocommit=True) as connection:
        try:
            connection.execute("SELECT %s::jsonb", [stored])
        except psycopg.DataError:  # lone surrogates, which the store replaces before it writes
            return
        answer = connection.execute(
            "SELECT job_words('0d5b2c1e-7a34-4f5d-9b1a-3c8e2f6a9d10', %s::jsonb, '[]') @@ words_wanted(%s)",
            [stored, question.replace("\x00", "").encode("utf-8", "replace").decode()],
        ).fetchone()
    assert answer is not None
