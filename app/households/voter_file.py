"""Reading a voter file: CSV, one row per line, in batches that start where the last one ended.

A quoted value must end on its line. So an unbalanced quotation mark spoils one row and not the rest of the file, and
every line is the start of a row: reading can go on at any of them after a crash.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from app.households.address import normal_address
from app.households.columns import BY_NAME, COLUMNS, fault
from app.households.model import BadRow, Voter
from app.jobs.retry import PermanentError

#: A longer line is a bad row; it is skipped without being held in memory.
MAX_LINE_BYTES = 65_536
#: A batch ends after this many bytes even when it has room for more rows.
MAX_BATCH_BYTES = 4 * 1_048_576

_UTF8_MARK = b"\xef\xbb\xbf"
#: What other kinds of files begin with, and what to do about it.
_FOREIGN = (
    (b"\xff\xfe", "is UTF-16; save it as CSV in UTF-8"),
    (b"\xfe\xff", "is UTF-16; save it as CSV in UTF-8"),
    (b"PK\x03\x04", "is a ZIP archive or an Excel workbook; export the sheet as CSV in UTF-8"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook; export the sheet as CSV in UTF-8"),
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"%PDF", "is a PDF document; export the table as CSV in UTF-8"),
)
#: Bytes that do not decode become lone surrogates, so that the row around them can still be told from its neighbours.
_UNDECODED = re.compile("[\udc80-\udcff]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


class Encoding(StrEnum):
    """Encodings that a voter file may have. UTF-8 is the default, with or without a byte order mark."""

    UTF_8 = "utf-8"
    CP1252 = "cp1252"
    LATIN_1 = "latin-1"


class VoterFileError(PermanentError):
    """The file as a whole cannot be read: no voter file, a wrong header, or no rows. The message names the way out."""


@dataclass(frozen=True)
class Position:
    """A place between two lines: ``offset`` bytes and ``line`` lines lie before it."""

    offset: int = 0
    line: int = 0


@dataclass(frozen=True)
class Batch:
    """What some lines of the file hold, and where they end. Blank lines are no rows."""

    voters: Sequence[Voter]
    bad_rows: Sequence[BadRow]
    end: Position

    @property
    def rows(self) -> int:
        """The number of rows, good and bad."""
        return len(self.voters) + len(self.bad_rows)


@dataclass(frozen=True)
class Header:
    """The first line: its columns in the order of the file, and where the rows begin."""

    columns: tuple[str, ...]
    end: Position


class VoterFile:
    """A voter file on disk. Its methods block, so call them in a thread; each opens the file anew."""

    def __init__(self, path: Path, encoding: Encoding | None = None) -> None:
        self._path = path
        self._declared = encoding
        self._encoding = encoding or Encoding.UTF_8

    def header(self) -> Header:
        """Read and check the first line.

        Raises:
            VoterFileError: the file is empty, no CSV text, or its columns are not those of a voter file.
        """
        with self._path.open("rb") as stream:
            start = self._start(stream)
            first = next(_lines(stream, start), None)
        if first is None:
            raise VoterFileError(f"The file is empty. Expected the header {_expected()} and rows under it.")
        if first.data is None:
            raise VoterFileError(
                f"The first line has more than {MAX_LINE_BYTES:,} bytes, so it is no header. Expected {_expected()}."
            )
        return Header(self._columns(first.data), first.end)

    def count(self, start: Position, *, lines: int) -> tuple[int, Position]:
        """Return how many of the next ``lines`` lines are rows, and where these lines end."""
        rows, end = 0, start
        with self._path.open("rb") as stream:
            stream.seek(start.offset)
            for line in _lines(stream, start):
                rows += not line.blank
                end = line.end
                lines -= 1
                if not lines:
                    break
        return rows, end

    def read(self, header: Header, start: Position, *, rows: int) -> Batch:
        """Return at most ``rows`` rows from ``start`` on. A batch that ends where it starts is the end of the file."""
        voters: list[Voter] = []
        bad_rows: list[BadRow] = []
        end = start
        with self._path.open("rb") as stream:
            stream.seek(start.offset)
            for line in _lines(stream, start):
                end = line.end
                if not line.blank:
                    row = self._row(header.columns, line)
                    if isinstance(row, Voter):
                        voters.append(row)
                    else:
                        bad_rows.append(row)
                if len(voters) + len(bad_rows) >= rows or end.offset - start.offset >= MAX_BATCH_BYTES:
                    break
        return Batch(voters, bad_rows, end)

    def _start(self, stream: BinaryIO) -> Position:
        head = stream.read(8)
        for signature, kind in _FOREIGN:
            if head.startswith(signature):
                raise VoterFileError(f"The file {kind}.")
        if not head.startswith(_UTF8_MARK):
            stream.seek(0)
            return Position()
        if self._declared not in (None, Encoding.UTF_8):
            raise VoterFileError(
                f"The file begins with the mark of UTF-8, but the job says encoding {self._declared}. Leave it out."
            )
        stream.seek(len(_UTF8_MARK))
        return Position(offset=len(_UTF8_MARK))

    def _columns(self, line: bytes) -> tuple[str, ...]:
        text = line.decode(self._encoding, "replace")
        if "\r" in text:
            raise VoterFileError("The lines end with CR alone. Save the file with LF or CR LF line ends.")
        try:
            names = tuple(name.strip().lower() for name in _fields(text))
        except csv.Error as error:
            raise VoterFileError(f"The header {_quote_fault(error)}. Expected {_expected()}.") from error
        faults = list(_header_faults(names))
        if faults:
            raise VoterFileError(f"The header {'; '.join(faults)}. Expected {_expected()}.")
        return names

    def _row(self, columns: Sequence[str], line: "_Line") -> Voter | BadRow:
        if line.data is None:
            return BadRow(line.end.line, f"the row has more than {MAX_LINE_BYTES:,} bytes")
        text = line.data.decode(self._encoding, "surrogateescape")
        try:
            fields = [value.strip() for value in _fields(text)]
        except csv.Error as error:
            return BadRow(line.end.line, f"the row {_quote_fault(error)}")
        if len(fields) != len(columns):
            return BadRow(line.end.line, f"the row has {len(fields)} values, the header {len(columns)} columns")
        values = dict(zip(columns, fields, strict=True))
        faults = [found for column in COLUMNS if (found := fault(column, values.setdefault(column.name, "")))]
        if _UNDECODED.search(text) or _CONTROL.search(text):
            faults = [found for name in columns if (found := self._unreadable(name, values[name]))] or faults
        if faults:
            return BadRow(line.end.line, "; ".join(faults))
        address = normal_address(values["street"], values["city"], values["state"], values["zip"])
        year = int(values["birth_year"]) if values["birth_year"] else None
        return Voter(line.end.line, values["voter_id"], values["first_name"], values["last_name"], year, address)

    def _unreadable(self, name: str, value: str) -> str | None:
        if undecoded := _UNDECODED.search(value):
            byte = ord(undecoded[0]) - 0xDC00
            return (
                f"{name} holds the byte 0x{byte:02X}, which is no {self._encoding}; "
                "if the whole file has another encoding, name it in the job's encoding"
            )
        if control := _CONTROL.search(value):
            return f"{name} holds the control character U+{ord(control[0]):04X}"
        return None


@dataclass(frozen=True, slots=True)
class _Line:
    """One line without its end; ``data`` is None when the line is too long."""

    data: bytes | None
    end: Position

    @property
    def blank(self) -> bool:
        return self.data is not None and not self.data.strip()


def _lines(stream: BinaryIO, start: Position) -> Iterator[_Line]:
    offset, number = start.offset, start.line
    while data := stream.readline(MAX_LINE_BYTES + 1):
        offset += len(data)
        number += 1
        whole = data.endswith(b"\n") or len(data) <= MAX_LINE_BYTES
        rest = data
        while not whole and not rest.endswith(b"\n") and (rest := stream.readline(MAX_LINE_BYTES)):
            offset += len(rest)
        yield _Line(data.rstrip(b"\r\n") if whole else None, Position(offset, number))


def _fields(text: str) -> list[str]:
    return next(csv.reader((text,), strict=True), [])


def _quote_fault(error: csv.Error) -> str:
    if "unexpected end of data" in str(error):
        return "has a quotation mark that is not closed on the same line"
    if "expected after" in str(error):
        return "has text after a closing quotation mark"
    return f"is no CSV ({error})"


def _expected() -> str:
    return ",".join(column.name for column in COLUMNS)


def _header_faults(names: Sequence[str]) -> Iterator[str]:
    """Yield what is wrong with the names of the columns."""
    for separator, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(names) == 1 and separator in names[0]:
            yield f"is separated by {word}; separate the values by commas"
            return
    unknown = [name for name in names if name not in BY_NAME]
    missing = [column.name for column in COLUMNS if column.required and column.name not in names]
    repeated = [name for name, times in Counter(names).items() if times > 1 and name in BY_NAME]
    for problem, columns in (("lacks", missing), ("repeats", repeated), ("has the unknown", unknown)):
        if columns:
            yield f"{problem} column{'s' if len(columns) > 1 else ''} {_listed(columns)}"


def _listed(names: Iterable[str], limit: int = 8) -> str:
    """Return quoted names, at most ``limit`` of them, each cut to a readable length."""
    shown = [repr(name if len(name) <= 30 else f"{name[:30]}…") for name in names]
    more = f" and {len(shown) - limit} more" if len(shown) > limit else ""
    return ", ".join(shown[:limit]) + more
