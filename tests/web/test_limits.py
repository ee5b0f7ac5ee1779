"""Limits over HTTP: by address, by site, for claims; and who may send visits."""

import logging
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from footfall.counters.named import create_countdown
from footfall.counters.port import Store
from footfall.visits.report import total
from footfall.visits.site import Site
from footfall.visits.sites import change_site, load_sites
from footfall.web.settings import Settings
from tests.web.conftest import SITE, Answer, WebServer, wait_until

RATE = 2  # so 20 at once


@pytest.fixture
def limited(store: Store) -> Iterator[WebServer]:
    """A server behind a proxy on this machine, with few visits to an address."""
    server = WebServer(
        store,
        Settings(
            public_claims=True, proxies=(ip_network("127.0.0.1"),), rate_limit=RATE
        ),
    )
    yield server
    server.stop()


def send(web: WebServer, id: str, address: str, **headers: str) -> Answer:
    """One visit from an address, as the proxy tells it."""
    body = {"id": id, "url": SITE}
    return web.ask("POST", "/v1/visits", body, X_Forwarded_For=address, **headers)


def site_of(store: Store) -> Site:
    return load_sites(store).named(SITE)


def test_one_address_counts_its_rate_and_no_more(limited: WebServer) -> None:
    """Each refusal says when to come again, to a page of any origin; nobody else waits."""
    answers = [send(limited, f"v{n}", "203.0.113.7") for n in range(30)]
    counted = sum(answer.status == 200 for answer in answers)
    refused = answers[-1]

    assert 20 <= counted < 30
    assert refused.status == 429
    assert refused.json()["written"] == "no"
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["access-control-allow-origin"] == "*"
    assert send(limited, "other", "203.0.113.8").status == 200
    assert total(limited.store, site_of(limited.store)) == counted + 1


def test_a_refused_visit_counts_later_under_its_id(limited: WebServer) -> None:
    """A refusal leaves no receipt."""
    for n in range(30):
        send(limited, f"v{n}", "203.0.113.7")

    assert send(limited, "v29", "203.0.113.9").json()["outcome"] == "counted"


def test_an_ipv6_household_is_one_address(limited: WebServer) -> None:
    """Its devices change the second half as they like."""
    statuses = [send(limited, f"v{n}", f"2001:db8::{n:x}").status for n in range(30)]

    assert statuses[-1] == 429
    assert send(limited, "w", "2001:db8:0:1::1").status == 200


@pytest.mark.parametrize(
    "path", ["/v1/pixel.gif?url=https://a.example/", "/hit.svg?url=https://a.example/"]
)
def test_pictures_that_count_are_limited_too(limited: WebServer, path: str) -> None:
    """They are the easiest to call."""
    for _ in range(30):
        answer = limited.ask("GET", path, X_Forwarded_For="203.0.113.7")

    assert answer.status == 429
    assert "retry-after" in answer.headers


def test_open_claims_are_limited(limited: WebServer) -> None:
    """One script must not take every place at once."""
    create_countdown(limited.store, "first-100", 100)
    claims = [
        limited.ask(
            "POST",
            "/v1/counters/first-100/claim",
            {"id": f"entrant-{n}"},
            X_Forwarded_For="203.0.113.7",
        )
        for n in range(12)
    ]

    assert claims[0].status == 200
    assert claims[-1].status == 429
    assert claims[-1].headers["access-control-allow-origin"] == "*"
    assert claims[-1].headers["access-control-expose-headers"] == "Retry-After"


def test_reads_are_limited_generously(limited: WebServer) -> None:
    """A page with badges never meets it."""
    statuses = {
        limited.ask(
            "GET", "/badge.txt?site=a.example", X_Forwarded_For="203.0.113.7"
        ).status
        for _ in range(200)
    }

    assert statuses == {200}


def test_this_machine_is_not_limited(store: Store) -> None:
    """An unnamed proxy on it stands for all readers."""
    server = WebServer(store, Settings(rate_limit=1))
    try:
        statuses = {send(server, f"v{n}", "203.0.113.7").status for n in range(30)}
    finally:
        server.stop()

    assert statuses == {200}


def test_a_proxy_that_nobody_named_is_told_of_once(
    limited: WebServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Its readers share one limit, and lose visits by it; no address is logged."""
    with caplog.at_level(logging.WARNING, "footfall.web"):
        for n in range(30):
            # The reader's own proxy wrote the first, ours the second.
            send(limited, f"v{n}", "198.51.100.2, 203.0.113.7")

    (record,) = caplog.records
    assert "--proxy" in record.getMessage()
    assert "203.0.113" not in caplog.text


def test_a_site_is_sent_no_more_than_its_owner_allows(store: Store) -> None:
    """From all addresses together, this machine's too."""
    change_site(store, site_of(store), rate_limit=2)
    server = WebServer(store, Settings())
    try:
        statuses = [send(server, f"v{n}", "").status for n in range(60)]
    finally:
        server.stop()

    assert statuses[0] == 200
    assert statuses[-1] == 429
    assert statuses.count(200) == total(store, site_of(store))


def test_only_pages_of_the_sites_origins_count(store: Store) -> None:
    """What another page sends is refused, and says why; a script names no page."""
    change_site(store, site_of(store), origins=("https://a.example",))
    server = WebServer(store, Settings())
    try:
        refused = send(server, "y", "", Origin="https://evil.example")
        pixel = f"/v1/pixel.gif?url={SITE}&id=z"
        image = server.ask("GET", pixel, Referer="https://evil.example/page")
        counted = [
            send(server, "own", "", Origin="https://a.example").status,
            send(server, "none", "").status,
            server.ask("GET", pixel, Referer="https://a.example/page").status,
        ]
    finally:
        server.stop()

    assert (refused.status, image.status) == (403, 403)
    assert refused.json()["written"] == "no"
    assert "evil.example" in refused.json()["detail"]
    assert refused.headers["access-control-allow-origin"] == "*"
    assert counted == [200, 200, 200]
    assert total(store, site_of(store)) == 3


def test_a_running_server_learns_of_new_limits(web: WebServer, store: Store) -> None:
    """Within a second, as of every change of a site."""
    assert send(web, "before", "", Origin="https://evil.example").status == 200
    change_site(store, site_of(store), origins=("https://a.example",))

    wait_until(lambda: send(web, "v", "", Origin="https://evil.example").status == 403)
