"""The table of routes, compared with the server, and each of its rows tried."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.owners.password import set_password
from footfall.owners.tokens import ADMINISTER, create_token
from footfall.visits.sites import add_site
from footfall.web.app import create_app
from footfall.web.operations import OPERATIONS, PAGES
from footfall.web.settings import Settings
from tests.web.conftest import SITE, Answer, WebServer, wait_until

TABLE = Path(__file__).parents[2] / "docs" / "reference" / "routes.md"
ROW = re.compile(r"^\| `(/[^`]*)` \| ([A-Z, ]+) \| ([a-z]+) \| (.+?) \| (.+?) \|$")
QUERY = {"/v1/stats": f"?site={SITE}", "/v1/live": f"?site={SITE}"} | {
    "/stats": f"?site={SITE}",
    "/sites/settings": f"?site={SITE}",
    "/badge.svg": f"?site={SITE}",
    "/badge.json": f"?site={SITE}",
    "/badge.txt": f"?site={SITE}",
    "/embed.html": f"?site={SITE}",
    "/hit.svg": f"?url={SITE}",
    "/v1/pixel.gif": f"?url={SITE}",
}
FORMS = {"/login", "/sites/new", "/sites/settings", "/sites/remove"}


@dataclass(frozen=True)
class Row:
    """One method of one route, as the table has it."""

    path: str
    method: str
    who: str
    body: str
    rate: str

    @property
    def target(self) -> str:
        path = self.path.replace("{version}", "old").replace("{name}", "first")
        return path.replace("{page}", "a") + QUERY.get(self.path, "")


def rows() -> list[Row]:
    return [
        Row(found[1], method, found[3], found[4], found[5])
        for line in TABLE.read_text().splitlines()
        if (found := ROW.match(line))
        for method in found[2].split(", ")
    ]


def served(app: Starlette) -> Iterator[tuple[str, str]]:
    """What is registered, and the counting routes, which are looked for first."""
    yield from (("/v1/visits", "POST"), ("/v1/visits", "OPTIONS"))
    yield from (("/v1/pixel.gif", "GET"), ("/v1/pixel.gif", "OPTIONS"))
    for route in app.routes:
        if isinstance(route, Mount):
            yield route.path, "GET"
        elif isinstance(route, Route):
            for method in (route.methods or set()) - {"HEAD"}:
                yield route.path, method


def test_the_table_has_every_route_and_no_other(store: Store) -> None:
    """Each once."""
    told = [(row.path, row.method) for row in rows()]

    assert sorted(told) == sorted(served(create_app(store, Settings())._rest))


def test_the_table_agrees_with_the_description() -> None:
    """Who may is said in both."""
    described = {(each.path, each.method): each.access for each in OPERATIONS}
    told = {(row.path, row.method): row.who for row in rows()}

    assert {key: told[key] for key in described} == described
    assert {row.rate for row in rows()} == {
        *("visits", "claims", "reads", "sign-ins", "none")
    }


@pytest.fixture(scope="module")
def owned() -> Iterator[WebServer]:
    """A server with a site, whose owner has a password."""
    client = connect(":memory:")
    store = Store(client)
    add_site(store, SITE)
    set_password(store, "correct horse battery staple")
    server = WebServer(store, Settings())
    yield server
    server.stop()
    client.close()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def token(owned: WebServer) -> dict[str, str]:
    secret, _ = create_token(owned.store, {ADMINISTER}, 0)
    shown = {"Authorization": f"Bearer {secret}"}
    wait_until(lambda: owned.ask("GET", "/metrics", **shown).status == 200)
    return shown


def refused(answer: Answer) -> bool:
    """Whether a stranger was told to say who they are."""
    leads = answer.headers.get("location", "")
    return answer.status == 401 or (answer.status == 303 and leads[:6] == "/login")


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row.method} {row.path}")
def test_a_stranger_may_what_anybody_may(owned: WebServer, row: Row) -> None:
    """And nothing else: an API says 401, a page leads to the login."""
    body = b"" if row.method in {"POST", "PUT", "PATCH"} else None
    answer = owned.ask(
        row.method, row.target, body, Host="stats.example", Sec_Fetch_Site="same-origin"
    )

    if row.path == "/logout" or (row.path, row.method) == ("/login", "POST"):
        assert answer.status in {303, 403, 415}  # their own answers
    else:
        assert refused(answer) == (row.who != "anybody"), answer
    if row.who != "anybody":
        assert (answer.status == 303) == (row.path in PAGES)


@pytest.mark.parametrize(
    "row",
    [row for row in rows() if row.body == "8 KiB"],
    ids=lambda row: f"{row.method} {row.path}",
)
def test_no_body_is_read_past_its_limit(
    owned: WebServer, token: dict[str, str], row: Row
) -> None:
    """It is refused before anything is made of it."""
    form = row.path in FORMS
    answer = owned.ask(
        row.method,
        row.target
        + (
            f"?site={SITE}" if row.path == "/v1/sites" and row.method == "PATCH" else ""
        ),
        b"a=" + b"x" * 8_192,
        Content_Type="application/x-www-form-urlencoded" if form else "text/plain",
        Sec_Fetch_Site="same-origin",
        **(token if row.who != "anybody" else {}),
    )

    assert answer.status == 413


@pytest.mark.parametrize(
    "row",
    [row for row in rows() if row.method == "GET" and row.path != "/static"],
    ids=lambda row: row.path,
)
def test_every_answer_is_guarded(
    owned: WebServer, token: dict[str, str], row: Row
) -> None:
    """Pages by a policy without inline; nothing of the owner's for every origin."""
    headers = token if row.who != "anybody" else {}
    answer = owned.ask("GET", row.target, **headers)
    kind = answer.headers.get("content-type", "")

    assert "server" not in answer.headers
    assert "access-control-allow-credentials" not in answer.headers
    if row.who != "anybody":
        assert "access-control-allow-origin" not in answer.headers
    if kind.startswith("text/html"):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy or row.path == "/embed.html"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"]
        assert ("frame-ancestors 'none'" in policy) == (row.path != "/embed.html")
