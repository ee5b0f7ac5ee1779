"""A site of another origin, a server that counts it, and a real Chromium."""

import http.server
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
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
from tests.conftest import LaunchBrowser
from tests.web.conftest import WebServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

HOST = "blog.example"
PAGE = """<!doctype html><html lang="en"><title>{path}</title>
<link rel="icon" href="data:,">
<h1>{path}</h1><p>Views: <span data-footfall-count>-</span></p>
<a href="/two">two</a>{snippet}</html>"""


@dataclass
class Blog:
    """Somebody's site: every path is a page with the one-line snippet.

    Attributes:
        port: Where it is served.
        snippet: What each page carries.
        headers: What each page is sent with.
    """

    port: int = 0
    snippet: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


@pytest.fixture
def blog() -> Iterator[Blog]:
    """A site on an origin of its own."""
    blog = Blog()

    class Pages(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = PAGE.format(path=self.path, snippet=blog.snippet).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            for name, value in blog.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    blog.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield blog
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

    def assert_total(self, visits: int, page: "Page") -> None:
        """The store has this number, soon and then for good, and all of it agrees."""
        for _ in range(100):
            if self.total() >= visits:
                break
            page.wait_for_timeout(50)
        page.wait_for_timeout(150)  # one more, if there were one, would come now
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
    """A reader's browser; the blog's name leads to this machine."""
    return launch_browser(f"--host-resolver-rules=MAP {HOST} 127.0.0.1")


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
