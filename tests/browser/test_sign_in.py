"""Signing in and out in a real browser: by keyboard, without a script, as axe hears it."""

from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from footfall.owners.password import set_password
from tests.browser.conftest import Counted
from tests.browser.test_accessibility import focused
from tests.web.conftest import wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PASSWORD = "correct horse battery staple"


@pytest.fixture
def owned(counted: Counted) -> Counted:
    """A server whose owner has a password."""
    set_password(counted.web.store, PASSWORD)
    wait_until(lambda: counted.web.ask("GET", "/metrics").status == 401)
    return counted


def test_the_owner_signs_in_by_keyboard_and_out(
    page: "Page", owned: Counted, errors: list[str]
) -> None:
    """To the page that was asked for; what goes back then leads to the sign-in."""
    asked = f"{owned.web.url}/stats?site={owned.site.url}&period=7d"
    page.goto(asked)
    assert focused(page) == "Password"
    page.keyboard.type("not the password")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]:text-is('The password is wrong.')")
    assert focused(page) == "Password"
    said = page.get_attribute("#password", "aria-describedby")
    assert page.inner_text(f"#{said}") == "The password is wrong."
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    assert focused(page) == "Sign in"
    page.keyboard.press("Enter")
    page.wait_for_url("**/stats?**")

    assert page.url == asked
    page.click("text=Sign out")
    page.wait_for_url("**/login")
    page.go_back()
    page.wait_for_url("**/login?next=**")
    # The wrong password's own answer, which Chromium reports.
    assert [line for line in errors if "403" not in line] == []


def test_a_page_whose_session_ends_leads_to_the_sign_in(
    page: "Page", owned: Counted
) -> None:
    """It shows no number that is not its reader's any more."""
    page.clock.install()
    page.goto(f"{owned.web.url}/sites")
    page.fill("#password", PASSWORD)
    page.click("button")
    page.wait_for_selector("text=Sign out")
    set_password(owned.web.store, PASSWORD)
    cookie = {each["name"]: each["value"] for each in page.context.cookies()}
    shown = f"footfall-session={cookie['footfall-session']}"
    wait_until(lambda: owned.web.ask("GET", "/metrics", Cookie=shown).status == 401)
    page.clock.fast_forward(5_000)
    page.wait_for_url("**/login?next=%2Fsites")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_is_for_everybody(
    reader: "Browser", owned: Counted, scheme: Any
) -> None:
    """On a phone, without a script, and for whoever hears it; wrong passwords too."""
    context = reader.new_context(
        color_scheme=scheme, viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    page.goto(f"{owned.web.url}/sites")
    for _ in range(2):
        found = Axe().run(page).response["violations"]
        assert [each["id"] for each in found if each["impact"] != "minor"] == []
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        page.fill("#password", "not the password")
        page.click("button")
        page.wait_for_selector("[role=alert]")
    context.close()
    context = reader.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{owned.web.url}/sites")
    page.fill("#password", PASSWORD)
    page.click("button")

    assert page.inner_text("h1") == "Sites"
    context.close()
