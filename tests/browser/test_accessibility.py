"""Every page on every screen, by keyboard, read by axe-core, and on paper."""

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from footfall.visits.sites import add_site
from tests.browser.conftest import Counted
from tests.browser.test_dashboard import past

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["past"]  # a fixture

PAGES = {
    "overview": "/sites",
    "site": "/stats?site={site}",
    "today": "/stats?site={site}&period=today",
    "chosen days": "/stats?site={site}&from=2026-01-01&to=2026-01-31&show=visitors",
    "breakdown": "/stats?site={site}&by=page",
    "nothing found": "/stats?site={site}&by=page&q=nothing-has-this",
    "waiting": "/stats?site=empty.example",
    "problem": "/stats?site=nobody.example",
    "demo": "/demo",
    "docs": "/docs",
    "new": "/sites/new",
    "settings": "/sites/settings?site={site}",
}


@pytest.fixture
def sites(past: Counted) -> Counted:
    """And a site that waits for its first visit, known to the server."""
    add_site(past.web.store, "https://empty.example")
    for _ in range(100):
        if past.web.ask("GET", "/stats?site=empty.example").status == 200:
            break
    return past


def address(counted: Counted, name: str) -> str:
    return counted.web.url + PAGES[name].format(site=counted.site.url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(
    reader: "Browser", sites: Counted, scheme: Any
) -> None:
    """Contrast, names, roles and structure, with everything that opens opened."""
    found = {}
    context = reader.new_context(color_scheme=scheme, reduced_motion="reduce")
    page = context.new_page()
    for name in PAGES:
        page.goto(address(sites, name))
        page.evaluate(
            "document.querySelectorAll('details').forEach(e => e.open = true)"
        )
        for violation in Axe().run(page).response["violations"]:
            if violation["impact"] in ("serious", "critical"):
                nodes = [node["html"][:200] for node in violation["nodes"]]
                found[f"{name}: {violation['id']}"] = nodes
    context.close()

    assert found == {}


@pytest.mark.parametrize("width", [320, 390, 820, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_every_screen(
    reader: "Browser", sites: Counted, scheme: Any, width: int
) -> None:
    """No page scrolls sideways, and no colours are those of the other scheme."""
    context = reader.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    page = context.new_page()
    for name in PAGES:
        page.goto(address(sites, name))
        assert page.evaluate("document.documentElement.scrollWidth") == width, name
        red = page.evaluate(
            "getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"
        )
        assert (int(red) < 128) == (scheme == "dark")
    context.close()


def focused(page: "Page") -> str:
    """What the keyboard is on, as a person would name it."""
    name: str = page.evaluate(
        "(() => { const e = document.activeElement;"
        " return e.getAttribute('aria-label') || e.labels?.[0]?.innerText"
        " || e.innerText || e.tagName; })()"
    )
    return " ".join(name.split())


def test_an_owner_can_use_the_keyboard_alone(page: "Page", sites: Counted) -> None:
    """Every stop is seen, in the order of the page; Enter opens, and nothing traps."""
    page.goto(address(sites, "site"))
    page.wait_for_selector(".plot canvas")
    stops = []
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            break
        stops.append(focused(page))
        seen = page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
        )
        assert seen, stops[-1]
    order = [
        *("Skip to the content", "Footfall", "All sites", "Today", "30 days"),
        *("Other days", "Visits", "Visitors", "Earlier", "Hour", "Week"),
        *("The numbers as a table", "All 14 pages", "Sources in full"),
        "The snippet, and what to check when nothing arrives",
    ]
    assert [stop for stop in stops if stop in order] == order
    page.goto(address(sites, "site"))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.keyboard.press("Tab")
    assert focused(page) == "Today"
    page.keyboard.press("Enter")
    page.wait_for_url("**period=today*")


def test_a_page_prints_its_numbers_on_white(reader: "Browser", sites: Counted) -> None:
    """In the dark too; what only a screen can use is left out."""
    context = reader.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(address(sites, "site"))
    page.wait_for_selector(".plot canvas")
    page.emulate_media(media="print", color_scheme="dark")
    page.wait_for_timeout(200)

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    assert not page.is_visible(".periods")
    assert not page.is_visible("text=All sites")
    assert page.is_visible("[data-panel=page]")
    assert page.pdf().startswith(b"%PDF")
    context.close()


def test_who_wants_no_motion_gets_none(reader: "Browser", sites: Counted) -> None:
    context = reader.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(address(sites, "site"))
    page.wait_for_selector(".pulse:not([hidden])")

    animated = "getComputedStyle(document.querySelector('.pulse')).animationName"
    assert page.evaluate(animated) == "none"
    context.close()
