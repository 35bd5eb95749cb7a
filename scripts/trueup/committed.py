"""The generated files that stand in the repository: the inventory and the OpenAPI document."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trueup import backing, requirements, watermark
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.facts import Fact, Inventory


def read_inventory(config: Config, root: Path) -> Inventory:
    """The committed inventory, with the committed figures of coverage and with the requirements.

    Empty when it has not been written yet. Raises `TrueupError` when a file is something else.
    """
    collected = read_collected(config, root)
    return Inventory([*collected, *ambient(config, root)]) if len(collected) else collected


def read_collected(config: Config, root: Path) -> Inventory:
    """The committed inventory alone: the facts that were collected from the code. Raises `TrueupError` likewise."""
    path = root / config.inventory
    if not path.exists():
        return Inventory(())
    return Inventory.load(_text(path, config.inventory), config.inventory.as_posix())


def ambient(config: Config, root: Path) -> list[Fact]:
    """Facts that stand in committed files of their own: the figures of coverage, and the requirements."""
    return [fact for source in (watermark, backing, requirements) for fact in source.facts(config, root)]


def read_document(config: Config, root: Path) -> Mapping[str, Any]:
    """The committed OpenAPI document; an empty one when there is none. Raises `TrueupError` when it is no JSON."""
    if config.openapi is None or not (root / config.openapi).exists():
        return {}
    try:
        document = json.loads(_text(root / config.openapi, config.openapi))
    except ValueError as error:
        raise TrueupError(f"{config.openapi}: is no JSON ({error}); run trueup write") from None
    if not isinstance(document, dict):
        raise TrueupError(f"{config.openapi}: is no OpenAPI document; run trueup write")
    return document


def digest(config: Config, root: Path) -> str:
    """The digest of the generated files as they stand; pages built from others have not been verified."""
    whole = hashlib.sha256()
    for file in (config.inventory, config.openapi, config.coverage):
        if file is not None and (root / file).exists():
            whole.update((root / file).read_bytes())
        whole.update(b"\0")
    return whole.hexdigest()


def _text(path: Path, name: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TrueupError(f"{name}: cannot be read ({error}); run trueup write") from None
