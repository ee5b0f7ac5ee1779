"""The ways in which the script comes into a page, each as strict as it may be."""

from typing import TYPE_CHECKING

import pytest

from tests.browser.blog import Blog
from tests.browser.conftest import Counted

if TYPE_CHECKING:
    from playwright.sync_api import Page


def _described(counted: Counted) -> dict[str, str]:
    described: dict[str, str] = counted.web.ask("GET", "/beacon.json").json()
    return described


def _with_integrity(counted: Counted) -> str:
    of = _described(counted)
    return (
        f'<script async src="{counted.web.url}{of["script"]}"'
        f' integrity="{of["integrity"]}" crossorigin="anonymous"></script>'
    )


def test_a_policy_that_names_the_server_is_kept(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """It needs its own script and its own server, nothing else, and no HTML sinks."""
    blog.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src data:; script-src {counted.web.url};"
        f" connect-src {counted.web.url}; require-trusted-types-for 'script'"
    )
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
    assert page.inner_text("[data-footfall-count]") == "1"
    assert errors == []


def test_a_policy_with_a_nonce_is_kept(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """With 'strict-dynamic' no host is named for scripts at all."""
    blog.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src data:; script-src 'nonce-c0ffee' 'strict-dynamic';"
        f" connect-src {counted.web.url}"
    )
    blog.snippet = blog.snippet.replace("async", 'async nonce="c0ffee"')
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
    assert errors == []


def test_a_script_that_was_allowed_may_put_the_beacon_in(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """As a framework's loader does."""
    blog.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src data:; script-src 'nonce-c0ffee' 'strict-dynamic';"
        f" connect-src {counted.web.url}"
    )
    blog.snippet = (
        '<script nonce="c0ffee">'
        "const beacon = document.createElement('script');"
        f"beacon.src = '{counted.web.url}/beacon.js';"
        "document.head.append(beacon);</script>"
    )
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
    assert errors == []


@pytest.mark.parametrize("source", ["server", "integrity"])
def test_a_version_with_its_integrity_hash_counts(
    page: "Page", blog: Blog, counted: Counted, errors: list[str], source: str
) -> None:
    """And a policy may name that very script instead of the server."""
    integrity = _described(counted)["integrity"]
    allowed = {"server": counted.web.url, "integrity": f"'{integrity}'"}[source]
    blog.headers["Content-Security-Policy"] = (
        f"default-src 'none'; img-src data:; script-src {allowed};"
        f" connect-src {counted.web.url}"
    )
    blog.snippet = _with_integrity(counted)
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
    assert errors == []


def test_a_script_of_another_integrity_does_not_run(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """The browser says so in its console; the page goes on."""
    blog.snippet = _with_integrity(counted).replace("sha384-", "sha384-x")
    page.goto(f"{blog.url}/one")
    page.wait_for_timeout(300)

    assert counted.total() == 0
    assert any("integrity" in error for error in errors)


def test_a_page_that_names_an_older_version_goes_on_counting(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """After an upgrade it gets the newest script."""
    blog.snippet = blog.snippet.replace("beacon.js", "beacon.0123456789ab.js")
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
    assert errors == []


def test_the_site_itself_may_pass_everything_on(
    page: "Page", blog: Blog, counted: Counted, errors: list[str]
) -> None:
    """A reverse proxy at a path of the site: one origin, and no other in the policy."""
    blog.behind = ("/numbers/", counted.web.url)
    blog.headers["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data:"
    blog.snippet = '<script async src="/numbers/beacon.js"></script>'
    with page.expect_request("**/v1/visits") as sent:
        page.goto(f"{blog.url}/deep/in/the/site")
    counted.assert_total(1, page)

    assert sent.value.url == f"{blog.url}/numbers/v1/visits"
    assert page.inner_text("[data-footfall-count]") == "1"
    page.evaluate("window.fetch = undefined; footfall.event('signup')")
    counted.assert_events({"signup": 1}, page)

    assert errors == []


@pytest.mark.parametrize(
    "snippet",
    [
        '<script async src="/js/count.js" data-server="{server}/"></script>',
        '<script async src="/js/count.js" data-server="{server}"></script>',
        '<script data-server="{server}">{script}</script>',
    ],
)
def test_a_site_may_carry_the_script_itself(
    page: "Page", blog: Blog, counted: Counted, errors: list[str], snippet: str
) -> None:
    """As a file of its own, or inline; `data-server` says where it counts."""
    script = counted.web.ask("GET", "/beacon.js").body.decode()
    blog.pages["/js/count.js"] = script
    blog.snippet = snippet.replace("{server}", counted.web.url)
    blog.snippet = blog.snippet.replace("{script}", script)
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
    assert errors == []


@pytest.mark.parametrize(
    "snippet",
    ["<script>{script}</script>", '<script data-server="nowhere">{script}</script>'],
)
def test_a_script_that_knows_no_server_does_nothing(
    page: "Page", blog: Blog, counted: Counted, errors: list[str], snippet: str
) -> None:
    """Nor does it throw."""
    script = counted.web.ask("GET", "/beacon.js").body.decode()
    blog.snippet = snippet.replace("{script}", script)
    page.goto(f"{blog.url}/one")

    assert page.evaluate("window.footfall") is None
    assert errors == []


@pytest.mark.parametrize("query", ["", "?v=1", "?from=/a/b"])
def test_the_script_may_have_a_query(
    page: "Page", blog: Blog, counted: Counted, query: str
) -> None:
    """Some themes add one to every script."""
    blog.snippet = blog.snippet.replace("beacon.js", f"beacon.js{query}")
    page.goto(f"{blog.url}/one")

    counted.assert_total(1, page)
