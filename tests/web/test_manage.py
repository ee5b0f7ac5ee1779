"""The owner's forms: a site is added, changed and removed from the dashboard."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

import pytest

from footfall.counters.port import Store
from footfall.owners.password import set_password
from footfall.visits.report import total
from footfall.visits.site import Site
from footfall.visits.sites import load_sites
from footfall.web.settings import Settings
from tests.web.conftest import SITE, Answer, WebServer

FORM = "application/x-www-form-urlencoded"
NEW = "https://new.example/"
CHANGED = {
    "site": SITE,
    "seen": "page",
    "dimensions": ["size", "page"],
    "origins": "https://a.example\r\nhttps://www.a.example",
    "rate_limit": "20",
    "retention_days": "90",
}


def post(
    web: WebServer, path: str, fields: Mapping[str, object], **headers: str
) -> Answer:
    """The form, as a page of the server sends it."""
    form = urlencode(fields, doseq=True).encode()
    headers = {"Content_Type": FORM, "Origin": web.url, **headers}
    return web.ask("POST", path, form, **headers)


def site_of(store: Store, name: str = SITE) -> Site:
    return load_sites(store).named(name)


def test_an_empty_dashboard_leads_to_the_form(web: WebServer) -> None:
    """Not to a command that may be on no path."""
    overview = web.ask("GET", "/sites").body.decode()
    form = web.ask("GET", "/sites/new").body.decode()

    assert 'href="/sites/new"' in overview
    assert 'action="/sites/new"' in form
    assert "<option selected>UTC" in form
    assert "<option>Europe/Berlin" in form


def test_a_site_is_added_and_counts(web: WebServer, store: Store) -> None:
    """It leads to what is to be pasted; reloading that adds nothing."""
    fields = {"site": "new.example", "timezone": "Europe/Berlin", "visits": "12"}
    added = post(web, "/sites/new", fields)
    page = web.ask("GET", added.headers["location"]).body.decode()

    assert added.status == 303
    assert f"{web.url}/beacon.js" in page
    assert "badge.svg?site=new.example" in page
    assert web.visit("v", NEW).json()["outcome"] == "counted"
    assert total(store, site_of(store, NEW)) == 13
    assert site_of(store, NEW).timezone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"site": ""}, 400, "must be an absolute"),
        ({"site": "https://bad host"}, 400, "no spaces"),
        ({"site": "a.example"}, 409, "exists already"),
        ({"visits": "many"}, 400, "whole number"),
        ({"visits": "-1"}, 400, "whole number"),
        ({"timezone": "Mars"}, 400, "no IANA time zone"),
    ],
)
def test_what_is_not_valid_is_said_beside_its_field(
    web: WebServer, store: Store, fields: dict[str, object], status: int, words: str
) -> None:
    """What was typed stays, and nothing is added."""
    typed = {"site": "new.example", "visits": "7", "timezone": "UTC", **fields}
    answer = post(web, "/sites/new", typed)
    page = answer.body.decode()

    assert answer.status == status
    assert words in page
    assert 'aria-invalid="true"' in page or "timezone-error" in page
    assert f'value="{typed["site"]}"' in page
    assert len(load_sites(store).sites) == 3


def test_settings_are_changed_as_they_are_shown(web: WebServer, store: Store) -> None:
    """All of a form's fields at once."""
    before = web.ask("GET", f"/sites/settings?site={SITE}").body.decode()
    changed = post(web, "/sites/settings", CHANGED)
    page = web.ask("GET", changed.headers["location"]).body.decode()
    site = site_of(store)

    assert 'value="total" checked' in before
    assert changed.status == 303
    assert (site.published, site.private) == (True, False)
    assert site.dimensions == ("page", "size")
    assert site.origins == ("https://a.example", "https://www.a.example")
    assert (site.rate_limit, site.retention_days) == (20, 90)
    assert 'value="page" checked' in page
    assert "https://www.a.example</textarea>" in page


def test_a_private_site_is_shown_no_badge(web: WebServer, store: Store) -> None:
    """There would be none."""
    post(web, "/sites/settings", {**CHANGED, "seen": "private"})
    page = web.ask("GET", f"/sites/settings?site={SITE}").body.decode()

    assert site_of(store).private
    assert "badge.svg" not in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"origins": "https://a.example/blog"}, "a scheme and a host"),
        ({"rate_limit": "1.5"}, "whole number"),
        ({"retention_days": "2"}, "must be 0, for ever"),
        ({"seen": "nobody"}, "one of the three"),
    ],
)
def test_a_change_that_is_not_valid_changes_nothing(
    web: WebServer, store: Store, fields: dict[str, object], words: str
) -> None:
    """What was typed stays, to be mended."""
    before = site_of(store)
    answer = post(web, "/sites/settings", {**CHANGED, **fields})

    assert answer.status == 400
    assert words in answer.body.decode()
    assert (
        "https://www.a.example</textarea>" in answer.body.decode()
        or "origins" in fields
    )
    assert site_of(store) == before


def test_a_site_is_removed_when_its_name_was_typed(
    web: WebServer, store: Store
) -> None:
    """And not for less."""
    wrong = post(web, "/sites/remove", {"site": SITE, "name": "b.example"})
    assert (wrong.status, len(load_sites(store).sites)) == (400, 3)
    removed = post(web, "/sites/remove", {"site": SITE, "name": "a.example"})

    assert (removed.status, removed.headers["location"]) == (303, "/sites")
    assert len(load_sites(store).sites) == 2
    assert web.ask("GET", f"/sites/settings?site={SITE}").status == 404


@pytest.fixture
def owned(store: Store) -> Iterator[WebServer]:
    """A server whose owner has a password."""
    set_password(store, "correct horse battery staple")
    server = WebServer(store, Settings())
    yield server
    server.stop()


@pytest.mark.parametrize("path", ["/sites/new", "/sites/settings", "/sites/remove"])
def test_the_forms_are_the_owners(
    web: WebServer, owned: WebServer, store: Store, path: str
) -> None:
    """A stranger and another page are refused; who is not signed in is led there."""
    fields = {**CHANGED, "name": "a.example"}
    before = load_sites(store).sites
    foreign = post(web, path, fields, Host="stats.example")
    elsewhere = post(web, path, fields, Origin="https://evil.example")
    asked = owned.ask("GET", "/sites/new")
    sent = post(owned, path, fields)

    assert (foreign.status, elsewhere.status) == (403, 403)
    assert (asked.status, sent.status) == (303, 303)
    assert asked.headers["location"].startswith("/login?next=")
    assert sent.headers["location"].startswith("/login")
    assert load_sites(store).sites == before


def test_what_is_no_form_is_refused(web: WebServer, store: Store) -> None:
    """JSON has a route of its own."""
    answer = web.ask("POST", "/sites/new", {"site": NEW}, Origin=web.url)

    assert answer.status == 415
    assert len(load_sites(store).sites) == 3
