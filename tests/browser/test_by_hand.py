"""What a page may do with the beacon, and what it may do to it."""

import threading
from typing import TYPE_CHECKING

import pytest

from tests.browser.blog import Blog
from tests.browser.conftest import Counted

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

VISITS = "**/v1/visits"


def test_a_page_counts_by_hand(page: "Page", blog: Blog, counted: Counted) -> None:
    """`footfall.count(url)`, absolute or from here; without one, the page again."""
    page.goto(f"{blog.url}/one/two")
    counted.assert_total(1, page)
    page.evaluate(f"footfall.count('{blog.url}/paper.pdf')")
    page.evaluate("footfall.count('/about#team')")
    page.evaluate("footfall.count('three')")
    page.evaluate("footfall.count()")
    counted.assert_total(5, page)

    assert counted.by("page") == {
        "/one/two": 2,
        "/paper.pdf": 1,
        "/about": 1,
        "/one/three": 1,
    }


def test_an_event_moves_no_total(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """`footfall.event(name)` is counted by its name, each time that it happens."""
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    with page.expect_request(VISITS) as sent:
        page.evaluate("footfall.event('signup')")
    page.evaluate("footfall.event('signup')")
    page.evaluate("footfall.event('play', '/film')")
    counted.assert_events({"signup": 2, "play": 1}, page)

    assert set(sent.value.post_data_json or {}) == {"id", "url", "age", "event"}
    counted.assert_total(1, page)
    assert page.inner_text("[data-footfall-count]") == "1"
    assert errors == []


def test_a_click_on_a_marked_element_is_an_event(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """`data-footfall-event`, around what was clicked, even if the page stops clicks."""
    blog.pages["/one"] = (
        f"{blog.snippet}<span id=plain>plain</span>"
        "<button data-footfall-event=buy onclick='event.stopPropagation()'>"
        "<b id=inner>Buy</b></button>"
    )
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.click("#inner")
    page.click("#plain")
    page.click("html", position={"x": 400, "y": 300})
    counted.assert_events({"buy": 1}, page)

    counted.assert_total(1, page)


def test_a_click_that_leaves_the_page_is_counted(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """It is not waited for, and not lost."""
    blog.pages["/one"] = f"{blog.snippet}<a href=/two data-footfall-event=go>go</a>"
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.click("a")
    page.wait_for_url("**/two")
    counted.assert_total(2, page)

    counted.assert_events({"go": 1}, page)


@pytest.mark.parametrize("name", ["''", "'x'.repeat(101)", "'a\\nb'"])
def test_an_event_that_cannot_be_is_refused_and_counts_as_nothing(
    page: "Page", blog: Blog, counted: Counted, name: str
) -> None:
    """It is no view either; the console shows the refusal."""
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    with page.expect_response(VISITS) as answered:
        page.evaluate(f"footfall.event({name})")

    assert answered.value.status == 400
    counted.assert_total(1, page)


def test_the_script_may_be_there_twice(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """A theme and its owner both put it in; and a router puts it in once more."""
    blog.snippet *= 2
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.add_script_tag(url=f"{counted.web.url}/beacon.js")
    page.evaluate("history.pushState(null, '', '/two')")

    counted.assert_total(2, page)
    assert errors == []


def test_an_element_of_its_name_is_in_nobodys_way(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """A heading with that id is `window.footfall`, too."""
    blog.snippet = f"<h2 id=footfall>Footfall</h2>{blog.snippet}"
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)


def test_a_page_without_an_element_for_the_number_counts(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """And one whose element comes late gets the number all the same."""
    blog.pages["/none"] = blog.snippet
    page.goto(f"{blog.url}/none")
    counted.assert_total(1, page)
    page.evaluate("document.body.innerHTML = '<p data-footfall-count></p>'")
    page.evaluate("footfall.count()")
    page.wait_for_selector("p:text-is('2')")

    assert errors == []


def test_an_element_that_is_parsed_after_the_answer_gets_the_number(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """A long page is counted while it still arrives."""
    blog.doors["/slow.js"] = threading.Event()
    blog.pages["/slow.js"] = ""
    blog.pages["/one"] = (
        f"{blog.snippet}<script src=/slow.js></script><p data-footfall-count></p>"
    )
    with page.expect_response(VISITS):
        page.goto(f"{blog.url}/one", wait_until="commit")
    counted.assert_total(1, page)
    assert page.locator("p").count() == 0
    blog.doors["/slow.js"].set()

    page.wait_for_selector("p:text-is('1')")


# What a page has done to the browser, and whether its visit still counts.
BROKEN = {
    "JSON = null": False,
    "URL = null": False,
    "Math.random = null": False,
    "Date.now = null": False,
    "Promise = null": True,
    "Promise.prototype.then = null": True,
    "fetch = () => { throw 1 }": True,
    "fetch = () => 1": False,
    "fetch = Image = navigator.sendBeacon = undefined": False,
    "fetch = navigator.sendBeacon = undefined; Object.defineProperty("
    "HTMLImageElement.prototype, 'src', {set() { setTimeout(this.onerror); }})": False,
    "Object.defineProperty(window, 'crypto', {value: undefined})": True,
    "Object.defineProperty(window, 'history', {value: null})": True,
    "Object.defineProperty(window, 'screen', {value: undefined})": False,
    "Object.freeze(history)": True,
    "history.pushState = history.replaceState = undefined": True,
    "setTimeout = clearTimeout = undefined": True,
    "document.querySelectorAll = undefined": True,
    "Object.prototype.extra = () => 1; Array.prototype.extra = 1": True,
    "Storage.prototype.setItem = Storage.prototype.getItem = null": True,
    "Object.defineProperty(window, 'localStorage', {get() { throw 1 }})": True,
    "Object.defineProperty(window, 'localStorage', {value: null})": True,
    "Object.defineProperty(window, 'footfall', {value: 1})": True,
    "window.addEventListener = null": True,
}


@pytest.mark.parametrize("broken", BROKEN)
def test_nothing_is_thrown_into_a_page_that_has_broken_something(
    context: "BrowserContext", blog: Blog, counted: Counted, broken: str
) -> None:
    """Its own scripts run on, and it is counted where that can still be done."""
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    blog.pages["/one"] = (
        "<link rel=icon href='data:,'><script>onunhandledrejection = onerror ="
        f" () => navigator.sendBeacon('/threw');</script><script>{broken}</script>"
        f"{blog.snippet.replace('async', '')}<img src=/went-on>"
    )
    page.goto(f"{blog.url}/one")
    page.wait_for_timeout(150)

    counted.assert_total(int(BROKEN[broken]), page)
    assert "/went-on" in blog.asked
    assert "/threw" not in blog.asked
    assert complaints == []
