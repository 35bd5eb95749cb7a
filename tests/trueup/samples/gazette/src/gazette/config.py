"""What can be set, in one YAML file next to the notices."""

import os
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Config:
    """The settings of a gazette, and their defaults."""

    title: str = "The Village Gazette"  # What stands at the top.
    longest: int = 2000  # Most characters of one notice.
    printed_on: date | None = None  # The day that is printed on notices; none: today.


def read() -> Config:
    """The settings of the file that the variable `GAZETTE_CONFIG` names, or the defaults."""
    path = os.environ.get("GAZETTE_CONFIG")
    values = yaml.safe_load(Path(path).read_text(encoding="utf-8")) if path and Path(path).exists() else {}
    return Config(**{field.name: values[field.name] for field in fields(Config) if field.name in values})
