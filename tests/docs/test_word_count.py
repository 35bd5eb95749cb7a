"""The job type of the tutorial, with real workers on a real database."""

import runpy
from pathlib import Path
from uuid import uuid4

import pytest

from app.jobs.registry import Registry
from app.jobs.states import Status
from app.problems import FileNotKnown
from tests.handlers.runs import create, run, run_with_crashes, upload

pytestmark = pytest.mark.anyio

FILE = Path(__file__).parents[2] / "docs/developer/job-system/examples/word_count.py"
WORD_COUNT = runpy.run_path(str(FILE))["WORD_COUNT"]
REGISTRY = Registry([WORD_COUNT])


async def test_the_words_of_a_file_are_counted(open_process):
    async with open_process(REGISTRY) as services:
        job = await run(services, "word_count", file_id=await upload(services, "one two\nthree\n\n" * 1_000))
        assert job.status is Status.COMPLETED
        assert (job.total_items, job.processed_items) == (3_000, 3_000)
        assert job.output_stats == {"words": 3_000}


async def test_a_line_that_is_no_text_goes_to_the_error_log(open_process):
    async with open_process(REGISTRY) as services:
        job = await run(services, "word_count", file_id=await upload(services, b"one two\n\xff\xfe\nthree\n"))
        assert (job.status, job.output_stats) == (Status.COMPLETED, {"words": 3})
        assert [(entry["line"], entry["message"]) for entry in job.error_log] == [(2, "the line is no UTF-8")]


async def test_an_empty_file_fails_at_once(open_process):
    async with open_process(REGISTRY) as services:
        job = await run(services, "word_count", file_id=await upload(services, ""))
        assert (job.status, job.retry_count) == (Status.FAILED, 0)
        assert job.error_log[0]["message"] == "The file is empty, so there is nothing to count."


async def test_a_file_that_does_not_exist_is_refused_before_the_job_is_created(open_process):
    async with open_process(REGISTRY, workers=False) as services:
        with pytest.raises(FileNotKnown):
            await create(services, "word_count", file_id=str(uuid4()))


async def test_each_line_counts_once_whatever_crashes(open_process):
    async with open_process(REGISTRY, workers=False) as services:
        job = await create(services, "word_count", file_id=await upload(services, "a b\n" * 5_500))
        assert await run_with_crashes(services, job, WORD_COUNT, steps=2) > 2
        done = await services.jobs.get(job.id)
        assert (done.processed_items, done.output_stats) == (5_500, {"words": 11_000})
