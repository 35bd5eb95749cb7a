"""From the bytes of a text file to its text; nothing is guessed and nothing is replaced."""

from enum import StrEnum

from app.documents.errors import DocumentError

#: What other kinds of files begin with, and what to do about it.
_FOREIGN = (
    (b"\xff\xfe", "is UTF-16; save it in UTF-8"),
    (b"\xfe\xff", "is UTF-16; save it in UTF-8"),
    (b"PK\x03\x04", "is a ZIP archive or an office document; export it as PDF, HTML or text"),
    (b"\xd0\xcf\x11\xe0", "is an old office document; export it as PDF, HTML or text"),
    (b"{\\rtf", "is rich text; export it as PDF, HTML or text"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
)


class TextEncoding(StrEnum):
    """Encodings that a text may have. UTF-8 is the default, with or without a byte order mark."""

    UTF_8 = "utf-8"
    CP1252 = "cp1252"
    LATIN_1 = "latin-1"


def decode(data: bytes, encoding: TextEncoding | None) -> str:
    """Return the text of a file with line ends as ``\\n``.

    Raises:
        DocumentError: the file is empty, of another kind, or not in this encoding.
    """
    for mark, advice in _FOREIGN:
        if data.startswith(mark):
            raise DocumentError(f"The file {advice}.")
    if not data.strip():
        raise DocumentError("The file is empty.")
    if b"\x00" in data:
        raise DocumentError("The file holds binary data, so it is no text; export it as PDF, HTML or text.")
    name = encoding or TextEncoding.UTF_8
    try:
        text = data.decode("utf-8-sig" if name is TextEncoding.UTF_8 else name.value)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"The file is not in {name.value}: byte {error.start + 1}, in line {line}, does not fit. "
            "Name the encoding that it has in `encoding`, or save it in UTF-8."
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
