"""Verifying and repairing on every client: each number that can differ, named and mended.

A difference is made by hand, in one item; `verify` must name it and nothing else,
`repair` mend what can be derived and say so, and nothing may differ afterwards.
"""

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from footfall import SiteNotFoundError
from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.transfer.document import encode
from footfall.transfer.export import Export
from footfall.transfer.load import load
from footfall.visits.agents import Agent
from footfall.visits.reader import Reader
from footfall.visits.record import Recorder, record
from footfall.visits.repair import repair
from footfall.visits.shards import compact, read_shards
from footfall.visits.site import Site, SiteIndex
from footfall.visits.sites import add_site, remove_site
from footfall.visits.verify import Verification, verify, verify_sites
from footfall.visits.visit import Submission, Visit, resolve
from footfall.visits.window import hours_in_window
from tests.faulty import CONFLICT, FaultyClient, after, answered_before

URL = "https://a.example/"
NOW_MS = int(datetime.now(UTC).timestamp() * 1000)
DAY_MS = 86_400_000
TODAY = datetime.fromtimestamp(NOW_MS / 1000, UTC)
DAY, HOUR = TODAY.date().isoformat(), f"{TODAY.hour:02d}"
PERSON = Agent("Firefox", "Linux", is_robot=False)
ROBOT = Agent("Crawler", "Other", is_robot=True)


@pytest.fixture
def site(store: Store) -> Site:
    """A site with 5 views by 3 readers, 2 events and 4 views of robots."""
    site = add_site(store, URL, visits=100)
    record(store, some_visits(site))
    return site


def some_visits(site: Site, at_ms: int = NOW_MS) -> list[Visit]:
    return [
        *(said(site, f"view-{n}", f"reader-{n % 3}", at_ms=at_ms) for n in range(5)),
        *(said(site, f"event-{n}", "reader-0", "signup", at_ms=at_ms) for n in (0, 1)),
        *(said(site, f"robot-{n}", agent=ROBOT, at_ms=at_ms) for n in range(4)),
    ]


def said(
    site: Site,
    id: str,
    reader: str = "",
    event: str | None = None,
    agent: Agent = PERSON,
    at_ms: int = NOW_MS,
) -> Visit:
    visit = resolve(
        Submission(id, site.url, event=event, width=1_280),
        SiteIndex((site,)),
        at_ms,
        86_400,
        Reader(agent, "DE", reader),
    )
    assert isinstance(visit, Visit)
    return visit


def move(
    store: Store, bucket: str, attribute: str, amount: int, table: str = "visitRollups"
) -> None:
    """Somebody changes a number by hand."""
    keys: Any = {
        "visitRollups": {"siteUrl": {"S": URL}, "bucket": {"S": bucket}},
        "siteVisits": {"siteUrl": {"S": URL}},
        "footfallSettings": {"kind": {"S": "baseline"}, "name": {"S": URL}},
    }
    store.client.update_item(
        TableName=store.tables.prefix + table,
        Key=keys[table],
        UpdateExpression="ADD #number :amount",
        ExpressionAttributeNames={"#number": attribute},
        ExpressionAttributeValues={":amount": {"N": str(amount)}},
    )


def forget(store: Store, *ids: str) -> None:
    """Somebody deletes receipts by hand."""
    for id in ids:
        store.client.delete_item(
            TableName=store.tables.visit_receipts, Key={"receipt": {"S": f"{URL} {id}"}}
        )


def forget_a_reader(store: Store) -> None:
    receipts = store.client.scan(TableName=store.tables.visit_receipts)["Items"]
    marker = next(
        item["receipt"] for item in receipts if "\x1f" in item["receipt"]["S"]
    )
    store.client.delete_item(
        TableName=store.tables.visit_receipts, Key={"receipt": marker}
    )


def test_what_was_counted_agrees(store: Store, site: Site) -> None:
    """The robots and the events are in no total; and nothing is left to mend."""
    assert verify(store, site, NOW_MS) == Verification(URL, 105, 100, 5, 5, ())
    assert repair(store, site, NOW_MS) == ()


TOTAL = f"total#{DAY}"

