"""The guides' own snippets, in a browser, as somebody pastes them."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.blog import Blog
from tests.browser.conftest import Counted

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
PACKAGES = Path(__file__).parent / "node_modules"
FENCED = re.compile(r"^```([\w-]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEMPLATE_TAG = re.compile(r"\{\{ (?:if|end|with).*?\}\}")

# In the order in which they need each other.
REACT = {
    "react": "react/cjs/react.development.js",
    "scheduler": "scheduler/cjs/scheduler.development.js",
    "react-dom": "react-dom/cjs/react-dom.development.js",
    "react-dom/client": "react-dom/cjs/react-dom-client.development.js",
}


def snippets(guide: str, kind: str, counted: Counted) -> list[str]:
    """A guide's blocks of one kind, with this server in place of the guide's."""
    text = (GUIDES / guide).read_text().replace("https://HOST", counted.web.url)
    return [block for found, block in FENCED.findall(text) if found == kind]


@pytest.mark.parametrize(
    "guide", ["html.md", "react.md", "routers.md", "wordpress.md", "hugo.md"]
)
def test_the_line_of_a_guide_counts_a_page_once(
    page: "Page", blog: Blog, counted: Counted, errors: list[str], guide: str
) -> None:
    """Every block that loads the script, each on a page of its own."""
    script = counted.web.ask("GET", "/beacon.js").body.decode()
    blog.pages["/wp-content/cache/beacon.js"] = script
    described = counted.web.ask("GET", "/beacon.json").json()
    values = {
        "{{ site.Params.footfall }}": counted.web.url,
        "{{ .script }}": described["script"],
        "{{ .integrity }}": described["integrity"],
    }
    blocks = snippets(guide, "html", counted)
    blocks += snippets(guide, "go-html-template", counted)
    loading = [block for block in blocks if "<script" in block and "beacon" in block]
    loading += [block for block in blocks if "{{ .script }}" in block]
    assert loading
    for number, block in enumerate(loading, start=1):
        for name, value in values.items():
            block = block.replace(name, value)
        blog.snippet = TEMPLATE_TAG.sub("", block)
        page.goto(f"{blog.url}/{number}")
        counted.assert_total(number, page)

    assert errors == []


def test_the_html_guide_shows_the_number_and_counts_clicks(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    blog.pages["/one"] = "".join(snippets("html.md", "html", counted))
    page.goto(f"{blog.url}/one")
    counted.assert_total(1, page)
    page.wait_for_selector("[data-footfall-count]:text-is('1')")
    page.click("button")
    page.click("a")
    counted.assert_events({"subscribe": 1, "paper": 1}, page)

    counted.assert_total(2, page)  # the paper is a page of this blog


def test_the_html_guide_counts_readers_without_javascript(
    reader: "Browser", blog: Blog, counted: Counted
) -> None:
    """And others not twice."""
    (picture,) = (
        block
        for block in snippets("html.md", "html", counted)
        if block.startswith("<noscript>")
    )
    blog.snippet += picture.replace("https://example.com", blog.url)
    for scripts in (False, True):
        context = reader.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto(f"{blog.url}/about")
        counted.assert_total(1 + scripts, page)
        context.close()

    assert counted.by("page") == {"/about": 2}


def test_a_router_in_the_fragment_counts_by_hand(
    page: "Page", blog: Blog, counted: Counted
) -> None:
    blog.snippet += snippets("routers.md", "html", counted)[-1]
    page.goto(f"{blog.url}/app")
    counted.assert_total(1, page)
    page.evaluate("location.hash = '/about'")
    counted.assert_total(2, page)

    assert counted.by("page") == {"/app": 1, "/about": 1}


def test_the_effect_of_the_react_guide_counts_once_under_strict_mode(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """It mounts twice, and adds the script twice."""
    (effect,) = snippets("react.md", "js", counted)
    component = re.sub(r"import (.*) from (.*);", r"const \1 = require(\2);", effect)
    _react(blog, component.replace("export ", ""), "createElement(Footfall)")
    page.goto(f"{blog.url}/app")
    page.wait_for_selector("p:text-is('rendered')")
    counted.assert_total(1, page)

    assert page.locator("head script[src$='beacon.js']").count() == 2
    assert errors == []


def test_the_script_in_a_react_tree_counts_once_under_strict_mode(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """React puts it into the head, once, though two components have it."""
    script = snippets("react.md", "jsx", counted)[0]
    assert script == f'<script async src="{counted.web.url}/beacon.js" />\n'
    made = (
        f"createElement('script', {{async: true, src: '{counted.web.url}/beacon.js'}})"
    )
    _react(blog, "", f"{made}, {made}")
    page.goto(f"{blog.url}/app")
    page.wait_for_selector("p:text-is('rendered')")
    counted.assert_total(1, page)

    assert page.locator("head script[src$='beacon.js']").count() == 1
    assert errors == []


def test_react_leaves_the_number_alone(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """An element without children stays as the beacon wrote it, rendered anew or not."""
    assert "<span data-footfall-count />\n" in snippets("react.md", "jsx", counted)
    _react(blog, "", "createElement('span', {'data-footfall-count': true})")
    blog.pages["/app"] += blog.snippet
    page.goto(f"{blog.url}/app")
    page.wait_for_selector("span:text-is('1')")
    page.evaluate("render()")
    page.wait_for_timeout(100)

    assert page.inner_text("span") == "1"
    assert errors == []


def _react(blog: Blog, components: str, elements: str) -> None:
    """/app renders these elements under React's StrictMode, in development."""
    assert PACKAGES.exists(), "React is missing; run `make tests/browser/node_modules`"
    modules = "".join(
        f"modules['{name}'] = (() => {{ const module = {{exports: {{}}}};"
        f" const exports = module.exports; {(PACKAGES / path).read_text()}\n"
        "return module.exports; })();\n"
        for name, path in REACT.items()
    )
    blog.pages["/react.js"] = (
        "const process = {env: {NODE_ENV: 'development'}}, modules = {};\n"
        f"const require = (name) => modules[name];\n{modules}"
    )
    blog.pages["/app"] = (
        "<!doctype html><link rel=icon href='data:,'><div id=root></div>"
        "<script src=/react.js></script>"
        f"<script>{components}</script><script>"
        "const {StrictMode, createElement} = require('react');"
        "const root = require('react-dom/client')"
        ".createRoot(document.getElementById('root'));"
        "const render = () => root.render(createElement(StrictMode, null,"
        f" createElement('p', null, 'rendered'), {elements})); render();</script>"
    )
