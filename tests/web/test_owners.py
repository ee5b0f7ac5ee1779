"""Who may: the owner's session, tokens by their scopes, and this machine alone before."""

import time
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from footfall.counters.port import Store
from footfall.owners.password import read_password, remove_password, set_password
from footfall.owners.sessions import (
    AGE_SECONDS_MAX,
    IDLE_SECONDS,
    RENEW_SECONDS,
    Session,
    read_sessions,
    start_session,
)
from footfall.owners.tokens import ADMINISTER, COUNT, READ, create_token, revoke_token
from footfall.visits.sites import change_site, load_sites
from footfall.web.proxies import proxy_network
from footfall.web.settings import Settings
from footfall.web.sign_in import own_path
from tests.faulty import FaultyClient, lost_before
from tests.web.conftest import SITE, Answer, WebServer, wait_until
from tests.web.test_live import listening

PASSWORD = "correct horse battery staple"
COUNTER = "/v1/counters/first"
FORM = "application/x-www-form-urlencoded"
STRANGER = {"Host": "stats.example"}

READING = ("/v1/stats?site=a.example", "/v1/live?site=a.example", "/metrics")
PAGES = ("/", "/sites", "/demo", "/stats?site=a.example&period=7d")


@pytest.fixture
def owned(store: Store) -> Iterator[WebServer]:
    """A server whose owner has a password."""
    set_password(store, PASSWORD)
    server = WebServer(store, Settings())
    yield server
    server.stop()


def sign_in(
    web: WebServer, password: str = PASSWORD, next: str = "", **headers: str
) -> Answer:
    """The form, as a page of the server sends it."""
    form = urlencode({"password": password, "next": next}).encode()
    headers = {"Content_Type": FORM, "Origin": web.url, **headers}
    return web.ask("POST", "/login", form, **headers)


def session_of(answer: Answer) -> str:
    """The cookie of the session, as a browser sends it back."""
    (cookie,) = (text for name, text in answer.cookies.items() if "session" in name)
    return cookie.partition(";")[0]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def token(web: WebServer, *scopes: str, site: str = "") -> dict[str, str]:
    secret, _ = create_token(web.store, scopes, time.time(), site=site)
    return bearer(secret)


def test_a_password_closes_the_owners_routes_to_this_machine_too(
    owned: WebServer,
) -> None:
    """An API says how to ask; a page leads to the sign-in, and from there back."""
    asked = [owned.ask("GET", path) for path in READING]
    pages = [owned.ask("GET", path, **STRANGER) for path in PAGES]
    writes = [
        owned.ask("PUT", COUNTER, {"value": 1}),
        owned.ask("DELETE", COUNTER),
        owned.ask("POST", f"{COUNTER}/add", {"amount": 1, "id": "a"}),
        owned.ask("POST", f"{COUNTER}/claim", {"id": "a"}),
    ]

    assert {answer.status for answer in (*asked, *writes)} == {401}
    assert {answer.headers["www-authenticate"] for answer in (*asked, *writes)} == {
        'Bearer realm="footfall"'
    }
    assert [answer.headers["location"] for answer in pages] == [
        f"/login?{urlencode({'next': path})}" for path in PAGES
    ]
    assert owned.ask("GET", COUNTER).status == 404
    assert owned.ask("GET", "/badge.json?site=a.example").status == 200
    assert owned.ask("GET", "/healthz").status == 200


def test_signing_in_opens_everything_and_signing_out_closes_it(
    owned: WebServer,
) -> None:
    answer = sign_in(owned, next="/sites?page=2")
    cookie = {"Cookie": session_of(answer)}
    change = {**cookie, "Origin": owned.url}
    opened = [owned.ask("GET", path, **cookie).status for path in (*READING, "/sites")]
    written = owned.ask("PUT", COUNTER, {"value": 1}, **change)
    again = owned.ask("GET", "/login?next=/demo", **cookie)
    page = owned.ask("GET", "/stats?site=a.example", **cookie)
    out = owned.ask("POST", "/logout", b"", **change)
    after = owned.ask("GET", "/v1/stats?site=a.example", **cookie)

    assert (answer.status, answer.headers["location"]) == (303, "/sites?page=2")
    assert (opened, written.status) == ([200, 200, 200, 200], 201)
    assert b"Sign out" in page.body
    assert again.headers["location"] == "/demo"
    assert (out.headers["location"], after.status) == ("/login", 401)
    assert "Max-Age=0" in out.cookies["footfall-session"]
    assert list(read_sessions(owned.store)) == []


