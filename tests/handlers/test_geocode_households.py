"""Geocoding households, with real workers on a real database."""

import anyio
import psycopg
import pytest
import sample_households as generator
from pydantic import ValidationError

from app.handlers import REGISTRY, geocode_households
from app.handlers.geocode_households import GeocodeHouseholdsPayload
from app.households.gazetteer import ZipGazetteer
from app.households.model import Finding, Outcome
from app.jobs.registry import Registry
from app.jobs.retry import TransientError
from app.jobs.states import Event, Status
from tests.handlers.runs import TEST, create, ended, query, run, run_with_crashes, upload

pytestmark = pytest.mark.anyio

#: One household per outcome, and a second one in Ohio.
HOUSEHOLDS = [
    ("1 ELM ST", "CAMBRIDGE", "MA", "02139", Outcome.MATCHED_ZIP),
    ("2 ELM ST", "YELLOW SPRINGS", "OH", "", Outcome.MATCHED_CITY),
    ("3 ELM ST", "BOSTON", "MA", "02139", Outcome.CONFLICT),
    ("4 ELM ST", "COLUMBUS", "OH", "", Outcome.AMBIGUOUS),
    ("5 ELM ST", "NOWHERE", "WY", "", Outcome.NOT_FOUND),
    ("6 ELM ST", "APO", "AP", "96201", Outcome.NO_LOCATION),
]


def insert(url, rows=None):
    """Store households, outside of any job."""
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO households (street, city, state, zip) VALUES (%s, %s, %s, %s)",
            [row[:4] for row in rows or HOUSEHOLDS],
        )


def in_cambridge(numbers):
    return [(f"{number} OAK ST", "CAMBRIDGE", "MA", "02139") for number in numbers]


async def outcomes(services):
    rows = await query(services, "SELECT geocode_outcome FROM households ORDER BY id")
    return [row.geocode_outcome for row in rows]


async def attempts(services):
    return [row[0] for row in await query(services, "SELECT geocode_attempts FROM households ORDER BY id")]


def registry(gazetteer):
    return Registry([geocode_households.geocode_households(gazetteer)])


class Recalling:
    """The real gazetteer; ``before`` is called before each look-up with its number, counted from 1."""

    def __init__(self, before):
        self._gazetteer, self._before, self.lookups = ZipGazetteer(), before, 0

    def lookup(self, address) -> Finding:
        self.lookups += 1
        self._before(self.lookups)
        return self._gazetteer.lookup(address)


@pytest.mark.parametrize("mode", ["static", "dynamic"])
async def test_the_sample_is_geocoded_as_its_figures_say(open_process, mode):
    async with open_process(REGISTRY) as services:
        await run(services, "import_voters", file_id=await upload(services, generator.OUTPUT.read_bytes()))
        job = await run(services, "geocoding", mode=mode)
        figures = generator.COUNTS
        assert (job.type, job.status) == ("geocode_households", Status.COMPLETED)
        assert (job.total_items, job.processed_items) == (1000, 1000)
        for name in ("matched", "unmatched"):
            assert job.output_stats[name] == figures[name]
        assert job.output_stats["outcomes"] == {outcome.value: figures[outcome.value] for outcome in Outcome}
        stored = await query(services, "SELECT geocode_outcome, count(*) FROM households GROUP BY 1 ORDER BY 1")
        assert dict(map(tuple, stored)) == {o.value: figures[o.value] for o in Outcome}
        assert set(await attempts(services)) == {1}
        assert len(job.error_log) == figures["unmatched"]


@pytest.mark.parametrize("mode", ["static", "dynamic"])
async def test_each_outcome_reaches_its_household_and_the_error_log(open_process, database_url, mode):
    insert(database_url)
    async with open_process(REGISTRY) as services:
        job = await run(services, "geocode_households", mode=mode)
        assert await outcomes(services) == [row[4] for row in HOUSEHOLDS]
        located = await query(
            services, "SELECT latitude IS NOT NULL, geocode_reason IS NULL, geocode_status FROM households ORDER BY id"
        )
        assert [tuple(row) for row in located] == [
            (True, True, "matched") if row[4].precision else (False, False, "unmatched") for row in HOUSEHOLDS
        ]
        assert [(entry["item"], entry["code"]) for entry in job.error_log] == [
            (6, "no_location"), (5, "not_found"), (4, "ambiguous"), (3, "conflict"),
        ]  # fmt: skip
        assert job.error_log[0]["message"] == "ZIP code 96201 has no place on the map"
        assert await query(services, "SELECT * FROM geocode_selection") == []


