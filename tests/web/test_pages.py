"""The overview, one site's page and its breakdowns as documents over HTTP."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from footfall.counters.port import Store
from footfall.visits.sites import add_site, change_site, load_sites, remove_site
from footfall.web.demo import ensure_demo_site
from footfall.web.pages import SITES_SHOWN
from footfall.web.settings import Settings
from tests.faulty import FaultyClient, lost_before, no_fault
from tests.web.conftest import SITE, WebServer

STRANGER = {"X_Forwarded_For": "192.0.2.7"}
HOSTILE = "/<script>alert(1)</script>\"' onload=x \u202edrowssap"


def put_day(store: Store, bucket: str, **numbers: int) -> None:
    """A day's item as a recorder writes it."""
    attributes = {name: {"N": str(number)} for name, number in numbers.items()}
    item = {"siteUrl": {"S": SITE}, "bucket": {"S": bucket}, **attributes}
    store.client.put_item(TableName=store.tables.visit_rollups, Item=item)


def text_of(page: bytes) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.decode()))


def assert_strict(page: bytes, headers: dict[str, str]) -> None:
    """Nothing is inline, and the policy would forbid it."""
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(
        rb"<script(?![^>]* src=)|<style| on\w+=[\"']?\w+\(| style=", page
    )


def test_the_overview_is_whole_without_a_script(store: Store) -> None:
    """Each site's numbers, and an error where a number is none."""
    store.client.put_item(
        TableName="siteVisits",
        Item={"siteUrl": {"S": "<script>alert(1)</script>"}, "visits": {"S": "x"}},
    )
    web = WebServer(store, Settings())
    web.visit("v")
    page = web.ask("GET", "/")
    web.stop()
    text = page.body.decode()

    assert page.status == 200
    assert text.count("data-card=") == 4
    assert 'data-figure="today" value="1"' in text
    assert f"{web.url}/beacon.js" in text
    assert "<script>alert" not in text
    assert "footfall sites repair" in text
    assert_strict(page.body, page.headers)


def test_many_sites_are_shown_in_pages(store: Store) -> None:
    for number in range(SITES_SHOWN):
        add_site(store, f"https://{number}.example/")
    web = WebServer(store, Settings())
    first, second = web.ask("GET", "/sites").body, web.ask("GET", "/sites?page=2").body
    beyond = web.ask("GET", "/sites?page=999999")

    assert first.count(b"data-card=") == SITES_SHOWN
    assert second.count(b"data-card=") == 3
    assert b"/sites?page=2" in first
    assert b"/sites?page=1" in second
    assert (beyond.status, b"No more sites" in beyond.body) == (200, True)
    assert web.ask("GET", "/sites?page=x").status == 400
    web.stop()


def test_one_site_is_opened_at_once(store: Store) -> None:
    """An owner of one site wants its page; the overview is one step away."""
    for site in load_sites(store).sites[1:]:
        remove_site(store, site)
    web = WebServer(store, Settings())
    home = web.ask("GET", "/")

    assert home.status == 303
    page = web.ask("GET", home.headers["location"])
    assert b'data-site="https://a.example/"' in page.body
    assert b'href="/sites"' in page.body
    assert web.ask("GET", "/sites").status == 200
    web.stop()


def test_a_sites_page_is_whole_without_a_script(web: WebServer) -> None:
    """Its numbers, its course as a table and every breakdown are in the document."""
    web.visit("v1", SITE + "post?utm_campaign=spring", width=1200)
    web.visit("v2", SITE + "post", event="signup")
    page = web.ask("GET", "/stats?site=a.example")
    said = text_of(page.body)

    assert page.status == 200
    assert 'data-live="visits" value="1"' in page.body.decode()
    assert page.body.count(b"data-tick=") == 30
    assert page.body.count(b"data-panel=") == 9
    for word in ("/post", "spring", "signup", "Laptop, to 1,440 px", "Direct"):
        assert word in said, word
    assert "no list can be filtered by another" in said
    assert page.body.rstrip().endswith(b"</html>")
    assert_strict(page.body, page.headers)


