"""What a request tells of its reader, over HTTP: headers in, breakdowns out."""

import dataclasses
import time
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest

from footfall.counters.port import Store
from footfall.visits.site import DIMENSIONS
from footfall.visits.sites import add_site, load_sites, remove_site
from footfall.web.countries import Countries
from footfall.web.settings import Settings
from tests.country_files import country_file
from tests.web.conftest import SITE, Answer, WebServer

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BREAKDOWNS = (
    *("page", "referrer", "campaign", "country", "browser", "system", "size"),
    *("event", "robot"),
)


@pytest.fixture
def proxied(store: Store, tmp_path: Path) -> Iterator[WebServer]:
    """A server that knows countries, behind a proxy on this machine."""
    countries = Countries(str(country_file(tmp_path / "countries.mmdb")))
    proxies = (ip_network("127.0.0.1"),)
    server = WebServer(store, Settings(countries=countries, proxies=proxies))
    yield server
    server.stop()


def visit(
    web: WebServer,
    id: str,
    headers: dict[str, str] | None = None,
    url: str = SITE,
    **fields: object,
) -> Answer:
    """One visit of a person with Firefox, unless the headers say otherwise."""
    sent = {"User_Agent": FIREFOX, **(headers or {})}
    body = {"id": id, "url": url, **fields}
    return web.ask("POST", "/v1/visits", body, **sent)


def values(web: WebServer, by: str) -> dict[str, int]:
    """The visits of each value of a breakdown."""
    answer = web.ask("GET", f"/v1/stats?site={SITE}&by={by}").json()
    return {each[by]: each["visits"] for each in answer["values"]}


def visitors(web: WebServer) -> int:
    answer = web.ask("GET", f"/v1/stats?site={SITE}").json()
    return int(answer["values"][-1]["visitors"])


def test_a_view_is_broken_down(proxied: WebServer) -> None:
    """By all that its request tells."""
    visit(
        proxied,
        "v1",
        {"X_Forwarded_For": "192.0.2.7"},
        SITE + "blog?utm_source=newsletter&utm_campaign=spring",
        referrer="https://www.google.de/",
        width=1_920,
    )
    visit(
        proxied,
        "v2",
        {"User_Agent": SAFARI, "X_Forwarded_For": "2001:db8::7"},
        referrer=SITE + "blog",
        width=390,
    )

    assert values(proxied, "page") == {"/blog": 1, "/": 1}
    assert values(proxied, "referrer") == {"Google": 1}
    assert values(proxied, "campaign") == {"spring / newsletter": 1}
    assert values(proxied, "country") == {"DE": 1, "JP": 1}
    assert values(proxied, "browser") == {"Firefox": 1, "Safari": 1}
    assert values(proxied, "system") == {"Linux": 1, "iOS": 1}
    assert values(proxied, "size") == {"desktop": 1, "phone": 1}
    assert visitors(proxied) == 2


def test_what_nobody_says_is_unknown_or_direct(web: WebServer) -> None:
    """Without a database no country is made up."""
    visit(web, "v", {"User_Agent": ""})

    assert values(web, "referrer") == {"direct": 1}
    assert values(web, "browser") == values(web, "system") == {"unknown": 1}
    assert values(web, "country") == values(web, "size") == {}


@pytest.mark.parametrize(
    ("width", "size"),
    [
        (1, "phone"),
        (480, "phone"),
        (481, "tablet"),
        (1_024, "tablet"),
        (1_025, "laptop"),
        (1_440, "laptop"),
        (1_441, "desktop"),
        (10**9, "desktop"),
        (0, None),
        (-5, None),
    ],
)
def test_a_width_is_a_kind_of_screen(
    web: WebServer, width: int, size: str | None
) -> None:
    """In CSS pixels; what is none is no screen."""
    visit(web, "v", width=width)

    assert values(web, "size") == ({size: 1} if size else {})


@pytest.mark.parametrize("header", ["Sec_GPC", "DNT"])
def test_who_asks_not_to_be_followed_is_a_number(
    proxied: WebServer, header: str
) -> None:
    """It is counted, and nothing else is known of it."""
    headers = {header: "1", "X_Forwarded_For": "192.0.2.7"}
    answer = visit(proxied, "q", headers, referrer="https://b.example/", width=390)
    event = visit(proxied, "e", headers, event="sign-up")
    visit(proxied, "v", {header: "0"})

    assert answer.json() == {"outcome": "counted", "site": SITE, "visits": 1}
    assert event.json() == {"outcome": "filtered", "site": SITE, "reason": "quiet"}
    assert values(proxied, "page") == {"/": 1}
    assert values(proxied, "referrer") == {"direct": 1}
    assert values(proxied, "country") == {"unknown": 1}
    assert values(proxied, "size") == values(proxied, "event") == {}
    assert visitors(proxied) == 1


