"""Lines imported on every client: each counted once, for ever, whatever happens."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall.connect import create_tables
from footfall.counters.port import Store
from footfall.embedded import EmbeddedClient
from footfall.errors import (
    IndeterminateError,
    InvalidInputError,
    NotANumberError,
    SiteNotFoundError,
    ThrottledError,
)
from footfall.transfer import counting
from footfall.transfer.entries import PageViews
from footfall.transfer.importing import Import
from footfall.visits.record import Recorder
from footfall.visits.report import ValueTotal, daily, hourly, top, total
from footfall.visits.site import Site
from footfall.visits.sites import add_site, remove_site
from footfall.visits.verify import verify
from footfall.visits.visit import Visit
from tests.contract.logs import NOW_MS, imported, line
from tests.faulty import CONFLICT, FaultyClient, after, lost_after, lost_before, refused

URL = "https://a.example/"
DAY = date(2026, 11, 25)
ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def agrees(store: Store, site: Site) -> bool:
    return verify(store, site, NOW_MS).differences == ()


def test_lines_are_counted_in_their_hours_with_their_breakdowns(store: Store) -> None:
    """Beside live visits, and `verify` tells one from the other."""
    site = add_site(store, URL, visits=7, timezone="Asia/Kathmandu")
    Recorder(store, now_ms=lambda: NOW_MS).record(
        [Visit("live", site, "/", NOW_MS, "view", (("page", "/"),))]
    )
    lines = [line(10, "/a"), line(11, "/b?ref=hn"), line(4000, "/a"), line(90_000)]

    summary = imported(store, site, [*lines, line(5, agent=ROBOT), line(6, "/a.css")])

    assert (summary.views, summary.robots, summary.filtered["asset"]) == (4, 1, 1)
    assert total(store, site) == 7 + 1 + 4
    assert [each.visits for each in daily(store, site, date(2026, 11, 24), DAY)] == [
        1,
        4,
    ]
    assert [each.visits for each in hourly(store, site, DAY) if each.visits] == [1, 3]
    assert top(store, site, "page", DAY, DAY, limit=9) == [
        ValueTotal("/a", 2),
        ValueTotal("/", 1),
        ValueTotal("/b", 1),
    ]
    assert top(store, site, "campaign", DAY, DAY, limit=9) == [ValueTotal("hn", 1)]
    assert top(store, site, "robot", DAY, DAY, limit=9) == [ValueTotal("Googlebot", 1)]
    assert agrees(store, site)


def test_a_site_without_breakdowns_counts_its_days(store: Store) -> None:
    site = add_site(store, URL, dimensions=())

    assert imported(store, site, [line(1), line(2)]).views == 2
    assert agrees(store, site)


def test_a_file_twice_and_files_that_overlap_count_once(store: Store) -> None:
    """For ever: the notes stay as long as the site."""
    site = add_site(store, URL)
    lines = [line(5000 - n, f"/{n % 7}") for n in range(300)]

    assert imported(store, site, lines[:200]).views == 200
    again = imported(store, site, lines)
    assert (again.views, again.again) == (100, 200)
    assert imported(store, site, lines[100:]).views == 0
    assert total(store, site) == 300
    assert agrees(store, site)


def test_equal_lines_of_a_second_count_each(store: Store) -> None:
    """Two readers behind the same program; and the same again counts nothing."""
    site = add_site(store, URL)
    lines = [line(7, host="192.0.2.1"), line(7, host="192.0.2.2"), line(7)]

    assert imported(store, site, lines).views == 3
    assert imported(store, site, lines).again == 3
    assert imported(store, site, [*lines, line(7)]).views == 1


def test_a_removed_site_may_be_imported_anew(store: Store) -> None:
    """Its notes went with it."""
    site = add_site(store, URL)
    imported(store, site, [line(1)])
    remove_site(store, site)
    add_site(store, URL)

    assert imported(store, site, [line(1)]).views == 1


def test_a_batch_that_no_transaction_takes_is_divided(store: Store) -> None:
    """More pages in a part than one write can name, on two days of the zone."""
    site = add_site(store, URL, timezone="Asia/Kathmandu")
    midnight_ago = 17 * 3600 + 45 * 60
    lines = [line(midnight_ago + 300 - n // 3, f"/{n}") for n in range(1_200)]
    random.Random(1).shuffle(lines)

    assert imported(store, site, lines).views == 1_200
    assert imported(store, site, lines).again == 1_200
    assert agrees(store, site)


def test_pages_that_have_no_room_are_counted_as_other(store: Store) -> None:
    site = add_site(store, URL)
    lines = [line(9, f"/{n}{'x' * 480}") for n in range(1_000)]

    assert imported(store, site, lines).views == 1_000
    pages = top(store, site, "page", DAY, DAY, limit=2_000)
    assert sum(each.visits for each in pages) == 1_000
    assert "other" in {each.value for each in pages}
    assert agrees(store, site)


def test_many_hours_are_counted_in_bounded_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that were let go are read again from their notes."""
    monkeypatch.setattr(counting, "HOURS_MAX", 4)
    monkeypatch.setattr(counting, "WAITING_MAX", 16)
    site = add_site(store, URL)
    lines = [line(hour * 3600 + n) for hour in range(12) for n in range(5)]

    assert imported(store, site, lines).views == 60
    assert imported(store, site, [*reversed(lines), line(1)]).again == 60
    assert agrees(store, site)


