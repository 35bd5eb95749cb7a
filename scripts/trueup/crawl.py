"""The second opinion: LinkChecker crawls the built site over HTTP, and must see what the own resolver sees."""

import subprocess
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lxml import etree

from trueup import links
from trueup.config import Config
from trueup.errors import TrueupError
from trueup.findings import Finding
from trueup.links import LinkResult
from trueup.origin import line_of, sources
from trueup.outcome import CheckResult
from trueup.processes import end_group
from trueup.scratch import scratch_folder
from trueup.service import base_environment, tail
from trueup.sitebuild import site_url

_LIMIT_SECONDS = 300.0
_MOST_DIFFERENCES = 20
_BROKEN_STATUS = 1
# Requests of one host are spaced out unless the host allows this rate, by a header of the name `LinkChecker`.
_CONFIGURATION = "[checking]\nmaxrequestspersecond=10000\nthreads=2\n"


@dataclass(frozen=True)
class Crawled:
    """One address that LinkChecker looked at, and the page it found it on; both relative to the site."""

    address: str
    file: str
    parent: str
    name: str
    valid: bool
    result: str


def run(config: Config, root: Path, site_dir: Path) -> CheckResult:
    """Serve the site on a free port of this machine, crawl it, and compare with the own resolver.

    Raises `TrueupError` when the site has not been built or LinkChecker does not come to its end.
    """
    if not (site_dir / "index.html").is_file():
        raise TrueupError(f"{site_dir}: has no index.html to start the crawl at; build the site, or write the page")
    base_url, docs = site_url(config, root), root / config.docs
    prefix = urlsplit(base_url).path.rstrip("/") + "/"
    with scratch_folder() as scratch, served(site_dir, prefix) as address:
        crawled = _crawl(scratch, address)
    own = links.resolve(site_dir, base_url=base_url, root=root, docs=docs)
    findings = [*_broken(crawled, docs, root), *_differences(crawled, own, site_dir, root)]
    pages = {item.file for item in crawled if item.valid and item.file.endswith(".html")}
    figures = {"pages": len(pages), "links": len(crawled)}
    return CheckResult(tuple(sorted(set(findings))), len(crawled), figures)


class _Site(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, prefix: str, directory: str) -> None:
        self._prefix = prefix
        super().__init__(*args, directory=directory)

    def translate_path(self, path: str) -> str:
        """The file of an address below the site's prefix."""
        if not path.startswith(self._prefix):
            return "/nonexistent"
        return super().translate_path("/" + path[len(self._prefix) :])

    def end_headers(self) -> None:
        """Allow LinkChecker its full speed."""
        self.send_header("LinkChecker", "welcome")
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a crawler that drops a connection is none of the site's troubles."""


@contextmanager
def served(site: Path, prefix: str) -> Iterator[str]:
    """Serve the site in the folder `site` below the path `prefix`; gives the address."""
    handler = partial(_Site, prefix=prefix, directory=str(site))
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{prefix}"
        finally:
            server.shutdown()
            thread.join()


def _crawl(scratch: Path, address: str) -> list[Crawled]:
    """Run LinkChecker over `address`. As root it runs as nobody, so it reads one readable file and writes to a pipe."""
    configuration = scratch / "linkcheckerrc"
    configuration.write_text(_CONFIGURATION, encoding="utf-8")
    configuration.chmod(0o644)
    report, log = scratch / "report.xml", scratch / "log"
    with report.open("wb") as out, log.open("wb") as err:
        crawler = subprocess.Popen(
            [
                "linkchecker",
                "--config",
                str(configuration),
                "--no-status",
                "--verbose",
                "--output",
                "xml/utf-8",
                address,
            ],
            cwd=scratch,
            env=base_environment(scratch),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        try:
            status: int | None = crawler.wait(timeout=_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            end_group(crawler)
    if status not in {0, _BROKEN_STATUS}:
        how = f"did not end within {_LIMIT_SECONDS:g} s" if status is None else f"ended with status {status}"
        raise TrueupError(f"LinkChecker {how}; its output:\n{tail(log)}")
    return list(read_report(report.read_bytes(), address))


def read_report(content: bytes, address: str) -> Iterator[Crawled]:
    """What LinkChecker saw below `address`, from its XML output. Raises `TrueupError` when it is cut short."""
    try:
        # Pages may hold characters that XML does not allow, and LinkChecker copies them.
        tree = etree.fromstring(content, etree.XMLParser(recover=True))
    except etree.XMLSyntaxError as error:
        raise TrueupError(f"the report of LinkChecker is no XML: {error}") from None
    if tree is None or not content.rstrip().endswith(b"-->"):
        raise TrueupError("the report of LinkChecker is cut short")
    for item in tree.iter("urldata"):
        real = item.findtext("realurl") or ""
        verdict = item.find("valid")
        if real.startswith(address) and verdict is not None:
            yield Crawled(
                address=item.findtext("url") or "",
                file=_file(real, address),
                parent=_file(item.findtext("parent") or address, address),
                name=item.findtext("name") or "",
                valid=verdict.text == "1",
                result=verdict.get("result") or "",
            )


def _file(url: str, address: str) -> str:
    path = unquote(urlsplit(url).path)[len(urlsplit(address).path) :]
    return f"{path}index.html" if not path or path.endswith("/") else path


def _broken(crawled: list[Crawled], docs: Path, root: Path) -> Iterator[Finding]:
    table = sources(docs)
    for item in crawled:
        if not item.valid:
            source = table.get(item.parent)
            path = source.relative_to(root).as_posix() if source else item.parent
            line = line_of(source, item.address, item.name) if source else 1
            yield Finding(path, line, "crawl-broken", f"LinkChecker: link {item.address!r}: {item.result}")


def _differences(crawled: list[Crawled], own: LinkResult, site: Path, root: Path) -> Iterator[Finding]:
    """Pages that one saw and the other did not. Of other files each knows places that the other does not look at."""
    # An address without the final slash is answered with a redirect to the page.
    folders = {item.file: f"{item.file}/index.html" for item in crawled if (site / item.file).is_dir()}
    theirs = {folders.get(item.file, item.file): item for item in crawled if item.valid}
    ours = own.reachable()
    where = (site / "index.html").relative_to(root).as_posix() if site.is_relative_to(root) else "site/index.html"
    missed = [f"LinkChecker did not see {file}, which the own resolver did" for file in _pages(ours - theirs.keys())]
    added = [
        f"LinkChecker saw {file} (from {theirs[file].parent}), which the own resolver did not"
        for file in _pages(theirs.keys() - ours)
    ]
    for message in [*missed, *added][:_MOST_DIFFERENCES]:
        yield Finding(where, 1, "crawl-disagrees", message)


def _pages(files: Iterable[str]) -> list[str]:
    return sorted(file for file in files if file.endswith(".html"))
