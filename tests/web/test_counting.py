"""POST /v1/visits and the pixel: every answer, and what the script may read of it."""

import http.client
import socket
import threading
import time
from typing import Any

import pytest

from footfall.counters.port import Store
from footfall.visits.site import Site
from footfall.visits.verify import verify
from footfall.web.settings import Settings
from tests.faulty import FaultyClient, lost_before, refused
from tests.web.conftest import SITE, Answer, WebServer


@pytest.fixture(
    params=["/v1/visits", "/v1/visits?"], ids=["by the connection", "by ASGI"]
)
def web(request: pytest.FixtureRequest, web: WebServer) -> WebServer:
    """A server, asked by each of the two ways that a visit's request can take.

    The connection takes exactly its path; an empty query is the same resource.
    """
    web.visits_path = request.param
    return web


def assert_readable(answer: Answer) -> None:
    """A script of any origin can read the answer, and none is cached."""
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in answer.headers["access-control-expose-headers"]
    assert answer.headers["cache-control"] == "no-store"


def test_a_visit_is_counted_once(web: WebServer) -> None:
    """The same id again is a duplicate, with the total."""
    counted, again = web.visit("v1"), web.visit("v1")

    assert counted.json() == {"outcome": "counted", "site": SITE, "visits": 1}
    assert again.json() == {"outcome": "duplicate", "site": SITE, "visits": 1}
    assert counted.headers["content-type"] == "application/json"
    assert_readable(counted)


def test_all_a_beacon_says_is_taken(web: WebServer) -> None:
    """Also as JSON, and with a charset."""
    answer = web.ask(
        "POST",
        web.visits_path,
        {"id": "v", "url": SITE, "referrer": "https://s.example/", "width": 1280}
        | {"age": 12, "event": "signup"},
        Content_Type="application/json; charset=utf-8",
    )

    assert answer.json()["outcome"] == "counted"


def test_a_stale_visit_is_filtered(web: WebServer) -> None:
    """Nobody can tell whether it counted before."""
    answer = web.visit("v", age=86_400_001)

    assert answer.json() == {"outcome": "filtered", "site": SITE, "reason": "stale"}


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (0, "counted"),
        (86_400_000, "counted"),
        (86_400_001, "stale"),
        (10**13, "stale"),
        (10**13 + 1, "age"),
        (-1, "age"),
        (10**30, "age"),
    ],
)
def test_an_age_is_bounded(web: WebServer, age: int, said: str) -> None:
    """Within the window it counts, past it it is stale, and no clock says more."""
    post = web.visit("v", age=age)
    pixel = web.ask("GET", f"/v1/pixel.gif?id=p&url={SITE}&age={age}")

    answer = post.json()
    assert said == answer.get("field") or said == answer.get(
        "reason", answer["outcome"]
    )
    told = pixel.headers["footfall-outcome"]
    assert told == {"counted": "counted", "stale": "filtered", "age": "refused"}[said]


def test_a_private_total_is_not_told(web: WebServer) -> None:
    """It is counted all the same."""
    answer = web.visit("v", "https://private.example/x")

    assert answer.json() == {"outcome": "counted", "site": "https://private.example/"}


def test_a_site_put_by_hand_is_found(web: WebServer) -> None:
    """The recipe adds items to the table while the server runs."""
    web.visit("v0")
    web.store.client.put_item(
        TableName="siteVisits",
        Item={"siteUrl": {"S": "c.example"}, "visits": {"N": "9"}},
    )
    time.sleep(1)

    assert web.visit("v", "https://c.example/").json()["visits"] == 10


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"nonsense", "body"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'"text"', "body"),
        (b"{}", "id"),
        (b'{"id":"v"}', "url"),
        (b'{"id":1,"url":"https://a.example/"}', "id"),
        (b'{"id":"","url":"https://a.example/"}', "id"),
        (b'{"id":"a\\u0000b","url":"https://a.example/"}', "id"),
        (b'{"id":"v","url":"a.example"}', "url"),
        (b'{"id":"v","url":"https://a.example/\\n"}', "url"),
        (b'{"id":"v","url":"https://a.example/","age":"1"}', "age"),
        (b'{"id":"v","url":"https://a.example/","age":1.5}', "age"),
        (b'{"id":"v","url":"https://a.example/","age":-1}', "age"),
        (b'{"id":"v","url":"https://a.example/","age":true}', "age"),
        (b'{"id":"v","url":"https://a.example/","age":99999999999999999999}', "age"),
        (b'{"id":"v","url":"https://a.example/","width":"x"}', "width"),
        (b'{"id":"v","url":"https://a.example/","more":1}', "more"),
        (b"[" * 4000, "body"),
    ],
)
def test_what_is_not_valid_names_its_field(
    web: WebServer, body: bytes, field: str
) -> None:
    """And nothing is counted."""
    answer = web.ask("POST", web.visits_path, body, Content_Type="text/plain")

    problem = answer.json()
    assert (answer.status, problem["field"], problem["written"]) == (400, field, "no")
    assert answer.headers["content-type"] == "application/problem+json"
    assert_readable(answer)
    assert verify(web.store, Site(SITE), 0).total == 0


