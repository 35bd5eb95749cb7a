"""Importing voter files, with real workers on a real database."""

import pytest
import sample_households as generator

from app.handlers import REGISTRY, import_voters
from app.households.columns import COLUMNS
from app.jobs.states import Event, Status
from app.problems import InvalidRequest
from tests.handlers.runs import HEADER, TEST, create, ended, query, run, run_with_crashes, upload

pytestmark = pytest.mark.anyio

GOOD = "V{0},Ada,Nguyen,1984,{0} Main Street,Columbus,OH,43210\n"
#: Everything that says what the tables hold, apart from times and ids.
CONTENTS = """
    SELECT voter_id, first_name, last_name, birth_year, street, city, state, zip
    FROM voters JOIN households ON households.id = household_id ORDER BY voter_id
"""


def stats(job):
    return {name: job.output_stats[name] for name in ("inserted", "updated", "unchanged", "rejected", "new_households")}


async def test_the_sample_is_imported_and_a_second_time_changes_nothing(open_process):
    async with open_process(REGISTRY) as services:
        file_id = await upload(services, generator.OUTPUT.read_bytes())
        first = await run(services, "import_voters", file_id=file_id)
        figures = generator.COUNTS
        assert first.status is Status.COMPLETED
        assert (first.total_items, first.processed_items) == (figures["rows"], figures["rows"])
        assert stats(first) == {
            "inserted": figures["voters"], "updated": 0, "unchanged": 0, "rejected": figures["rejected"],
            "new_households": figures["households"],
        }  # fmt: skip
        before = await query(services, "SELECT * FROM voters ORDER BY voter_id")
        assert len(before) == figures["voters"]
        assert await query(services, "SELECT count(*) FROM households") == [(figures["households"],)]

        again = await run(services, "voter_import", file_id=file_id)
        assert again.type == "import_voters"
        assert stats(again) == {
            "inserted": 0, "updated": 0, "unchanged": figures["voters"], "rejected": figures["rejected"],
            "new_households": 0,
        }  # fmt: skip
        assert await query(services, "SELECT * FROM voters ORDER BY voter_id") == before
        assert await query(services, "SELECT count(*) FROM import_rows") == [(0,)]


async def test_bad_rows_are_logged_with_line_and_reason_and_good_ones_kept(open_process):
    rows = GOOD.format(1) + "V2,Bo,,1984,2 Main Street,Columbus,OH,2139\n" + GOOD.format(3) + GOOD.format(1)
    async with open_process(REGISTRY) as services:
        job = await run(services, "import_voters", file_id=await upload(services, HEADER + rows))
        assert (job.status, job.processed_items, job.total_items) == (Status.COMPLETED, 4, 4)
        assert stats(job) == {"inserted": 2, "updated": 0, "unchanged": 0, "rejected": 2, "new_households": 2}
        assert [(entry["line"], entry["message"].split(";")[0]) for entry in job.error_log] == [
            (5, "voter_id stands already in line 2"),
            (3, "last_name is empty"),
        ]
        assert not [value for value in ("V1", "V2", "Bo", "Main", "2139") if value in str(job.error_log)]


async def test_a_changed_row_updates_its_voter_only(open_process):
    async with open_process(REGISTRY) as services:
        await run(services, "import_voters", file_id=await upload(services, HEADER + GOOD.format(1) + GOOD.format(2)))
        moved = GOOD.format(1) + GOOD.format(2).replace("2 Main", "9 Elm")
        job = await run(services, "import_voters", file_id=await upload(services, HEADER + moved))
        assert stats(job) == {"inserted": 0, "updated": 1, "unchanged": 1, "rejected": 0, "new_households": 1}
        assert [row.street for row in await query(services, CONTENTS)] == ["1 MAIN ST", "9 ELM ST"]
        without = "SELECT street FROM households WHERE id NOT IN (SELECT household_id FROM voters)"
        assert await query(services, without) == [("2 MAIN ST",)], "the old household stays"


async def test_what_an_import_has_written_and_its_file_outlive_the_job(open_process):
    async with open_process(REGISTRY) as services:
        file_id = await upload(services, HEADER + GOOD.format(1))
        job = await run(services, "import_voters", file_id=file_id)
        before = await query(services, CONTENTS)
        await services.clearing.delete(job.id, caller=TEST)
        assert await query(services, CONTENTS) == before != []
        again = await run(services, "import_voters", file_id=file_id)
        assert stats(again) == {"inserted": 0, "updated": 0, "unchanged": 1, "rejected": 0, "new_households": 0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The file is empty"),
        (HEADER, "The file has a header and no rows under it"),
        (HEADER + "\n\r\n", "The file has a header and no rows under it"),
        (HEADER.replace("zip", "postcode") + GOOD.format(1), "has the unknown column 'postcode'"),
    ],
)
async def test_a_file_that_is_no_voter_file_fails_the_job_at_once(open_process, content, message):
    async with open_process(REGISTRY) as services:
        job = await run(services, "import_voters", file_id=await upload(services, content))
        assert (job.status, job.retry_count, job.stage) == (Status.FAILED, 0, "read")
        assert message in job.error_log[0]["message"]
        assert await query(services, "SELECT * FROM households") == []


async def test_a_file_that_is_gone_when_the_job_runs_fails_it_at_once(open_process, settings):
    async with open_process(REGISTRY, workers=False) as services:
        job = await create(services, "import_voters", file_id=await upload(services, HEADER + GOOD.format(1)))
        (settings.data_dir / "uploads" / job.data["file_id"]).unlink()
    async with open_process(REGISTRY) as services:
        failed = await ended(services, job)
        assert (failed.status, failed.retry_count, failed.error_log[0]["code"]) == (Status.FAILED, 0, "file.not_found")
        assert await query(services, "SELECT * FROM voters") == []


