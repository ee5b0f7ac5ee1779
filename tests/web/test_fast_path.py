"""Visits that their connection counts by itself, held against the ASGI route, by bytes.

The connection takes exactly `/v1/visits`; with an empty query it is the same resource
and goes by ASGI. `test_counting` runs on both ways, too.
"""

import json
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.visits.report import total
from footfall.visits.sites import add_site, change_site, load_sites
from footfall.web.settings import Settings
from tests.faulty import FaultyClient, after
from tests.web.conftest import SITE, WebServer, wait_until

ID = "an id's place"  # as long as the ids that take it
BOUND = "https://bound.example/"
ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
LAST = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


def body_of(url: str = SITE, **fields: Any) -> bytes:
    return json.dumps({"id": ID, "url": url, **fields}).encode()


def request_of(
    body: bytes, *headers: str, method: str = "POST", version: str = "1.1"
) -> bytes:
    """A request for PATH, which stands for one of the two ways."""
    lines = [
        f"{method} PATH HTTP/{version}",
        "Host: a",
        *(headers or ("Content-Type: text/plain",)),
    ]
    if not any("chunked" in header for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(*parts: bytes) -> bytes:
    chunks = [b"%x\r\n%s\r\n" % (len(part), part) for part in parts]
    return b"".join([*chunks, b"0\r\n\r\n"])


PLAIN, CHUNKED = "Content-Type: text/plain", "Transfer-Encoding: chunked"
VISIT = body_of()

REQUESTS = {
    "a visit": request_of(body_of()),
    "as JSON": request_of(body_of(), "Content-Type: application/json; charset=utf-8"),
    "an event": request_of(body_of(event="signup")),
    "all there is to say": request_of(
        body_of(referrer="https://s.example/", width=390, age=5)
    ),
    "a private site's": request_of(body_of("https://private.example/x")),
    "a quiet reader's": request_of(body_of(), PLAIN, "Sec-GPC: 1"),
    "a robot's": request_of(body_of(), PLAIN, f"User-Agent: {ROBOT}"),
    "a robot's event": request_of(body_of(event="e"), PLAIN, f"User-Agent: {ROBOT}"),
    "stale": request_of(body_of(age=10**9)),
    "of no site": request_of(body_of("https://nobody.example/")),
    "from an origin that may": request_of(
        body_of(BOUND), PLAIN, "Origin: https://bound.example"
    ),
    "from an origin that may not": request_of(
        body_of(BOUND), PLAIN, "Origin: https://other.example"
    ),
    "by a proxy": request_of(body_of(), PLAIN, "X-Forwarded-For: 203.0.113.7"),
    "no JSON": request_of(b"nonsense"),
    "no body": request_of(b""),
    "an unknown field": request_of(body_of(more=1)),
    "of another type": request_of(body_of(), "Content-Type: text/html"),
    "of no type": request_of(body_of(), "Accept: */*"),
    "too large": request_of(b"x" * 8_193),
    "as large as may be": request_of(body_of() + b" " * 8_000),
    "in chunks": request_of(chunked(VISIT[:5], VISIT[5:]), PLAIN, CHUNKED),
    "too large, in chunks": request_of(chunked(*[b"x" * 500] * 40), PLAIN, CHUNKED),
    "expecting to be let": request_of(body_of(), PLAIN, "Expect: 100-continue"),
    "of HTTP/1.0": request_of(body_of(), version="1.0"),
    "the last of its connection": request_of(body_of(), PLAIN, "Connection: close"),
    "a preflight": request_of(b"", method="OPTIONS"),
    "of another method": request_of(b"", method="PUT"),
}


@pytest.fixture(scope="module")
def served() -> Iterator[WebServer]:
    """One server for all requests, behind a proxy on this machine."""
    client = connect(":memory:")
    store = Store(client)
    for url in (SITE, "https://private.example/"):
        add_site(store, url, visits=1_000, private="private" in url)
    add_site(store, BOUND, visits=1_000)
    change_site(
        store, load_sites(store).named(BOUND), origins=("https://bound.example",)
    )
    web = WebServer(store, Settings(proxies=(ip_network("127.0.0.1"),), rate_limit=5))
    yield web
    web.stop()
    client.close()  # type: ignore[attr-defined]


def answers_to(web: WebServer, request: bytes, *, cut: int = 0) -> bytes:
    """All that comes back, without the dates, which a second changes, and totals."""
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as connection:
        if cut:
            connection.sendall(request[:cut])
        connection.sendall(request[cut:] + LAST)
        parts = []
        try:
            while part := connection.recv(65_536):
                parts.append(part)
        except ConnectionError:
            pass
    lines = b"".join(parts).split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(b"date: "))