def test_a_page_of_no_site_is_not_counted(web: WebServer) -> None:
    """With what to do."""
    answer = web.visit("v", "https://nobody.example/")

    assert answer.status == 404
    assert "footfall sites add" in answer.json()["detail"]
    assert_readable(answer)


@pytest.mark.parametrize("content_type", ["text/html", "image/png", ""])
def test_another_content_type_is_refused(web: WebServer, content_type: str) -> None:
    """JSON, or plain text, which needs no preflight."""
    answer = web.ask("POST", web.visits_path, b"{}", Content_Type=content_type)

    assert answer.status == 415
    assert_readable(answer)


@pytest.mark.parametrize("length", [8 * 1024 + 1, 1_000_000])
def test_a_large_body_is_refused(web: WebServer, length: int) -> None:
    """A visit has some hundred bytes."""
    answer = web.ask("POST", web.visits_path, b"x" * length, Content_Type="text/plain")

    assert answer.status == 413
    assert_readable(answer)


def test_a_body_in_pieces_is_one(web: WebServer) -> None:
    """Chunked, and slowly."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
    parts = [b'{"id":"v",', b'"url":"https://a.example/"}']
    connection.request(
        "POST", web.visits_path, iter(parts), {"Content-Type": "text/plain"}
    )

    assert b"counted" in connection.getresponse().read()
    connection.close()


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
@pytest.mark.parametrize("path", ["/v1/visits", "/v1/pixel.gif"])
def test_another_method_is_refused(web: WebServer, method: str, path: str) -> None:
    """With those that are taken."""
    if (method, path) == ("GET", "/v1/pixel.gif"):
        method = "POST"
    answer = web.ask(method, path)

    assert answer.status == 405
    assert "OPTIONS" in answer.headers["allow"]
    assert_readable(answer)


@pytest.mark.parametrize("path", ["/v1/visits", "/v1/pixel.gif"])
def test_a_preflight_is_allowed(web: WebServer, path: str) -> None:
    """A page that sends JSON asks first."""
    answer = web.ask("OPTIONS", path)

    assert answer.status == 204
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "Content-Type"
    assert_readable(answer)


def test_the_pixel_counts(web: WebServer) -> None:
    """With an id once, without one each time; the outcome is in a header."""
    url = f"/v1/pixel.gif?url={SITE}x"
    first, again = web.ask("GET", f"{url}&id=p1"), web.ask("GET", f"{url}&id=p1")
    fresh = web.ask("GET", "/v1/pixel.gif", Referer=SITE)

    outcomes = [each.headers["footfall-outcome"] for each in (first, again, fresh)]
    assert outcomes == ["counted", "duplicate", "counted"]
    assert first.headers["content-type"] == "image/gif"
    assert first.body.startswith(b"GIF89a")
    assert_readable(first)


def test_a_stale_pixel_is_filtered(web: WebServer) -> None:
    """A view that waited on a device for days is sent by the pixel, too."""
    pixel = f"/v1/pixel.gif?id=p&url={SITE}&age="

    stale = web.ask("GET", f"{pixel}86400001").headers["footfall-outcome"]
    fresh = web.ask("GET", f"{pixel}1000").headers["footfall-outcome"]

    assert (stale, fresh) == ("filtered", "counted")
    assert web.ask("GET", f"{pixel}-1").status == 400


def test_the_pixel_says_all_that_a_post_says(web: WebServer) -> None:
    """The beacon takes this way where it can fetch nothing."""
    pixel = f"/v1/pixel.gif?url={SITE}x&referrer=https://r.example/&width=390&id="
    view = web.ask("GET", f"{pixel}v&age=5")
    event = web.ask("GET", f"{pixel}e&event=signup")
    wrong = web.ask("GET", f"{pixel}w&event=")

    outcomes = [each.headers["footfall-outcome"] for each in (view, event, wrong)]
    assert outcomes == ["counted", "counted", "refused"]
    counted = {
        by: web.ask("GET", f"/v1/stats?site={SITE}&by={by}").json()["values"]
        for by in ("referrer", "size", "event")
    }
    assert counted == {
        "referrer": [{"referrer": "r.example", "visits": 1}],
        "size": [{"size": "phone", "visits": 1}],
        "event": [{"event": "signup", "visits": 1}],
    }
    assert web.ask("GET", f"/v1/stats?site={SITE}").json()["visits"] == 1


def test_a_content_type_is_compared_without_case(web: WebServer) -> None:
    """And whole: a type that only begins alike is another."""
    body = {"id": "v", "url": SITE}

    taken = web.ask("POST", web.visits_path, body, Content_Type="Text/Plain; charset=x")
    refused = web.ask("POST", web.visits_path, body, Content_Type="text/plainfoo")

    assert (taken.status, refused.status) == (200, 415)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("url=nourl", 400),
        ("url=https://nobody.example/", 404),
        (f"url={SITE}&id=%00", 400),
        (f"url={SITE}&more=1", 400),
        ("url=%ff", 400),
        ("&".join(f"a{n}=1" for n in range(20)), 400),
    ],
)
def test_a_refused_pixel_is_an_image_all_the_same(
    web: WebServer, query: str, status: int
) -> None:
    """A page shows no broken image; the status and a header tell."""
    answer = web.ask("GET", f"/v1/pixel.gif?{query}")

    assert answer.status == status
    assert answer.headers["footfall-outcome"] == "refused"
    assert answer.body.startswith(b"GIF89a")
    assert verify(web.store, Site(SITE), 0).total == 0


@pytest.mark.parametrize(
    ("fault", "written"),
    [
        (lost_before, "unknown"),
        (refused("ProvisionedThroughputExceededException"), "no"),
        (refused("AccessDeniedException"), "no"),
    ],
)
def test_a_store_that_fails_is_told(
    store: Store, fault: Any, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503, when to retry, and whether the visit was counted."""
    monkeypatch.setattr("footfall.visits.record.PAUSE_SECONDS", 0.0)
    client = FaultyClient(store.client)
    web = WebServer(Store(client, store.tables), Settings())
    client.plan("transact_write_items", [fault] * 100)

    answer = web.visit("v")
    pixel = web.ask("GET", f"/v1/pixel.gif?id=p&url={SITE}")
    web.stop()

    assert answer.status == pixel.status == 503
    assert answer.json()["written"] == written
    assert answer.headers["retry-after"] == pixel.headers["retry-after"] == "1"
    assert pixel.body == b""
    assert_readable(answer)


