"""The dashboard in a real browser: it moves, is walked through, and draws what it says."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from footfall.counters.port import Store
from tests.browser.blog import Blog
from tests.browser.conftest import Counted

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DAYS = 70


def put(store: Store, site: str, bucket: str, **numbers: int) -> None:
    attributes = {name: {"N": str(number)} for name, number in numbers.items()}
    item = {"siteUrl": {"S": site}, "bucket": {"S": bucket}, **attributes}
    store.client.put_item(TableName=store.tables.visit_rollups, Item=item)


@pytest.fixture
def past(counted: Counted) -> Counted:
    """The site with some weeks of visits behind it."""
    store, site = counted.web.store, counted.site.url
    today = datetime.now(UTC).date()
    for back in range(1, DAYS):
        day, visits = today - timedelta(days=back), 40 + back % 7 * 5
        put(store, site, f"total#{day}", day=visits, visitors=visits // 2)
        pages = {f"=/page-{n}": visits - n for n in range(14)}
        put(store, site, f"page#{day}#00", **pages)
        put(store, site, f"referrer#{day}#00", **{"=Google": visits, "=direct": 9})
        put(store, site, f"country#{day}#00", **{"=DE": visits, "=unknown": 1})
        put(store, site, f"robot#{day}#00", **{"=Googlebot": 7})
    return counted


def address(counted: Counted, more: str = "") -> str:
    return f"{counted.web.url}/stats?site={counted.site.url}{more}"


def test_the_number_moves_while_the_page_is_open(
    page: "Page", past: Counted, blog: Blog, errors: list[str]
) -> None:
    """The total, today, the period and the plot's end, without a reload."""
    page.goto(address(past))
    page.wait_for_selector(".pulse:not([hidden])")
    period = int(page.get_attribute("[data-live=period]", "value") or "")
    assert page.inner_text("[data-live=today]") == "0"
    past.web.visit("v1", f"{blog.url}/x")
    page.wait_for_selector("[data-live=today]:text-is('1')")

    assert page.inner_text("[data-live=visits]") == "1"
    assert page.get_attribute("[data-live=period]", "value") == str(period + 1)
    assert page.get_attribute("[data-running] data.visits", "value") == "1"
    assert "1 visits in all" in page.inner_text("#said")
    assert errors == []


def test_the_breakdowns_follow(
    page: "Page", past: Counted, blog: Blog, errors: list[str]
) -> None:
    """After a while; what somebody is using stays as it is."""
    page.clock.install()
    page.goto(address(past, "&period=today"))
    page.wait_for_selector(".pulse:not([hidden])")
    past.web.visit("v1", f"{blog.url}/new")
    page.wait_for_selector("[data-live=today]:text-is('1')")
    page.clock.fast_forward(60_000)

    page.wait_for_selector("[data-panel=page] bdi:text-is('/new')")
    page.focus("[data-panel=page] a")
    past.web.visit("v2", f"{blog.url}/other")
    page.wait_for_selector("[data-live=today]:text-is('2')")
    with page.expect_response("**/stats?**"):
        page.clock.fast_forward(60_000)
    page.wait_for_selector("[data-panel=system] data:text-is('2')")
    assert page.locator("[data-panel=page] bdi").all_inner_texts() == ["/new"]
    assert errors == []


def test_the_first_visit_opens_the_page(
    page: "Page", counted: Counted, blog: Blog, errors: list[str]
) -> None:
    """Who waits for it need not reload."""
    page.goto(address(counted))
    assert page.is_visible("text=Waiting for the first visit")
    page.wait_for_selector(".waiting .pulse:not([hidden])")
    counted.web.visit("v1", f"{blog.url}/x")

    page.wait_for_selector("[data-panel=page] bdi:text-is('/x')")
    assert page.locator(".plot canvas").count() == 1
    assert errors == []


def test_who_gets_no_stream_polls(
    page: "Page", past: Counted, blog: Blog, errors: list[str]
) -> None:
    """As behind a gateway that holds no stream open."""
    page.clock.install()
    page.route(
        "**/v1/live*",
        lambda route: (
            route.continue_()
            if route.request.headers["accept"] == "application/json"
            else route.fulfill(status=501)
        ),
    )
    page.goto(address(past))
    past.web.visit("v1", f"{blog.url}/x")
    for _ in range(20):
        page.clock.fast_forward(6_000)
        page.wait_for_timeout(100)
        if page.inner_text("[data-live=visits]") == "1":
            break

    assert page.inner_text("[data-live=visits]") == "1"
    assert all("501" in error for error in errors)