def test_what_was_answered_and_not_counted_is_shown(web: WebServer) -> None:
    """To the owner: a visit sent again, and a robot's."""
    web.visit("v1")
    web.visit("v1")
    web.visit("v2", age=2 * 86_400_000)
    web.ask(
        "POST",
        "/v1/visits",
        {"id": "v3", "url": SITE},
        User_Agent="Mozilla/5.0 (compatible; Googlebot/2.1)",
    )
    said = text_of(web.ask("GET", "/stats?site=a.example").body)

    assert "sent again, and counted before 1" in said
    assert " views 1 Stale" in said
    assert "older than an id is remembered 1" in said
    assert "Googlebot" in said


def test_the_frame_is_sent_before_the_breakdowns(store: Store) -> None:
    """They may come in any order: each names its slot of the frame."""
    put_day(store, "total#2026-11-01", day=1)
    web = WebServer(store, Settings())
    body = web.ask("GET", "/stats?site=a.example&from=2026-11-01&to=2026-11-01").body
    web.stop()
    slots = re.findall(r'<slot name="(\w+)">', body.decode())

    assert slots[:2] == ["page", "referrer"]
    assert sorted(re.findall(r' slot="(\w+)"', body.decode())) == sorted(slots)
    assert body.index(b"<slot") < body.index(b" slot=")


def test_a_breakdown_that_cannot_be_read_leaves_the_others(store: Store) -> None:
    """It says why, in its place."""
    client = FaultyClient(store.client)
    put_day(store, "total#2026-11-01", day=1)
    put_day(store, "browser#2026-11-01#00", **{"=Firefox": 1})
    web = WebServer(Store(client, store.tables), Settings())
    # Two reads of the course, then one for each breakdown.
    client.plan("query", [no_fault] * 4 + [lost_before])
    page = web.ask("GET", "/stats?site=a.example&from=2026-11-01&to=2026-11-01")
    web.stop()

    assert page.status == 200
    assert page.body.count(b'role="alert"') == 1
    assert b"Firefox" in page.body


def test_a_site_without_visits_says_what_to_do(web: WebServer) -> None:
    """The snippet, and what to check when nothing arrives."""
    page = web.ask("GET", "/stats?site=b.example")
    assert "Waiting for the first visit" not in text_of(page.body)  # it began with 10
    page = web.ask("GET", "/stats?site=a.example")
    said = text_of(page.body)

    assert "Waiting for the first visit" in said
    assert f"{web.url}/beacon.js" in said
    assert "Content-Security-Policy" in said
    assert "Global Privacy Control" in said
    assert "curl" in said
    assert b"data-panel" not in page.body
    assert_strict(page.body, page.headers)


@pytest.mark.parametrize(
    ("query", "ticks"),
    [
        ("period=today", 24),
        ("period=yesterday", 24),
        ("period=7d", 7),
        ("period=7d&unit=hour", 168),
        ("period=7d&show=visitors", 7),
        ("period=12mo", 12),
        ("from=2026-11-01&to=2026-11-09", 9),
        ("from=2026-01-01&to=2026-12-31&unit=week", 53),
        ("to=2026-11-09", 30),
        ("period=", 30),
    ],
)
def test_any_range_can_be_looked_at(web: WebServer, query: str, ticks: int) -> None:
    """All of it in the address, so that it can be shared and gone back to."""
    web.visit("v")
    page = web.ask("GET", f"/stats?site=a.example&{query}")

    assert page.status == 200
    assert page.body.count(b"data-tick=") == ticks


def test_all_begins_with_the_first_visit(store: Store) -> None:
    first = datetime.now(UTC).date() - timedelta(days=12)
    put_day(store, f"total#{first}", day=3, visitors=2)
    web = WebServer(store, Settings())
    page = web.ask("GET", "/stats?site=a.example&period=all")
    web.stop()

    assert page.body.count(b"data-tick=") == 13
    assert b'data-live="period" value="3"' in page.body


