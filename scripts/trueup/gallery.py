"""The gallery: the screenshots of many pages, each taken of a fresh service or of the built site."""

import difflib
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from lxml import etree, html

from trueup import camera
from trueup.camera import Camera, CameraError, Exposure
from trueup.config import Config
from trueup.crawl import served
from trueup.examples.stage import Stage
from trueup.findings import Finding
from trueup.known import Known
from trueup.pages import Page
from trueup.preload import Forkyard
from trueup.scratch import memory, scratch_folder
from trueup.screenshots import Options, Record, Screenshot, picture, read_record, read_screenshots, record_file, stale
from trueup.seed import Seeds
from trueup.service import Ports, ServiceError, start
from trueup.sitebuild import site_url

_MOST_LINES = 40
# What trueup itself puts on every page of a site, and what differs each time.
_STAMP = "trueup-stamp"


@dataclass(frozen=True)
class Gallery:
    """What came of a visit: findings, screenshots looked at, files written.

    `unseen` counts those that nobody could look at, `remembered` those that are known to be true from an earlier run.
    """

    findings: tuple[Finding, ...] = ()
    visited: int = 0
    written: tuple[str, ...] = ()
    unseen: int = 0
    remembered: int = 0

    @property
    def note(self) -> str:
        """What the report says of those that nobody could look at."""
        if not self.unseen:
            return ""
        one = self.unseen == 1
        return f"{self.unseen} {'was' if one else 'were'} not looked at: no Chromium on this machine"


def visit(
    config: Config,
    root: Path,
    pages: Sequence[Page],
    *,
    site: Callable[[], Path],
    write: bool,
    required: bool = False,
    known: Known | None = None,
) -> Gallery:
    """Look at what every screenshot of `pages` shows now; with `write`, take those anew that show something else.

    `site` gives the folder of the built site, and is asked only when one shows a part of it. Where there is no browser
    nothing is looked at, which is a finding when it is `required`.
    """
    shots = [shot for page in pages for shot in read_screenshots(page)]
    browser = camera.find_browser(config.screenshots.browser) if shots else None
    if not shots or browser is None:
        first = shots[:1] if required or (write and any(stale(shot, root / config.docs) for shot in shots)) else []
        return Gallery(tuple(_unseen(shot, len(shots), config) for shot in first), unseen=len(shots))
    findings: list[Finding] = []
    written: list[str] = []
    remembered = 0
    with scratch_folder(memory()) as scratch, ExitStack() as stack:
        studio = stack.enter_context(closing(_Studio(config, root, scratch, site, write)))
        lens: Camera | None = None
        for shot in shots:
            old = bool(stale(shot, studio.docs))
            if old and not write:
                continue  # has its finding already
            reads = [] if old or known is None else [shot.digest, *studio.reads(shot)]
            if reads and known is not None and known.screenshot(*reads):
                remembered += 1
                continue
            try:
                lens = lens or stack.enter_context(camera.opened(browser, config.timeouts.block))
                taken = studio.take(lens, shot)
            except (CameraError, ServiceError) as error:
                reason, _, log = str(error).partition("\n")
                message = f"screenshot {shot.name} cannot be taken: {reason}"
                findings.append(Finding(shot.page.path, shot.line, "screenshot-failed", message, "", log))
                continue
            record = read_record(studio.docs, shot.name)
            if not old and record is not None and record.shows == taken.shows:
                if reads and known is not None:
                    known.note_screenshot(*reads)
            elif write:
                written += [path.relative_to(root).as_posix() for path in _keep(shot, taken, studio.docs)]
            else:
                findings.append(_changed(shot, record.shows if record else "", taken.shows))
    return Gallery(tuple(findings), len(shots), tuple(written), remembered=remembered)


def _unseen(shot: Screenshot, count: int, config: Config) -> Finding:
    wanted = config.screenshots.browser or ", ".join(camera.BROWSERS)
    message = f"{count} screenshots cannot be looked at: no browser on the search path ({wanted})"
    mend = "install Chromium, or name it in tool.trueup.screenshots.browser"
    return Finding(shot.page.path, shot.line, "screenshot-unseen", message, mend)


def _changed(shot: Screenshot, before: str, now: str) -> Finding:
    message = f"screenshot {shot.name} shows something else now"
    mend = "run trueup write, and look at the picture"
    return Finding(shot.page.path, shot.line, "screenshot-stale", message, mend, difference(before, now))


