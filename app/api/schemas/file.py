"""Uploaded files."""

from uuid import UUID

from pydantic import Field

from app.api.schemas.base import ResponseBody
from app.jobs.files import StoredFile


class FileRead(ResponseBody):
    """An uploaded file."""

    id: UUID = Field(description="Its id; payloads name it by this.")
    size: int = Field(ge=0, description="Its size in bytes.")
    sha256: str = Field(description="The SHA-256 digest of its bytes, in hexadecimal.", pattern="^[0-9a-f]{64}$")

    @classmethod
    def of(cls, stored: StoredFile) -> "FileRead":
        """Show ``stored``."""
        return cls(id=stored.id, size=stored.size, sha256=stored.sha256)
