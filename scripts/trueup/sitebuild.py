"""Building the site with MkDocs, strictly, and reading what it complains about."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from trueup.config import Config
from trueup.errors import TrueupError
from trueup.findings import Finding
from trueup.keptsite import KeptSite
from trueup.origin import sources

_COMPLAINT = re.compile(r"^(?:WARNING|ERROR)\s*-\s+(.*)$")
_PAGE = re.compile(r"[Dd]oc file '([^']+)'")
_LINK = re.compile(r"link '([^']+)'")


@dataclass(frozen=True)
class SiteBuild:
    """A build that is running: `finish` waits for it."""

    process: subprocess.Popen[str]
    site: Path
    config: Config
    root: Path

    def finish(self) -> list[Finding]:
        """Wait for the build; a finding for each complaint of the builder that is not trueup's own."""
        output, _ = self.process.communicate()
        found = list(_complaints(output, self.config, self.root))
        if self.process.returncode and not found and not _own(output):
            tail = "\n".join(output.strip().splitlines()[-8:])
            message = "the site does not build"
            found.append(Finding(self.config.mkdocs.as_posix(), 1, "build-failed", message, "see below", tail))
        return found

    def stop(self) -> None:
        """End the build, if it still runs."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()


def start(config: Config, root: Path, site: Path, kept: KeptSite | None = None) -> SiteBuild:
    """Start building the site into the folder `site`; with `kept`, into its folder, and of it what has changed.

    Raises `TrueupError` when there is no configuration.
    """
    if not (root / config.mkdocs).exists():
        raise TrueupError(f"{config.mkdocs}: not found; create it or set tool.trueup.mkdocs")
    site = kept.folder if kept else site
    command = [sys.executable, "-m", "trueup.builder", str(root / config.mkdocs), str(site)]
    command += [kept.reads, str(kept.notes)] if kept else []
    process = subprocess.Popen(
        command,
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return SiteBuild(process, site, config, root)


def once(config: Config, root: Path, scratch: Path) -> Path:
    """The folder `site` below `scratch` with the built site, built now unless it is there. Complaints are not told."""
    site = scratch / "site"
    if not site.is_dir():
        start(config, root, site).finish()
    return site


def unstamped(config: Config, root: Path, site: Path) -> Iterator[Finding]:
    """A finding for each built page without a stamp: the extension did not run, or did not know the page."""
    for name, source in sources(root / config.docs).items():
        built = site / name
        if built.is_file() and "trueup-stamp" not in built.read_text(encoding="utf-8"):
            message = "the built page carries no stamp"
            mend = "is trueup.extension in markdown_extensions, and does no plugin change the page's text?"
            yield Finding(source.relative_to(root).as_posix(), 1, "page-unstamped", message, mend)


def _own(output: str) -> bool:
    return any(re.search(r"\[[a-z]+(-[a-z]+)+\]$", line) for line in output.splitlines())


def _complaints(output: str, config: Config, root: Path) -> Iterator[Finding]:
    # A list of pages follows its complaint, a line each.
    for line in re.sub(r":\n +- ", ": ", output).splitlines():
        match = _COMPLAINT.match(line)
        if match is None or _own(line):
            continue
        message = match[1]
        page = _PAGE.search(message)
        path = config.mkdocs
        number = 1
        if page:
            path = config.docs / page[1]
            link = _LINK.search(message)
            number = _line(root / path, link[1]) if link else 1
        yield Finding(path.as_posix(), number, "build-failed", message)


def _line(path: Path, text: str) -> int:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return 1
    return next((number for number, line in enumerate(lines, 1) if text in line), 1)


class _Tags(yaml.SafeLoader):
    """Reads a builder's configuration although it holds tags that only the builder knows."""


_Tags.add_multi_constructor("", lambda *_: None)


def site_url(config: Config, root: Path) -> str:
    """The address the site is to be served at, as its configuration says; empty when it does not."""
    return str(read_site(root / config.mkdocs).get("site_url") or "")


def read_site(path: Path) -> Mapping[str, Any]:
    """The configuration of the site, tags of its builder left out. Raises `TrueupError` when it cannot be read."""
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_Tags)  # noqa: S506 (a SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TrueupError(f"{path.name}: cannot be read: {error}") from None
    return document if isinstance(document, dict) else {}
