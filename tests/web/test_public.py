"""Statistics over HTTP, and what is answered while the store is away."""

import socket
import time

import pytest

from footfall.counters.port import Store
from footfall.visits.sites import change_site, load_sites
from footfall.web.settings import Settings
from tests.faulty import FaultyClient, lost_before
from tests.web.conftest import SITE, WebServer


def test_the_sites_are_kept_while_the_store_is_away(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once in the log; counting goes on as soon as the store does."""
    client = FaultyClient(store.client)
    web = WebServer(Store(client, store.tables), Settings())
    client.plan("get_item", [lost_before] * 3)
    time.sleep(2.2)

    assert caplog.text.count("the sites may be out of date") == 1
    assert web.visit("v").json()["outcome"] == "counted"
    web.stop()


def test_statistics_are_the_owners(web: WebServer) -> None:
    """By day, hour and page."""
    web.visit("v", SITE + "x")
    days = web.ask("GET", "/v1/stats?site=a.example").json()
    pages = web.ask("GET", "/v1/stats?site=a.example&by=page").json()
    hours = web.ask(
        "GET", "/v1/stats?site=a.example&by=hour&from=2026-10-25&to=2026-10-25"
    ).json()

    assert len(days["values"]) == 30
    assert days["values"][-1]["visits"] == days["visits"] == 1
    assert pages["values"] == [{"page": "/x", "visits": 1}]
    assert len(hours["values"]) == 24


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 404),
        ("site=nobody", 404),
        ("site=a.example&by=moon", 400),
        ("site=a.example&from=x", 400),
        ("site=a.example&by=hour&from=0001-01-01&to=0001-01-01", 400),
        ("site=a.example&by=hour&from=9999-12-31&to=9999-12-31", 400),
        ("site=a.example&by=hour&from=2026-10-25&to=2026-11-24", 200),
        ("site=a.example&by=hour&from=2026-10-25&to=2026-11-25", 400),
        ("site=a.example&to=0001-01-01", 400),
        ("site=a.example&from=2026-02-02&to=2026-02-01", 400),
        ("site=a.example&more=1", 400),
    ],
)
def test_statistics_refuse_what_is_not_valid(
    web: WebServer, query: str, status: int
) -> None:
    """What would cost a stranger's owner a thousand reads, too."""
    assert web.ask("GET", f"/v1/stats?{query}").status == status


def test_what_is_not_here_is_a_problem(web: WebServer) -> None:
    """In the same form as every other error."""
    missing, wrong = web.ask("GET", "/nope"), web.ask("POST", "/healthz")

    assert (missing.status, missing.json()["status"]) == (404, 404)
    assert (wrong.status, set(wrong.headers["allow"].split(", "))) == (
        405,
        {"GET", "HEAD"},
    )
    assert web.ask("GET", "/static/nope.css").status == 404
    assert web.ask("GET", "/static/../app.py").status == 404
    assert "server" not in missing.headers


@pytest.mark.parametrize("path", ["/sites", "/metrics", "/v1/stats?site=a.example"])
def test_a_proxy_that_names_nobody_opens_nothing(web: WebServer, path: str) -> None:
    """Nginx's bare proxy_pass: the server's own Host, no header more, HTTP/1.0."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as connection:
        head = f"GET {path} HTTP/1.0\r\nHost: 127.0.0.1:{web.port}\r\n\r\n"
        connection.sendall(head.encode())
        status = connection.makefile("rb").readline()

    assert b" 403 " in status
    assert web.ask("GET", path).status == 200


def test_a_published_page_needs_no_host(store: Store) -> None:
    """HTTP/1.0 has none; a stranger's program may still speak it."""
    change_site(store, load_sites(store).named(SITE), published=True)
    web = WebServer(store, Settings())
    try:
        with socket.create_connection(("127.0.0.1", web.port), timeout=30) as asks:
            asks.sendall(b"GET /stats?site=a.example HTTP/1.0\r\n\r\n")
            status = asks.makefile("rb").readline()
    finally:
        web.stop()

    assert b" 200 " in status


def test_an_upgrade_brings_its_own_scripts(web: WebServer) -> None:
    """A browser asks whether its copy is still the newest."""
    script = web.ask("GET", "/static/copy.js")
    again = web.ask("GET", "/static/copy.js", If_None_Match=script.headers["etag"])

    assert script.headers["cache-control"] == "no-cache"
    assert (script.status, again.status) == (200, 304)
