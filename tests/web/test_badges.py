"""Badges over HTTP: a site's number as a picture, as JSON, as text, as a small page."""

import base64
import hashlib
import re
from xml.etree import ElementTree

import pytest

from footfall.counters.port import Store
from footfall.visits.sites import add_site
from footfall.web.settings import Settings
from tests.conftest import USER_AGENT
from tests.faulty import FaultyClient, lost_before
from tests.web.conftest import SITE, Answer, WebServer

ROUTES = ("/badge.svg", "/badge.json", "/badge.txt", "/embed.html")


def label_and_number(answer: Answer) -> str:
    """What a picture says aloud."""
    return ElementTree.fromstring(answer.body).attrib["aria-label"]


def ask_until_changed(web: WebServer, path: str, etag: str) -> Answer:
    """The next answer that is another; a number may be a second old."""
    while (answer := web.ask("GET", path, If_None_Match=etag)).status == 304:
        continue
    return answer


def test_a_badge_shows_the_number(web: WebServer) -> None:
    """As a picture that a browser can parse."""
    web.visit("v1")

    badge = web.ask("GET", "/badge.svg?site=a.example")

    assert badge.headers["content-type"] == "image/svg+xml"
    assert label_and_number(badge) == "visits: 1"


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_counts_by_being_read(web: WebServer, route: str) -> None:
    for method in ("GET", "HEAD"):
        assert web.ask(method, f"{route}?site=a.example").status == 200

    assert web.visit("v1").json()["visits"] == 1


@pytest.mark.parametrize("route", ROUTES)
def test_a_repeat_is_cheap_and_never_stale(web: WebServer, route: str) -> None:
    """GitHub's image proxy keeps what it may; a tag that it weakened is known too."""
    path = f"{route}?site=a.example"
    first = web.ask("GET", path)
    etag = first.headers["etag"]

    assert "no-cache" in first.headers["cache-control"]
    assert "max-age=0" in first.headers["cache-control"]
    assert first.headers["expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        again = web.ask("GET", path, If_None_Match=known)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["cache-control"] == first.headers["cache-control"]
    web.visit("v1")
    assert ask_until_changed(web, path, etag).status == 200


@pytest.mark.parametrize("route", ROUTES)
def test_any_page_may_show_it(web: WebServer, route: str) -> None:
    """One that isolates itself too; it reads problems as well."""
    for query, status in (("a.example", 200), ("nobody.example", 404)):
        answer = web.ask("GET", f"{route}?site={query}", Origin="https://b.example")

        assert answer.status == status
        assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers.get("x-frame-options") is None


def test_a_badge_is_json_for_shields(web: WebServer) -> None:
    """The endpoint's schema, plain digits in the message."""
    web.visit("v", "https://b.example/")

    assert web.ask("GET", "/badge.json?site=b.example").json() == {
        "schemaVersion": 1,
        "label": "visits",
        "message": "11",
        "color": "007ec6",
    }
    asked = "&label=views&color=red&labelColor=abc&style=flat-square&format=grouped"
    assert web.ask("GET", f"/badge.json?site=b.example{asked}").json() == {
        "schemaVersion": 1,
        "label": "views",
        "message": "11",
        "color": "e05d44",
        "labelColor": "abc",
        "style": "flat-square",
    }


def test_a_badge_is_digits_on_a_line(web: WebServer, store: Store) -> None:
    """For a shell, and for a page's own script."""
    add_site(store, "https://c.example/", visits=1_234_567)
    path = "/badge.txt?site=c.example"
    while (text := web.ask("GET", path)).status == 404:
        continue  # until the running server knows the site

    assert text.body == b"1234567\n"
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert web.ask("GET", path + "&format=compact").body == b"1.2M\n"


@pytest.mark.parametrize(
    ("period", "label"),
    [
        ("total", "visits"),
        ("today", "visits today"),
        ("week", "visits in 7 days"),
        ("month", "visits in 30 days"),
    ],
)
def test_a_badge_has_periods(web: WebServer, period: str, label: str) -> None:
    """The baseline counts in the total alone."""
    web.visit("v", "https://b.example/")
    badge = web.ask("GET", f"/badge.json?site=b.example&period={period}").json()

    assert badge["label"] == label
    assert badge["message"] == ("11" if period == "total" else "1")


@pytest.mark.parametrize(
    ("period", "label"),
    [
        ("", "visitors today"),
        ("&period=today", "visitors today"),
        ("&period=week", "visitors in 7 days"),
        ("&period=month", "visitors in 30 days"),
    ],
)
def test_a_badge_has_visitors(web: WebServer, period: str, label: str) -> None:
    """A reader is one on a day, however much is read."""
    for id, agent in (("v1", ""), ("v2", ""), ("v3", "1")):
        body = {"id": id, "url": SITE}
        web.ask(
            "POST",
            "/v1/visits",
            body,
            Content_Type="text/plain",
            User_Agent=USER_AGENT + agent,
        )

    badge = web.ask("GET", f"/badge.json?site=a.example&count=visitors{period}").json()

    assert badge["label"] == label
    assert badge["message"] == "2"


def test_visitors_are_not_told_where_they_are_not_counted(store: Store) -> None:
    """A nought would be a lie."""
    add_site(store, "https://c.example/", dimensions=("page",))
    web = WebServer(store, Settings())

    refused = web.ask("GET", "/badge.json?site=c.example&count=visitors")

    assert (refused.status, refused.json()["field"]) == (400, "count")
    web.stop()


def test_a_badge_takes_a_label_and_colours(web: WebServer) -> None:
    """Escaped: a label is a stranger's text."""
    badge = web.ask(
        "GET",
        "/badge.svg?site=a.example&label=%3Cb%3E%26%E6%97%A5mW&color=abc"
        "&labelcolor=blueviolet",
    )

    assert label_and_number(badge) == "<b>&日mW: 0"
    assert b'"#abc"' in badge.body
    assert b'"#8a2be2"' in badge.body
    bare = web.ask("GET", "/badge.svg?site=a.example&label=")
    assert label_and_number(bare) == "0"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 404),
        ("site=nobody.example", 404),
        ("site=private.example", 404),
        ("site=a.example&period=year", 400),
        ("site=a.example&count=robots", 400),
        ("site=a.example&count=visitors&period=total", 400),
        ("site=a.example&color=url(x)", 400),
        ("site=a.example&labelcolor=1234", 400),
        ("site=a.example&labelcolor=red&labelColor=red", 400),
        ("site=a.example&style=social", 400),
        ("site=a.example&format=roman", 400),
        ("site=a.example&label=" + "x" * 61, 400),
        ("site=a.example&label=%0A", 400),
        ("site=a.example&label=%E2%80%AE", 400),  # it would turn the text around
        ("site=a.example&site=b.example", 400),
        ("site=a.example&more=1", 400),
    ],
)
def test_a_badge_that_cannot_be_is_a_picture_too(
    web: WebServer, query: str, status: int
) -> None:
    """A private site is as if it were not there. A proxy shows pictures only."""
    for route in ("/badge.json", "/badge.txt", "/embed.html"):
        assert web.ask("GET", f"{route}?{query}").status == status
    picture = web.ask("GET", f"/badge.svg?{query}")
    assert picture.status == status
    words = {404: "visits: unknown site", 400: "visits: not valid"}
    assert label_and_number(picture) == words[status]
    assert "no-cache" in picture.headers["cache-control"]


