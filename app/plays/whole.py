"""The older way: a play is parsed from beginning to end, without chunks and without a job."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.documents.decoding import TextEncoding
from app.plays.model import Carried, Element
from app.plays.parser import finish, parse_chunk
from app.plays.text import PlayText, play_bytes, play_text
from app.plays.validation import Verdict, validate


@dataclass(frozen=True)
class WholePlay:
    """A parsed play that is stored nowhere. ``size`` is in bytes, ``sha256`` the hexadecimal digest of the file."""

    sha256: str
    size: int
    text: PlayText
    elements: Sequence[Element]
    verdict: Verdict


def parse_whole(path: Path, encoding: TextEncoding | None) -> WholePlay:
    """Return the play that is in a file.

    Raises:
        PlayError: the file is too large, or nobody speaks in it.
        DocumentError: the file is empty, no text, or in another encoding.
    """
    data = play_bytes(path)
    text = play_text(data, encoding)
    elements, carried = parse_chunk(text.text.split("\n"), text.first_line, Carried())
    elements += finish(carried)[0]
    return WholePlay(sha256(data).hexdigest(), len(data), text, elements, validate(elements))