def test_a_robot_is_filtered_and_shown(web: WebServer) -> None:
    """Counted apart; its event is not counted at all."""
    robot = {"User_Agent": GOOGLEBOT}
    filtered = {"outcome": "filtered", "site": SITE, "reason": "robot"}

    assert visit(web, "r", robot).json() == filtered
    assert visit(web, "r", robot).json() == filtered
    assert visit(web, "e", robot, event="sign-up").json() == filtered

    assert values(web, "robot") == {"Googlebot": 1}
    for by in set(BREAKDOWNS) - {"robot"}:
        assert values(web, by) == {}
    assert visitors(web) == 0


def test_events_are_counted(web: WebServer) -> None:
    """By their names, which their pages choose."""
    for id in ("e1", "e2", "e2"):
        visit(web, id, event="sign-up")

    assert values(web, "event") == {"sign-up": 2}
    answer = visit(web, "e3", event="\n")
    assert (answer.status, answer.json()["field"]) == (400, "event")


def test_readers_are_told_apart(proxied: WebServer) -> None:
    """By address and program; IPv6 by its network, whose lower half changes."""
    readers = [
        ("192.0.2.1", FIREFOX),
        ("192.0.2.1", SAFARI),
        ("192.0.2.2", FIREFOX),
        ("2001:db8:0:1::1", FIREFOX),
        ("2001:db8:0:1::2", FIREFOX),
        ("2001:db8:0:2::1", FIREFOX),
    ]
    for number, (address, program) in enumerate(readers * 2):
        headers = {"User_Agent": program, "X_Forwarded_For": address}
        visit(proxied, f"v{number}", headers)

    assert visitors(proxied) == 5


def test_nobody_is_believed_without_a_proxy(web: WebServer) -> None:
    """A header alone makes nobody another reader."""
    for number in range(3):
        visit(web, f"v{number}", {"X_Forwarded_For": f"192.0.2.{number}"})

    assert visitors(web) == 1


def test_headers_of_any_size_are_survived(proxied: WebServer) -> None:
    """What is too long for any purpose is cut, or taken for none."""
    headers = {"User_Agent": "x" * 10_000, "X_Forwarded_For": "1.2.3.4," * 2_000}
    answer = visit(
        proxied, "v", headers, referrer="https://" + "r" * 3_000, width=10**15
    )

    assert answer.json()["outcome"] == "counted"
    assert values(proxied, "browser") == {"unknown": 1}
    assert values(proxied, "referrer") == {"direct": 1}


def test_a_server_destroys_salts_that_are_over(store: Store) -> None:
    """Also of sites that nobody visits any more, and from its start on."""
    over, lasting = "Europe/Berlin 2026-11-01", "Europe/Berlin 2999-12-30"
    for name in (over, lasting):
        store.client.put_item(
            TableName=store.tables.settings,
            Item={
                "kind": {"S": "salt"},
                "name": {"S": name},
                "salt": {"B": b"0123456789abcdef"},
            },
        )

    web = WebServer(store, Settings())
    deadline = time.monotonic() + 20
    while (left := salts(store)) != [lasting] and time.monotonic() < deadline:
        time.sleep(0.01)
    web.stop()

    assert left == [lasting]


def test_a_site_that_is_added_again_begins_anew(web: WebServer, store: Store) -> None:
    """Its readers are new to it, though the server has counted them today."""
    visit(web, "v1")
    assert visitors(web) == 1
    remove_site(store, load_sites(store).named(SITE))
    add_site(store, SITE)
    time.sleep(1.2)  # a change reaches the server within a second

    visit(web, "v2")

    assert visitors(web) == 1
    assert values(web, "page") == {"/": 1}


def salts(store: Store) -> list[str]:
    items = store.client.scan(TableName=store.tables.settings)["Items"]
    return [item["name"]["S"] for item in items if item["kind"]["S"] == "salt"]


def test_settings_have_no_proxy_and_no_countries_unless_told() -> None:
    """Nothing of a reader is trusted or looked up by itself."""
    assert dataclasses.asdict(Settings()) == {
        "public_claims": False,
        "countries": None,
        "proxies": (),
        "breakdowns": DIMENSIONS,
        "rate_limit": 0,
    }