def test_the_period_before_is_shown(store: Store) -> None:
    today = datetime.now(UTC).date()
    for back, visits in ((1, 15), (8, 10), (20, 1)):
        put_day(store, f"total#{today - timedelta(days=back)}", day=visits)
    web = WebServer(store, Settings())
    page = web.ask("GET", "/stats?site=a.example&period=7d")
    web.stop()

    assert "15 +50%" in text_of(page.body)
    assert b'class="before" value="10"' in page.body


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 404),
        ("site=nobody.example", 404),
        ("site=a.example&period=year", 400),
        ("site=a.example&from=x", 400),
        ("site=a.example&from=2026-02-02&to=2026-02-01", 400),
        ("site=a.example&from=1000-01-01", 400),
        ("site=a.example&from=2020-01-01&to=2026-01-01&unit=hour", 400),
        ("site=a.example&by=moon", 400),
        ("site=a.example&by=visitor", 400),
        ("site=a.example&by=page&q=" + "x" * 201, 400),
        ("site=a.example&more=1", 400),
    ],
)
def test_a_wrong_address_is_a_page_that_says_so(
    web: WebServer, query: str, status: int
) -> None:
    page = web.ask("GET", f"/stats?{query}")

    assert page.status == status
    assert page.headers["content-type"].startswith("text/html")
    assert_strict(page.body, page.headers)


def test_a_breakdown_in_full_can_be_searched(store: Store) -> None:
    """And what had no room is said, and is no value."""
    day = datetime.now(UTC).date()
    put_day(
        store, f"page#{day}#00", **{f"=/{n}": 1 + n for n in range(600)}, other=1_234
    )
    web = WebServer(store, Settings())
    address = "/stats?site=a.example&period=today&by=page"
    page, found = web.ask("GET", address), web.ask("GET", f"{address}&q=/59")
    nothing = web.ask("GET", f"{address}&q=%3Cb%3E")
    robots = web.ask("GET", "/stats?site=a.example&by=robot")
    web.stop()

    assert page.body.count(b'scope="row"') == 500
    assert "1,234 more were counted under" in text_of(page.body)
    assert found.body.count(b'scope="row"') == 11
    assert "<b>" not in nothing.body.decode()
    assert "Nothing has" in text_of(nothing.body)
    assert "No robot came" in text_of(robots.body)


def test_what_readers_made_is_shown_as_text(store: Store) -> None:
    """A page's path and a referrer are a stranger's text; long ones break nothing."""
    day = datetime.now(UTC).date()
    put_day(store, f"total#{day}", day=1)
    for dimension in ("page", "referrer", "campaign", "event", "country", "browser"):
        values = {"=" + HOSTILE: 2, "=" + "x" * 2_000: 1}
        put_day(store, f"{dimension}#{day}#00", **values)
    web = WebServer(store, Settings())
    pages = [web.ask("GET", "/stats?site=a.example&period=today")]
    pages += [
        web.ask("GET", f"/stats?site=a.example&period=today&by={by}")
        for by in ("page", "country")
    ]
    web.stop()

    for page in pages:
        text = page.body.decode()
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
        assert "<bdi>/&lt;script" in text
        assert "\"' onload" not in text


def test_a_published_page_is_open_to_all(store: Store) -> None:
    """What is the owner's alone is not in it."""
    site = load_sites(store).named(SITE)
    change_site(store, site, published=True)
    put_day(store, f"robot#{datetime.now(UTC).date()}#00", **{"=Googlebot": 2})
    web = WebServer(store, Settings())
    web.visit("v")
    public = web.ask("GET", "/stats?site=a.example", **STRANGER)
    owners = web.ask("GET", "/stats?site=a.example")
    robots = web.ask("GET", "/stats?site=a.example&by=robot", **STRANGER)
    numbers = web.ask("GET", "/v1/stats?site=a.example", **STRANGER)
    of_robots = web.ask("GET", "/v1/stats?site=a.example&by=robot", **STRANGER)
    web.stop()

    assert (public.status, numbers.status) == (200, 200)
    assert (robots.status, of_robots.status) == (400, 400)
    for owned in (b"Googlebot", b'href="/sites"', b"beacon.js", b"by-hand"):
        assert owned in owners.body, owned
        assert owned not in public.body, owned


