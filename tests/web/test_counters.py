"""Named counters over HTTP."""

from collections.abc import Iterator

import pytest

from footfall.counters.port import Store
from footfall.web.settings import Settings
from tests.web.conftest import WebServer

COUNTER = "/v1/counters/likes"


@pytest.fixture
def open_web(store: Store) -> Iterator[WebServer]:
    server = WebServer(store, Settings(public_claims=True))
    yield server
    server.stop()


def test_a_counter_lives(web: WebServer) -> None:
    """Created, moved once for each id, read by anybody, deleted."""
    created = web.ask("PUT", COUNTER, {"value": 10})
    assert (created.status, created.json()) == (201, {"value": 10})

    add = {"amount": -3, "id": "a"}
    assert web.ask("POST", f"{COUNTER}/add", add).json() == {
        "value": 7,
        "outcome": "counted",
    }
    assert web.ask("POST", f"{COUNTER}/add", add).json() == {
        "value": 7,
        "outcome": "duplicate",
    }
    read = web.ask("GET", COUNTER, Host="public.example")
    assert read.json() == {"value": 7}
    assert read.headers["access-control-allow-origin"] == "*"
    assert web.ask("PUT", COUNTER, {"value": 0}).status == 409
    assert web.ask("POST", f"{COUNTER}/add", {"amount": 1, "id": "a"}).status == 409
    assert web.ask("DELETE", COUNTER).status == 204
    assert web.ask("GET", COUNTER).status == 404
    assert web.ask("DELETE", COUNTER).status == 404


def test_a_countdown_decides_a_contest(web: WebServer) -> None:
    """Each id one place, the same answer again."""
    web.ask("PUT", COUNTER, {"value": 1, "floor": 0})

    won = {"won": True, "place": 1, "remaining": 0}
    assert web.ask("POST", f"{COUNTER}/claim", {"id": "a"}).json() == won
    assert web.ask("POST", f"{COUNTER}/claim", {"id": "a"}).json() == won
    lost = web.ask("POST", f"{COUNTER}/claim", {"id": "b"}).json()
    assert lost == {"won": False, "place": None, "remaining": 0}
    refused = web.ask("POST", f"{COUNTER}/add", {"amount": 1, "id": "x"})
    assert (refused.status, refused.json()["field"]) == (400, "name")


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "likes", {}, "value"),
        ("PUT", "likes", {"value": "1"}, "value"),
        ("PUT", "likes", {"value": True}, "value"),
        ("PUT", "likes", {"value": 1.5}, "value"),
        ("PUT", "likes", {"value": 10**16}, "value"),
        ("PUT", "likes", {"value": 1, "floor": 1}, "start"),
        ("PUT", "likes", {"value": 1, "more": 1}, "more"),
        ("PUT", "a%0Ab", {"value": 1}, "name"),
        ("PUT", "x" * 201, {"value": 1}, "name"),
        ("POST", "likes/add", {"amount": 1}, "id"),
        ("POST", "likes/add", {"amount": 1, "id": ""}, "id"),
        ("POST", "likes/add", {"amount": 1.5, "id": "a"}, "amount"),
        ("POST", "likes/claim", {"id": 7}, "id"),
        ("POST", "likes/claim", {}, "id"),
    ],
)
def test_what_is_not_valid_names_its_field(
    web: WebServer, method: str, path: str, body: object, field: str
) -> None:
    """And nothing is written."""
    answer = web.ask(method, f"/v1/counters/{path}", body)

    assert (answer.status, answer.json()["field"]) == (400, field)
    assert web.ask("GET", COUNTER).status == 404


def test_a_body_must_be_small_json(web: WebServer) -> None:
    """As everywhere."""
    assert web.ask("PUT", COUNTER, b"x" * 9000).status == 413
    assert web.ask("PUT", COUNTER, b"nonsense").status == 400
    assert web.ask("PUT", COUNTER, b"{}", Content_Type="text/html").status == 415
    assert web.ask("PATCH", COUNTER).status == 405


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", COUNTER, {"value": 1}),
        ("DELETE", COUNTER, None),
        ("POST", f"{COUNTER}/add", {"amount": 1, "id": "a"}),
        ("POST", f"{COUNTER}/claim", {"id": "a"}),
        ("GET", "/v1/stats?site=a.example", None),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"X_Forwarded_For": "203.0.113.9"},
        {"Forwarded": "for=203.0.113.9"},
        {"Via": "1.1 proxy"},
    ],
    ids=lambda headers: next(iter(headers.items()))[1],
)
def test_the_owners_routes_are_this_machines_alone(
    web: WebServer, method: str, path: str, body: object, headers: dict[str, str]
) -> None:
    """A proxy, a rebound name: neither makes a stranger the owner."""
    answer = web.ask(method, path, body, **headers)

    assert answer.status == 403
    assert answer.json()["title"] == "The owner's alone"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=lambda headers: next(iter(headers.values())),
)
def test_a_strangers_page_changes_nothing(
    web: WebServer, headers: dict[str, str]
) -> None:
    """The owner's own browser sends the request, but not from the owner's page."""
    assert web.ask("PUT", COUNTER, {"value": 1}, **headers).status == 403
    own = {"Origin": web.url, "Sec_Fetch_Site": "same-origin"}
    assert web.ask("PUT", COUNTER, {"value": 1}, **own).status == 201


@pytest.mark.parametrize(
    "host", ["localhost:1", "[::1]:1", "app.localhost", "127.9.9.9"]
)
def test_this_machine_has_many_names(web: WebServer, host: str) -> None:
    """All of them are loopback."""
    assert web.ask("GET", "/", Host=host).status == 200


def test_claims_can_be_opened(open_web: WebServer) -> None:
    """To pages of any origin; nothing else opens with them."""
    open_web.ask("PUT", COUNTER, {"value": 1, "floor": 0})
    stranger = {"Host": "public.example", "Origin": "https://contest.example"}

    preflight = open_web.ask("OPTIONS", f"{COUNTER}/claim", **stranger)
    claimed = open_web.ask("POST", f"{COUNTER}/claim", {"id": "a"}, **stranger)

    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert claimed.json()["won"] is True
    assert claimed.headers["access-control-allow-origin"] == "*"
    assert open_web.ask("DELETE", COUNTER, **stranger).status == 403


def test_claims_are_closed_at_first(web: WebServer) -> None:
    """A preflight says so."""
    assert web.ask("OPTIONS", f"{COUNTER}/claim").status == 403