@pytest.mark.parametrize(
    ("filters", "chosen"),
    [
        ({"state": "oh"}, [2, 4]),
        ({"city": "yellow-springs"}, [2]),
        ({"zip": "02139"}, [1, 3]),
        ({"state": "MA", "city": "Boston"}, [3]),
        ({"state": "TX"}, []),
    ],
)
@pytest.mark.parametrize("mode", ["static", "dynamic"])
async def test_filters_choose_households(open_process, database_url, mode, filters, chosen):
    """CC-12: filters choose households."""
    insert(database_url)
    async with open_process(REGISTRY) as services:
        job = await run(services, "geocode_households", mode=mode, filters=filters)
        assert (job.status, job.total_items, job.processed_items) == (Status.COMPLETED, len(chosen), len(chosen))
        assert job.output_stats["matched"] + job.output_stats["unmatched"] == len(chosen)
        tried = await query(services, "SELECT id FROM households WHERE geocode_attempts > 0 ORDER BY id")
        assert [row.id for row in tried] == chosen


async def test_households_are_looked_up_again_only_when_asked_for(open_process, database_url):
    insert(database_url)
    async with open_process(REGISTRY) as services:
        await run(services, "geocode_households")
        nothing = await run(services, "geocode_households")
        assert (nothing.status, nothing.total_items, nothing.progress.percent) == (Status.COMPLETED, 0, 100)
        await run(services, "geocode_households", filters={"status": "unmatched"}, mode="dynamic")
        assert await attempts(services) == [1, 1, 2, 2, 2, 2]
        await run(services, "geocode_households", filters={"status": "matched"})
        assert await attempts(services) == [2] * 6


@pytest.mark.parametrize("mode", ["static", "dynamic"])
async def test_a_limit_is_kept(open_process, database_url, monkeypatch, mode):
    """CC-12: the limit is kept."""
    monkeypatch.setattr(geocode_households, "BATCH_HOUSEHOLDS", 2)
    insert(database_url)
    async with open_process(REGISTRY) as services:
        for done in ([1, 1, 1, 0, 0, 0], [1] * 6):
            job = await run(services, "geocode_households", mode=mode, limit=3)
            assert (job.total_items, job.processed_items) == (3, 3)
            assert await attempts(services) == done


@pytest.mark.parametrize(("mode", "included"), [("static", False), ("dynamic", True)])
async def test_a_household_that_arrives_after_the_job_was_created(open_process, database_url, mode, included):
    """CC-12: static fixes the set of households, dynamic does not."""
    insert(database_url, in_cambridge(range(3)))
    async with open_process(REGISTRY, workers=False) as services:
        job = await create(services, "geocode_households", mode=mode)
    insert(database_url, in_cambridge([9]))
    async with open_process(REGISTRY) as services:
        done = await ended(services, job)
        assert done.total_items == done.processed_items == 3 + included
        assert await attempts(services) == [1, 1, 1, int(included)]


async def test_dynamic_looks_again_at_what_has_come_to_match_meanwhile(open_process, database_url, monkeypatch):
    """CC-12: dynamic evaluates the selection again until nothing is left."""
    monkeypatch.setattr(geocode_households, "BATCH_HOUSEHOLDS", 2)
    insert(database_url, in_cambridge(range(6)))

    def change(sql):
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(sql)

    change("UPDATE households SET geocode_outcome = 'not_found' WHERE id = 1")

    def before(lookup):
        if lookup == 2:
            insert(database_url, in_cambridge([50]))
        if lookup == 5:
            change("UPDATE households SET geocode_outcome = NULL WHERE id = 1")

    async with open_process(registry(Recalling(before))) as services:
        job = await run(services, "geocode_households", mode="dynamic")
        assert (job.total_items, job.processed_items) == (7, 7)
        assert await attempts(services) == [1] * 7


@pytest.mark.parametrize("mode", ["static", "dynamic"])
@pytest.mark.parametrize("steps", [2, 3])
async def test_each_household_is_looked_up_once_whatever_crashes(open_process, monkeypatch, mode, steps):
    monkeypatch.setattr(geocode_households, "BATCH_HOUSEHOLDS", 15)
    figures = generator.counts(100)
    async with open_process(REGISTRY) as services:
        await run(services, "import_voters", file_id=await upload(services, generator.sample(100)))
    async with open_process(REGISTRY, workers=False) as services:
        job = await create(services, "geocode_households", mode=mode)
        assert await run_with_crashes(services, job, REGISTRY["geocode_households"], steps=steps) > 5
        done = await services.jobs.get(job.id)
        assert (done.total_items, done.processed_items) == (100, 100)
        assert set(await attempts(services)) == {1}
        assert (done.output_stats["matched"], len(done.error_log)) == (figures["matched"], figures["unmatched"])


