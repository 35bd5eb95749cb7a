"""Uploads: streamed, complete or not there, and never more than allowed."""

import hashlib
import resource
from signal import SIG_IGN, SIGXFSZ, signal

import pytest

from app.main import create_app
from tests.api.conftest import assert_problem

pytestmark = pytest.mark.anyio

CSV = {"content-type": "text/csv"}


def stored(settings):
    folder = settings.data_dir / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def test_a_file_is_stored_as_it_was_sent(client, operator, settings):
    content = bytes(range(256)) * 300

    async def chunks():
        for start in range(0, len(content), 1000):
            yield content[start : start + 1000]

    answer = await client.post("/api/v1/files", headers={**operator, **CSV}, content=chunks())
    assert answer.status_code == 201, answer.text
    file = answer.json()
    assert (file["size"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert stored(settings) == [file["id"]]
    assert (settings.data_dir / "uploads" / file["id"]).read_bytes() == content


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", ""])
async def test_another_content_type_is_refused(client, operator, settings, kind):
    answer = await client.post("/api/v1/files", headers={**operator, "content-type": kind}, content=b"x")
    assert_problem(answer, 415, "request.unsupported_media_type")
    assert stored(settings) == []


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"max_upload_bytes": 100_000})


async def test_too_large_a_file_is_refused_by_its_length_or_while_it_arrives(client, operator, settings):
    declared = await client.post("/api/v1/files", headers={**operator, **CSV}, content=b"x" * 100_001)
    assert_problem(declared, 413, "request.too_large")
    read = 0

    async def endless():
        nonlocal read
        while True:
            read += 1
            yield b"x" * 10_000

    undeclared = await client.post("/api/v1/files", headers={**operator, **CSV}, content=endless())
    assert_problem(undeclared, 413, "request.too_large")
    assert read <= 12
    assert stored(settings) == []


async def test_a_full_disk_is_a_problem_that_passes(client, operator, settings):
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal(SIGXFSZ, SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        full = await client.post("/api/v1/files", headers={**operator, **CSV}, content=b"x" * 50_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal(SIGXFSZ, handler)
    assert_problem(full, 503, "service.storage_unavailable")
    assert stored(settings) == []
    assert (await client.post("/api/v1/files", headers={**operator, **CSV}, content=b"x" * 50_000)).status_code == 201


def test_the_application_opens_nothing_before_its_lifespan(settings):
    create_app(settings)
    assert not settings.data_dir.exists()
