"""A site moved here from Plausible or GoatCounter, on every client: sums, once for ever."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from footfall.counters.port import Store
from footfall.errors import IndeterminateError
from footfall.transfer import goatcounter_stats
from footfall.transfer.document import encode
from footfall.transfer.entries import PageViews
from footfall.transfer.export import Export
from footfall.transfer.formats import format_of
from footfall.transfer.importing import Import, Summary
from footfall.transfer.load import load
from footfall.visits.report import ValueTotal, daily, hourly, top, total
from footfall.visits.site import Site
from footfall.visits.sites import add_site
from footfall.visits.verify import verify
from tests.contract.logs import NOW_MS, imported
from tests.faulty import CONFLICT, FaultyClient, lost_after, lost_before

URL = "https://a.example/"
FIRST, LAST = date(2023, 2, 9), date(2023, 2, 10)

TABLES = {
    "visitors": [
        '"date","visitors","pageviews","bounces","visits","visit_duration"',
        '"2023-02-09",5,10,2,7,8640',
        '"2023-02-10",3,6,2,3,43',
    ],
    "pages": [
        '"date","hostname","page","visits","visitors","pageviews"',
        '"2023-02-09","a.example","/docs",5,4,7',
        '"2023-02-09","a.example","/",3,3,3',
        '"2023-02-10","a.example","/",4,3,6',
    ],
    "browsers": [
        '"date","browser","browser_version","visitors","visits","visit_duration","bounces",'
        '"pageviews"',
        '"2023-02-09","Chrome","109.0",4,5,1,1,6',
        '"2023-02-09","Chrome","108.0",1,1,1,1,2',
        '"2023-02-09","Firefox","109.0",1,1,1,1,5',
        '"2023-02-10","Safari","16.3",3,3,1,1,6',
    ],
    "custom_events": [
        '"date","name","link_url","path","visitors","events"',
        '"2023-02-09","Signup","","",3,4',
    ],
}


def imported_table(store: Store, site: Site, name: str) -> Summary:
    lines = [line.encode() for line in TABLES[name]]
    return imported(store, site, lines, "plausible")


def imported_all(store: Store, site: Site) -> dict[str, Summary]:
    return {name: imported_table(store, site, name) for name in TABLES}


@pytest.fixture
def site(store: Store) -> Site:
    return add_site(store, URL, visits=7)


def check(store: Store, site: Site) -> None:
    """That all of it is counted, once."""
    assert total(store, site) == 7 + 16
    assert [(day.visits, day.visitors) for day in daily(store, site, FIRST, LAST)] == [
        (10, 5),
        (6, 3),
    ]
    assert top(store, site, "page", FIRST, LAST, limit=9) == [
        ValueTotal("/", 9),
        ValueTotal("/docs", 7),
    ]
    # 13 by browser of a day with 10: a session lasted past midnight.
    assert top(store, site, "browser", FIRST, FIRST, limit=9) == [
        ValueTotal("Chrome", 5),
        ValueTotal("Firefox", 5),
    ]
    assert top(store, site, "event", FIRST, LAST, limit=9) == [ValueTotal("Signup", 4)]
    assert verify(store, site, NOW_MS).differences == ()


def test_an_archive_is_counted_once(store: Store, site: Site) -> None:
    """Views, visitors and breakdowns; the same again counts nothing."""
    first = imported_all(store, site)
    again = imported_all(store, site)

    check(store, site)
    assert (first["visitors"].views, first["visitors"].again) == (16, 0)
    assert [first[name].values for name in TABLES] == [0, 3, 3, 1]
    assert (again["visitors"].views, again["visitors"].again) == (0, 16)
    assert all(each.values == 0 for each in again.values())


def test_pages_alone_make_the_days(store: Store, site: Site) -> None:
    """And the totals that come later count what is more, if anything is."""
    assert imported_table(store, site, "pages").views == 16
    assert imported_table(store, site, "visitors").views == 0
    imported_all(store, site)

    check(store, site)


def test_a_breakdown_without_its_day_is_refused(store: Store, site: Site) -> None:
    """It would have more than the day has visits."""
    summary = imported_table(store, site, "browsers")

    assert (summary.values, summary.refused) == (0, 2)
    imported_all(store, site)
    check(store, site)


def test_a_later_export_of_the_same_day_counts_what_is_more(
    store: Store, site: Site
) -> None:
    """Of the number; a breakdown of sums cannot be told from the one before."""
    imported_all(store, site)
    header, first, *_ = TABLES["visitors"]
    more = [header.encode(), first.replace("10", "15").encode()]
    pages = [line.replace(",7", ",12").encode() for line in TABLES["pages"]]

    assert imported(store, site, more, "plausible").views == 5
    summary = imported(store, site, pages, "plausible")

    assert summary.filtered["breakdown of another export"] == 2
    assert total(store, site) == 7 + 16 + 5
    assert verify(store, site, NOW_MS).differences == ()


def test_a_site_that_is_not_broken_down_counts_its_days(store: Store) -> None:
    site = add_site(store, "https://b.example/", dimensions=())

    summaries = imported_all(store, site)

    assert total(store, site) == 16
    assert summaries["pages"].filtered["dimension"] == 3
    assert verify(store, site, NOW_MS).differences == ()


@pytest.mark.parametrize("fault", [lost_before, lost_after, CONFLICT])
@pytest.mark.parametrize("nth", [0, 2, 4, 6])
def test_whatever_fails_the_next_import_goes_on(
    store: Store, site: Site, fault: Any, nth: int
) -> None:
    client = FaultyClient(store.client)
    client.plan("transact_write_items", [lambda call: call()] * nth + [fault])
    try:
        imported_all(replace(store, client=client), site)
    except IndeterminateError:
        imported_all(store, site)

    check(store, site)


GOATCOUNTER = {
    "paths.jsonl": [
        '{"id": 211, "path": "/", "title": "Home"}',
        '{"id": 215, "path": "/api", "title": "API"}',
        '{"id": 300, "event": true, "path": "click-banana", "title": ""}',
    ],
    "refs.jsonl": [
        '{"id": 1, "ref": "", "ref_scheme": "o"}',
        '{"id": 2, "ref": "Google", "ref_scheme": "g"}',
        '{"id": 3, "ref": "spring", "ref_scheme": "c"}',
    ],
    "browsers.jsonl": [
        '{"id": 1, "name": "Chrome", "version": "46"}',
        '{"id": 2, "name": "Chrome", "version": "47"}',
        '{"id": 9, "name": "", "version": ""}',
    ],
    "systems.jsonl": ['{"id": 3, "name": "Linux", "version": "Ubuntu"}'],
    "hit_stats.jsonl": [
        '{"hour": "2023-02-09T19:00:00Z", "path_id": 211, "ref_id": 1, "count": 4}',
        '{"hour": "2023-02-09T19:00:00Z", "path_id": 215, "ref_id": 2, "count": 2}',
        '{"hour": "2023-02-09T20:00:00Z", "path_id": 211, "ref_id": 3, "count": 1}',
        '{"hour": "2023-02-09T20:00:00Z", "path_id": 300, "ref_id": 1, "count": 3}',
        '{"hour": "2023-02-10T00:00:00Z", "path_id": 404, "ref_id": 1, "count": 3}',
    ],
    "browser_stats.jsonl": [
        '{"day": "2023-02-09", "path_id": 211, "browser_id": 1, "count": 4}',
        '{"day": "2023-02-09", "path_id": 215, "browser_id": 2, "count": 1}',
        '{"day": "2023-02-09", "path_id": 215, "browser_id": 9, "count": 2}',
        '{"day": "2023-02-09", "path_id": 300, "browser_id": 1, "count": 3}',
    ],
    "system_stats.jsonl": [
        '{"day": "2023-02-09", "path_id": 211, "system_id": 3, "count": 7}'
    ],
    "location_stats.jsonl": [
        '{"day": "2023-02-09", "path_id": 211, "location": "RO-B", "count": 2}',
        '{"day": "2023-02-09", "path_id": 211, "location": "", "count": 5}',
    ],
    "size_stats.jsonl": [
        '{"day": "2023-02-09", "path_id": 211, "width": 1280, "count": 7}'
    ],
}


def imported_statistics(
    store: Store, site: Site, files: dict[str, list[str]] = GOATCOUNTER
) -> Summary:
    counted = Import(store, PageViews(site), lambda: NOW_MS, lambda *_: None)
    for name in goatcounter_stats.in_order(files):
        lines = [text.encode() for text in files[name]]
        counted.count(lines, format_of(lines[0], name), name)
        counted.flush()
    return counted.summary()


def test_goatcounters_statistics_are_counted_once(store: Store, site: Site) -> None:
    """Views in their hours, with page and referrer; days by browser and the like."""
    first, again = imported_statistics(store, site), imported_statistics(store, site)

    assert (first.views, first.events, first.values, first.refused) == (7, 3, 5, 1)
    assert (again.views, again.events, again.values) == (0, 0, 0)
    hours = [each.visits for each in hourly(store, site, FIRST)]
    assert hours[19:21] == [6, 1]
    shown = {
        name: [(each.value, each.visits) for each in found]
        for name in ("page", "referrer", "campaign", "event", "browser", "country")
        if (found := top(store, site, name, FIRST, FIRST, limit=9))
    }
    assert shown == {
        "page": [("/", 5), ("/api", 2)],
        "referrer": [("direct", 5), ("Google", 2)],
        "campaign": [("spring", 1)],
        "event": [("click-banana", 3)],
        "browser": [("Chrome", 5), ("unknown", 2)],
        "country": [("RO", 2)],
    }
    assert verify(store, site, NOW_MS).differences == ()


def test_later_statistics_count_what_is_more(store: Store, site: Site) -> None:
    """Of the same hour, which had not been over."""
    imported_statistics(store, site)
    line = GOATCOUNTER["hit_stats.jsonl"][0].replace('"count": 4', '"count": 9')

    summary = imported_statistics(
        store, site, {**GOATCOUNTER, "hit_stats.jsonl": [line]}
    )

    assert (summary.views, summary.again) == (5, 4)
    assert total(store, site) == 7 + 12


def test_it_counts_nothing_again_after_a_move(
    store: Store, site: Site, other: Store
) -> None:
    """The notes are in the site's own export."""
    imported_all(store, site)
    lines = [encode(line) for line in Export(store, site, id="x", now_ms=NOW_MS)]

    load(other, lines)
    imported_all(other, site)

    check(other, site)
