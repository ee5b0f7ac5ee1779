"""The beacon in a real browser, on a page of another origin."""

from typing import TYPE_CHECKING

import pytest

from footfall.visits.sites import remove_site
from tests.browser.conftest import Blog, Counted
from tests.conftest import LaunchBrowser

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route


def test_each_view_counts_once(
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


def test_the_cache_was_used(page: "Page", blog: Blog, counted: Counted) -> None:
    """The views above include one from the back/forward cache."""
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.evaluate("addEventListener('pageshow', e => window.restored = e.persisted)")
    page.goto(f"{blog.url}/two")
    counted.assert_total(2, page)
    page.go_back(wait_until="commit")
    counted.assert_total(3, page)

    assert page.evaluate("window.restored") is True


def test_walking_without_loading_counts(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """PushState and popstate are views; replaceState and a fragment are none."""
    page.goto(f"{blog.url}/app")
    counted.assert_total(1, page)
    page.evaluate("history.pushState(null, '', '/app/a')")
    counted.assert_total(2, page)
    page.evaluate("history.replaceState(null, '', '/app/b')")
    page.evaluate("location.hash = 'part'")
    counted.assert_total(2, page)
    page.evaluate("history.pushState(null, '', '/app/c')")
    counted.assert_total(3, page)
    page.evaluate("history.back()")
    counted.assert_total(4, page)
    assert errors == []


def test_a_lost_answer_counts_once(page: "Page", blog: Blog, counted: Counted) -> None:
    """The visit arrives, its answer does not; it is sent again with the same id."""
    ids: list[str] = []

    def lose(route: "Route") -> None:
        ids.append(route.request.post_data_json["id"])  # type: ignore[index]
        if len(ids) == 1:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/v1/visits", lose)
    page.goto(f"{blog.url}/one")
    page.wait_for_function("localStorage.footfall && localStorage.footfall !== '{}'")
    counted.assert_total(1, page)
    page.wait_for_function("localStorage.footfall === '{}'", timeout=10_000)

    assert len(ids) >= 2
    assert len(set(ids)) == 1
    counted.assert_total(1, page)


def test_a_visit_that_never_arrived_is_sent_on_the_next_page(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """It counts for its own page, though the reader has left it."""
    page.route("**/v1/**", lambda route: route.abort())
    page.goto(f"{blog.url}/one")
    page.wait_for_function("localStorage.footfall && localStorage.footfall !== '{}'")
    assert counted.total() == 0
    page.unroute("**/v1/**")
    page.goto(f"{blog.url}/two")

    counted.assert_total(2, page)
    pages = counted.web.ask("GET", f"/v1/stats?site={blog.url}/&by=page").json()
    assert {each["page"] for each in pages["values"]} == {"/one", "/two"}
    page.wait_for_function("localStorage.footfall === '{}'")


def test_offline_and_back(
    page: "Page", context: "BrowserContext", blog: Blog, counted: Counted
) -> None:
    """What was seen without a network counts when there is one."""
    page.goto(f"{blog.url}/app")
    counted.assert_total(1, page)
    context.set_offline(True)
    page.evaluate("history.pushState(null, '', '/app/offline')")
    page.wait_for_timeout(300)
    assert counted.total() == 1
    context.set_offline(False)

    counted.assert_total(2, page)


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_asked_again(
    page: "Page", blog: Blog, counted: Counted, status: int
) -> None:
    """And a definite refusal is not."""
    answers = [status, 200]

    def busy(route: "Route") -> None:
        if answers.pop(0) == status:
            route.fulfill(status=status, headers={"Access-Control-Allow-Origin": "*"})
        else:
            route.continue_()

    page.route("**/v1/visits", busy)
    page.goto(f"{blog.url}/one")
    page.wait_for_function("localStorage.footfall && localStorage.footfall !== '{}'")

    counted.assert_total(1, page)
    assert answers == []


def test_a_refused_visit_is_not_kept(
    page: "Page", counted: Counted, blog: Blog
) -> None:
    """A site that nobody added answers 404 for ever."""
    remove_site(counted.web.store, counted.site)
    page.wait_for_timeout(1_000)
    with page.expect_response("**/v1/visits") as answered:
        page.goto(f"{blog.url}/one")
    assert answered.value.status == 404
    page.wait_for_timeout(300)

    assert page.evaluate("localStorage.footfall") in (None, "{}")


def test_a_background_tab_counts_when_it_is_seen(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """A page that nobody has seen is no view."""
    page.add_init_script(
        "let hidden = true;"
        "Object.defineProperty(document, 'hidden', {get: () => hidden});"
        "window.show = () => { hidden = false;"
        " document.dispatchEvent(new Event('visibilitychange')); };"
    )
    page.goto(f"{blog.url}/one")
    page.wait_for_timeout(400)
    assert counted.total() == 0
    page.evaluate("show()")

    counted.assert_total(1, page)


def test_the_script_may_be_there_twice(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """A theme and its owner both put it in."""
    blog.snippet *= 2
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
    assert errors == []


def test_a_strict_policy_is_kept(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """It needs its own script and its own server, nothing else."""
    blog.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src data:; script-src {counted.web.url};"
        f" connect-src {counted.web.url}"
    )
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
    assert errors == []


def test_denied_storage_harms_nothing(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """The visit counts; it cannot be kept, that is all."""
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage',"
        " {get() { throw new DOMException('denied', 'SecurityError'); }});"
    )
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
    assert errors == []


def test_privacy_is_respected(
    context: "BrowserContext", blog: Blog, counted: Counted
) -> None:
    """Under Global Privacy Control an id and a page, no more; or nothing, if asked."""
    page = context.new_page()
    page.add_init_script(
        "Object.defineProperty(navigator, 'globalPrivacyControl', {get: () => true});"
    )
    with page.expect_request("**/v1/visits") as sent:
        page.goto(f"{blog.url}/one", referer="https://search.example/")
    assert set(sent.value.post_data_json) == {"id", "url", "age"}  # type: ignore[arg-type]
    counted.assert_total(1, page)
    blog.snippet = blog.snippet.replace("async", 'async data-respect="skip"')
    page.goto(f"{blog.url}/two")
    page.wait_for_timeout(300)

    counted.assert_total(1, page)


def test_what_is_no_reader_is_not_counted(
    page: "Page", blog: Blog, counted: Counted, launch_browser: LaunchBrowser
) -> None:
    """An iframe, automation; and the script offers counting by hand."""
    page.add_init_script(
        "Object.defineProperty(navigator, 'webdriver', {get: () => true});"
    )
    page.goto(f"{blog.url}/one")
    page.wait_for_timeout(300)
    assert counted.total() == 0
    other = page.context.new_page()
    snippet, blog.snippet = blog.snippet, f'<iframe src="{blog.url}/framed"></iframe>'
    other.goto(f"{blog.url}/frame")
    blog.snippet = snippet
    other.frames[1].goto(f"{blog.url}/framed")
    other.wait_for_timeout(300)
    assert counted.total() == 0


def test_a_page_counts_by_hand(page: "Page", blog: Blog, counted: Counted) -> None:
    """`footfall.count(url)`, for what is no page of its own."""
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.evaluate(f"footfall.count('{blog.url}/download')")

    counted.assert_total(2, page)


def test_where_fetch_fails_the_pixel_counts(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    """The same id by every way."""
    page.add_init_script(
        "window.fetch = () => Promise.reject(); navigator.sendBeacon = () => false;"
    )
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
