"""The built site, served on this machine, and a browser that reads it."""

import fcntl
import functools
import os
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from trueup.camera import BROWSERS, find_browser

from tests.node_packages import absent

ROOT = Path(__file__).parents[2]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site; processes that test at the same time share it."""
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "site-for-readers"
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            building = shared.with_suffix(".partial")
            command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(building)]
            subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=100)
            building.rename(shared)
    return shared


@pytest.fixture(scope="session")
def address(site):
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    """A browser for a module. While Playwright is open its event loop runs, and no asynchronous test could."""
    executable = find_browser("")
    if executable is None:
        absent(f"none of {', '.join(BROWSERS)} is on the PATH")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=["--disable-quic", "--no-first-run"])
        yield running
        running.close()


@pytest.fixture
def reader(browser, address):
    """Opens pages of the site; what they ask of others is refused and noted."""
    contexts = []

    def open_page(path, **options):
        context = browser.new_context(reduced_motion="reduce", service_workers="block", **options)
        contexts.append(context)
        page = context.new_page()
        page.strangers = []

        def look(route):
            if route.request.url.startswith((address, "data:", "blob:")):
                route.continue_()
            else:
                page.strangers.append(route.request.url)
                route.abort()

        context.route("**", look)
        page.goto(f"{address}/{path}")
        return page

    yield open_page
    for context in contexts:
        context.close()