def without_total(answer: bytes) -> bytes:
    """The answer without the total, which other visits move; it has four digits."""
    head, _, rest = answer.partition(b'"visits":')
    return head + rest.lstrip(b"0123456789")


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("cut", [0, 30, 95])
def test_both_ways_answer_alike(served: WebServer, name: str, cut: int) -> None:
    """Byte for byte, but for the date: whoever asks cannot tell, nor does what follows."""
    asked, number = REQUESTS[name], list(REQUESTS).index(name)
    at_once, by_asgi = (
        without_total(
            answers_to(
                served,
                asked.replace(b"PATH", path, 1).replace(
                    ID.encode(), b"%s of %02d %02d" % (way, number, cut)
                ),
                cut=cut,
            )
        )
        for path, way in ((b"/v1/visits", b"fast"), (b"/v1/visits?", b"asgi"))
    )

    assert at_once.startswith(b"HTTP/1.1 ")
    assert at_once == by_asgi


def test_a_plain_visit_never_reaches_the_application(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else these tests would compare ASGI with itself."""

    async def fail(*_: object) -> None:
        raise ZeroDivisionError("the application is asked")

    monkeypatch.setattr("footfall.web.counting.Counting.__call__", fail)
    at_once = web.visit("v")
    web.visits_path += "?"

    assert (at_once.status, web.visit("w").status) == (200, 500)


def test_a_rate_limit_holds_on_both_ways(served: WebServer) -> None:
    """They take from one bucket: 50 at once, here."""
    sent = [
        request_of(
            json.dumps({"id": f"rate-{number}", "url": SITE}).encode(),
            PLAIN,
            "X-Forwarded-For: 203.0.113.99",
        ).replace(b"PATH", b"/v1/visits" + b"?" * (number % 2))
        for number in range(70)
    ]
    answers = [answers_to(served, request) for request in sent]

    refused = [answer for answer in answers if b"HTTP/1.1 429" in answer]
    assert 10 < len(refused) <= 20
    assert all(b"retry-after: " in answer for answer in refused)


def held(store: Store) -> tuple[WebServer, threading.Event, threading.Event]:
    """A server whose next group waits in the store; what says that it does, and a gate."""
    client, waits, gate = (
        FaultyClient(store.client),
        threading.Event(),
        threading.Event(),
    )

    def hold() -> None:
        waits.set()
        gate.wait(30)

    client.plan("transact_write_items", [after(hold)])
    return WebServer(Store(client, store.tables), Settings()), waits, gate


def visit(id: str) -> bytes:
    body = json.dumps({"id": id, "url": SITE}).encode()
    return request_of(body).replace(b"PATH", b"/v1/visits")


def test_a_stop_answers_what_was_accepted(store: Store) -> None:
    """And tells that the connection ends with it."""
    web, waits, gate = held(store)
    with socket.create_connection(("127.0.0.1", web.port), timeout=30) as connection:
        connection.sendall(visit("v"))
        assert waits.wait(30)
        stopping = threading.Thread(target=web.stop)
        stopping.start()
        wait_until(lambda: web._server.should_exit)
        gate.set()
        answer = connection.recv(65_536)
        stopping.join()

        assert b'"outcome":"counted"' in answer
        assert connection.recv(1) == b""


@pytest.mark.parametrize("behind", [b"", visit("second"), LAST])
def test_who_vanishes_harms_nobody(store: Store, behind: bytes) -> None:
    """What was accepted counts, also with another request behind it."""
    web, waits, gate = held(store)
    try:
        with socket.create_connection(("127.0.0.1", web.port)) as connection:
            connection.sendall(visit("gone") + behind)
            assert waits.wait(30)
        gate.set()

        assert web.visit("after").status == 200
        assert web.visit("gone").json()["outcome"] == "duplicate"
        assert total(store, load_sites(store).named(SITE)) >= 2
    finally:
        web.stop()


def test_requests_behind_a_visit_wait_for_its_answer(store: Store) -> None:
    """Whoever answers them; and a visit may follow one that ASGI answers."""
    web, waits, gate = held(store)
    try:
        with socket.create_connection(("127.0.0.1", web.port), timeout=30) as behind:
            health = LAST.replace(b"Connection: close\r\n", b"")
            behind.sendall(visit("first") + health + visit("second") + LAST)
            assert waits.wait(30)
            gate.set()
            said = b""
            while part := behind.recv(65_536):
                said += part
    finally:
        web.stop()

    places = [said.find(each) for each in (b'"visits":1', b'"visits":2')]
    first_health = said.find(b'"ok"') if b'"ok"' in said else said.find(b"ok")
    assert said.count(b"HTTP/1.1 200 OK") == 4
    assert places[0] < first_health < places[1]
