"""What only the gazette knows of itself: the keys of its YAML file."""

import inspect
from collections.abc import Iterator
from dataclasses import fields

from gazette.config import Config


def collect() -> Iterator[dict[str, object]]:
    """Facts of kind `key`, from the fields of `Config` and the comments behind them."""
    lines, first = inspect.getsourcelines(Config)
    for field in fields(Config):
        index = next(index for index, line in enumerate(lines) if line.strip().startswith(f"{field.name}:"))
        yield {
            "kind": "key",
            "key": field.name,
            "file": str(inspect.getsourcefile(Config)),
            "line": first + index,
            "default": field.default,
            "summary": lines[index].partition("# ")[2].strip(),
        }
