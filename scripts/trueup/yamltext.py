"""Reading the YAML of pages: front matter and the options of blocks."""

from typing import Any

import yaml

# The parser in C reads the same, many times faster, and is in nearly every build of the library.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str) -> Any:
    """What a YAML text says, in plain values. Raises `yaml.YAMLError`."""
    return yaml.load(text, Loader=_LOADER)  # noqa: S506 (a safe loader)
