"""Days that a site keeps no longer, on every client: taken away, and the number stays."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from footfall.counters.bulk import scan
from footfall.counters.port import Store
from footfall.errors import IndeterminateError, UnavailableError
from footfall.transfer.document import Header, encode
from footfall.transfer.export import Export
from footfall.transfer.load import load
from footfall.visits.baseline import read_kept_from
from footfall.visits.record import Recorder
from footfall.visits.report import daily, top, total
from footfall.visits.retention import take_away
from footfall.visits.site import Site
from footfall.visits.sites import add_site, change_site
from footfall.visits.verify import verify
from footfall.visits.visit import Visit
from tests.contract.logs import NOW_MS, imported, line
from tests.faulty import (
    CONFLICT,
    FaultyClient,
    after,
    answered_before,
    lost_after,
    lost_before,
)

URL = "https://a.example/"
DAY_MS = 86_400_000
TODAY = date(2026, 11, 25)
FIRST = TODAY - timedelta(days=30)


def counted(store: Store, site: Site, days_ago: list[int], shards: int = 1) -> None:
    """A view of each of some days, in one shard after the other."""
    recorder = Recorder(store, now_ms=lambda: NOW_MS)
    for number, ago in enumerate(days_ago):
        if shards > 1 and number % shards:
            recorder._shards.move(URL)
        page = f"/{number % 3}"
        values = (("page", page), ("browser", "Firefox"))
        at_ms = NOW_MS - ago * DAY_MS
        recorder.record([Visit(f"v{number}", site, page, at_ms, "view", values)])


@pytest.fixture
def site(store: Store) -> Site:
    """A site that keeps 30 days, with 6 visits of them and 6 before."""
    site = add_site(store, URL, visits=100, retention_days=30)
    counted(store, site, [0, 1, 5, 29, 30, 30, 31, 31, 31, 90, 400, 4000])
    return site


def all_taken(store: Store, site: Site) -> int:
    """The visits that were taken away until nothing is left to take."""
    visits = 0
    while True:
        taken = take_away(store, site, NOW_MS)
        visits += taken.visits
        if taken.is_done:
            return visits


def buckets(store: Store) -> set[str]:
    """The buckets that are left, of all shards."""
    items = scan(store.client, {"TableName": store.tables.visit_rollups})
    return {item["bucket"]["S"] for item in items if "-" in item["bucket"]["S"]}


def test_old_days_go_and_the_number_stays(store: Store, site: Site) -> None:
    """Their visits are the baseline's, and all agrees; what is left is whole."""
    before = daily(store, site, FIRST, TODAY)

    assert all_taken(store, site) == 6

    verified = verify(store, site, NOW_MS)
    assert (verified.total, verified.baseline, verified.days) == (112, 106, 6)
    assert verified.differences == ()
    assert {each.split("#")[1] for each in buckets(store)} == {
        (TODAY - timedelta(days=ago)).isoformat() for ago in (0, 1, 5, 29, 30)
    }
    assert daily(store, site, FIRST, TODAY) == before
    assert read_kept_from(store, URL) == FIRST
    assert all_taken(store, site) == 0
    assert verify(store, site, NOW_MS) == verified


def test_a_site_that_keeps_all_keeps_all(store: Store, site: Site) -> None:
    site = change_site(store, site, retention_days=0)

    assert all_taken(store, site) == 0
    assert read_kept_from(store, URL) is None
    assert verify(store, site, NOW_MS).days == 12


def test_no_day_goes_that_a_visit_can_still_reach(store: Store) -> None:
    """However long the window is."""
    store = replace(store, window_seconds=20 * 86_400)
    site = add_site(store, URL, retention_days=7)
    counted(store, site, [0, 8, 15, 20, 40])

    assert all_taken(store, site) == 1
    counted(store, site, [8, 15, 20])
    assert verify(store, site, NOW_MS).differences == ()


def test_shards_go_too(store: Store) -> None:
    """What a shard's days made stays in its own part of the number."""
    site = add_site(store, URL, visits=100, retention_days=30)
    counted(store, site, [0, 3, 40, 41, 50, 50, 50, 60], shards=3)

    assert all_taken(store, site) == 6
    verified = verify(store, site, NOW_MS)
    assert (verified.total, verified.baseline, verified.days) == (108, 106, 2)
    assert verified.differences == ()
    assert len({each.split("#")[1] for each in buckets(store)}) == 2


def test_imported_days_go_and_are_not_imported_again(store: Store) -> None:
    """Logs, and the days of a service that is gone; lines of their hours are noted."""
    site = add_site(store, URL, retention_days=30)
    log = [line(n * 900, f"/{n}") for n in range(0, 5000, 40)]
    days = [b"date,visits", b"2019-05-01,120"]
    imported(store, site, log)
    imported(store, site, days, "csv")

    gone = all_taken(store, site)

    assert gone > 150
    assert total(store, site) == len(log) + 120
    assert imported(store, site, log).views == 0
    assert imported(store, site, days, "csv").views == 0
    assert verify(store, site, NOW_MS).differences == ()
    imported(store, site, [b"date,visits", b"2019-05-01,125"], "csv")
    assert all_taken(store, site) == 5
    assert verify(store, site, NOW_MS).baseline == gone + 5