def test_a_crowd_shares_one_reading(store: Store) -> None:
    """A link on a busy site leads many to a published page; the owner sees the newest."""
    change_site(store, load_sites(store).named(SITE), published=True)
    client = FaultyClient(store.client)
    web = WebServer(Store(client, store.tables), Settings())
    put_day(store, "total#2026-11-01", day=1)
    put_day(store, "page#2026-11-01#00", **{"=/first": 1})
    address = "/stats?site=a.example&from=2026-11-01&to=2026-11-01"
    with ThreadPoolExecutor(8) as crowd:
        ask = partial(web.ask, "GET", address, **STRANGER)
        pages = [each.result() for each in [crowd.submit(ask) for _ in range(8)]]
    put_day(store, "page#2026-11-01#00", **{"=/second": 1})
    later, owners = web.ask("GET", address, **STRANGER), web.ask("GET", address)
    web.stop()
    read = [
        request["ExpressionAttributeValues"][":from"]["S"]
        for operation, request in client.requests
        if operation == "query" and ":from" in request["ExpressionAttributeValues"]
    ]

    assert all(b"/first" in page.body for page in [*pages, later])
    assert b"/second" in owners.body
    assert read.count("page#2026-11-01") == 2


def test_a_failed_reading_is_not_kept(store: Store) -> None:
    """Who comes next finds what the store has by then."""
    change_site(store, load_sites(store).named(SITE), published=True)
    client = FaultyClient(store.client)
    put_day(store, "total#2026-11-01", day=1)
    put_day(store, "page#2026-11-01#00", **{"=/first": 1})
    web = WebServer(Store(client, store.tables), Settings())
    address = "/stats?site=a.example&from=2026-11-01&to=2026-11-01"
    # Four reads of the frame, then one for each breakdown.
    client.plan("query", [no_fault] * 4 + [lost_before] * 8)
    failed, mended = (web.ask("GET", address, **STRANGER) for _ in range(2))
    web.stop()

    assert failed.body.count(b'role="alert"') == 8
    assert mended.body.count(b'role="alert"') == 0
    assert b"/first" in mended.body


@pytest.mark.parametrize("path", ["/stats", "/v1/stats", "/v1/live"])
def test_other_pages_are_the_owners(web: WebServer, path: str) -> None:
    """A stranger is told the same of a site that is there and of one that is not."""
    there = web.ask("GET", f"{path}?site=a.example", **STRANGER)
    missing = web.ask("GET", f"{path}?site=nobody.example", **STRANGER)

    assert (there.status, missing.status) == (403, 403)
    assert there.body == missing.body


@pytest.mark.parametrize("path", ["/", "/sites", "/demo", "/stats?site=a.example"])
@pytest.mark.parametrize("headers", [STRANGER, {"Host": "evil.example"}])
def test_pages_of_the_owner_refuse_strangers(
    web: WebServer, path: str, headers: dict[str, str]
) -> None:
    """A rebound name and a proxy do not open them."""
    page = web.ask("GET", path, **headers)

    assert page.status == 403
    assert "the owner's" in text_of(page.body).replace("&#39;", "'")


def test_a_new_store_leads_to_the_demo(store: Store) -> None:
    """The demo is there where its site is, and says how to get it elsewhere."""
    web = WebServer(store, Settings())
    assert b"footfall sites add" in web.ask("GET", "/demo").body
    web.stop()
    for site in load_sites(store).sites:
        remove_site(store, site)
    demo = ensure_demo_site(store, "http://127.0.0.1:1")
    web = WebServer(store, Settings())

    assert demo == ensure_demo_site(store, "http://127.0.0.1:1")
    assert ensure_demo_site(store, "http://127.0.0.1:2") is None
    page = web.ask("GET", "/", Host="127.0.0.1:1").body.decode()
    assert "No sites yet" in page
    assert 'href="/demo"' in page
    shown = web.ask("GET", "/demo/page-1", Host="127.0.0.1:1").body.decode()
    assert "data-footfall-count" in shown
    assert web.ask("GET", "/", Host="localhost:x").status in (200, 303)
    web.stop()
