"""Who and what is not counted, and what is not told of those who are."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from footfall.visits.sites import add_site
from tests.browser.blog import Blog
from tests.browser.conftest import Counted

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Request

ASKS_FOR_PRIVACY = {
    "Global Privacy Control": (
        "Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true});"
    ),
    "Do Not Track": (
        "Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'});"
    ),
}


@pytest.fixture
def sent(page: "Page") -> "list[Request]":
    """What the page sent to the counting routes."""
    requests: list[Request] = []
    page.on(
        "request",
        lambda request: requests.append(request) if "/v1/" in request.url else None,
    )
    return requests


@pytest.mark.parametrize("signal", ASKS_FOR_PRIVACY)
def test_a_reader_who_asks_for_privacy_is_a_number_alone(
    context: "BrowserContext", blog: Blog, counted: Counted, signal: str
) -> None:
    """An id and a page are sent, no more; the steps after it too."""
    context.add_init_script(ASKS_FOR_PRIVACY[signal])
    page = context.new_page()
    for act in (
        lambda: page.goto(f"{blog.url}/one", referer="https://search.example/"),
        lambda: page.evaluate("history.pushState(null, '', '/two')"),
    ):
        with page.expect_request("**/v1/visits") as request:
            act()
        assert set(request.value.post_data_json or {}) == {"id", "url", "age"}

    counted.assert_total(2, page)


@pytest.mark.parametrize("signal", ASKS_FOR_PRIVACY)
def test_a_reader_who_asks_for_privacy_is_left_alone_if_the_owner_says_so(
    page: "Page",
    blog: Blog,
    counted: Counted,
    sent: "list[Request]",
    signal: str,
) -> None:
    """`data-respect="skip"`: nothing at all is sent."""
    page.add_init_script(ASKS_FOR_PRIVACY[signal])
    blog.snippet = blog.snippet.replace("async", 'async data-respect="skip"')
    page.goto(f"{blog.url}/one")
    page.evaluate("footfall.event('signup'); footfall.count()")
    page.wait_for_timeout(300)

    assert sent == []
    counted.assert_total(0, page)


def test_a_reader_who_asks_for_nothing_is_counted_where_others_are_skipped(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    blog.snippet = blog.snippet.replace("async", 'async data-respect="skip"')
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)


def test_a_page_in_a_frame_is_not_counted(
    page: "Page", blog: Blog, counted: Counted, sent: "list[Request]"
) -> None:
    """An owner's preview, or somebody else's page around it."""
    blog.pages["/around"] = f"<iframe src='{blog.url}/framed'></iframe>"
    page.goto(f"{blog.url}/around")
    page.frames[1].wait_for_function("window.footfall")
    page.frames[1].evaluate("footfall.count(); history.pushState(null, '', '/x')")
    page.wait_for_timeout(300)

    assert sent == []
    assert counted.total() == 0


def test_a_browser_under_automation_is_not_counted(
    page: "Page", blog: Blog, counted: Counted, sent: "list[Request]"
) -> None:
    """It says so itself, by `navigator.webdriver`."""
    page.add_init_script(
        "Object.defineProperty(navigator, 'webdriver', {get: () => true});"
    )
    page.goto(f"{blog.url}/one")
    page.evaluate("footfall.count(); footfall.event('signup')")
    page.wait_for_timeout(300)

    assert sent == []
    assert counted.total() == 0


def test_a_page_from_a_file_is_not_counted(
    page: "Page", blog: Blog, counted: Counted, sent: "list[Request]", tmp_path: Path
) -> None:
    """Somebody saved it, or builds it."""
    saved = tmp_path / "saved.html"
    saved.write_text(blog.snippet)
    page.goto(saved.as_uri())
    page.evaluate("footfall.count()")
    page.wait_for_timeout(300)

    assert sent == []


LOCAL = (
    *("localhost", "app.localhost", "macbook.local", "127.0.0.1", "10.1.2.3"),
    *("192.168.1.5", "172.16.0.9", "172.31.255.1", "[::1]", "[fd00::1]", "[fe80::1]"),
)
PUBLIC = (
    *("10.example", "127.example", "172.32.0.1", "192.169.1.1", "100.1.1.1"),
    *("localhost.example", "local.example", "[2001:db8::1]"),
)


@pytest.mark.parametrize("host", LOCAL)
def test_a_page_on_this_machine_is_not_counted_elsewhere(
    page: "Page", counted: Counted, sent: "list[Request]", host: str
) -> None:
    """Whoever builds a site carries its snippet; unless told that it is a site."""
    _open(page, host, counted, "")
    page.evaluate("footfall.count()")
    page.wait_for_timeout(100)
    assert sent == []

    with page.expect_request("**/v1/visits", timeout=5_000):
        _open(page, host, counted, "data-local")


@pytest.mark.parametrize("host", PUBLIC)
def test_a_page_whose_name_looks_local_is_counted(
    page: "Page", counted: Counted, host: str
) -> None:
    """A host is no number for beginning like one."""
    with page.expect_request("**/v1/visits", timeout=5_000):
        _open(page, host, counted, "")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_site_on_this_machine_counts_on_this_machine(
    page: "Page", blog: Blog, counted: Counted, host: str
) -> None:
    """As in the tutorial: both are local, and the site was added."""
    site = add_site(counted.web.store, f"http://{host}:{blog.port}")
    page.wait_for_timeout(1_000)  # until the running server knows the site
    page.goto(f"http://{host}:{blog.port}/one")

    Counted(counted.web, site).assert_total(1, page)


def _open(page: "Page", host: str, counted: Counted, attribute: str) -> None:
    """Open a page of any host, with the beacon of a server that is not local.

    Nobody is there: what the browser asks for is answered here.
    """
    server = "http://stats.example"
    script = counted.web.ask("GET", "/beacon.js").body
    tag = f"<script {attribute} src='{server}/beacon.js'></script>"
    page.route(f"{server}/v1/*", lambda route: route.abort())
    page.route(f"{server}/beacon.js", lambda route: route.fulfill(body=script))
    page.route(
        f"http://{host}/",
        lambda route: route.fulfill(body=tag, content_type="text/html"),
    )
    page.goto(f"http://{host}/")
