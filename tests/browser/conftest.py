"""A site of another origin, a server that counts it, and a real Chromium."""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.visits.report import total
from footfall.visits.site import Site
from footfall.visits.sites import add_site, load_sites
from footfall.visits.verify import verify
from footfall.web.settings import Settings
from tests.browser.blog import Blog
from tests.conftest import BROWSER_SWITCHES, LaunchBrowser, chromium
from tests.web.conftest import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

# Of the beacon, in a page's storage.
SOMETHING_IS_KEPT = "Object.keys(localStorage).some(key => key.startsWith('footfall:'))"
NOTHING_IS_KEPT = f"!{SOMETHING_IS_KEPT}"

_EXAMPLES_HERE = "--host-resolver-rules=MAP *.example 127.0.0.1"

OpenChromium = Callable[[str], None]


@pytest.fixture
def blog() -> Iterator[Blog]:
    """A site on an origin of its own."""
    blog = Blog()
    server = blog.server()
    blog.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield blog
    for door in blog.doors.values():
        door.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Counted:
    """The server that counts the blog, and what it counted."""

    web: WebServer
    site: Site

    def total(self) -> int:
        return total(self.web.store, self.site)

    def by(self, dimension: str) -> dict[str, int]:
        """How often each value of a dimension was counted."""
        query = f"/v1/stats?site={self.site.url}&by={dimension}"
        values = self.web.ask("GET", query).json()["values"]
        return {each[dimension]: each["visits"] for each in values}

    def assert_events(self, events: dict[str, int], page: "Page") -> None:
        """Soon each of these events was counted so often, and no other."""
        for _ in range(100):
            if self.by("event") == events:
                return
            page.wait_for_timeout(50)
        assert self.by("event") == events

    def assert_total(self, visits: int, page: "Page | None" = None) -> None:
        """The store has this number, soon and then for good, and all of it agrees.

        While it waits, what a page waits for is served, if there is one.
        """
        wait_ms = page.wait_for_timeout if page else lambda ms: time.sleep(ms / 1000)
        for _ in range(200):
            if self.total() >= visits:
                break
            wait_ms(50)
        wait_ms(150)  # one more, if there were one, would come now
        assert self.total() == visits
        assert verify(self.web.store, self.site, _now_ms()).differences == ()


@pytest.fixture
def counted(blog: Blog, tmp_path: Path) -> Iterator[Counted]:
    """A server with the blog's site on a store on disk; pages carry its snippet."""
    client = connect(str(tmp_path / "visits.db"))
    store = Store(client)
    add_site(store, blog.url)
    web = WebServer(store, Settings())
    blog.snippet = f'<script async src="{web.url}/beacon.js"></script>'
    yield Counted(web, load_sites(store).named(blog.url))
    web.stop()
    client.close()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def reader(launch_browser: LaunchBrowser) -> "Browser":
    """A reader's browser; the examples' names lead to this machine."""
    return launch_browser(_EXAMPLES_HERE)


@pytest.fixture
def open_chromium(tmp_path: Path) -> Iterator[OpenChromium]:
    """Opens an address in a Chromium that nothing controls.

    Under a debugger every page is visible, and none is loaded ahead. What such a page
    does, its scripts do.
    """
    with ExitStack() as browsers:

        def open(url: str) -> None:
            browser = subprocess.Popen(
                [
                    chromium(),
                    "--headless",
                    "--no-first-run",
                    "--disable-popup-blocking",
                    f"--user-data-dir={tmp_path / 'profile'}",
                    *BROWSER_SWITCHES,
                    _EXAMPLES_HERE,
                    url,
                ],
                stderr=subprocess.DEVNULL,
            )
            browsers.callback(browser.wait)
            browsers.callback(browser.terminate)

        yield open


@pytest.fixture
def context(reader: "Browser") -> "Iterator[BrowserContext]":
    """A fresh profile."""
    context = reader.new_context()
    yield context
    context.close()


@pytest.fixture
def page(context: "BrowserContext") -> "Page":
    return context.new_page()


@pytest.fixture
def errors(page: "Page") -> list[str]:
    """What the page complained of."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text)
            if message.type in ("error", "warning")
            else None
        ),
    )
    return complaints


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