# What somebody does, what differs then, and what a repair says that it did.
DIFFERENCES: list[tuple[Callable[[Store], None], tuple[str, ...], tuple[str, ...]]] = [
    (
        lambda store: move(store, "", "visits", 10, "siteVisits"),
        ("visits is 115, but the baseline 100 and the days 5 make 105",),
        ("the baseline was 100 and is 110 now",),
    ),
    (
        lambda store: move(store, TOTAL, HOUR, 2),
        (
            f"{DAY} counts 5, but its hours 7",
            f"{DAY} hour {HOUR} counts 7, but has 5 receipts",
        ),
        (f"{DAY} hour {HOUR} was 7 and is 5 now",),
    ),
    (
        lambda store: move(store, TOTAL, "day", 1),
        (
            "visits is 105, but the baseline 100 and the days 6 make 106",
            f"{DAY} counts 6, but its hours 5",
            f"{DAY} counts 6, but its pages 5",
        ),
        (f"{DAY} was 6 and is 5 now",),
    ),
    (
        lambda store: move(store, f"page#{DAY}#00", "=/", -2),
        (
            f"{DAY} counts 5, but its pages 3",
            f"{DAY} counts 3 of /, but has 5 receipts",
        ),
        (f"2 visits of {DAY} without a page are under other",),
    ),
    (
        lambda store: move(store, TOTAL, "visitors", 4),
        (f"{DAY} counts 7 visitors, but has 3 markers of them",),
        (f"{DAY} had 7 visitors and has 3 now",),
    ),
    (
        forget_a_reader,
        (f"{DAY} counts 3 visitors, but has 2 markers of them",),
        (f"{DAY} had 3 visitors and has 2 now",),
    ),
    (
        lambda store: move(store, f"event#{DAY}#00", "=signup", -1),
        (f"{DAY} counts 1 by event, but has 2 receipts of them",),
        (f"1 of {DAY} that event lacked are under other",),
    ),
    (
        lambda store: move(store, f"robot#{DAY}#00", "=Crawler", -3),
        (f"{DAY} counts 1 by robot, but has 4 receipts of them",),
        (f"3 of {DAY} that robot lacked are under other",),
    ),
    (
        lambda store: move(store, "", "folded", 2, "footfallSettings"),
        (
            "visits is 103, but the baseline 100 and the days 5 make 105",
            "2 visits were folded into the site's number, but 0 from its shards",
        ),
        ("2 visits were noted as folded and 0 are now",),
    ),
]


@pytest.mark.parametrize(("harm", "differences", "repairs"), DIFFERENCES)
def test_a_difference_is_named_and_mended(
    store: Store,
    site: Site,
    on_local: bool,
    harm: Callable[[Store], None],
    differences: tuple[str, ...],
    repairs: tuple[str, ...],
) -> None:
    """The embedded engine spreads pages over parts, so a part may be another."""
    harm(store)

    found = verify(store, site, NOW_MS).differences
    done = repair(store, site, NOW_MS)

    assert found == differences
    assert done == repairs
    assert verify(store, site, NOW_MS).differences == ()
    assert repair(store, site, NOW_MS) == ()


@pytest.mark.parametrize(
    ("bucket", "attribute", "difference"),
    [
        (f"page#{DAY}#00", "=/", f"{DAY} counts 5, but its pages 6"),
        (f"browser#{DAY}#00", "=Firefox", f"{DAY} counts 5, but by browser 6"),
        (f"size#{DAY}#00", "=x", f"{DAY} counts 5, but by size 6"),
        (
            f"event#{DAY}#00",
            "=signup",
            f"{DAY} counts 3 by event, but has 2 receipts of them",
        ),
        (
            f"robot#{DAY}#00",
            "=Crawler",
            f"{DAY} counts 5 by robot, but has 4 receipts of them",
        ),
    ],
)
def test_a_value_too_many_is_named_and_left(
    store: Store, site: Site, bucket: str, attribute: str, difference: str
) -> None:
    """Nobody can tell which of the values it is."""
    move(store, bucket, attribute, 1)

    assert repair(store, site, NOW_MS) == ()
    assert verify(store, site, NOW_MS).differences == (difference,)


def test_a_visit_moved_from_one_page_to_another_is_named(
    store: Store, site: Site
) -> None:
    """The sum agrees; the receipts tell which page has lost it."""
    move(store, f"page#{DAY}#00", "=/", -1)
    move(store, f"page#{DAY}#00", "=/b", 1)

    assert verify(store, site, NOW_MS).differences == (
        f"{DAY} counts 4 of /, but has 5 receipts",
    )
    move(store, f"page#{DAY}#00", "=/", -4)
    move(store, f"page#{DAY}#00", "=/b", 4)
    assert verify(store, site, NOW_MS).differences == (
        f"{DAY} counts 0 of /, but has 5 receipts",
    )
    assert repair(store, site, NOW_MS) == ()