def test_what_a_store_says_is_for_the_log(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """It may name an account and its user; a stranger hears that it refused."""
    client = FaultyClient(store.client)
    web = WebServer(Store(client, store.tables), Settings())
    client.plan("transact_write_items", [refused("AccessDeniedException")] * 2)

    answer = web.visit("v")
    web.ask("GET", f"/v1/pixel.gif?id=p&url={SITE}")
    web.stop()

    assert answer.status == 503
    assert answer.json()["detail"] == "the store refused; the server's log says why"
    assert caplog.text.count("visits are refused: TransactWriteItems") == 1


def test_a_number_that_is_none_is_told(web: WebServer) -> None:
    """With the command that repairs it."""
    web.store.client.put_item(
        TableName="siteVisits", Item={"siteUrl": {"S": SITE}, "visits": {"S": "0"}}
    )

    answer = web.visit("v")

    assert answer.status == 409
    assert "footfall sites repair" in answer.json()["detail"]


def test_a_fault_of_ours_is_unknown(
    web: WebServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever waits hears of it, the log has the cause, and the next visit counts."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr("footfall.visits.record.Recorder._groups", fail)
        answer = web.visit("v")

    assert answer.status == 503
    assert answer.json()["written"] == "unknown"
    assert "a fault of ours" in caplog.text
    assert web.visit("v").json()["outcome"] == "counted"


def test_many_at_once_count_exactly(web: WebServer) -> None:
    """Groups form; each request gets its own answer."""
    outcomes: list[str] = []

    def send(client: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=30)
        for number in range(40):
            body = f'{{"id":"v{(client * 20 + number) % 200}","url":"{SITE}"}}'
            connection.request(
                "POST", web.visits_path, body, {"Content-Type": "text/plain"}
            )
            answer = connection.getresponse().read()
            outcomes.append("counted" if b"counted" in answer else "duplicate")
        connection.close()

    threads = [threading.Thread(target=send, args=(n,)) for n in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(outcomes) == 400
    assert outcomes.count("counted") == 200
    assert web.visit("last").json()["visits"] == 201


def test_a_client_that_vanishes_harms_nobody(web: WebServer) -> None:
    """Before its body is whole, or before its answer."""
    head = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n" % (
        web.visits_path.encode()
    )
    body = b'{"id":"gone","url":"https://a.example/"}'
    for sent in (
        head + b"Content-Length: 40\r\n\r\n" + body[:10],
        head + b"Content-Length: 40\r\n\r\n" + body,
    ):
        with socket.create_connection(("127.0.0.1", web.port)) as connection:
            connection.sendall(sent)

    assert web.visit("v").status == 200
    assert web.visit("gone").json()["outcome"] in ("counted", "duplicate")
