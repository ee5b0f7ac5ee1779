"""The demo and the snippet in a real browser."""

from typing import TYPE_CHECKING

from footfall.counters.port import Store
from footfall.visits.sites import add_site, load_sites
from tests.browser.conftest import Counted

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


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
    page.goto(f"{counted.web.url}/sites")
    page.click("[data-copy]")
    page.wait_for_selector("text=Copied")

    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == f'<script async src="{counted.web.url}/beacon.js"></script>'
    context.close()
