"""Sites over HTTP: as `footfall sites`, by JSON."""

from typing import Any

import pytest

from footfall.counters.port import Store
from footfall.owners.tokens import ADMINISTER, READ, create_token
from footfall.visits.report import total
from footfall.visits.site import DIMENSIONS
from footfall.visits.sites import load_sites
from tests.web.conftest import SITE, Answer, WebServer, wait_until

NEW = "https://new.example/"


def bearer(store: Store, scope: str, **token: str) -> dict[str, str]:
    """The header of a token made for this, and a Host that is not this machine's."""
    secret, _ = create_token(store, {scope}, 0, **token)
    return {"Authorization": f"Bearer {secret}", "Host": "stats.example"}


def add(web: WebServer, **fields: Any) -> Answer:
    return web.ask("POST", "/v1/sites", {"site": NEW, **fields})


def test_sites_are_listed_with_their_numbers(web: WebServer, store: Store) -> None:
    """In the order of their addresses; one by its name."""
    sites = web.ask("GET", "/v1/sites").json()["sites"]
    (one,) = web.ask("GET", "/v1/sites?site=b.example").json()["sites"]

    assert [site["site"] for site in sites] == [
        SITE,
        "https://b.example/",
        "https://private.example/",
    ]
    assert one == sites[1]
    assert one == {
        "site": "https://b.example/",
        "visits": 10,
        "timezone": "UTC",
        "private": False,
        "published": False,
        "aliases": [
            "http://b.example",
            "https://www.b.example",
            "http://www.b.example",
        ],
        "dimensions": list(DIMENSIONS),
        "origins": [],
        "rate_limit": 0,
        "retention_days": 0,
    }


def test_a_number_that_is_none_is_told_as_none(web: WebServer, store: Store) -> None:
    """The others are told all the same."""
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": "https://s.example/"}, "visits": {"S": "0"}},
    )
    wait_until(lambda: web.visit("v", "https://s.example/").status == 409)
    sites = web.ask("GET", "/v1/sites").json()["sites"]

    assert {site["site"]: site["visits"] for site in sites} == {
        SITE: 0,
        "https://b.example/": 10,
        "https://private.example/": 0,
        "https://s.example/": None,
    }


def test_a_site_that_is_added_counts_at_once(web: WebServer, store: Store) -> None:
    """With what it was given, and the defaults."""
    answer = add(
        web,
        visits=5,
        timezone="Europe/Berlin",
        private=True,
        dimensions=["size", "page"],
        origins=["new.example"],
        rate_limit=9,
        retention_days=90,
    )
    site = load_sites(store).named(NEW)

    assert answer.status == 201
    assert web.ask("GET", f"/v1/sites?site={NEW}").json() == {"sites": [answer.json()]}
    assert (site.timezone, site.private) == ("Europe/Berlin", True)
    assert site.dimensions == ("page", "size")
    assert site.origins == ("https://new.example",)
    assert (site.rate_limit, site.retention_days) == (9, 90)
    assert web.visit("v", NEW).json()["outcome"] == "counted"
    assert total(store, site) == 6


def test_a_site_is_added_once(web: WebServer, store: Store) -> None:
    """A second time changes nothing of it."""
    add(web, visits=5)
    again = add(web, visits=7)

    assert again.status == 409
    assert total(store, load_sites(store).named(NEW)) == 5


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"site": "no url"}, "site"),
        ({"site": 5}, "site"),
        ({"visits": -1}, "visits"),
        ({"visits": 1.5}, "visits"),
        ({"timezone": "Mars"}, "timezone"),
        ({"dimensions": ["shoe"]}, "dimensions"),
        ({"origins": ["a.example/x"]}, "origins"),
        ({"rate_limit": -1}, "rate_limit"),
        ({"retention_days": 1}, "retention_days"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_not_valid_is_named_and_adds_nothing(
    web: WebServer, store: Store, fields: dict[str, Any], field: str
) -> None:
    """The field at fault stands in the problem."""
    answer = add(web, **fields)

    assert answer.status == 400
    assert answer.json()["field"] == field
    assert len(load_sites(store).sites) == 3


def test_a_change_leaves_what_it_does_not_name(web: WebServer, store: Store) -> None:
    """As somebody else may have set it."""
    before = load_sites(store).named(SITE)
    answer = web.ask("PATCH", f"/v1/sites?site={SITE}", {"published": True})
    fewer = web.ask("PATCH", f"/v1/sites?site={SITE}", {"dimensions": ["page"]})
    site = load_sites(store).named(SITE)

    assert answer.json()["published"] is True
    assert fewer.json()["dimensions"] == ["page"]
    assert site.published
    assert (site.aliases, site.timezone) == (before.aliases, before.timezone)


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        (f"?site={SITE}", {}, 400, "body"),
        (f"?site={SITE}", {"timezone": "UTC"}, 400, "timezone"),
        (f"?site={SITE}", {"private": True, "published": True}, 400, "published"),
        (f"?site={SITE}", {"private": None}, 400, "private"),
        ("", {"private": True}, 400, "site"),
        ("?site=none.example", {"private": True}, 404, None),
        (f"?site={SITE}&x=1", {"private": True}, 400, "x"),
    ],
)
def test_a_change_that_cannot_be_says_why(
    web: WebServer, store: Store, path: str, body: Any, status: int, field: str | None
) -> None:
    """And changes nothing."""
    before = load_sites(store).sites
    answer = web.ask("PATCH", f"/v1/sites{path}", body)

    assert answer.status == status
    assert answer.json().get("field") == field
    assert load_sites(store).sites == before


def test_a_site_that_is_removed_counts_no_more(web: WebServer, store: Store) -> None:
    """Removed again it is not there."""
    removed = web.ask("DELETE", f"/v1/sites?site={SITE}")
    again = web.ask("DELETE", f"/v1/sites?site={SITE}")

    assert (removed.status, again.status) == (204, 404)
    assert web.visit("v").status == 404
    assert add(web, site=SITE).status == 201


@pytest.mark.parametrize(
    ("method", "body"),
    [("POST", {"site": NEW}), ("PATCH", {"private": True}), ("DELETE", None)],
)
def test_changes_want_a_token_that_administers(
    web: WebServer, store: Store, method: str, body: Any
) -> None:
    """A token that reads lists sites and changes none; a stranger does neither."""
    path = "/v1/sites" if method == "POST" else f"/v1/sites?site={SITE}"
    before = load_sites(store).sites
    reads, one = bearer(store, READ), bearer(store, READ, site=SITE)
    administers = bearer(store, ADMINISTER)
    wait_until(lambda: web.ask("GET", "/v1/sites", **administers).status == 200)
    refused = {
        web.ask(method, path, body, Host="stats.example").status,
        web.ask(method, path, body, Origin="https://evil.example").status,
        web.ask(method, path, body, **reads).status,
        web.ask(method, path, body, **one).status,
    }

    assert refused == {403}
    assert load_sites(store).sites == before
    assert web.ask("GET", "/v1/sites", **reads).status == 200
    assert web.ask("GET", "/v1/sites", **one).status == 403
    assert web.ask("GET", f"/v1/sites?site={SITE}", **one).status == 200
    assert web.ask(method, path, body, **administers).status < 300


def test_another_method_is_told_all_that_there_are(web: WebServer) -> None:
    """Whichever route of the path is looked at first."""
    answer = web.ask("PUT", "/v1/sites", {})

    assert answer.status == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, PATCH, POST"
