"""What becomes of a visit whose answer does not come: kept, sent again, counted once.

The pages' clock is the test's where a pause matters: it is moved, and nothing waits.
"""

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from footfall.visits.sites import remove_site
from tests.browser.blog import Blog
from tests.browser.conftest import NOTHING_IS_KEPT, SOMETHING_IS_KEPT, Counted

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

VISITS = "**/v1/visits"
COUNTING = "**/v1/*"
READABLE = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
}
KEPT_MAX = 20
KEPT = (
    "Object.keys(localStorage).sort().filter(key => key.startsWith('footfall:'))"
    ".map(key => JSON.parse(localStorage[key]).url)"
)


class Line:
    """The way of visits to the server; what it does with each is said before.

    Attributes:
        ids: The id of each request that the page sent, in order.
        held: The requests that have no answer yet.
        faults: What is done with the next requests; the others pass.
    """

    def __init__(self, page: "Page", *faults: str) -> None:
        self.ids: list[str] = []
        self.held: list[Route] = []
        self.faults = list(faults)
        page.route(COUNTING, self._pass)

    def _pass(self, route: "Route") -> None:
        told = route.request.post_data_json or dict(
            parse_qsl(urlsplit(route.request.url).query)
        )
        self.ids.append(told["id"])
        match self.faults.pop(0) if self.faults else "":
            case "the answer is lost":
                route.fetch()
                route.abort()
            case "the answer is slow":
                route.fetch()
                self.held.append(route)
            case "never arrives":
                route.abort()
            case "is held":
                self.held.append(route)
            case "":
                route.continue_()
            case status:
                number, _, seconds = status.partition(" ")
                after = {"Retry-After": seconds} if seconds else {}
                route.fulfill(status=int(number), headers={**READABLE, **after})


def _cut(page: "Page") -> None:
    page.route(COUNTING, lambda route: route.abort())