def test_a_label_may_join_letters(web: WebServer) -> None:
    """A family is one emoji, and Persian is written with a non-joiner."""
    label = "%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9 %D8%A8%D8%A7%D8%B2%E2%80%8C%D8%AF"
    path = f"/badge.svg?site=a.example&label={label.replace(' ', '+')}"

    assert web.ask("GET", path).status == 200


def test_a_badge_says_when_the_store_is_away(store: Store) -> None:
    """And every form of it when to ask again."""
    client = FaultyClient(store.client)
    web = WebServer(Store(client, store.tables), Settings())
    client.plan("get_item", [lost_before] * 1_000)
    away = [web.ask("GET", f"{route}?site=a.example") for route in ROUTES]
    client.plan("get_item", [])
    back = [web.ask("GET", f"{route}?site=a.example") for route in ROUTES]
    web.stop()

    assert {answer.status for answer in away} == {503}
    assert all("retry-after" in answer.headers for answer in away)
    assert {answer.status for answer in back} == {200}


@pytest.mark.parametrize("query", ["", "&theme=dark&refresh=30&color=red&label=x"])
def test_an_embedded_counter_allows_its_own_style_alone(
    web: WebServer, query: str
) -> None:
    """No script, no picture, nothing from elsewhere; and any page may frame it."""
    page = web.ask("GET", f"/embed.html?site=a.example{query}")
    text = page.body.decode()
    policy = page.headers["content-security-policy"]

    (style,) = re.findall("<style>(.*)</style>", text)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "frame-ancestors" not in policy
    assert ("refresh" in text) == ("refresh" in query)
    assert '<data value="0">0</data>' in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("theme=blue", "theme: must be one of auto, light, dark"),
        ("refresh=4", "refresh: must be 5 to 86400 seconds, or 0"),
        ("refresh=-5", "refresh: must be 5 to 86400 seconds, or 0"),
        ("refresh=%D9%A3%D9%A0", "refresh: must be 5 to 86400 seconds, or 0"),
        ("style=flat", "style: is for pictures"),
        ("labelcolor=red", "labelcolor: is for pictures"),
        ("label=%3Cscript%3E%0A", "label: must be at most 60 printable characters"),
    ],
)
def test_an_embedded_counter_says_what_is_not_valid(
    web: WebServer, query: str, words: str
) -> None:
    """Where its owner sees it: in the frame."""
    page = web.ask("GET", f"/embed.html?site=a.example&{query}")

    assert page.status == 400
    assert words in page.body.decode()


def test_an_embedded_counter_speaks_of_one_visit(web: WebServer) -> None:
    web.visit("v1")
    page = web.ask("GET", "/embed.html?site=a.example&period=today").body.decode()

    assert "<bdi>visit today</bdi>" in page
    escaped = web.ask("GET", "/embed.html?site=a.example&label=%3Cb%3Evisits")
    assert "<bdi>&lt;b&gt;visits</bdi>" in escaped.body.decode()
