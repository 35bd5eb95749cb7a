"""Reading PDF: the text of each page."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

from pypdf import PasswordType, PdfReader
from pypdf.errors import DependencyError

from app.documents.errors import DocumentError
from app.documents.markdown import declared_by
from app.documents.model import MAX_CHARACTERS, Block, BlockKind, Extract

#: What text in a PDF may hold though nobody sees it: half of a pair, which is no text by itself.
_REPLACED = ("utf-8", "replace")


def read_pdf(data: bytes) -> Extract:
    """Return one block for each page.

    Raises:
        DocumentError: the file is encrypted, broken, or has no page with text.
    """
    try:
        return _read(data)
    except (DocumentError, MemoryError):
        raise
    except Exception as error:
        # A broken PDF makes its reader raise whatever the first wrong value leads to.
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DocumentError(f"The PDF is broken ({reason}); open it in a viewer and save or print it anew.") from error


def _read(data: bytes) -> Extract:
    reader = PdfReader(BytesIO(data))
    if reader.is_encrypted and not _opens(reader):
        raise DocumentError("The PDF is encrypted; save it without a password and upload it again.")
    blocks, characters = [], 0
    for number, page in enumerate(reader.pages, 1):
        text = page.extract_text().encode(*_REPLACED).decode()
        characters += len(text)
        if characters > MAX_CHARACTERS:
            break  # the caller refuses it; a hostile file shall not fill the memory first
        if text.strip():
            blocks.append(Block(BlockKind.PAGE, text, page=number))
    if not blocks:
        raise DocumentError("No page of the PDF holds text; if they are scans, run text recognition on them first.")
    about: Mapping[str, Any] = reader.metadata or {}
    names = {"title": "/Title", "author": "/Author", "tags": "/Keywords"}
    values = {name: str(about[entry]) for name, entry in names.items() if about.get(entry)}
    return Extract(blocks, declared_by(values), len(reader.pages))


def _opens(reader: PdfReader) -> bool:
    """Tell whether the file opens without a password, as files do that only forbid printing."""
    try:
        return reader.decrypt("") is not PasswordType.NOT_DECRYPTED
    except DependencyError:
        return False  # a cipher that is not installed; without the password it would not open either
