"""A device whose clock is set while a view waits to be sent."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.blog import Blog
from tests.browser.conftest import NOTHING_IS_KEPT, SOMETHING_IS_KEPT, Counted

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

HOUR_MS = 3_600_000
SET_CLOCK = """
    const now = Date.now;
    window.shift = 0;
    Date.now = () => now() + window.shift;
"""


@pytest.mark.parametrize(
    ("hours", "oldest_ms", "counts"),
    [(-5, 0, 1), (5, 5 * HOUR_MS, 1), (30, 30 * HOUR_MS, 0)],
)
def test_a_clock_that_is_set_while_a_view_waits(
    page: "Page",
    blog: Blog,
    counted: Counted,
    errors: list[str],
    hours: int,
    oldest_ms: int,
    counts: int,
) -> None:
    """Set back, an age is 0 and no less; set ahead past the window, it is stale."""
    ages: list[int] = []

    def arrive(route: "Route") -> None:
        ages.append(route.request.post_data_json["age"])  # type: ignore[index]
        route.continue_()

    page.add_init_script(SET_CLOCK)
    page.route("**/v1/**", lambda route: route.abort())
    page.goto(f"{blog.url}/one")
    page.wait_for_function(SOMETHING_IS_KEPT)
    page.evaluate(f"shift = {hours * HOUR_MS}")
    page.unroute("**/v1/**")
    page.route("**/v1/visits", arrive)
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_function(NOTHING_IS_KEPT)

    assert ages
    assert all(oldest_ms <= age <= oldest_ms + 60_000 for age in ages)
    counted.assert_total(counts, page)
    assert all("ERR_FAILED" in error for error in errors)
