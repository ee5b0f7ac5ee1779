"""A site's numbers as they move, by server-sent events over HTTP."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from footfall.counters.port import Store
from footfall.visits.record import record
from footfall.visits.sites import change_site, load_sites, remove_site
from footfall.visits.visit import view
from footfall.web import live
from footfall.web.settings import Settings
from tests.faulty import FaultyClient, lost_before
from tests.web.conftest import SITE, WebServer

STRANGER = {"X-Forwarded-For": "192.0.2.7"}


class Stream:
    """An open stream: what it says, event by event."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self._response = response

    def line(self) -> str | None:
        """The next line that is not empty; None where the stream ends."""
        while line := self._response.readline():
            if line.strip():
                return line.decode().strip()
        return None

    def numbers(self) -> Any:
        """The next event's document; None where the stream ends."""
        while (line := self.line()) is not None:
            if line.startswith("data: "):
                return json.loads(line.removeprefix("data: "))
        return None


@contextmanager
def listening(web: WebServer, site: str = SITE, **headers: str) -> Iterator[Stream]:
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    with closing(connection):
        headers["Accept"] = "text/event-stream"
        connection.request("GET", f"/v1/live?site={site}", headers=headers)
        with connection.getresponse() as response:
            assert response.status == 200
            assert response.headers["content-type"].startswith("text/event-stream")
            yield Stream(response)


def test_all_who_listen_hear_a_visit(web: WebServer) -> None:
    """The number first, and again when it moved; a browser is told to come back."""
    with listening(web) as one, listening(web) as other:
        assert one.line() == f"retry: {live.AGAIN_MS}"
        assert one.numbers()["visits"] == other.numbers()["visits"] == 0
        web.visit("v1")
        heard = one.numbers()
        assert other.numbers() == heard

    assert (heard["visits"], heard["today"], heard["visitors"]) == (1, 1, 1)
    assert set(heard) == {"visits", "today", "visitors", "day"}


def test_whoever_listens_later_hears_the_newest(web: WebServer) -> None:
    with listening(web) as one:
        one.numbers()
        web.visit("v1")
        with listening(web) as other:
            assert other.numbers()["visits"] == 1
            assert one.numbers()["visits"] == 1
            web.visit("v2")
            assert one.numbers()["visits"] == 2
            assert other.numbers()["visits"] == 2


def test_whoever_polls_gets_one_document(web: WebServer) -> None:
    """Where no stream can be held open."""
    web.visit("v1")
    answer = web.ask("GET", f"/v1/live?site={SITE}", Accept="application/json")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["visits"] == 1
    assert web.ask("GET", f"/v1/live?site={SITE}").json() == answer.json()
    assert web.ask("HEAD", f"/v1/live?site={SITE}").status == 200


def test_a_quiet_stream_is_kept(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proxies cut what says nothing."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.1)
    with listening(web) as stream:
        assert stream.numbers()["visits"] == 0
        assert stream.line() == ": still here"
        assert stream.line() == ": still here"


def test_a_store_that_is_away_ends_no_stream(store: Store) -> None:
    """The number stays, and moves again when the store is back."""
    client = FaultyClient(store.client)
    web = WebServer(Store(client, store.tables), Settings())
    with listening(web) as stream:
        assert stream.numbers()["visits"] == 0
        client.plan("query", [lost_before] * 2)
        site = load_sites(store).named(SITE)
        record(store, [view("v1", site, "/", time.time_ns() // 1_000_000)])
        assert stream.numbers()["visits"] == 1
    client.plan("query", [lost_before] * 9)
    refused = web.ask("GET", f"/v1/live?site={SITE}")
    web.stop()

    assert refused.status == 503


def test_streams_are_bounded(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """And one that ends makes room."""
    monkeypatch.setattr(live, "LISTENERS_MAX", 1)
    with listening(web) as stream:
        stream.numbers()
        refused = web.ask("GET", f"/v1/live?site={SITE}", Accept="text/event-stream")
        assert (refused.status, refused.headers["retry-after"]) == (503, "60")
        polled = web.ask("GET", f"/v1/live?site={SITE}", Accept="application/json")
        assert polled.status == 200

    assert any(opens(web) for _ in range(500))


def opens(web: WebServer) -> bool:
    """Whether there is room for one more who listens."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
    with closing(connection):
        headers = {"Accept": "text/event-stream"}
        connection.request("GET", f"/v1/live?site={SITE}", headers=headers)
        with connection.getresponse() as response:
            return response.status == 200


def test_a_stop_ends_the_streams_at_once(store: Store) -> None:
    """Or the server would wait for them for ever."""
    web = WebServer(store, Settings())
    with listening(web) as stream:
        stream.numbers()
        web.stop()

        assert stream.numbers() is None


def test_a_stream_ends_with_the_right_to_hear_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The owner closes the page while a stranger listens; or removes the site."""
    monkeypatch.setattr(live, "HEARTBEAT_SECONDS", 0.1)
    site = load_sites(store).named(SITE)
    published = change_site(store, site, published=True)
    web = WebServer(store, Settings())
    with listening(web, **STRANGER) as stranger, listening(web) as owner:
        assert stranger.numbers() == owner.numbers()
        change_site(store, published, published=False)
        assert stranger.numbers() is None
        remove_site(store, site)
        assert owner.numbers() is None
    web.stop()


def test_a_reader_that_is_gone_leaves_nothing(web: WebServer) -> None:
    """A connection that was cut, not closed."""
    connection = socket.create_connection(("127.0.0.1", web.port))
    connection.sendall(
        f"GET /v1/live?site={SITE} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Accept: text/event-stream\r\n\r\n".encode()
    )
    assert connection.recv(100).startswith(b"HTTP/1.1 200")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    connection.close()
    web.visit("v1")
    with listening(web) as stream:
        assert stream.numbers()["visits"] == 1