def test_a_visit_whose_answer_was_lost_counts_once(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """It arrives and its answer does not; the pixel asks again under the same id."""
    line = Line(page, "the answer is lost")
    page.goto(f"{blog.url}/one")
    _until(page, line, 2)
    page.wait_for_function(NOTHING_IS_KEPT)

    assert len(set(line.ids)) == 1
    counted.assert_total(1, page)


def test_a_visit_without_any_answer_is_sent_again_after_a_pause(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """It has been counted; fetch, pixel and sendBeacon have all brought nothing."""
    page.clock.install()
    line = Line(page, "the answer is lost", "never arrives", "never arrives")
    page.goto(f"{blog.url}/one")
    _until(page, line, 3)
    counted.assert_total(1, page)
    assert page.evaluate(SOMETHING_IS_KEPT)
    page.clock.fast_forward(2_500)
    _until(page, line, 4)
    page.wait_for_function(NOTHING_IS_KEPT)

    assert len(set(line.ids)) == 1
    counted.assert_total(1, page)


def test_a_slow_answer_is_waited_for(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """The page works meanwhile, and sends nothing again."""
    page.clock.install()
    line = Line(page, "the answer is slow")
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.clock.fast_forward(120_000)
    page.evaluate("history.pushState(null, '', '/one/more')")
    counted.assert_total(2, page)
    line.held[0].fulfill(status=200, headers=READABLE, json={"visits": 1})
    page.wait_for_function("document.querySelector('span').textContent === '2'")

    assert len(line.ids) == len(set(line.ids)) == 2


def test_an_older_answer_does_not_turn_the_number_back(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """Answers may come in another order than their visits."""
    line = Line(page, "the answer is slow")
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.evaluate("history.pushState(null, '', '/two')")
    page.wait_for_function("document.querySelector('span').textContent === '2'")
    with page.expect_response(VISITS):
        line.held[0].fulfill(status=200, headers=READABLE, json={"visits": 1})
    page.wait_for_timeout(100)

    assert page.inner_text("[data-footfall-count]") == "2"


def test_a_visit_that_never_arrived_is_sent_on_the_next_page(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """It counts for its own page, though the reader has left it."""
    _cut(page)
    page.goto(f"{blog.url}/one")
    page.wait_for_function(SOMETHING_IS_KEPT)
    assert counted.total() == 0
    page.unroute(COUNTING)
    page.goto(f"{blog.url}/two")

    counted.assert_total(2, page)
    assert counted.by("page") == {"/one": 1, "/two": 1}
    page.wait_for_function(NOTHING_IS_KEPT)


@pytest.mark.parametrize("arrived", [False, True])
def test_a_page_left_in_mid_request_counts_once(
    page: "Page", blog: Blog, counted: Counted, arrived: bool
) -> None:
    """It is kept as the page is left, and sent again from the next one."""
    line = Line(page, "the answer is slow" if arrived else "is held")
    page.goto(f"{blog.url}/one")
    _until(page, line, 1)
    assert page.evaluate(NOTHING_IS_KEPT)
    counted.assert_total(int(arrived), page)
    page.goto(f"{blog.url}/two")

    counted.assert_total(2, page)
    assert counted.by("page") == {"/one": 1, "/two": 1}
    assert len(line.ids) == 3
    assert len(set(line.ids)) == 2
    page.wait_for_function(NOTHING_IS_KEPT)


def test_offline_and_back(
    page: "Page", context: "BrowserContext", blog: Blog, counted: Counted
) -> None:
    """What was seen without a network counts when there is one, and no pause ends."""
    page.clock.install()
    page.goto(f"{blog.url}/app")
    counted.assert_total(1, page)
    page.clock.pause_at(page.evaluate("Date.now() + 1000"))
    context.set_offline(True)
    page.evaluate("history.pushState(null, '', '/app/offline')")
    page.wait_for_function(SOMETHING_IS_KEPT, polling=50)
    assert counted.total() == 1
    context.set_offline(False)

    counted.assert_total(2, page)


@pytest.mark.parametrize("status", ["429", "500", "503"])
def test_a_server_that_cannot_now_is_asked_again(
    page: "Page", blog: Blog, counted: Counted, status: str
) -> None:
    """Too many, or a failure of its own."""
    page.clock.install()
    line = Line(page, status)
    page.goto(f"{blog.url}/one")
    page.wait_for_function(SOMETHING_IS_KEPT)
    page.clock.fast_forward(2_500)

    counted.assert_total(1, page)
    assert len(line.ids) == 2
    assert len(set(line.ids)) == 1


def test_a_refused_visit_is_not_sent_again(
    page: "Page", counted: Counted, blog: Blog
) -> None:
    """A site that nobody added answers 404 for ever."""
    remove_site(counted.web.store, counted.site)
    page.wait_for_timeout(1_000)
    with page.expect_response(VISITS) as answered:
        page.goto(f"{blog.url}/one")
    assert answered.value.status == 404
    page.wait_for_timeout(200)

    assert page.evaluate(NOTHING_IS_KEPT)


def test_the_pause_grows_with_each_failure(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """Two seconds, four, eight; an answer makes it two again."""
    page.clock.install()
    line = Line(page, "503", "503", "503")
    page.goto(f"{blog.url}/one")
    for attempts, wait in ((1, 1_500), (1, 1_000), (2, 3_000), (2, 1_500), (3, 7_000)):
        _until(page, line, attempts)
        page.clock.fast_forward(wait)
    _until(page, line, 3)
    page.clock.fast_forward(2_000)
    _until(page, line, 4)
    counted.assert_total(1, page)
    line.faults.append("503")
    page.evaluate("history.pushState(null, '', '/two')")
    _until(page, line, 5)
    page.clock.fast_forward(2_500)

    _until(page, line, 6)
    counted.assert_total(2, page)


def test_a_server_says_when_to_ask_again(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """Its Retry-After is waited for where it is longer than the pause."""
    page.clock.install()
    line = Line(page, "429 60")
    page.goto(f"{blog.url}/one")
    _until(page, line, 1)
    page.clock.fast_forward(55_000)
    _until(page, line, 1)
    page.clock.fast_forward(6_000)

    _until(page, line, 2)
    counted.assert_total(1, page)


@pytest.mark.parametrize(
    "after", ["Wed, 25 Nov 2099 12:00:00 GMT", "99999999999", "-5"]
)
def test_a_server_that_says_nonsense_is_asked_within_five_minutes(
    page: "Page", blog: Blog, counted: Counted, after: str
) -> None:
    """And not at once, over and over."""
    page.clock.install()
    line = Line(page, f"503 {after}")
    page.goto(f"{blog.url}/one")
    _until(page, line, 1)
    page.clock.fast_forward(1_000)
    _until(page, line, 1)
    page.clock.fast_forward(300_000)

    _until(page, line, 2)
    counted.assert_total(1, page)


def test_the_newest_twenty_are_kept(page: "Page", blog: Blog, counted: Counted) -> None:
    """A reader without a network fills no storage."""
    _cut(page)
    page.goto(f"{blog.url}/app")
    for step in range(25):
        page.evaluate(f"history.pushState(null, '', '/app/{step}')")
        page.wait_for_timeout(5)  # ids made in one millisecond have no order
    page.wait_for_function(f"{KEPT}.at(-1).endsWith('/24')")

    kept = page.evaluate(KEPT)
    assert kept == [f"{blog.url}/app/{step}" for step in range(25 - KEPT_MAX, 25)]
    page.close()
    page = counted_page = page.context.new_page()
    counted_page.goto(f"{blog.url}/two")
    counted.assert_total(KEPT_MAX + 1, page)
    page.wait_for_function(NOTHING_IS_KEPT)


def test_tabs_that_share_the_storage_lose_nothing(
    context: "BrowserContext", blog: Blog, counted: Counted
) -> None:
    """Each keeps its own; a third sends them all, and each counts once."""
    tabs = [context.new_page() for _ in range(2)]
    for number, tab in enumerate(tabs):
        _cut(tab)
        tab.goto(f"{blog.url}/tab-{number}")
        tab.wait_for_function(f"{KEPT}.some(url => url.endsWith('tab-{number}'))")
    third = context.new_page()
    third.goto(f"{blog.url}/third")
    counted.assert_total(3, third)
    for tab in tabs:
        tab.unroute(COUNTING)
        with tab.expect_response(VISITS):
            tab.evaluate("dispatchEvent(new Event('online'))")

    counted.assert_total(3, third)
    assert counted.by("page") == {"/tab-0": 1, "/tab-1": 1, "/third": 1}
    third.wait_for_function(NOTHING_IS_KEPT)


def test_what_is_no_view_in_the_storage_harms_nothing(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """Another script, or an older disk, has changed what was kept."""
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.evaluate(
        "Object.assign(localStorage, {'footfall:1': '{', 'footfall:2': 'null',"
        " 'footfall:3': '[]', 'footfall:4': '', footfall: 'x', other: 'y'})"
    )
    page.goto(f"{blog.url}/two")
    counted.assert_total(2, page)

    assert page.evaluate("[localStorage.footfall, localStorage.other]") == ["x", "y"]
    assert [each for each in errors if "status of 400" not in each] == []


def test_where_storage_is_denied_the_visit_counts(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """As in a sandbox; it cannot be kept over a page's end, that is all."""
    page.clock.install()
    blog.headers["Content-Security-Policy"] = "sandbox allow-scripts"
    line = Line(page, "503")
    page.goto(f"{blog.url}/one")
    _until(page, line, 1)
    page.clock.fast_forward(2_500)

    counted.assert_total(1, page)
    denied = page.evaluate(
        "(() => { try { localStorage } catch (e) { return e.name } })()"
    )
    assert denied == "SecurityError"
    assert [each for each in errors if "503" not in each] == []


def test_where_storage_is_full_the_visit_counts(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """A page that fills it must not cost a visit."""
    page.clock.install()
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.evaluate(
        "for (let size = 1 << 22; size; size >>= 1) for (;;) try {"
        " localStorage['full' + Math.random()] = 'x'.repeat(size);"
        "} catch (_) { break }"
    )
    line = Line(page, "503")
    page.goto(f"{blog.url}/two")
    _until(page, line, 1)
    page.clock.fast_forward(2_500)

    counted.assert_total(2, page)
    assert page.evaluate(NOTHING_IS_KEPT)
    assert [each for each in errors if "503" not in each] == []


def test_where_fetch_fails_the_pixel_counts(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """The same id, and an answer: it is not sent again."""
    page.add_init_script("window.fetch = () => Promise.reject();")
    with page.expect_request("**/v1/pixel.gif?*") as asked:
        page.goto(f"{blog.url}/one", referer="https://search.example/")
    counted.assert_total(1, page)

    assert "referrer=https%3A%2F%2Fsearch.example%2F" in asked.value.url
    assert counted.by("referrer") == {"search.example": 1}
    page.wait_for_function(NOTHING_IS_KEPT)


def test_an_event_by_the_pixel_is_an_event(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """It moves no total by that way either."""
    page.add_init_script("delete window.fetch; window.fetch = undefined;")
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.evaluate("footfall.event('signup')")
    page.wait_for_function(NOTHING_IS_KEPT)

    counted.assert_total(1, page)
    assert counted.by("event") == {"signup": 1}


def test_where_the_pixel_fails_too_send_beacon_counts(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """A policy that allows connections and no images, and a page without fetch."""
    blog.headers["Content-Security-Policy"] = "img-src data:"
    page.add_init_script("window.fetch = undefined;")
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)


def test_a_pixel_that_a_busy_server_refuses_is_sent_again(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """A 503 has no image, so that the beacon notices."""
    page.clock.install()
    page.add_init_script("window.fetch = undefined; navigator.sendBeacon = undefined;")
    line = Line(page, "503")
    page.goto(f"{blog.url}/one")
    _until(page, line, 1)
    assert page.evaluate(SOMETHING_IS_KEPT)
    page.clock.fast_forward(2_500)
    _until(page, line, 2)
    page.wait_for_function(NOTHING_IS_KEPT)

    counted.assert_total(1, page)


def _until(page: "Page", line: Line, attempts: int) -> None:
    """The page has sent so often by now, and no more often."""
    for _ in range(100):
        if len(line.ids) >= attempts:
            break
        page.wait_for_timeout(20)
    page.wait_for_timeout(60)
    assert len(line.ids) == attempts
