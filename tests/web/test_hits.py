"""The counting badge over HTTP: one visit a fetch, durable before it is shown."""

import time
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from footfall.counters.port import Store
from footfall.visits.report import today, top, total
from footfall.visits.sites import load_sites
from footfall.visits.verify import verify
from footfall.web.settings import Settings
from tests.conftest import USER_AGENT
from tests.faulty import FaultyClient, lost_before
from tests.web.conftest import SITE, Answer, WebServer

HIT = f"/hit.svg?url={quote(SITE + 'readme')}"
CAMO = "github-camo (a1b2c3d4)"


def said(answer: Answer) -> str:
    """What the picture says aloud."""
    return ElementTree.fromstring(answer.body).attrib["aria-label"]


def counted(store: Store, dimension: str) -> dict[str, int]:
    site = load_sites(store).named(SITE)
    day = today(site, now_ms())
    ranked = top(store, site, dimension, day, day, limit=9)
    return {each.value: each.visits for each in ranked}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize("agent", [CAMO, "Camo Asset Proxy 2.3.0", USER_AGENT, ""])
def test_each_fetch_counts_a_visit_and_shows_the_number(
    web: WebServer, store: Store, agent: str
) -> None:
    """A proxy that fetches for readers counts, whatever lists of robots say."""
    shown = [web.ask("GET", HIT, User_Agent=agent) for _ in range(3)]

    assert [said(answer) for answer in shown] == ["visits: 1", "visits: 2", "visits: 3"]
    assert {answer.headers["footfall-outcome"] for answer in shown} == {"counted"}
    assert counted(store, "page") == {"/readme": 3}
    site = load_sites(store).named(SITE)
    assert verify(store, site, now_ms()).differences == ()


def test_nothing_may_keep_a_counting_badge(web: WebServer) -> None:
    """What is kept is not counted; and no tag makes a fetch look like another."""
    answer = web.ask("GET", HIT)

    assert "no-store" in answer.headers["cache-control"]
    assert "max-age=0" in answer.headers["cache-control"]
    assert answer.headers["expires"] == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert "etag" not in answer.headers
    assert web.ask("GET", HIT, If_None_Match="*").status == 200


def test_its_reader_is_told_apart_from_nobody(web: WebServer, store: Store) -> None:
    """The proxy's browser and address are not the readers'."""
    web.ask("GET", HIT, User_Agent=USER_AGENT)

    for dimension in ("browser", "system", "country", "referrer", "size"):
        assert counted(store, dimension) == {}
    visitors = web.ask("GET", "/badge.json?site=a.example&count=visitors").json()
    assert visitors["message"] == "0"


def test_who_asks_not_to_be_followed_is_a_number(web: WebServer, store: Store) -> None:
    """A browser that fetches the picture itself says so; then the page is not told."""
    answer = web.ask("GET", HIT, User_Agent=USER_AGENT, Sec_GPC="1")

    assert said(answer) == "visits: 1"
    assert counted(store, "page") == {}


@pytest.mark.parametrize("name", ["Purpose", "Sec-Purpose", "X-Moz"])
@pytest.mark.parametrize("purpose", ["prefetch", "prefetch;prerender", "Prefetch"])
def test_what_nobody_has_seen_is_not_counted(
    web: WebServer, store: Store, name: str, purpose: str
) -> None:
    """The number is shown all the same."""
    web.ask("GET", HIT)

    ahead = web.ask("GET", HIT, **{name.replace("-", "_"): purpose})
    head = web.ask("HEAD", HIT)

    assert said(ahead).startswith("visits: ")
    assert head.status == 200
    assert "footfall-outcome" not in {**ahead.headers, **head.headers}
    assert total(store, load_sites(store).named(SITE)) == 1


def test_a_robot_is_counted_apart(web: WebServer, store: Store) -> None:
    """As everywhere."""
    answer = web.ask("GET", HIT, User_Agent="Googlebot-Image/1.0")

    assert said(answer) == "visits: 0"
    assert answer.headers["footfall-outcome"] == "filtered"
    assert sum(counted(store, "robot").values()) == 1


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("&period=today", "visits today: 1"),
        ("&count=visitors&period=week", "visitors in 7 days: 0"),
        ("&label=views&style=for-the-badge", "VIEWS: 1"),
    ],
)
def test_it_shows_what_a_badge_can(web: WebServer, query: str, label: str) -> None:
    """At or after the visit, which is in the number of today."""
    assert said(web.ask("GET", HIT + query)) == label


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("url=nothing", 400),
        ("url=https://nobody.example/", 404),
        ("url=https://private.example/", 404),
        (f"url={SITE}&color=bogus", 400),
        (f"url={SITE}&id=v1", 400),
        (f"url={SITE}&site=a.example", 400),
        (f"url={SITE}&count=visitors&period=total", 400),
    ],
)
def test_what_is_refused_counts_nothing(
    web: WebServer, store: Store, query: str, status: int
) -> None:
    """And is a picture; a private site is as if it were not there."""
    refused = web.ask("GET", f"/hit.svg?{query}")

    assert refused.status == status
    assert said(refused) in ("visits: unknown site", "visits: not valid")
    assert [total(store, site) for site in load_sites(store).sites] == [0, 10, 0]


def test_it_is_answered_only_when_durable(store: Store) -> None:
    """A store that is away is said, and nothing was counted."""
    client = FaultyClient(store.client)
    web = WebServer(Store(client, store.tables), Settings())
    client.plan("transact_write_items", [lost_before] * 100)

    away = web.ask("GET", HIT)
    client.plan("transact_write_items", [])
    back = web.ask("GET", HIT)
    web.stop()

    assert away.status == 503
    assert said(away) == "visits: no number"
    assert "retry-after" in away.headers
    assert said(back) == "visits: 1"
