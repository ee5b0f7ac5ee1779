"""The dashboard and the demo in a real browser, light and dark, wide and narrow."""

from typing import TYPE_CHECKING

import pytest

from footfall.counters.port import Store
from footfall.visits.sites import add_site, load_sites
from tests.browser.conftest import Blog, Counted

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def test_the_dashboard_moves_while_it_is_open(
    page: "Page", counted: Counted, blog: Blog, errors: list[str]
) -> None:
    """The number goes up without a reload, and so does the plot's table."""
    page.goto(f"{counted.web.url}/")
    assert page.inner_text("[data-figure=total]") == "0"
    assert page.locator(".plot canvas").count() == 1
    counted.web.visit("v1", f"{blog.url}/x")

    page.wait_for_selector("[data-figure=total]:text-is('1')")
    assert page.inner_text("[data-figure=today]") == "1"
    page.click("summary")
    assert page.locator("tbody tr").first.inner_text().endswith("1")
    page.hover(".plot", position={"x": 300, "y": 60})
    page.wait_for_selector(".tip:not([hidden])")
    assert errors == []


@pytest.mark.parametrize("width", [360, 1200])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_every_screen(
    reader: "Browser", counted: Counted, scheme: str, width: int
) -> None:
    """No page scrolls sideways, and no colours are those of the other scheme."""
    context = reader.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 800},
    )
    page = context.new_page()
    for path in ("/", "/demo"):
        page.goto(counted.web.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") == width
        red = page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"
        )
        assert (int(red) < 128) == (scheme == "dark")
    context.close()


def test_the_demo_goes_up_by_one_for_each_view(
    page: "Page", counted: Counted, errors: list[str]
) -> None:
    """Reload and walk on count; sending again does not."""
    store: Store = counted.web.store
    add_site(store, f"{counted.web.url}/demo")
    demo = load_sites(store).named(f"{counted.web.url}/demo")
    page.wait_for_timeout(1_000)  # until the running server knows the site
    page.goto(f"{counted.web.url}/demo")
    page.wait_for_selector(".number:text-is('1')")
    page.click("#walk")
    page.wait_for_selector(".number:text-is('2')")
    page.click("#retry")
    page.wait_for_selector(".number:text-is('3')")
    page.click("#retry")
    page.wait_for_selector("text=was duplicate")
    page.go_back()
    page.wait_for_selector(".number:text-is('4')")
    page.click("#reload")
    page.wait_for_selector(".number:text-is('5')")

    Counted(counted.web, demo).assert_total(5, page)
    assert errors == []


def test_a_snippet_is_copied(
    reader: "Browser", counted: Counted, errors: list[str]
) -> None:
    """By its button."""
    context = reader.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{counted.web.url}/")
    page.click("[data-copy]")
    page.wait_for_selector("text=Copied")

    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f'<script async src="{counted.web.url}/beacon.js"></script>'
    context.close()


def test_an_owner_can_use_the_keyboard_alone(page: "Page", counted: Counted) -> None:
    """The first stop leads past the header."""
    page.goto(f"{counted.web.url}/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")

    assert page.evaluate("location.hash") == "#main"
