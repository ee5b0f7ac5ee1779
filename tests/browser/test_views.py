"""What is a view: the beacon in a real browser, on a page of another origin."""

import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.browser.blog import Blog
from tests.browser.conftest import Counted, OpenChromium

if TYPE_CHECKING:
    from playwright.sync_api import Page

LOAD_AHEAD = (
    '<script type="speculationrules">'
    '{"prerender": [{"urls": ["/two"], "eagerness": "immediate"}]}</script>'
)


def test_each_load_of_a_page_counts_once(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """Load, reload, another page, back and forward: on page, badge and store."""
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.reload()
    counted.assert_total(2, page)
    page.click("a")
    page.wait_for_url("**/two")
    counted.assert_total(3, page)
    page.go_back(wait_until="commit")
    counted.assert_total(4, page)
    page.go_forward(wait_until="commit")
    counted.assert_total(5, page)

    assert page.inner_text("[data-footfall-count]") == "5"
    badge = counted.web.ask("GET", f"/badge.json?site={blog.url}/").json()
    assert badge["message"] == "5"
    assert errors == []


def test_a_page_from_the_back_forward_cache_counts(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """It runs no script anew: it is shown as it was left."""
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.evaluate("addEventListener('pageshow', e => window.restored = e.persisted)")
    page.goto(f"{blog.url}/two")
    counted.assert_total(2, page)
    page.go_back(wait_until="commit")
    counted.assert_total(3, page)

    assert page.evaluate("window.restored") is True
    assert counted.by("page") == {"/one": 2, "/two": 1}


def test_a_step_by_push_state_counts(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """And the page that it came from is its referrer, which is no source."""
    page.goto(f"{blog.url}/app", referer="https://news.ycombinator.com/")
    counted.assert_total(1, page)
    with page.expect_request("**/v1/visits") as sent:
        page.evaluate("history.pushState({step: 1}, '', '/app/a?tab=2')")
    counted.assert_total(2, page)

    told = sent.value.post_data_json
    assert told is not None
    assert told["referrer"] == f"{blog.url}/app"
    assert page.evaluate("history.state") == {"step": 1}
    assert counted.by("page") == {"/app": 1, "/app/a": 1}
    assert counted.by("referrer") == {"Hacker News": 1}
    assert errors == []


def test_back_and_forward_between_steps_count(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """They are popstate: no page is loaded."""
    page.goto(f"{blog.url}/app")
    counted.assert_total(1, page)
    page.evaluate("history.pushState(null, '', '/app/a')")
    counted.assert_total(2, page)
    page.evaluate("history.back()")
    counted.assert_total(3, page)
    page.evaluate("history.forward()")
    counted.assert_total(4, page)

    assert counted.by("page") == {"/app": 2, "/app/a": 2}


def test_a_router_that_replaces_the_address_on_the_way_back_counts_one(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """Next.js hears of popstate first, and names the page that it went back to."""
    blog.snippet = (
        "<script>addEventListener('popstate', () =>"
        " history.replaceState({}, '', location.href))</script>"
    ) + blog.snippet
    page.goto(f"{blog.url}/app")
    counted.assert_total(1, page)
    page.evaluate("history.pushState(null, '', '/app/a')")
    counted.assert_total(2, page)
    page.evaluate("history.back()")

    counted.assert_total(3, page)
    assert counted.by("page") == {"/app": 2, "/app/a": 1}


def test_an_address_that_is_replaced_is_no_view(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """It is another name of the same; the step after it is one again."""
    page.goto(f"{blog.url}/app")
    counted.assert_total(1, page)
    page.evaluate("history.replaceState(null, '', '/app?sorted=1')")
    page.evaluate("history.pushState(null, '', '/app?sorted=1')")
    counted.assert_total(1, page)
    page.evaluate("history.pushState(null, '', '/app')")

    counted.assert_total(2, page)


def test_a_router_that_names_the_page_it_is_on_counts_nothing(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """Routers do so while they take over a page, before and after its view."""
    hydrate = (
        "<script>history.replaceState({key: 1}, '', location.href);"
        "history.pushState({key: 2}, '', location.href)</script>"
    )
    blog.snippet = hydrate + blog.snippet + hydrate
    page.goto(f"{blog.url}/app?page=1#top")
    counted.assert_total(1, page)
    page.evaluate("history.replaceState({key: 3}, '', location.href)")
    page.evaluate("history.pushState({key: 4}, '', location.href)")

    counted.assert_total(1, page)


def test_a_fragment_is_a_place_in_the_same_view(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """By a link, by script, and back again."""
    page.goto(f"{blog.url}/one#start")
    counted.assert_total(1, page)
    page.evaluate("location.hash = 'part'")
    page.evaluate("history.pushState(null, '', '#other')")
    page.evaluate("history.back()")

    counted.assert_total(1, page)
    assert counted.by("page") == {"/one": 1}


def test_a_page_that_was_loaded_ahead_counts_when_it_is_opened(
    blog: Blog, counted: Counted, open_chromium: OpenChromium
) -> None:
    """Chromium prerenders it, scripts and all; nobody has seen it yet."""
    _load_ahead(blog, then="/two")
    open_chromium(f"{blog.url}/one")
    _wait_for(blog, "/ran/two")
    counted.assert_total(1)
    blog.doors["/opens"].set()

    counted.assert_total(2)
    assert counted.by("page") == {"/one": 1, "/two": 1}
    assert blog.asked.count("/two") == 1


def test_a_page_that_was_loaded_ahead_and_never_opened_counts_never(
    blog: Blog, counted: Counted, open_chromium: OpenChromium
) -> None:
    """The reader goes elsewhere, and Chromium throws it away."""
    _load_ahead(blog, then="/three")
    open_chromium(f"{blog.url}/one")
    _wait_for(blog, "/ran/two")
    blog.doors["/opens"].set()

    counted.assert_total(2)
    assert counted.by("page") == {"/one": 1, "/three": 1}


def test_a_page_in_a_background_tab_counts_when_it_is_seen(
    blog: Blog, counted: Counted, open_chromium: OpenChromium
) -> None:
    """Another tab is in front while it loads, and then is closed."""
    _say_when_it_ran(blog)
    blog.doors["/closes"] = threading.Event()
    blog.pages["/start"] = (
        "<script>window.open('/front');"
        "document.onvisibilitychange = () => location.replace('/behind')</script>"
    )
    blog.pages["/front"] = "<script>fetch('/closes').then(() => close())</script>"
    open_chromium(f"{blog.url}/start")
    _wait_for(blog, "/ran/behind")
    counted.assert_total(0)
    blog.doors["/closes"].set()

    counted.assert_total(1)
    assert counted.by("page") == {"/behind": 1}


def test_a_tab_that_is_hidden_and_seen_again_is_the_same_view(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """Also one that waited to be seen; here the page is told when it is."""
    page.add_init_script(
        "let hidden = true;"
        "Object.defineProperty(document, 'hidden', {get: () => hidden});"
        "window.turn = () => { hidden = !hidden;"
        " document.dispatchEvent(new Event('visibilitychange')); };"
    )
    page.goto(f"{blog.url}/one")
    page.evaluate("turn()")
    counted.assert_total(1, page)
    page.evaluate("turn(); turn()")

    counted.assert_total(1, page)


def _load_ahead(blog: Blog, then: str) -> None:
    """/one has /two loaded ahead, and opens `then` when the door /opens is open."""
    _say_when_it_ran(blog)
    blog.doors["/opens"] = threading.Event()
    blog.pages["/one"] = (
        f"<link rel=icon href='data:,'>{LOAD_AHEAD}{blog.snippet}<script>"
        f"fetch('/opens').then(() => location.href = '{then}')</script>"
    )


def _say_when_it_ran(blog: Blog) -> None:
    blog.snippet = blog.snippet.replace(
        "async", "async onload=\"fetch('/ran' + location.pathname)\""
    )


def _wait_for(blog: Blog, path: str) -> None:
    for _ in range(200):
        if path in blog.asked:
            return
        time.sleep(0.05)
    pytest.fail(f"the browser did not get as far as {path}; it asked {blog.asked}")
