"""The glossary: a TOML file of terms, each with its meaning and its aliases."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from trueup.errors import TrueupError
from trueup.facts import Fact


class _Term(BaseModel):
    model_config = ConfigDict(extra="forbid")
    meaning: str = Field(min_length=1)
    aliases: list[str] = Field(default_factory=list)


_TERMS = TypeAdapter(dict[str, _Term])


def collect(root: Path, path: Path | None) -> Iterator[Fact]:
    """A fact of kind `term` for each table `[term]` with `meaning` and, if there are any, `aliases`.

    Raises `TrueupError` when the file is missing or is something else, or when one word stands for two terms.
    """
    if path is None:
        return
    try:
        text = (root / path).read_text(encoding="utf-8")
        terms = _TERMS.validate_python(tomllib.loads(text))
    except FileNotFoundError:
        raise TrueupError(f"{path}: not found; create it or remove tool.trueup.glossary") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrueupError(f"{path}: is no TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise TrueupError(f"{path}: {place}: {first['msg']}; write [term] with meaning and aliases") from None
    lines = text.splitlines()
    taken: dict[str, str] = {}
    for order, (name, term) in enumerate(terms.items(), 1):
        for word in [name, *term.aliases]:
            other = taken.setdefault(word.lower(), name)
            if other != name:
                raise TrueupError(f"{path}: {word!r} stands for {other!r} and for {name!r}; remove one of them")
        attributes = {"summary": term.meaning, "aliases": term.aliases, "order": order}
        line = next((at for at, text in enumerate(lines, 1) if text.strip().strip('[]"') == name), 1)
        yield Fact("term", name, attributes, path.as_posix(), line)
