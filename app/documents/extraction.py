"""From a file to blocks of text: which format it has, and what it says."""

import re
from pathlib import Path

from app.documents.decoding import TextEncoding, decode
from app.documents.errors import DocumentError
from app.documents.model import MAX_CHARACTERS, DocumentFormat, Extract

# The readers, and the libraries that they need, are imported by the processes that read files, and by no other.

#: Readers of PDF accept that something stands before the mark, within this many bytes.
_PDF_BYTES = 1024
_PAGE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|main|article)\b",
    re.IGNORECASE | re.DOTALL,
)


def detect(data: bytes) -> DocumentFormat:
    """Return the format that the first bytes of a file show; text that is no page is Markdown."""
    if b"%PDF-" in data[:_PDF_BYTES]:
        return DocumentFormat.PDF
    return DocumentFormat.HTML if _PAGE.match(data) else DocumentFormat.MARKDOWN


def extract(path: Path, format: DocumentFormat, encoding: TextEncoding | None) -> Extract:
    """Read a file.

    Raises:
        DocumentError: it is not of this format, not in this encoding, broken, empty or too long.
    """
    data = path.read_bytes()
    if not data.strip():
        raise DocumentError("The file is empty.")
    match format:
        case DocumentFormat.PDF:
            if b"%PDF-" not in data[:_PDF_BYTES]:
                raise DocumentError("The file is no PDF; leave `format` out to have it recognised.")
            from app.documents.pdf import read_pdf

            found = read_pdf(data)
        case DocumentFormat.HTML:
            from app.documents.webpage import read_html

            found = read_html(data, encoding)
        case DocumentFormat.MARKDOWN:
            from app.documents.markdown import read_markdown

            found = read_markdown(decode(data, encoding))
    characters = sum(len(block.text) for block in found.blocks)
    if characters > MAX_CHARACTERS:
        raise DocumentError(f"The document has more than {MAX_CHARACTERS:,} characters; split it.")
    if not any(block.text.strip() for block in found.blocks):
        raise DocumentError("The document holds no text.")
    return found