def test_a_sessions_cookie_is_for_this_server_alone(owned: WebServer) -> None:
    """No script sees it, no other site sends it; over https no other name plants it."""
    plain = sign_in(owned).cookies["footfall-session"]

    assert plain.endswith("; Path=/; HttpOnly; SameSite=Lax")
    assert f"Max-Age={IDLE_SECONDS}" in plain


def test_a_named_proxy_tells_that_a_reader_came_by_https(store: Store) -> None:
    """Then the cookie is secure; what another says of itself counts for nothing."""
    set_password(store, PASSWORD)
    settings = Settings(proxies=(proxy_network("127.0.0.1"),))
    web, unnamed = WebServer(store, settings), WebServer(store, Settings())
    by_https = {
        "Host": "stats.example",
        "Origin": "https://stats.example",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_For": "203.0.113.7",
    }
    answer = sign_in(web, **by_https)
    (name, *_) = answer.cookies
    cookie = session_of(answer)
    opened = web.ask("GET", "/sites", Cookie=cookie, **by_https)
    planted = cookie.removeprefix("__Host-")
    refused = web.ask("GET", "/sites", Cookie=planted, **by_https)
    believed = sign_in(unnamed, **by_https)
    for server in (web, unnamed):
        server.stop()

    assert name == "__Host-footfall-session"
    assert answer.cookies[name].endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
    assert (opened.status, refused.status) == (200, 303)
    assert b"https://stats.example/beacon.js" in opened.body
    assert "footfall-session" in believed.cookies


def test_a_change_by_cookie_comes_from_a_page_of_this_server(
    owned: WebServer,
) -> None:
    """A browser sends the cookie along with whatever any page asks for."""
    own, cookie = {"Origin": owned.url}, {"Cookie": session_of(sign_in(owned))}

    def status(**headers: str) -> int:
        owned.ask("DELETE", COUNTER, **own, **cookie)
        return owned.ask("PUT", COUNTER, {"value": 1}, **cookie, **headers).status

    assert status(**own) == 201
    assert status(Sec_Fetch_Site="same-origin") == 201
    # Behind a proxy that writes a Host of its own
    behind = {"Sec_Fetch_Site": "same-origin", "Origin": "https://a.example"}
    assert status(**behind) == 201
    assert status(Sec_Fetch_Site="none") == 201
    assert status() == 403
    assert status(Origin="null") == 403
    assert status(Origin="https://evil.example") == 403
    assert status(Sec_Fetch_Site="same-site") == 403
    assert status(Sec_Fetch_Site="cross-site", **own) == 403


def test_each_scope_opens_its_own(owned: WebServer) -> None:
    """From anywhere, and from any page: none can add a token. One is known at once."""
    strange = {**STRANGER, "Origin": "https://elsewhere.example"}
    read, count = token(owned, READ), token(owned, COUNT)
    administer, both = token(owned, ADMINISTER), token(owned, READ, COUNT)

    def statuses(credentials: dict[str, str]) -> list[int]:
        headers = {**strange, **credentials}
        return [
            owned.ask("PUT", COUNTER, {"value": 1}, **headers).status,
            owned.ask("GET", "/v1/stats?site=a.example", **headers).status,
            owned.ask("GET", "/metrics", **headers).status,
            owned.ask(
                "POST", f"{COUNTER}/add", {"amount": 1, "id": "a"}, **headers
            ).status,
            owned.ask("DELETE", COUNTER, **headers).status,
        ]

    assert statuses(administer) == [201, 200, 200, 200, 204]
    owned.ask("PUT", COUNTER, {"value": 1}, **administer)
    assert statuses(read) == [403, 200, 200, 403, 403]
    assert statuses(count) == [403, 403, 403, 200, 403]
    assert statuses(both) == [403, 200, 200, 200, 403]
    refused = owned.ask("GET", "/metrics", **count)
    assert refused.headers["www-authenticate"] == (
        'Bearer realm="footfall", error="insufficient_scope", scope="read"'
    )
    assert refused.json()["title"] == "Not in its scope"


def test_a_token_may_read_one_site_alone(owned: WebServer) -> None:
    """A private one too, and a published one as everybody does."""
    change_site(owned.store, load_sites(owned.store).named(SITE), published=True)
    credentials = token(owned, READ, site="https://private.example/")

    def status(path: str) -> int:
        return owned.ask("GET", path, **STRANGER, **credentials).status

    wait_until(lambda: status("/v1/stats?site=a.example") == 200)
    assert status("/v1/stats?site=private.example&by=robot") == 200
    assert status("/v1/stats?site=a.example&by=robot") == 400
    assert status("/v1/stats?site=b.example") == 403
    assert status("/v1/stats?site=nobody.example") == 403
    assert status("/metrics") == 403
    assert status("/sites") == 403


