"""Badges and the embedded counter on somebody's page, in a real browser."""

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.browser.blog import Blog
from tests.browser.conftest import Counted

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Page

STRICT = "default-src 'none'; img-src {url} data:; frame-src {url}"


def size(page: "Page") -> tuple[int, int]:
    width, height = page.evaluate(
        "(image => [image.naturalWidth, image.naturalHeight])"
        "(document.querySelector('img'))"
    )
    return width, height


def frame_of(page: "Page") -> "Frame":
    _, frame = page.frames
    return frame


@pytest.mark.parametrize(
    ("style", "height"), [("flat", 20), ("flat-square", 20), ("for-the-badge", 28)]
)
def test_a_badge_shows_on_a_page_with_a_strict_policy(
    page: "Page",
    counted: Counted,
    blog: Blog,
    errors: list[str],
    style: str,
    height: int,
) -> None:
    """Nothing of it needs more than to be a picture."""
    url = counted.web.url
    query = f"site={quote(blog.url)}&style={style}&label={quote('訪問 <b> 👀')}"
    blog.snippet = f'<img alt="" src="{url}/badge.svg?{query}">'
    blog.headers = {
        "Content-Security-Policy": STRICT.format(url=url),
        "Cross-Origin-Embedder-Policy": "require-corp",
    }

    page.goto(blog.url)

    assert size(page)[1] == height
    assert errors == []
    assert counted.total() == 0


@pytest.mark.parametrize("style", ["flat", "flat-square", "for-the-badge"])
def test_every_text_is_inside_its_box(page: "Page", style: str) -> None:
    """Whatever the font: this machine has glyphs of some scripts and boxes for others."""
    from footfall.web.badge_svg import draw

    for label in ("iiiillll", "WWWWMMMM", "ביקורים", "посещения", "訪問数", "👀 views"):
        page.set_content(draw(label, "1,234,567", "#007ec6", "#555", style))
        inside = page.evaluate(
            """() => {
                const boxes = [...document.querySelectorAll("path")].map(
                    box => box.getBoundingClientRect())
                return [...document.querySelectorAll("text")].every(text => {
                    const drawn = text.getBoundingClientRect()
                    return boxes.some(box =>
                        drawn.left >= box.left && drawn.right <= box.right)
                })
            }"""
        )
        assert inside, label


def test_a_counting_badge_counts_each_time_a_page_is_opened(
    page: "Page", counted: Counted, blog: Blog
) -> None:
    """The browser keeps nothing of it."""
    blog.snippet = (
        f'<img alt="" src="{counted.web.url}/hit.svg?url={quote(blog.url)}/readme">'
    )
    for _ in range(3):
        page.goto(blog.url)

    assert size(page)[1] == 20
    counted.assert_total(3, page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("theme", "is_dark"), [("auto", None), ("light", False), ("dark", True)]
)
def test_an_embedded_counter_follows_the_readers_scheme(
    reader: "Browser",
    counted: Counted,
    blog: Blog,
    scheme: str,
    theme: str,
    is_dark: bool | None,
) -> None:
    """Or the one that its page asks for; on another origin, under a strict policy."""
    url = counted.web.url
    blog.snippet = (
        f'<iframe src="{url}/embed.html?site={quote(blog.url)}&amp;theme={theme}"'
        ' width="200" height="80"></iframe>'
    )
    blog.headers = {"Content-Security-Policy": STRICT.format(url=url)}
    context = reader.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(blog.url)

    frame = frame_of(page)
    assert frame.inner_text("body") == "0\nvisits"
    red = frame.evaluate(
        "+getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"
    )
    assert (red < 128) == ((scheme == "dark") if is_dark is None else is_dark)
    context.close()


@pytest.mark.parametrize(
    ("width", "height"), [(60, 40), (120, 40), (200, 80), (600, 300)]
)
@pytest.mark.parametrize(
    "label", ["visits", "a label of as many words as there may be"]
)
def test_an_embedded_counter_fits_its_frame(
    page: "Page", counted: Counted, blog: Blog, width: int, height: int, label: str
) -> None:
    """No scroll bar, and no digit is cut off."""
    page.set_viewport_size({"width": width, "height": height})
    page.goto(
        f"{counted.web.url}/embed.html?site={quote(blog.url)}&label={quote(label)}"
    )

    assert (
        page.evaluate("document.querySelector('data').getBoundingClientRect().right")
        <= width
    )
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_an_embedded_counter_loads_itself_again(
    page: "Page", counted: Counted, blog: Blog
) -> None:
    """Without a script, and without counting."""
    page.goto(f"{counted.web.url}/embed.html?site={quote(blog.url)}&refresh=5")
    assert page.inner_text("data") == "0"

    counted.web.visit("v1", blog.url)
    page.wait_for_selector("data[value='1']")

    assert page.inner_text("bdi") == "visit"
    assert counted.total() == 1