def test_two_repairs_at_once_mend_once(store: Store, site: Site) -> None:
    """The second finds that the numbers are no longer those that it compared."""
    for bucket, attribute, amount in (
        (TOTAL, HOUR, 2),
        (TOTAL, "visitors", 4),
        (f"event#{DAY}#00", "=signup", -1),
        (f"robot#{DAY}#00", "=Crawler", -3),
        (f"page#{DAY}#00", "=/", -2),
    ):
        move(store, bucket, attribute, amount)
    other = answered_before(lambda: repair(store, site, NOW_MS))
    # The last thing that is read before each step's writes.
    client = FaultyClient(store.client, transact_get_items=[other] * 5)

    repair(Store(client, store.tables), site, NOW_MS)

    assert verify(store, site, NOW_MS).differences == ()


@pytest.fixture
def sharded(store: Store, site: Site) -> tuple[Site, int]:
    """The site, and a shard in which 2 further views are counted."""
    client = FaultyClient(store.client, transact_write_items=[CONFLICT])
    record(Store(client, store.tables), [said(site, "s1"), said(site, "s2")])
    (shard,) = (shard for shard in read_shards(store, URL) if shard.visits)
    return site, shard.number


def test_a_shard_that_differs_is_mended_without_moving_the_total(
    store: Store, sharded: tuple[Site, int]
) -> None:
    """What it had too much becomes the site's own, and the baseline follows."""
    site, shard = sharded
    move(store, f"visits#{shard:02d}", "visits", 3)

    found = verify(store, site, NOW_MS)
    done = repair(store, site, NOW_MS)
    mended = verify(store, site, NOW_MS)

    assert found.differences == (f"shard {shard} counts 5, but its days 2",)
    assert done == (
        f"shard {shard} counted 3 too much, which are the site's own now",
        "the baseline was 100 and is 103 now",
    )
    assert (found.total, mended.total, mended.differences) == (110, 110, ())
    assert compact(store, URL) == 2
    assert verify(store, site, NOW_MS) == mended


def test_a_shard_that_is_gone_is_missed(
    store: Store, sharded: tuple[Site, int]
) -> None:
    """Its days tell of it; what it counted is gone, and no repair makes it up."""
    site, shard = sharded
    store.client.delete_item(
        TableName=store.tables.visit_rollups,
        Key={"siteUrl": {"S": URL}, "bucket": {"S": f"visits#{shard:02d}"}},
    )

    assert verify(store, site, NOW_MS).differences == (
        f"shard {shard} counts 0, but its days 2",
    )
    assert repair(store, site, NOW_MS) == ()


def test_a_visit_that_arrives_stops_a_repair(store: Store, site: Site) -> None:
    """Its number has moved since it was compared; the next repair mends it."""
    move(store, "", "visits", 10, "siteVisits")
    client = FaultyClient(
        store.client,
        update_item=[after(lambda: move(store, "", "baseline", 1, "footfallSettings"))],
    )

    assert repair(Store(client, store.tables), site, NOW_MS) == ()
    assert repair(store, site, NOW_MS) == ("the baseline was 101 and is 110 now",)


def test_what_is_past_the_window_is_not_compared(store: Store, site: Site) -> None:
    """Receipts and markers are deleted when they have expired."""
    receipts = store.client.scan(TableName=store.tables.visit_receipts)["Items"]
    for item in receipts:
        store.client.delete_item(
            TableName=store.tables.visit_receipts, Key={"receipt": item["receipt"]}
        )

    later = verify(store, site, NOW_MS + 3 * DAY_MS)

    assert len(receipts) == 5 + 2 + 4 + 3
    assert (later.differences, later.receipts) == ((), 0)


def test_yesterdays_visitors_are_compared_while_their_markers_must_be_there(
    store: Store,
) -> None:
    """A marker outlives its day by the window."""
    site = add_site(store, URL)
    morning_ms = NOW_MS // DAY_MS * DAY_MS + 60_000
    evening_ms = morning_ms - 120_000
    Recorder(store, now_ms=lambda: evening_ms).record(some_visits(site, evening_ms))
    yesterday = datetime.fromtimestamp(evening_ms / 1000, UTC).date()
    # TTL runs by the true clock, in which they have not expired.
    move(store, f"total#{yesterday}", "visitors", 1)
    named = (f"{yesterday} counts 4 visitors, but has 3 markers of them",)

    assert verify(store, site, morning_ms).differences == named
    assert verify(store, site, morning_ms + 22 * 3_600_000).differences == named
    assert verify(store, site, morning_ms + 24 * 3_600_000).differences == ()