def test_a_period_is_walked_through_and_back(
    page: "Page", past: Counted, errors: list[str]
) -> None:
    """Every view has an address, so the back button works."""
    page.goto(address(past))
    page.click(".periods a:text-is('7 days')")
    page.wait_for_selector(".periods [aria-current]:text-is('7 days')")
    assert page.locator("[data-tick]").count() == 7
    page.click("a[aria-label=Earlier]")
    page.wait_for_selector("a[aria-label=Later]")
    assert page.get_attribute("input[name=from]", "value") == str(
        datetime.now(UTC).date() - timedelta(days=13)
    )
    page.click(".figures a:text-is('Visitors')")
    page.wait_for_selector("[data-show=visitors]")
    page.click(".units a:text-is('Hour')")
    page.wait_for_selector("[data-unit=hour][data-show=visits]")
    for _ in range(4):
        page.go_back()
    page.wait_for_selector(".periods [aria-current]:text-is('30 days')")

    assert page.locator("[data-tick]").count() == 30
    assert errors == []


def test_days_are_chosen_by_their_dates_and_by_the_mouse(
    page: "Page", past: Counted, errors: list[str]
) -> None:
    today = datetime.now(UTC).date()
    page.goto(address(past))
    page.click("text=Other days")
    page.fill("input[name=from]", str(today - timedelta(days=20)))
    page.fill("input[name=to]", str(today - timedelta(days=11)))
    page.click("text=Show")
    page.wait_for_url("**from=*")
    assert page.locator("[data-tick]").count() == 10
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 1, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50, steps=4)
    page.mouse.up()
    page.wait_for_url(lambda url: f"&to={today - timedelta(days=11)}" not in url)

    assert f"&from={today - timedelta(days=20)}" in page.url
    assert "data-tick" in page.content()
    assert errors == []


def test_the_plot_says_what_it_shows(
    page: "Page", past: Counted, errors: list[str]
) -> None:
    """Under the pointer; and as a table that says the same."""
    page.goto(address(past))
    page.wait_for_selector(".plot canvas")
    box = page.locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 50)
    tip = page.inner_text(".tip").splitlines()
    page.click("text=The numbers as a table")
    first = page.locator(".numbers tbody tr").first

    assert tip[0] == first.locator("th").inner_text()
    assert tip[1] == f"{first.locator('data.visits').inner_text()} visits"
    assert tip[2].startswith(first.locator("data.before").inner_text())
    page.mouse.move(2, 2)
    page.wait_for_selector(".tip", state="hidden")
    assert errors == []


def test_a_breakdown_is_opened_and_searched(
    page: "Page", past: Counted, errors: list[str]
) -> None:
    page.goto(address(past))
    page.click("[data-panel=page] a")
    page.wait_for_selector("h1:text-is('Pages')")
    assert page.locator("tbody tr").count() == 14
    page.fill("input[name=q]", "page-1")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=5 with")
    assert page.locator("tbody bdi").all_inner_texts() == [
        "/page-1",
        *(f"/page-{n}" for n in range(10, 14)),
    ]
    page.click(".back a")
    page.wait_for_selector(".plot canvas")
    assert errors == []


def test_the_overview_moves_and_leads_to_a_site(
    page: "Page", past: Counted, blog: Blog, errors: list[str]
) -> None:
    page.clock.install()
    page.goto(f"{past.web.url}/sites")
    assert page.inner_text("[data-figure=total]") == "0"
    past.web.visit("v1", f"{blog.url}/x")
    page.clock.fast_forward(10_000)
    page.wait_for_selector("[data-figure=total]:text-is('1')")
    page.click(".site-card h2 a")
    page.wait_for_selector(".plot canvas")
    assert errors == []


@pytest.mark.parametrize("width", [320, 1280])
def test_what_readers_made_runs_nothing_and_fits(
    reader: "Browser", past: Counted, width: int
) -> None:
    """Scripts, letters that turn the line around, names and numbers without end."""
    store, site, day = past.web.store, past.site.url, datetime.now(UTC).date()
    values = ["<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "w" * 500]
    values += ["\u202egnp.exe", "\u65e5\u672c/" * 60, "javascript:alert(1)"]
    put(store, site, f"total#{day}", day=10**10, visitors=10**9)
    for dimension in ("page", "referrer", "campaign", "event", "country", "robot"):
        put(
            store,
            site,
            f"{dimension}#{day}#01",
            **{f"={value}": 10**10 for value in values},
        )
    context = reader.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    for more in ("&period=today", "&period=today&by=page", "&period=today&by=robot"):
        page.goto(address(past, more))
        assert page.evaluate("document.documentElement.scrollWidth") == width, more
    context.close()

    assert said == []


def test_without_a_script_the_page_is_whole(reader: "Browser", past: Counted) -> None:
    """The course is drawn, and every breakdown is in its place."""
    context = reader.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address(past))
    places = page.locator("[data-panel] h2")

    assert page.is_visible(".plot .shape")
    assert set(places.all_inner_texts()) >= {"Pages", "Sources", "Robots"}
    top = {
        by: page.locator(f"[data-panel={by}]").bounding_box() for by in ("page", "size")
    }
    assert top["page"]
    assert top["size"]
    assert top["page"]["y"] < top["size"]["y"]
    context.close()
