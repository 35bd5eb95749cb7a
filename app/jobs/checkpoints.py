"""Stage results in storage: a folder by default, any address that fsspec knows by setting."""

import asyncio
import errno
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import anyio
import fsspec
from fsspec.implementations.local import LocalFileSystem

from app.database.together import Together
from app.jobs.files import refuses_writes
from app.problems import StorageUnavailable


@dataclass(frozen=True)
class CheckpointInfo:
    """A checkpoint in storage: ``final`` tells whether its stage is finished, ``size`` is in bytes."""

    stage: str
    path: str
    final: bool
    size: int


#: A checkpoint of at most so many bytes is written together with others, and so many batches at the same time: a folder
#: that is slow, or hangs, keeps some of them waiting, not all.
_SMALL, _AT_ONCE = 64 * 1024, 4


@dataclass
class _Write:
    path: str
    data: bytes
    #: Nobody waits for it any more, and another worker may have written since.
    dropped: bool = False


class CheckpointStore:
    """Checkpoints under ``address``, one folder a job.

    A stage that was interrupted leaves ``<job>/stage-<stage>.json``, a finished one ``<job>/<stage>.json``. A file is
    there completely or not at all.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._storage, self._root = fsspec.url_to_fs(address)
        self._writes: Together[_Write, Exception | None] = Together(self._write_all, asyncio.Semaphore(_AT_ONCE))

    def path(self, job_id: UUID, stage: str, *, final: bool) -> str:
        """Return the path of a checkpoint below the store's address."""
        return f"{job_id}/{stage}.json" if final else f"{job_id}/stage-{stage}.json"

    async def save(self, job_id: UUID, stage: str, content: Mapping[str, Any], *, final: bool) -> str:
        """Write a checkpoint, replacing an older one, and return its path.

        Raises:
            StorageUnavailable: the storage is full or refuses writes.
        """
        path = self.path(job_id, stage, final=final)
        data = json.dumps(content, ensure_ascii=False, indent=1, default=str).encode()
        error = await self._written(_Write(path, data))
        if isinstance(error, OSError) and refuses_writes(error):
            reason = error.strerror or errno.errorcode.get(error.errno or 0, "unknown")
            raise StorageUnavailable(f"The checkpoint {path} could not be stored: {reason}.") from error
        if error:
            raise error
        return path

    async def _written(self, write: _Write) -> Exception | None:
        # To change to a thread and back takes longer than to write a little into a folder: what comes together goes
        # together. Another kind of storage is far away, and answers several at the same time.
        if not isinstance(self._storage, LocalFileSystem) or len(write.data) > _SMALL:
            return await anyio.to_thread.run_sync(self._write, write)
        try:
            return await self._writes.ask(write)
        except asyncio.CancelledError:
            write.dropped = True
            raise

    async def _write_all(self, writes: Sequence[_Write]) -> list[Exception | None]:
        return await anyio.to_thread.run_sync(lambda: [self._write(write) for write in writes])

    def _write(self, write: _Write) -> Exception | None:
        if write.dropped:
            return None
        full = f"{self._root}/{write.path}"
        partial = f"{full}.partial"
        try:
            self._storage.makedirs(full.rpartition("/")[0], exist_ok=True)
            self._storage.pipe_file(partial, write.data)
            self._storage.mv(partial, full)
        except Exception as error:
            # The first error says why; what cannot be removed now is replaced by the next attempt.
            with suppress(Exception):
                if self._storage.exists(partial):
                    self._storage.rm_file(partial)
            return error
        return None

    async def load(self, job_id: UUID, stage: str) -> dict[str, Any] | None:
        """Return the result of a finished stage, or None when there is no such checkpoint."""
        full = f"{self._root}/{self.path(job_id, stage, final=True)}"
        try:
            data = await anyio.to_thread.run_sync(self._storage.cat_file, full)
        except FileNotFoundError:
            return None
        content: dict[str, Any] = json.loads(data)
        return content

    async def saved(self, job_id: UUID) -> list[CheckpointInfo]:
        """Return the checkpoints of a job, by path."""
        return await anyio.to_thread.run_sync(self._saved, job_id)

    def _saved(self, job_id: UUID) -> list[CheckpointInfo]:
        try:
            entries = self._storage.ls(f"{self._root}/{job_id}", detail=True)
        except FileNotFoundError:
            return []
        found = []
        for entry in sorted(entries, key=lambda entry: entry["name"]):
            name = entry["name"].rpartition("/")[2]
            if not name.endswith(".json"):
                continue
            final = not name.startswith("stage-")
            stage = name.removesuffix(".json").removeprefix("stage-")
            found.append(CheckpointInfo(stage, f"{job_id}/{name}", final, int(entry["size"])))
        return found

    async def folders(self) -> list[UUID]:
        """Return the ids of all jobs that have a folder, whether there is such a job or not."""
        return await anyio.to_thread.run_sync(self._folders)

    def _folders(self) -> list[UUID]:
        try:
            names = [name.rstrip("/").rpartition("/")[2] for name in self._storage.ls(self._root, detail=False)]
        except FileNotFoundError:
            return []
        return [UUID(name) for name in sorted(names) if _is_id(name)]

    async def delete(self, job_id: UUID) -> None:
        """Remove all checkpoints of a job; nothing happens when there are none.

        Raises:
            StorageUnavailable: the storage refuses to be written to.
        """
        folder = f"{self._root}/{job_id}"

        def remove() -> None:
            if self._storage.exists(folder):
                self._storage.rm(folder, recursive=True)

        try:
            await anyio.to_thread.run_sync(remove)
        except OSError as error:
            if refuses_writes(error):
                raise StorageUnavailable(f"Checkpoints of {job_id} could not be removed: {error.strerror}.") from error
            raise


def _is_id(name: str) -> bool:
    try:
        return str(UUID(name)) == name
    except ValueError:
        return False