def test_a_day_of_more_pages_than_a_transaction_takes_goes(store: Store) -> None:
    """Part by part: at every moment the day is the sum of its pages and the unpaged."""
    site = add_site(store, "https://b.example/")
    imported(store, site, [line(0, f"/{n:0400}") for n in range(1)])
    days = [
        b'{"day":"2026-01-01","visits":4000}',
        b'{"day":"2026-01-01","dimension":"page","values":{%b}}'
        % b",".join(b'"/%0450d":1' % n for n in range(4000)),
    ]
    header, *_ = (encode(each) for each in Export(store, site, id="x", now_ms=NOW_MS))
    end = b'{"end":true,"lines":3,"days":1,"visits":4000}'
    kept = load(store, [header, *days, end], URL).site
    kept = change_site(store, kept, retention_days=7)
    parts = [each for each in buckets(store) if each.startswith("page#2026-01-01")]
    client = FaultyClient(store.client)

    def check() -> None:
        found = verify(store, kept, NOW_MS)
        assert (found.total, found.differences) == (4000, ())

    client.plan("transact_write_items", [answered_before(check)] * 9)

    assert len(parts) == 99
    assert all_taken(Store(client, store.tables), kept) == 4000
    assert verify(store, kept, NOW_MS).baseline == 4000


@pytest.mark.parametrize("fault", [lost_before, lost_after, CONFLICT])
@pytest.mark.parametrize("nth", [0, 2])
def test_whatever_fails_the_next_call_goes_on(
    store: Store, site: Site, fault: Any, nth: int
) -> None:
    """A day is there with its number, or its number is the baseline's."""
    client = FaultyClient(store.client)
    client.plan("transact_write_items", [lambda call: call()] * nth + [fault])
    faulty = Store(client, store.tables)

    try:
        all_taken(faulty, site)
    except IndeterminateError:
        assert verify(store, site, NOW_MS).differences == ()
        all_taken(store, site)

    verified = verify(store, site, NOW_MS)
    assert (verified.total, verified.baseline, verified.days) == (112, 106, 6)
    assert verified.differences == ()


def test_two_servers_at_once_take_each_day_away_once(store: Store, site: Site) -> None:
    """Whoever is second finds that old days have moved."""
    client = FaultyClient(store.client)
    client.plan("transact_write_items", [after(lambda: take_away(store, site, NOW_MS))])

    all_taken(Store(client, store.tables), site)

    verified = verify(store, site, NOW_MS)
    assert (verified.total, verified.baseline, verified.days) == (112, 106, 6)
    assert verified.differences == ()


def test_an_import_meanwhile_loses_nothing(store: Store, site: Site) -> None:
    """It adds to a day that is being taken away."""
    client = FaultyClient(store.client)
    log = [line(90 * 86_400 + n, f"/{n}") for n in range(9)]
    client.plan("transact_write_items", [after(lambda: imported(store, site, log))])

    all_taken(Store(client, store.tables), site)
    all_taken(store, site)

    verified = verify(store, site, NOW_MS)
    assert (verified.total, verified.baseline, verified.days) == (121, 115, 6)
    assert verified.differences == ()


def test_verify_agrees_while_days_go(store: Store, site: Site) -> None:
    """Whatever it has read when they do."""
    client = FaultyClient(store.client)
    for name in ("query", "get_item", "transact_get_items"):
        client.plan(name, [after(lambda: take_away(store, site, NOW_MS))] * 9)

    assert verify(Store(client, store.tables), site, NOW_MS).differences == ()


def test_an_export_says_from_where_on_it_knows(
    store: Store, site: Site, other: Store
) -> None:
    """And what is made of it knows, too; one that is read meanwhile is none."""
    reading = iter(Export(store, site, id="x", now_ms=NOW_MS))
    next(reading)
    all_taken(store, site)
    with pytest.raises(UnavailableError, match="taken away"):
        list(reading)

    lines = list(Export(store, site, id="y", now_ms=NOW_MS))
    load(other, [encode(each) for each in lines])

    assert isinstance(lines[0], Header)
    assert (lines[0].baseline, lines[0].kept_from) == (106, FIRST.isoformat())
    assert read_kept_from(other, URL) == FIRST
    assert verify(other, site, NOW_MS).differences == ()
    assert top(other, site, "page", FIRST, TODAY, limit=9) == top(
        store, site, "page", FIRST, TODAY, limit=9
    )
