"""The camera: the system's Chromium, driven by Playwright, shows a page and says what is on it."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from trueup.errors import TrueupError
from trueup.normalise import normalise
from trueup.screenshots import SCHEMES, Options, Scheme, Step

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Error, Page, Route

BROWSERS = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
"""The commands that are looked for, in this order."""

_QUOTED = re.compile(r'(?<=: )"(<[\w-]+>)"$', re.MULTILINE)
_ARGUMENTS = [
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]


class CameraError(TrueupError):
    """A picture cannot be taken; the text says why."""


@dataclass(frozen=True)
class Exposure:
    """A picture as PNG for each colour scheme, unless none was wanted, and what they show."""

    pictures: Mapping[str, bytes]
    shows: str


def find_browser(configured: str) -> str | None:
    """The browser's command: the configured one, or the first of `BROWSERS` on the search path; none: there is none."""
    names = (configured,) if configured else BROWSERS
    return next((found for name in names if (found := shutil.which(name))), None)


class Camera:
    """A running browser, which waits `patience` seconds for what a step needs."""

    def __init__(self, browser: "Browser", patience: float) -> None:
        self._browser, self._patience = browser, patience

    def look(self, options: Options, address: str, variables: Mapping[str, str]) -> Exposure:
        """Go to a path below `address`, do the steps, and say what is there, without pictures. Raises `CameraError`."""
        return self._visit(options, address, variables, [])

    def take(self, options: Options, address: str, variables: Mapping[str, str]) -> Exposure:
        """Like `look`, and take the pictures."""
        if options.site is None:
            # The service may have been changed by the steps: they are not done twice.
            return self._visit(options, address, variables, SCHEMES)
        # A site may choose its colours once, when it is opened.
        light, dark = (self._visit(options, address, variables, [scheme]) for scheme in SCHEMES)
        return Exposure({**light.pictures, **dark.pictures}, light.shows)

    def _visit(
        self, options: Options, address: str, variables: Mapping[str, str], schemes: Sequence[Scheme]
    ) -> Exposure:
        from playwright.sync_api import Error

        context = self._browser.new_context(
            viewport={"width": options.width, "height": options.height},
            color_scheme=(schemes or SCHEMES)[0],
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
            service_workers="block",
        )
        try:
            # Nothing but what is documented is asked, so that the picture is the same without a network.
            context.route(lambda url: urlsplit(url).netloc != urlsplit(address).netloc, _refuse)
            context.set_default_timeout(self._patience * 1000)
            return _take(context.new_page(), options, address, variables, schemes)
        except Error as error:
            raise CameraError(_first_line(error)) from None
        finally:
            context.close()


@contextmanager
def opened(executable: str, patience: float) -> Iterator[Camera]:
    """Start the browser; it ends with the `with` statement. Raises `CameraError` when it does not start."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable, args=_ARGUMENTS)
        except Error as error:
            raise CameraError(f"{executable} does not start: {_first_line(error)}") from None
        try:
            yield Camera(browser, patience)
        finally:
            browser.close()


def _first_line(error: "Error") -> str:
    return str(error.message).strip().splitlines()[0]


def _refuse(route: "Route") -> None:
    route.abort()


def _take(
    page: "Page", options: Options, address: str, variables: Mapping[str, str], schemes: Sequence[Scheme]
) -> Exposure:
    from playwright.sync_api import Error

    _go(page, address, _fill(options.path or f"/{options.site or ''}", variables))
    for number, step in enumerate(options.steps, 1):
        try:
            _do(page, step, address, variables)
        except Error as error:
            done = step.model_dump_json(exclude_unset=True, by_alias=True)
            raise CameraError(f"step {number}, {done}: {_first_line(error)}") from None
    for selector in options.hide:
        page.locator(selector).evaluate_all("found => found.forEach(each => each.style.display = 'none')")
    shown = page.locator(options.element or "body").first
    shown.wait_for()
    shows = read(shown.aria_snapshot(), options.normalise)
    pictures: dict[str, bytes] = {}
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        taken = shown.screenshot if options.element else page.screenshot
        pictures[scheme] = taken(animations="disabled", caret="hide")
    return Exposure(pictures, shows)


def read(snapshot: str, normalisers: Sequence[str]) -> str:
    """What a snapshot shows, without what changes from one run to the next.

    A text that looks like a number, as a commit may, is in quotes there; its placeholder is not.
    """
    return _QUOTED.sub(r"\1", normalise(snapshot, normalisers))


def _go(page: "Page", address: str, path: str) -> None:
    answer = page.goto(address.rstrip("/") + path, wait_until="networkidle")
    if answer is not None and not answer.ok:
        raise CameraError(f"{path} answers with status {answer.status}")


def _do(page: "Page", step: Step, address: str, variables: Mapping[str, str]) -> None:
    if step.click is not None:
        page.locator(step.click).first.click()
    elif step.fill is not None:
        page.locator(step.fill.field).first.fill(_fill(step.fill.text, variables))
    elif step.press is not None:
        page.keyboard.press(step.press)
    elif step.hover is not None:
        page.locator(step.hover).first.hover()
    elif step.wait is not None:
        page.locator(step.wait).first.wait_for()
    elif step.gone is not None:
        page.locator(step.gone).first.wait_for(state="hidden")
    elif step.open is not None:
        _go(page, address, _fill(step.open, variables))


def _fill(text: str, variables: Mapping[str, str]) -> str:
    try:
        return Template(text).substitute(variables)
    except KeyError as error:
        raise CameraError(f"no scenario exports the variable {error.args[0]} that {text!r} uses") from None
    except ValueError:
        raise CameraError(f"{text!r} holds a $ that begins no variable; write $$") from None
