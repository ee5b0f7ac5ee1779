"""The application where nothing runs between two requests, as on Lambda."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.visits.sites import add_site
from footfall.web.app import create_app
from footfall.web.payload import scope_of
from footfall.web.seldom import SeldomAsked
from footfall.web.settings import Settings
from tests.faulty import FaultyClient, refused
from tests.lambda_runtime import event
from tests.web.conftest import SITE


@pytest.fixture
def seldom(store: Store) -> Iterator[SeldomAsked]:
    with closing(SeldomAsked(lambda: create_app(store, Settings()))) as asked:
        yield asked


def test_a_request_is_answered_as_by_the_server(seldom: SeldomAsked) -> None:
    """Visits too: who asks this way may ask anything."""
    visit = scope_of(event("POST", "/v1/visits", b""))
    counted = seldom.reply(visit, b'{"id":"v1","url":"%s"}' % SITE.encode())
    static = seldom.reply(scope_of(event("GET", "/static/icon.svg")), b"")

    assert b'"counted"' in counted.body
    assert static.status == 200
    assert b"<svg" in static.body


def test_the_sites_are_looked_at_before_each_request(
    store: Store, seldom: SeldomAsked
) -> None:
    """Nobody polls between requests."""
    seldom.reply(scope_of(event("GET", f"/badge.json?site={SITE}")), b"")
    add_site(store, "https://late.example/")

    late = seldom.reply(scope_of(event("GET", "/badge.json?site=late.example")), b"")

    assert late.status == 200


def test_a_start_that_failed_is_tried_again(store: Store) -> None:
    """With a new application, since the first has ended."""
    client = FaultyClient(store.client, get_item=[refused("ExpiredTokenException")])
    with closing(SeldomAsked(lambda: create_app(Store(client), Settings()))) as seldom:
        badge = scope_of(event("GET", f"/badge.json?site={SITE}"))
        with pytest.raises(FootfallError, match="ExpiredTokenException"):
            seldom.reply(badge, b"")

        assert seldom.reply(badge, b"").status == 200


def test_one_that_was_never_asked_closes(store: Store) -> None:
    SeldomAsked(lambda: create_app(store, Settings())).close()
