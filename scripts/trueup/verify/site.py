"""Blocks of `mkdocs.yml`: read by MkDocs itself."""

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from trueup.verify.verdict import Fault


def faults(source: str) -> Iterator[Fault]:
    """What MkDocs says against a configuration; files that it names need not exist."""
    # Imported here: a project that is built with Zensical need not have it.
    from mkdocs.config import load_config
    from mkdocs.exceptions import MkDocsException

    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("mkdocs.config")
    before = log.propagate
    log.addHandler(handler)
    log.propagate = False
    try:
        with tempfile.TemporaryDirectory(prefix="trueup-mkdocs-") as folder:
            file = Path(folder) / "mkdocs.yml"
            file.write_text(source, encoding="utf-8")
            docs = file.with_name("docs")
            docs.mkdir()
            load_config(str(file), docs_dir=str(docs), site_dir=str(file.with_name("site")))
    except MkDocsException as error:
        first = next((line for line in told if line.startswith("Config value")), str(error))
        name = first.partition("'")[2].partition("'")[0]
        lines = source.splitlines()
        line = next((number for number, text in enumerate(lines, 1) if name and text.startswith(f"{name}:")), 1)
        yield Fault(f"MkDocs refuses it: {first}", line)
    finally:
        log.removeHandler(handler)
        log.propagate = before
