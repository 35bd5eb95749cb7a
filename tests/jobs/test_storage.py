"""Checkpoints and uploads: there completely or not at all, also when the disk is full."""

import asyncio
import errno
import resource
import signal
from contextlib import contextmanager
from threading import Event
from uuid import uuid4

import pytest
from fsspec.implementations.local import LocalFileSystem

from app.jobs.checkpoints import CheckpointStore
from app.jobs.files import FileStore, refuses_writes
from app.problems import BodyTooLarge, FileNotKnown, StorageUnavailable

pytestmark = pytest.mark.anyio


@contextmanager
def full_disk(after: int):
    """Let the system refuse to make any file longer than ``after`` bytes, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (after, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


async def chunks(*parts: bytes):
    for part in parts:
        yield part


async def test_a_checkpoint_can_be_loaded_when_its_stage_is_finished(tmp_path):
    """RZ-4: the result of a finished stage is in storage."""
    store, job = CheckpointStore(str(tmp_path)), uuid4()
    await store.save(job, "read", {"result": {"rows": 3}}, final=False)
    assert await store.load(job, "read") is None
    path = await store.save(job, "read", {"result": {"rows": 3}}, final=True)
    assert path == f"{job}/read.json"
    assert await store.load(job, "read") == {"result": {"rows": 3}}
    assert [(found.stage, found.final) for found in await store.saved(job)] == [("read", True), ("read", False)]
    await store.delete(job)
    assert await store.saved(job) == []


async def test_a_full_disk_leaves_the_older_checkpoint(tmp_path):
    store, job = CheckpointStore(str(tmp_path)), uuid4()
    await store.save(job, "read", {"result": "old"}, final=True)
    with full_disk(after=1000), pytest.raises(StorageUnavailable, match=r"read\.json could not be stored"):
        await store.save(job, "read", {"result": "x" * 5000}, final=True)
    assert await store.load(job, "read") == {"result": "old"}
    assert len(list((tmp_path / str(job)).iterdir())) == 1


@pytest.mark.parametrize("removable", [True, False])
async def test_of_checkpoints_that_are_saved_at_once_one_that_is_refused_spoils_no_other(
    tmp_path, monkeypatch, removable
):
    store, large, *small = CheckpointStore(str(tmp_path)), *(uuid4() for _ in range(6))
    if not removable:
        monkeypatch.setattr(LocalFileSystem, "rm_file", broken)
    results = {large: "x" * 5000, **{job: str(job) for job in small}}
    with full_disk(after=1000):
        saved = await asyncio.gather(
            *(store.save(job, "read", {"result": result}, final=True) for job, result in results.items()),
            return_exceptions=True,
        )
    assert isinstance(saved[0], StorageUnavailable)
    assert saved[1:] == [f"{job}/read.json" for job in small]
    assert [await store.load(job, "read") for job in small] == [{"result": str(job)} for job in small]
    assert await store.load(large, "read") is None


def broken(*_):
    raise OSError(errno.EIO, "broken")


async def test_a_checkpoint_that_nobody_waits_for_any_more_is_not_written(tmp_path, monkeypatch):
    """Its worker has lost the job, and the next one may have written the same checkpoint meanwhile."""
    store, first, second = CheckpointStore(str(tmp_path)), uuid4(), uuid4()
    slow, begun, write = Event(), Event(), LocalFileSystem.pipe_file

    def slowly(*args):
        begun.set()
        assert slow.wait(20)
        write(*args)

    monkeypatch.setattr(LocalFileSystem, "pipe_file", slowly)
    saving = asyncio.create_task(store.save(first, "read", {"result": 1}, final=True))
    assert await asyncio.to_thread(begun.wait, 20)
    late = asyncio.create_task(store.save(second, "read", {"result": 2}, final=True))
    await asyncio.sleep(0)
    late.cancel()
    with pytest.raises(asyncio.CancelledError):
        await late
    slow.set()
    await saving
    await store.save(uuid4(), "read", {"result": 3}, final=True)  # what came before it is done
    assert await store.load(first, "read") == {"result": 1}
    assert await store.load(second, "read") is None


async def test_a_checkpoint_address_of_another_storage_works(tmp_path):
    """RZ-4: any object store serves, by setting."""
    store, job = CheckpointStore("memory://checkpoints"), uuid4()
    await store.save(job, "read", {"result": 1}, final=True)
    assert await store.load(job, "read") == {"result": 1}
    await store.delete(job)


async def test_an_upload_is_kept_whole(tmp_path):
    files = FileStore(tmp_path / "uploads", limit=10)
    stored = await files.save(chunks(b"hello", b"world"))
    assert (stored.size, files.require(stored.id).read_bytes()) == (10, b"helloworld")


async def test_an_upload_that_is_too_large_leaves_nothing(tmp_path):
    files = FileStore(tmp_path / "uploads", limit=9)
    with pytest.raises(BodyTooLarge):
        await files.save(chunks(b"hello", b"world"))
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_an_upload_to_a_full_disk_leaves_nothing(tmp_path):
    files = FileStore(tmp_path / "uploads", limit=1_000_000)
    with full_disk(after=1000), pytest.raises(StorageUnavailable):
        await files.save(chunks(b"x" * 5000))
    assert list((tmp_path / "uploads").iterdir()) == []


async def test_an_upload_to_a_place_that_is_no_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="could not be stored: Not a directory"):
        await FileStore(tmp_path / "file" / "uploads", limit=10).save(chunks(b"hello"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_errors_that_somebody_can_mend_are_told_from_defects(number):
    assert refuses_writes(OSError(number, "no"))
    assert not refuses_writes(OSError(errno.EINVAL, "no"))


async def test_an_unknown_upload_is_named(tmp_path):
    missing = uuid4()
    with pytest.raises(FileNotKnown, match=str(missing)):
        FileStore(tmp_path, limit=1).require(missing)