def test_a_private_number_is_shown_to_whoever_proves_to_be_the_owner(
    owned: WebServer,
) -> None:
    """To anybody else, and to another site's token, it is not there."""
    badge, page = "/badge.txt?site=private.example", "/embed.html?site=private.example"
    cookie = {"Cookie": session_of(sign_in(owned))}
    one, other = (
        token(owned, READ, site=f"https://{name}.example/") for name in ("private", "a")
    )

    for path in (badge, page, badge.replace("txt", "svg")):
        assert owned.ask("GET", path, **cookie).status == 200
        assert owned.ask("GET", path, **STRANGER, **one).status == 200
        for credentials in ({}, other):
            assert owned.ask("GET", path, **credentials).status == 404
    assert owned.ask("GET", badge, **token(owned, COUNT)).status == 404
    assert owned.ask("GET", badge, **bearer("none")).status == 404


def test_a_token_that_was_revoked_opens_nothing(owned: WebServer) -> None:
    """Within a second, though nothing asks the server to look."""
    secret, made = create_token(owned.store, [READ], time.time(), "ci")
    assert owned.ask("GET", "/metrics", **bearer(secret)).status == 200
    revoke_token(owned.store, made.id)
    wait_until(lambda: owned.ask("GET", "/metrics", **bearer(secret)).status == 401)

    answer = owned.ask("GET", "/metrics", **bearer(secret))
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert owned.ask("GET", "/sites", **bearer(secret)).status == 303


def test_what_is_no_token_is_refused_on_this_machine_too(web: WebServer) -> None:
    """Whoever sends one wants to know that it is none."""
    for text in ("Bearer ", "bearer " + "x" * 5_000, "Bearer f\xff", "BEARER a b"):
        assert web.ask("GET", "/metrics", Authorization=text).status == 401


def test_tokens_work_without_a_password(web: WebServer) -> None:
    """From elsewhere too, where all else is refused; and narrow as they are."""
    read = token(web, READ)

    assert web.ask("GET", "/metrics", **STRANGER, **read).status == 200
    assert web.ask("GET", "/metrics", **STRANGER).status == 403
    assert web.ask("PUT", COUNTER, {"value": 1}, **read).status == 403
    # A proxy's own password is nothing to us.
    assert web.ask("GET", "/metrics", Authorization="Basic Zm86YmFy").status == 200


def test_a_new_password_ends_all_sessions(owned: WebServer) -> None:
    """And without one, this machine is the owner's again."""
    cookie = {"Cookie": session_of(sign_in(owned))}
    assert owned.ask("GET", "/metrics", **cookie).status == 200
    set_password(owned.store, PASSWORD + "!")
    wait_until(lambda: owned.ask("GET", "/metrics", **cookie).status == 401)

    assert sign_in(owned).status == 403
    assert sign_in(owned, PASSWORD + "!").status == 303
    remove_password(owned.store)
    wait_until(lambda: owned.ask("GET", "/metrics").status == 200)
    assert owned.ask("GET", "/metrics", **STRANGER).status == 403


def test_a_sign_in_ends_the_session_that_was_there(owned: WebServer) -> None:
    """What somebody planted in the browser before is worth nothing after."""
    first = session_of(sign_in(owned))
    second = session_of(sign_in(owned, Cookie=first))

    assert first != second
    assert owned.ask("GET", "/metrics", Cookie=first).status == 401
    assert len(list(read_sessions(owned.store))) == 1


def test_a_session_is_renewed_as_it_is_used(store: Store) -> None:
    """Once a day, its cookie too; one that was idle or open too long has ended."""
    set_password(store, PASSWORD)
    password = read_password(store)
    assert password is not None
    now = time.time()
    old, _ = start_session(store, password.key, now - RENEW_SECONDS - 1)
    idle, _ = start_session(store, password.key, now - IDLE_SECONDS - 1)
    web = WebServer(store, Settings())
    answer = web.ask("GET", "/metrics", Cookie=f"footfall-session={old}")
    again = web.ask("GET", "/metrics", Cookie=f"footfall-session={old}")
    ended = web.ask("GET", "/metrics", Cookie=f"footfall-session={idle}")
    web.stop()

    (session,) = (each for each in read_sessions(store) if each.renewed_at >= int(now))
    assert (answer.status, again.status, ended.status) == (200, 200, 401)
    assert answer.cookies["footfall-session"].startswith(f"footfall-session={old};")
    assert again.cookies == {}
    assert session.created_at < now - RENEW_SECONDS
    assert Session("", "", 0, AGE_SECONDS_MAX).expires_at == AGE_SECONDS_MAX