async def test_a_gazetteer_that_is_away_makes_nothing_count_twice(open_process, database_url, monkeypatch):
    monkeypatch.setattr(geocode_households, "BATCH_HOUSEHOLDS", 2)
    insert(database_url)

    def before(lookup):
        if lookup == 4:
            raise TransientError("the gazetteer does not answer")

    types = registry(Recalling(before))
    async with open_process(types, workers=False) as services:
        job = await create(services, "geocode_households")
        lease_and_type = (services, job, types["geocode_households"])
        assert await run_with_crashes(*lease_and_type, steps=100) == 2
        assert await attempts(services) == [1] * 6


async def test_a_paused_job_keeps_its_static_set(open_process, database_url, monkeypatch):
    monkeypatch.setattr(geocode_households, "BATCH_HOUSEHOLDS", 1)
    insert(database_url, in_cambridge(range(40)))
    async with open_process(REGISTRY) as services:
        job = await create(services, "geocode_households")
        await services.jobs.control(job.id, Event.PAUSE, caller=TEST)
        paused = await ended(services, job)
        assert paused.status is Status.PAUSED
        insert(database_url, in_cambridge([90]))
        await services.jobs.control(job.id, Event.RESUME, caller=TEST)
        done = await ended(services, job)
        assert (done.status, done.processed_items) == (Status.COMPLETED, 40)
        assert await attempts(services) == [1] * 40 + [0]


async def test_a_cancelled_job_has_written_no_coordinates_before_its_last_stage_and_a_retry_goes_on(
    open_process, database_url, monkeypatch
):
    monkeypatch.setattr(geocode_households, "BATCH_HOUSEHOLDS", 2)
    insert(database_url)

    async def cancel():
        await services.jobs.control(job.id, Event.CANCEL, caller=TEST)

    def before(lookup):
        if lookup == 3:
            anyio.from_thread.run(cancel)

    types = registry(Recalling(before))
    async with open_process(types, workers=False) as services:
        job = await create(services, "geocode_households")
    async with open_process(types) as services:
        cancelled = await ended(services, job)
        assert (cancelled.status, cancelled.processed_items) == (Status.CANCELLED, 0)
        assert await attempts(services) == [1, 1, 1, 1, 0, 0]
        assert await outcomes(services) == [None] * 6
        await services.jobs.control(job.id, Event.RETRY, caller=TEST)
        assert (await ended(services, job)).status is Status.COMPLETED
        assert await attempts(services) == [1] * 6


async def test_jobs_on_the_same_households_at_the_same_time_do_not_collide(open_process, database_url, monkeypatch):
    monkeypatch.setattr(geocode_households, "BATCH_HOUSEHOLDS", 7)
    insert(database_url, in_cambridge(range(100)))
    async with open_process(REGISTRY) as services:
        created = [await create(services, "geocode_households", mode=mode) for mode in ("static", "dynamic") * 2]
        done = [await ended(services, job) for job in created]
        assert [(job.status, job.retry_count) for job in done] == [(Status.COMPLETED, 0)] * 4
        assert sum(await attempts(services)) == sum(job.processed_items for job in done)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({"mode": "sometimes"}, "mode"),
        ({"limit": 0}, "limit"),
        ({"limit": -5}, "limit"),
        ({"limit": 10**12}, "limit"),
        ({"filters": {"state": "Ohio"}}, "filters.state"),
        ({"filters": {"state": "ZZ"}}, "filters.state"),
        ({"filters": {"zip": "4321"}}, "filters.zip"),
        ({"filters": {"zip": "43210\n"}}, "filters.zip"),
        ({"filters": {"city": "\x00"}}, "filters.city"),
        ({"filters": {"city": "x" * 61}}, "filters.city"),
        ({"filters": {"status": "done"}}, "filters.status"),
        ({"filters": {"county": "Franklin"}}, "filters.county"),
        ({"households": []}, "households"),
    ],
)
def test_a_wrong_payload_names_its_field(payload, field):
    with pytest.raises(ValidationError) as caught:
        GeocodeHouseholdsPayload.model_validate(payload)
    assert [".".join(map(str, error["loc"])) for error in caught.value.errors()] == [field]