def built_digest(file: Path) -> str:
    """The digest of a built page without trueup's stamp, which differs each time."""
    tree = html.fromstring(file.read_bytes())
    for stamp in list(tree.iter("p")):
        around = stamp.getparent()
        if stamp.get("class") == _STAMP and around is not None:
            around.remove(stamp)
    return hashlib.sha256(etree.tostring(tree)).hexdigest()


def difference(before: str, after: str) -> str:
    """What a screenshot showed and what it shows, as a diff; a long one is cut."""
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), "taken", "now", lineterm="", n=2))
    more = [f"… and {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
    return "\n".join([*lines[:_MOST_LINES], *more])


def _keep(shot: Screenshot, taken: Exposure, folder: Path) -> list[Path]:
    """Write the pictures, and last what they show."""
    record_file(folder, shot.name).parent.mkdir(parents=True, exist_ok=True)
    digests = {}
    files = []
    for scheme, content in taken.pictures.items():
        files.append(picture(folder, shot.name, scheme))
        files[-1].write_bytes(content)
        digests[scheme] = hashlib.sha256(content).hexdigest()
    files.append(record_file(folder, shot.name))
    files[-1].write_text(Record(shot.digest, digests, taken.shows).dump(), encoding="utf-8")
    return files


class _Studio:
    """Where pictures are taken: a fresh service for each, or the built site."""

    def __init__(self, config: Config, root: Path, scratch: Path, site: Callable[[], Path], write: bool) -> None:
        """With `write`, pictures are taken; else it is only looked at what they would show."""
        self.root, self.docs = root, root / config.docs
        self._config, self._scratch, self._site, self._write = config, scratch, site, write
        self._yard: Forkyard | None = None
        self._ports = Ports()
        self._seeds = Seeds(config, root, scratch, self._ports)
        self._count = 0

    def reads(self, shot: Screenshot) -> list[str]:
        """What a screenshot depends on besides its block and the code: of the site, the page that is shown."""
        if shot.options.site is None:
            return []
        file = self._site() / shot.options.site.lstrip("/")
        try:
            return [built_digest(file / "index.html" if file.is_dir() else file)]
        except OSError:
            return [shot.options.site]

    def close(self) -> None:
        """End what services were forked from."""
        if self._yard is not None:
            self._yard.close()

    def take(self, lens: Camera, shot: Screenshot) -> Exposure:
        """Raises `CameraError` or `ServiceError`."""
        expose = lens.take if self._write else lens.look
        if shot.options.site is not None:
            options = shot.options.model_copy(update={"hide": [*shot.options.hide, f".{_STAMP}"]})
            prefix = urlsplit(site_url(self._config, self.root)).path.rstrip("/") + "/"
            with served(self._site(), prefix) as address:
                return expose(options, address, {})
        return self._of_service(expose, shot)

    def _of_service(self, expose: Callable[[Options, str, Mapping[str, str]], Exposure], shot: Screenshot) -> Exposure:
        self._count += 1
        folder = self._scratch / f"c{self._count}"
        self._seeds.copy(self._seeds.ensure(), folder)
        config = self._config.service
        if config is None:
            raise AssertionError("the seed has been made by a service")
        self._yard = self._yard or Forkyard.of(config, self._scratch)
        service = start(
            config,
            self._config.timeouts,
            root=self.root,
            folder=folder,
            ports=self._ports,
            env=shot.options.env,
            starter=self._yard,
        )
        stage = Stage(shot.page.path, folder / "stage", lambda: service)
        try:
            for name in shot.options.scenario:
                self._scenario(stage, name)
            return expose(shot.options, service.base_url, stage.variables)
        finally:
            stage.close()
            service.stop()

    def _scenario(self, stage: Stage, name: str) -> None:
        file = self.root / (self._config.scenarios or "") / f"{name}.sh"
        if self._config.scenarios is None or not file.is_file():
            raise CameraError(f"there is no scenario {name}")
        limit = self._config.timeouts.block
        outcome = stage.source(file, limit)
        if not outcome.ok:
            raise CameraError(f"scenario {name} {outcome.describe(limit)}\n{outcome.output[-2000:]}")