def test_what_was_imported_today_needs_no_receipts(store: Store, site: Site) -> None:
    """It left none, neither of views nor of readers, events and robots."""
    lines = [encode(line) for line in Export(store, site, id="e", now_ms=NOW_MS)]
    remove_site(store, site)
    load(store, lines)
    record(store, some_visits(site))
    move(store, TOTAL, "visitors", 1)

    assert verify(store, site, NOW_MS) == Verification(
        URL,
        110,
        100,
        10,
        5,
        (f"{DAY} counts 4 visitors, but has 3 markers of them",),
    )


def test_sites_are_verified_apart(store: Store, site: Site) -> None:
    """One whose number is none hides no other; each has its own receipts."""
    other = add_site(store, "https://b.example/")
    record(store, some_visits(other))
    broken = add_site(store, "https://c.example/")
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": broken.url}, "visits": {"S": "0"}},
    )
    move(store, TOTAL, "visitors", 1)

    found = list(verify_sites(store, [site, broken, other, Site("gone")], NOW_MS))

    assert [type(each).__name__ for each in found] == [
        "Verification",
        "NotANumberError",
        "Verification",
        "SiteNotFoundError",
    ]
    differing, _, agreeing, _ = found
    assert isinstance(differing, Verification)
    assert isinstance(agreeing, Verification)
    assert len(differing.differences) == 1
    assert (agreeing.differences, agreeing.receipts) == ((), 5)


def test_verify_needs_the_site(store: Store) -> None:
    """A removed site has nothing to compare."""
    with pytest.raises(SiteNotFoundError):
        verify(store, Site("gone"), NOW_MS)


def test_verify_holds_while_visits_arrive(store: Store, site: Site) -> None:
    """Views, readers, events and robots, between any two reads."""
    recorder = Recorder(store)
    client = FaultyClient(store.client)
    arrived = 0

    def more() -> None:
        nonlocal arrived
        arrived += 1
        results = recorder.record(
            [
                said(site, f"v{arrived}", f"new-{arrived}"),
                said(site, f"e{arrived}", "", "signup"),
                said(site, f"r{arrived}", agent=ROBOT),
            ]
        )
        assert not any(isinstance(each, FootfallError) for each in results)

    for name in ("get_item", "query", "scan", "transact_get_items"):
        client.plan(name, [after(more)] * 50)

    verification = verify(Store(client, store.tables), site, NOW_MS)

    assert verification.differences == ()
    assert arrived > 15
    assert verification.total > 115


class Pages(FaultyClient):
    """Answers scans and queries in pages of 50 items, as 1 MB bounds them elsewhere."""

    def __getattr__(self, name: str) -> Any:
        method = super().__getattr__(name)
        if name in ("scan", "query"):
            return lambda **request: method(**{"Limit": 50, **request})
        return method


def test_memory_does_not_grow_with_the_visits(store: Store, site: Site) -> None:
    """Receipts stream by; eight times as many take no more."""

    def peak_bytes() -> int:
        client = Pages(store.client)
        tracemalloc.start()
        try:
            assert verify(Store(client, store.tables), site, NOW_MS).differences == ()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    recorder = Recorder(store)
    peaks = []
    for visits in (300, 2_100):
        recorder.record(
            [said(site, f"{visits}-{n}", f"{visits} {n}") for n in range(visits)]
        )
        peak_bytes()  # what is cached for good
        peaks.append(peak_bytes())

    assert peaks[1] < 1.3 * peaks[0] + 50_000


def test_a_day_of_25_hours_is_in_the_window_as_far_as_its_receipts(
    store: Store,
) -> None:
    """At its end its first hour's receipts may be gone."""
    site = replace(Site(URL), timezone="Europe/Berlin")
    end_ms = int(datetime(2026, 10, 25, 22, 30, tzinfo=UTC).timestamp() * 1000)

    assert ("2026-10-25", "00") not in hours_in_window(store, site, end_ms)
    assert ("2026-10-25", "00") in hours_in_window(store, site, end_ms - 2 * 3_600_000)
