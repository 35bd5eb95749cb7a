"""The process that builds the site with MkDocs: whole, or of an earlier one only the pages that have changed.

Run as `python -m trueup.builder CONFIGURATION SITE [READS NOTES]` in the project's folder. READS is the digest of
everything but the pages. NOTES is a file that says what the site in SITE was built from; it is replaced by `NOTES.new`,
which says what it is built from now.
"""

import gc
import json
import logging
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from click import ClickException
from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files, get_files

from trueup.extension import current
from trueup.pages import Page
from trueup.tree import digest_of


def main() -> None:
    """Build. Complaints go to the standard output, a line each; exits with 1 when there are any."""
    gc.set_threshold(50_000)  # a site is many objects that live until it is built
    configuration, site, *rest = sys.argv[1:]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(logging.Formatter("%(levelname)-8s-  %(message)s"))
    logger = logging.getLogger("mkdocs")
    logger.setLevel(logging.WARNING)
    logger.addHandler(handler)
    try:
        config = load_config(configuration, site_dir=site, strict=True)
        some = bool(rest) and _only_changed(config, rest[0], Path(rest[1]))
        config.plugins.on_startup(command="build", dirty=some)
        try:
            build(config, dirty=some)
        finally:
            config.plugins.on_shutdown()
    except ClickException as error:
        error.show(sys.stdout)
        sys.exit(error.exit_code)


def _only_changed(config: MkDocsConfig, reads: str, notes: Path) -> bool:
    """Mark which pages of the site stand as they are; whether any do. Notes what the site is going to be."""
    bindings = current()
    pages = {page.docs_path: digest_of([page.text]) for page in bindings.pages}
    # What every page may show of the others: their titles, and where names are documented.
    front = [f"{page.docs_path} {_title(page)}" for page in bindings.pages]
    places = [f"{name} {place}" for name, place in sorted(bindings.places.items())]
    shared = digest_of([reads, *front, "", *places])
    before = _read(notes)
    same = before.get("shared") == shared
    left = {path for path, content in pages.items() if same and before["pages"].get(path) == content}
    notes.unlink(missing_ok=True)
    made = {"shared": shared, "pages": pages, "left": len(left)}
    notes.with_suffix(".new").write_text(json.dumps(made), encoding="utf-8")
    if not left:
        return False
    _mark(get_files(config), left)
    # MkDocs warns that such a build may be inaccurate; which pages it leaves alone has been decided here.
    logging.getLogger("mkdocs.commands.build").addFilter(lambda record: "'dirty' build" not in record.getMessage())
    return True


def _title(page: Page) -> str:
    """What the navigation shows of a page comes from its front matter or from its first heading."""
    heading = next((prose.text for prose in page.prose if prose.text.startswith("# ")), "")
    return f"{json.dumps(page.meta, sort_keys=True, default=str)} {heading}"


def _mark(files: Files, left: set[str]) -> None:
    """Make MkDocs, which compares times, leave pages alone, and build all others."""
    later = time.time() + 60
    for file in files.documentation_pages():
        built = Path(file.abs_dest_path)
        if file.src_uri not in left:
            built.unlink(missing_ok=True)
        elif built.exists():
            os.utime(built, (later, later))


def _read(notes: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(notes.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("pages"), dict) else {}


if __name__ == "__main__":
    main()
