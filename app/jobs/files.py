"""Uploaded files, kept in a folder of the data directory under their ids."""

import errno
import hashlib
import os
from collections.abc import AsyncIterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID, uuid4

import anyio
from pydantic import Field

from app.problems import BodyTooLarge, FileNotKnown, StorageUnavailable

#: A member of payloads beside the id of a file: what the file was called where it came from.
FileName = Annotated[
    str | None,
    Field(
        max_length=255,
        description="What the file is called, for people: the list of jobs finds it. "
        "The Jobs page takes it from an upload.",
        examples=["households.csv"],
    ),
]

#: Errors of the operating system that mean "this disk takes no more", and that pass when somebody mends it.
_REFUSALS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES, errno.EPERM, errno.ENOTDIR}
)


def refuses_writes(error: OSError) -> bool:
    """Tell whether storage refuses to be written to: it is full, read-only, broken, or belongs to somebody else."""
    return error.errno in _REFUSALS


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file: ``size`` in bytes, ``sha256`` in lower-case hexadecimal digits."""

    id: UUID
    size: int
    sha256: str


class FileStore:
    """Files under ``folder``; a file is there completely or not at all."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        self._folder = folder
        self._limit = limit

    async def save(self, chunks: AsyncIterable[bytes]) -> StoredFile:
        """Store a stream of bytes and return its new id.

        Raises:
            BodyTooLarge: the stream has more bytes than the limit.
            StorageUnavailable: the disk is full or refuses writes.
        """
        file_id, size, digest = uuid4(), 0, hashlib.sha256()
        partial = self._folder / f"{file_id}.partial"
        try:
            await anyio.Path(self._folder).mkdir(parents=True, exist_ok=True)
            async with await anyio.open_file(partial, "wb") as stream:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > self._limit:
                        raise BodyTooLarge(f"The file has more than {self._limit} bytes.")
                    digest.update(chunk)
                    await stream.write(chunk)
                await stream.flush()
                await anyio.to_thread.run_sync(os.fsync, stream.wrapped.fileno())
            await anyio.Path(partial).rename(self.path(file_id))
        except OSError as error:
            if refuses_writes(error):
                raise StorageUnavailable(f"The upload could not be stored: {error.strerror}.") from error
            raise
        finally:
            with suppress(NotADirectoryError):  # then nothing was written
                await anyio.Path(partial).unlink(missing_ok=True)
        return StoredFile(file_id, size, digest.hexdigest())

    def path(self, file_id: UUID) -> Path:
        """Return where a file is; it need not exist."""
        return self._folder / str(file_id)

    def require(self, file_id: UUID) -> Path:
        """Return where a file is.

        Raises:
            FileNotKnown: no file has this id.
        """
        path = self.path(file_id)
        if not path.is_file():
            raise FileNotKnown(f"There is no uploaded file {file_id}.")
        return path