@pytest.mark.parametrize("fault", [lost_before, lost_after, CONFLICT])
@pytest.mark.parametrize("nth", [0, 1, 2])
def test_an_answer_that_is_lost_counts_once(store: Store, fault: Any, nth: int) -> None:
    """It is sent again; the note tells that it was there."""
    site = add_site(store, URL)
    lines = [line(hour * 3600) for hour in range(3)]
    faulty = FaultyClient(store.client)
    faulty.plan("transact_write_items", [lambda call: call()] * nth + [fault])

    summary = imported(replace(store, client=faulty), site, lines)

    assert summary.views == 3
    assert total(store, site) == 3
    assert agrees(store, site)


def test_another_import_of_the_same_lines_meanwhile_counts_once(store: Store) -> None:
    """Whoever puts the note first has counted; the other finds out."""
    site = add_site(store, URL)
    lines = [line(n + 1) for n in range(20)]
    faulty = FaultyClient(store.client)
    faulty.plan(
        "transact_write_items", [after(lambda: imported(store, site, lines[:5]))]
    )

    summary = imported(replace(store, client=faulty), site, lines)

    assert (summary.views, summary.again) == (15, 5)
    assert total(store, site) == 20
    assert agrees(store, site)


@pytest.mark.parametrize("fault", [lost_before, lost_after])
def test_an_import_that_gives_up_goes_on_when_it_is_run_again(
    store: Store, fault: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footfall.counters.backoff.sleep", lambda _: None)
    site = add_site(store, URL)
    lines = [line(hour * 3600) for hour in range(3)]
    faulty = FaultyClient(store.client)
    faulty.plan("transact_write_items", [lambda call: call(), *[fault] * 8])

    if fault is lost_before:
        with pytest.raises(IndeterminateError):
            imported(replace(store, client=faulty), site, lines)
    else:  # the second try finds the first one's note
        imported(replace(store, client=faulty), site, lines)
    imported(store, site, lines)

    assert total(store, site) == 3
    assert agrees(store, site)


def test_a_store_that_throttles_is_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("footfall.counters.backoff.sleep", lambda _: None)
    site = add_site(store, URL)
    throttle = refused("ThrottlingException")
    faulty = FaultyClient(store.client)
    faulty.plan("transact_write_items", [throttle] * 7)

    assert imported(replace(store, client=faulty), site, [line(1)]).views == 1
    faulty.plan("transact_write_items", [throttle] * 8)
    with pytest.raises(ThrottledError):
        imported(replace(store, client=faulty), site, [line(2)])


def test_a_site_that_is_gone_or_has_no_number_says_so(store: Store) -> None:
    site = add_site(store, URL)
    counted = Import(store, PageViews(site), lambda: NOW_MS, lambda *_: None)
    counted.count([line(1)], "combined")
    remove_site(store, site)
    with pytest.raises(SiteNotFoundError):
        counted.flush()
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": URL}, "visits": {"S": "0"}},
    )
    with pytest.raises(NotANumberError):
        imported(store, site, [line(1)])


