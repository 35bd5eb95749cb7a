"""Processing documents, on a real database."""

import pytest
from sqlalchemy import delete

from app.documents.model import MAX_BYTES
from app.documents.tables import documents
from app.handlers import REGISTRY, process_document
from app.jobs.states import Status
from app.services import open_services
from app.settings import Settings
from app.workers.outcome import Completed, Failed
from tests.databases import fresh_database
from tests.documents.samples import BAKERY, HARBOUR, LIGHTHOUSE, PAGES, pdf
from tests.handlers.runs import attempt, create, query, run_stopping_everywhere, upload

pytestmark = pytest.mark.anyio
KIND = REGISTRY["process_document"]

#: Everything that says what the tables hold, apart from times and jobs.
CONTENTS = (
    "SELECT id, sha256, size, format, title, authors, date, tags, keywords, pages, words, characters, chunks, vector "
    "FROM documents ORDER BY id",
    "SELECT * FROM document_chunks ORDER BY document_id, number",
    "SELECT * FROM document_connections ORDER BY first_id, second_id",
    "SELECT number FROM document_drafts",
)


async def contents(services):
    return [await query(services, sql) for sql in CONTENTS]


@pytest.fixture(scope="module")
def anyio_backend():
    """One event loop for the module, and with it one process that reads documents."""
    return "asyncio"


@pytest.fixture(scope="module")
async def services(postgres, tmp_path_factory, anyio_backend):
    with fresh_database(postgres) as address:
        settings = Settings(_env_file=None, database_url=address, data_dir=tmp_path_factory.mktemp("data"))
        async with open_services(settings, REGISTRY, workers=False) as services:
            yield services


@pytest.fixture(autouse=True)
async def _no_documents(services):
    async with services.database.engine.begin() as connection:
        await connection.execute(delete(documents))


async def new(services, content, **options):
    return await create(services, "process_document", file_id=await upload(services, content), **options)


async def process(services, content, **options):
    job = await new(services, content, **options)
    assert isinstance(await attempt(services, job, KIND), Completed)
    return await services.jobs.get(job.id)


async def test_documents_of_each_format_are_stored_and_connected(services):
    done = [await process(services, content) for content in (LIGHTHOUSE, HARBOUR, BAKERY, pdf(PAGES))]
    assert [(job.status, job.processed_items) for job in done] == [
        (Status.COMPLETED, job.output_stats["chunks"]) for job in done
    ]
    assert [(job.output_stats["format"], job.output_stats["title"]) for job in done] == [
        ("markdown", "On lighthouses"), ("html", "Harbours"), ("markdown", "Bread"), ("pdf", "Annals"),
    ]  # fmt: skip
    ids = {job.output_stats["title"]: job.output_stats["document_id"] for job in done}
    found = await query(services, "SELECT first_id, second_id, shared FROM document_connections")
    connected = {frozenset({str(row.first_id), str(row.second_id)}): set(row.shared) for row in found}
    assert set(connected) == {
        frozenset({ids["On lighthouses"], ids["Harbours"]}), frozenset({ids["Bread"], ids["Annals"]}),
    }  # fmt: skip
    assert {"lamp", "keeper"} <= connected[frozenset({ids["On lighthouses"], ids["Harbours"]})]


async def test_content_that_was_processed_before_is_taken_from_the_cache(services):
    first = await process(services, BAKERY)
    before = await contents(services)
    again = await process(services, BAKERY)
    assert (again.output_stats["cached"], first.output_stats["cached"]) == (True, False)
    assert again.output_stats["document_id"] == first.output_stats["document_id"]
    forced = await process(services, BAKERY, force=True)
    assert (forced.output_stats["cached"], forced.output_stats["outcome"]) == (False, "unchanged")
    assert await contents(services) == before
    other = await process(services, BAKERY, format="html")
    assert (other.output_stats["cached"], other.output_stats["outcome"]) == (False, "updated")


async def test_a_document_that_cannot_be_read_fails_for_good_and_says_why(services):
    """RZ-3: an input that is wrong is a permanent error."""

    async def failure(content):
        outcome = await attempt(services, await new(services, content), KIND)
        assert isinstance(outcome, Failed)
        assert not outcome.transient
        return outcome.stage, str(outcome.error)

    assert await failure("") == ("cache_check", "The file is empty.")
    stage, message = await failure(b"%PDF-1.4 and nothing else")
    assert stage == "extraction"
    assert message.startswith("The PDF is broken")
    large = await new(services, "x")
    with services.files.path(large.data["file_id"]).open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    outcome = await attempt(services, large, KIND)
    assert "a document has at most 33,554,432" in str(outcome.error)
    assert await contents(services) == [[], [], [], []]


@pytest.mark.parametrize("crash", [True, False], ids=["crash", "pause"])
async def test_a_document_is_the_same_wherever_its_job_was_stopped(services, monkeypatch, crash):
    """RZ-4, RZ-5: every stage and every batch goes on from its checkpoint."""
    monkeypatch.setattr(process_document, "BATCH_CHUNKS", 2)
    monkeypatch.setattr(process_document, "BATCH_DOCUMENTS", 1)
    of_whole = [await process(services, content) for content in (HARBOUR, BAKERY, LIGHTHOUSE)][-1]
    expected = await contents(services)
    assert len(expected[2]) == 1
    async with services.database.engine.begin() as connection:
        await connection.execute(delete(documents).where(documents.c.title == "On lighthouses"))
    job = await new(services, LIGHTHOUSE)
    stops = await run_stopping_everywhere(services, job, KIND, crash=crash)
    assert stops > (40 if crash else 20)
    assert await contents(services) == expected
    done = await services.jobs.get(job.id)
    assert (done.processed_items, done.total_items) == (of_whole.processed_items, of_whole.total_items)
    assert done.output_stats == of_whole.output_stats
    final = [checkpoint.stage for checkpoint in await services.jobs.checkpoints(job.id) if checkpoint.final]
    assert sorted(final) == sorted(stage.name for stage in KIND.stages)
