"""Connections that are slow, large or many: raw sockets against a real server."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from footfall.counters.port import Store
from footfall.visits.report import total
from footfall.visits.sites import change_site, load_sites
from footfall.web.connections import (
    HEAD_BYTES_MAX,
    PIPELINED_MAX,
    URL_BYTES_MAX,
    Connections,
    Patience,
)
from footfall.web.settings import Settings
from tests.web.conftest import SITE, WebServer

HURRY = Patience(
    idle_seconds=1.0,
    proxy_idle_seconds=1.0,
    head_seconds=0.5,
    body_seconds=0.5,
    unread_seconds=0.5,
)
HEAD = b"POST /v1/visits HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n"


@pytest.fixture
def hurried(store: Store) -> Iterator[WebServer]:
    """A server that waits for nobody longer than a second or so."""
    server = WebServer(store, Settings(), Connections(patience=HURRY))
    yield server
    server.stop()


def connect(web: WebServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", web.port), timeout=30)


def rest(connection: socket.socket) -> bytes:
    """What comes until the other side closes, or cuts off."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


def visit(id: str) -> bytes:
    body = json.dumps({"id": id, "url": SITE}).encode()
    return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", None),
        (b"\r\n", None),
        (b"GET / HT", 408),
        (HEAD, 408),
        (HEAD + b"Content-Length: 10\r\n\r\n12", 408),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n12", 408),
    ],
)
def test_who_stops_in_the_middle_is_cut_off(
    hurried: WebServer, sent: bytes, status: int | None
) -> None:
    """With an answer where something of a request had come, and else in silence."""
    with connect(hurried) as connection:
        connection.sendall(sent)
        answer = rest(connection)

    if status is None:
        assert answer == b""
    elif b"\r\n\r\n" in sent:  # the application waits for the body: it is cut off
        assert answer == b""
    else:
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b'"written":"no"' in answer


@pytest.mark.parametrize("drop", [b"GET /", b"x", b"\r\n"])
def test_a_byte_now_and_then_does_not_help(hurried: WebServer, drop: bytes) -> None:
    """The time of a state runs from its start."""
    with connect(hurried) as connection:
        answers: list[bytes] = []
        reader = threading.Thread(target=lambda: answers.append(rest(connection)))
        reader.start()
        try:
            for number in range(600):
                connection.sendall(drop if not number or drop != b"GET /" else b"a")
                reader.join(0.1)
                if not reader.is_alive():
                    break
        except ConnectionError:
            reader.join(30)

        assert not reader.is_alive()


def test_who_does_not_read_is_cut_off(hurried: WebServer) -> None:
    """What it asked for does not stay in memory."""
    request = b"GET /static/vendor/uplot/uPlot.iife.min.js HTTP/1.1\r\nHost: a\r\n\r\n"
    assert hurried.ask("GET", "/static/vendor/uplot/uPlot.iife.min.js").status == 200
    is_cut = False
    with connect(hurried) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        for _ in range(300):
            try:
                connection.sendall(request * 20)
            except ConnectionError:
                is_cut = True
                break
            time.sleep(0.1)

    assert is_cut


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /" + b"a" * (URL_BYTES_MAX + 1), 414),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * (HEAD_BYTES_MAX + 1) + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 101 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 20_000_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"a" * 20_000_000, 431),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 400),
    ],
)
def test_what_is_too_large_or_no_http_is_refused(
    web: WebServer, sent: bytes, status: int
) -> None:
    """As a problem, and before the rest of it is read."""
    with connect(web) as connection:
        try:
            connection.sendall(sent)
        except ConnectionError:
            return  # refused before all of it was sent
        answer = rest(connection)

    if answer:  # what was not read is answered by a reset, which may overtake
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b"application/problem+json" in answer


def test_requests_behind_one_another_are_answered_in_order(web: WebServer) -> None:
    """Also in the packet in which the first came."""
    with connect(web) as connection:
        connection.sendall(b"".join(visit(f"v{n}") for n in range(PIPELINED_MAX)))
        connection.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        )
        answer = rest(connection)

    assert answer.count(b'"outcome":"counted"') == PIPELINED_MAX
    assert answer.count(b"HTTP/1.1 200 OK") == PIPELINED_MAX + 1


def test_more_behind_one_another_than_are_held_are_not_taken(
    web: WebServer, store: Store
) -> None:
    """The connection is cut, and each may be sent again under its id."""
    visits = [visit(f"v{n}") for n in range(300)]
    with connect(web) as connection:
        connection.sendall(b"".join(visits))
        rest(connection)
    for body in visits:
        with connect(web) as connection:
            connection.sendall(
                body.replace(b"Host: a", b"Host: a\r\nConnection: close")
            )
            assert b" 200 OK" in rest(connection)

    assert total(store, load_sites(store).named(SITE)) == 300


def test_there_are_no_more_connections_than_are_served(store: Store) -> None:
    """One more is told to come again; one that goes makes room."""
    server = WebServer(store, Settings(), Connections(count_max=3))
    try:
        with ExitStack() as held:
            for _ in range(3):
                connection = held.enter_context(connect(server))
                connection.sendall(visit("v"))
                assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
            with connect(server) as one_more:
                refused = rest(one_more)
        statuses = []
        for _ in range(100):
            try:
                statuses.append(server.ask("GET", "/healthz").status)
            except ConnectionError:  # refused before it was read
                statuses.append(503)
            if statuses[-1] == 200:
                break
            time.sleep(0.05)
    finally:
        server.stop()

    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in refused
    assert statuses[-1] == 200


def test_one_address_has_no_more_than_its_share() -> None:
    """This machine's and named proxies' are as many as they like."""
    bounds = Connections(lambda address: address == "10.0.0.1")
    opened = [bounds.opened(1, "203.0.113.7") for _ in range(129)]
    bounds.closed("203.0.113.7")

    assert opened == ["203.0.113.7"] * 128 + [None]
    assert bounds.opened(1, "203.0.113.7") == "203.0.113.7"
    assert bounds.opened(1, "2001:db8::1") == "2001:db8::/64"
    for address in ("127.0.0.1", "10.0.0.1"):
        assert {bounds.opened(1, address) for _ in range(1_000)} == {""}


def test_an_upgrade_is_answered_as_the_request_it_is(web: WebServer) -> None:
    """Nothing here speaks WebSocket, nor does a log tell of it."""
    answer = web.ask("GET", "/healthz", Connection="Upgrade", Upgrade="websocket")

    assert answer.status == 200


def test_a_trailer_is_no_header(store: Store) -> None:
    """It comes behind the body, where no proxy wrote who sends it."""
    change_site(store, load_sites(store).named(SITE), origins=("https://a.example",))
    body = json.dumps({"id": "v", "url": SITE}).encode()
    request = (
        HEAD
        + b"Origin: https://evil.example\r\nConnection: close\r\n"
        + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n" % (len(body), body)
        + b"0\r\nOrigin: https://a.example\r\n\r\n"
    )
    server = WebServer(store, Settings())
    try:
        with connect(server) as connection:
            connection.sendall(request)
            answer = rest(connection)
    finally:
        server.stop()

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert total(store, load_sites(store).named(SITE)) == 0