def test_wrong_passwords_make_an_address_wait_and_no_known_browser(
    owned: WebServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor this machine: nobody keeps the owner out. The log says it once, and no more."""
    known = sign_in(owned).cookies["footfall-browser"].partition(";")[0]
    strange = {"Host": "stats.example", "Origin": "https://stats.example"}
    wrong = [
        sign_in(owned, f"wrong password {number}", **strange) for number in range(6)
    ]
    assert sign_in(owned, "wrong password", **strange).status == 429

    assert [answer.status for answer in wrong] == [403] * 5 + [429]
    assert int(wrong[-1].headers["retry-after"]) >= 1
    assert b"Try again in" in wrong[-1].body
    assert sign_in(owned, **strange).status == 429
    assert sign_in(owned, Cookie=known, **strange).status == 303
    assert sign_in(owned, Cookie=known[:-1] + "x", **strange).status == 429
    assert sign_in(owned).status == 303
    assert caplog.text.count("somebody guesses") == 1
    assert "wrong password " not in caplog.text


def test_nobody_learns_from_the_form_whether_a_password_is_set(
    web: WebServer,
) -> None:
    strange = {"Host": "stats.example", "Origin": "https://stats.example"}
    without = sign_in(web, "a password that is none", **strange)
    form_without = web.ask("GET", "/login", **STRANGER)
    set_password(web.store, PASSWORD)
    wait_until(lambda: web.ask("GET", "/metrics").status == 401)
    wrong = sign_in(web, "a password that is none", **strange)

    assert (without.status, wrong.status) == (403, 403)
    assert without.body == wrong.body
    assert web.ask("GET", "/login", **STRANGER).body == form_without.body


def test_the_form_takes_what_a_page_of_this_server_sends(owned: WebServer) -> None:
    def status(body: bytes, **headers: str) -> int:
        return owned.ask("POST", "/login", body, **headers).status

    form = {"Content_Type": FORM}
    assert status(b"", Content_Type="application/json") == 415
    assert status(b"password=" + b"x" * 9_000, **form) == 413
    assert status(b"&".join(b"a=1" for _ in range(60)), **form) == 400
    assert status(b"", **form) == 403
    assert status(b"password=%00%ff\xff", **form) == 403
    assert status(b"password=x", Origin="https://evil.example", **form) == 403
    assert status(b"password=x", Sec_Fetch_Site="cross-site", **form) == 403
    assert owned.ask("GET", "/logout").status == 405


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("/stats?site=https://a.example/&period=7d", None),
        ("/sites", None),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/x\\y", "/"),
        ("/\t/evil.example", "/"),
        ("/x\r\nSet-Cookie: a=b", "/"),
        ("javascript:alert(1)", "/"),
        ("/login?next=/login", "/"),
        ("/logout", "/"),
        ("/" + "x" * 2_001, "/"),
        ("/é", "/"),
    ],
)
def test_signing_in_leads_to_this_server_alone(asked: str, path: str | None) -> None:
    assert own_path(asked) == (asked if path is None else path)


def test_signing_in_says_when_the_store_is_away(store: Store) -> None:
    """And what was known stands, for the routes that need no store."""
    set_password(store, PASSWORD)
    client = FaultyClient(store.client)
    web = WebServer(Store(client, store.tables), Settings())
    cookie = {"Cookie": session_of(sign_in(web))}
    client.plan("get_item", [lost_before] * 500)
    answer = sign_in(web)
    metrics = web.ask("GET", "/metrics", **cookie)
    client.plan("get_item", [])
    web.stop()

    assert (answer.status, metrics.status) == (503, 200)
    assert answer.headers["retry-after"] == "1"


def test_a_published_page_stays_open_under_a_password(owned: WebServer) -> None:
    """To a stranger as to a visitor whose session has ended."""
    change_site(owned.store, load_sites(owned.store).named(SITE), published=True)
    page = "/stats?site=a.example"
    wait_until(lambda: owned.ask("GET", page, **STRANGER).status == 200)

    assert owned.ask("GET", page, Cookie="footfall-session=ended").status == 200
    assert b"Sign out" not in owned.ask("GET", page).body
    assert owned.ask("GET", "/v1/stats?site=b.example").status == 401


def test_a_stream_ends_with_its_session(owned: WebServer) -> None:
    """No number that moved after the sign-out is told."""
    cookie = {"Cookie": session_of(sign_in(owned))}
    with listening(owned, **cookie) as stream:
        assert stream.numbers()["visits"] == 0
        owned.ask("POST", "/logout", b"", Origin=owned.url, **cookie)
        owned.visit("v1")

        assert stream.numbers() is None