async def test_mixed_encodings_a_million_characters_and_nul_bytes_spoil_their_own_rows_only(open_process):
    parts = [
        HEADER.encode(),
        GOOD.format(1).replace("Ada", "Zoë").encode("utf-8"),
        GOOD.format(2).replace("Ada", "Zoë").encode("cp1252"),
        GOOD.format(3).replace("Ada", "A" * 1_000_000).encode(),
        GOOD.format(4).replace("Ada", "A\x00da").encode(),
        GOOD.format(5).replace("Ada", '"Ada').encode(),
        GOOD.format(6).encode(),
    ]
    async with open_process(REGISTRY) as services:
        job = await run(services, "import_voters", file_id=await upload(services, b"".join(parts)))
        assert job.status is Status.COMPLETED
        assert [entry["line"] for entry in job.error_log] == [6, 5, 4, 3]
        stored = await query(services, CONTENTS)
        assert [(row.voter_id, row.first_name) for row in stored] == [("V1", "Zoë"), ("V6", "Ada")]


async def test_a_declared_encoding_is_used(open_process):
    rows = GOOD.format(1).replace("Ada", "Zoë")
    async with open_process(REGISTRY) as services:
        file_id = await upload(services, (HEADER + rows).encode("cp1252"))
        job = await run(services, "import_voters", file_id=file_id, encoding="cp1252")
        assert job.status is Status.COMPLETED
        assert (await query(services, CONTENTS))[0].first_name == "Zoë"


async def test_a_file_of_bad_rows_only_is_counted_and_leaves_nothing(open_process):
    rows = "".join(f"V{number},,,,,,,\n" for number in range(250))
    async with open_process(REGISTRY) as services:
        job = await run(services, "import_voters", file_id=await upload(services, HEADER + rows))
        assert (job.status, job.processed_items) == (Status.COMPLETED, 250)
        assert stats(job) == {"inserted": 0, "updated": 0, "unchanged": 0, "rejected": 250, "new_households": 0}
        assert len(job.error_log) == 100
        assert job.error_log[0]["line"] == 251


@pytest.mark.parametrize("steps", [2, 3, 5])
async def test_each_row_is_counted_once_whatever_crashes(open_process, monkeypatch, steps):
    monkeypatch.setattr(import_voters, "BATCH_ROWS", 40)
    monkeypatch.setattr(import_voters, "COUNT_LINES", 100)
    sample = generator.sample(200)
    figures = generator.counts(200)
    async with open_process(REGISTRY, workers=False) as services:
        job = await create(services, "import_voters", file_id=await upload(services, sample))
        attempts = await run_with_crashes(services, job, REGISTRY["import_voters"], steps=steps)
        assert attempts >= 5
        done = await services.jobs.get(job.id)
        assert (done.processed_items, done.total_items) == (figures["rows"], figures["rows"])
        assert stats(done) == {
            "inserted": figures["voters"], "updated": 0, "unchanged": 0, "rejected": figures["rejected"],
            "new_households": figures["households"],
        }  # fmt: skip
        assert len(done.error_log) == figures["rejected"]
        assert len(await query(services, CONTENTS)) == figures["voters"]
        assert await query(services, "SELECT count(*) FROM import_rows") == [(0,)]


async def test_a_paused_import_goes_on_at_the_next_row(open_process, monkeypatch):
    monkeypatch.setattr(import_voters, "BATCH_ROWS", 5)
    async with open_process(REGISTRY) as services:
        job = await create(services, "import_voters", file_id=await upload(services, generator.sample(300)))
        paused = await services.jobs.control(job.id, Event.PAUSE, caller=TEST)
        paused = await ended(services, job)
        assert paused.status is Status.PAUSED
        await services.jobs.control(job.id, Event.RESUME, caller=TEST)
        done = await ended(services, job)
        assert (done.status, done.processed_items) == (Status.COMPLETED, generator.counts(300)["rows"])
        assert len(await query(services, CONTENTS)) == generator.counts(300)["voters"]


async def test_imports_of_one_file_at_the_same_time_share_the_work(open_process):
    async with open_process(REGISTRY) as services:
        file_id = await upload(services, generator.OUTPUT.read_bytes())
        created = [await create(services, "import_voters", file_id=file_id) for _ in range(4)]
        done = [await ended(services, job) for job in created]
        assert [job.status for job in done] == [Status.COMPLETED] * 4
        assert sum(job.output_stats["inserted"] for job in done) == generator.COUNTS["voters"]
        assert sum(job.output_stats["new_households"] for job in done) == generator.COUNTS["households"]
        assert sum(job.output_stats["updated"] for job in done) == 0


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "data.file_id"),
        ({"file_id": "no"}, "data.file_id"),
        ({"file_id": REGISTRY["import_voters"].example["file_id"], "encoding": "utf-7"}, "data.encoding"),
        ({"file_id": REGISTRY["import_voters"].example["file_id"], "delimiter": ";"}, "data.delimiter"),
    ],
)
async def test_a_wrong_payload_names_its_field(open_process, payload, field):
    async with open_process(REGISTRY, workers=False) as services:
        with pytest.raises(InvalidRequest) as caught:
            await create(services, "import_voters", **payload)
        assert [error["field"] for error in caught.value.extra["errors"]] == [field]


def test_the_header_of_the_tests_is_that_of_the_columns():
    assert HEADER.strip().split(",") == [column.name for column in COLUMNS]