def test_lines_that_cannot_be_read_are_told_by_their_numbers(store: Store) -> None:
    """The others count."""
    site = add_site(store, URL)
    told = []
    counted = Import(
        store,
        PageViews(site),
        lambda: NOW_MS,
        lambda number, problem: told.append((number, problem.split(";")[0])),
    )
    lines = [line(1), b"hello", b" ", line(-7200), b"", line(10**10), line(2)]
    counted.count(lines, "combined")
    counted.flush()

    assert counted.summary().views == 2
    assert told == [
        (2, "is no line of a common or combined log"),
        (4, "is of the future"),
        (5, "has more than 65536 bytes"),
        (6, "is of a time before 1970"),
    ]


HEADER = (
    b"2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,"
    b"Screen size,Location,FirstVisit,Date"
)


def test_goatcounters_export_is_counted_once(store: Store) -> None:
    """A title may hold a line's end; a robot and an event are counted apart."""
    site = add_site(store, URL)
    rows = [
        HEADER,
        b'/a,"two',
        b'lines",false,,Firefox 145,Linux,1a,0,,,,DE,1,2026-11-25T10:00:00Z',
        b"/a,,false,,Firefox 145,Linux,1b,0,,,,DE,1,2026-11-25T10:00:00Z",
        b"/b,,false,,Bot 1,,1c,3,,,,,1,2026-11-25T10:00:01Z",
        b"buy,,true,,Firefox 145,,1d,0,,,,,1,2026-11-25T10:00:01Z",
        b"/c,,false,,,,1e,0,,,,,1,yesterday",
    ]

    summary = imported(store, site, rows, "goatcounter")

    assert (summary.views, summary.robots, summary.events) == (2, 1, 1)
    assert summary.refused == 1
    assert imported(store, site, rows, "goatcounter").again == 4
    assert top(store, site, "event", DAY, DAY, limit=9) == [ValueTotal("buy", 1)]
    assert top(store, site, "country", DAY, DAY, limit=9) == [ValueTotal("DE", 2)]
    assert agrees(store, site)


def test_day_totals_count_up_to_what_they_say(store: Store) -> None:
    """The same file counts nothing; one that knows more counts what is more."""
    site = add_site(store, URL)
    rows = [b"date,visits", b"2019-05-01,120", b"2019-05-02,7", b"2019-05-03,0"]

    assert imported(store, site, rows, "csv").views == 127
    again = imported(store, site, [*rows, b"2019-05-02,9"], "csv")
    assert (again.views, again.again) == (2, 127 + 7)
    assert imported(store, site, rows, "csv").refused == 1  # 7 is less than 9
    assert total(store, site) == 129
    assert daily(store, site, date(2019, 5, 1), date(2019, 5, 2))[0].visits == 120
    assert agrees(store, site)
    with pytest.raises(InvalidInputError, match="no columns"):
        imported(store, site, [b"a,b"], "csv")


@pytest.mark.parametrize("fault", [lost_before, lost_after])
def test_a_day_whose_answer_is_lost_counts_once(store: Store, fault: Any) -> None:
    site = add_site(store, URL)
    rows = [b"date,visits", b"2019-05-01,120"]
    faulty = FaultyClient(store.client, transact_write_items=[fault])
    with pytest.raises(IndeterminateError):
        imported(replace(store, client=faulty), site, rows, "csv")

    imported(store, site, rows, "csv")

    assert total(store, site) == 120


seconds = st.lists(st.integers(0, 40), min_size=1, max_size=60)
pieces = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=6)


@settings(max_examples=60)
@given(seconds=seconds, pieces=pieces)
def test_any_files_that_overlap_count_each_line_once(
    seconds: list[int], pieces: list[tuple[float, float]]
) -> None:
    """Cut between seconds, in any order, whole or in part, as often as you like."""
    log = [line(200 * (40 - each), f"/{each % 3}") for each in sorted(seconds)]
    wanted: set[int] = set()
    with EmbeddedClient(":memory:", clock=lambda: NOW_MS / 1000) as client:
        store = Store(client)
        create_tables(store)
        site = add_site(store, URL)
        for one, other in pieces:
            low, high = sorted((one, other))
            first, last = round(low * 41), round(high * 41)
            piece = [
                text
                for text, each in zip(log, sorted(seconds), strict=True)
                if first <= each < last
            ]
            wanted |= {
                number
                for number, each in enumerate(sorted(seconds))
                if first <= each < last
            }
            imported(store, site, piece)

        assert total(store, site) == len(wanted)
        assert agrees(store, site)
