"""A site exported and imported, on every client: the same numbers come out."""

from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from footfall import Counter
from footfall.connect import create_tables
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.embedded import EmbeddedClient
from footfall.errors import (
    AlreadyExistsError,
    IndeterminateError,
    InvalidInputError,
    SiteNotFoundError,
    StoreError,
    UnavailableError,
)
from footfall.transfer.document import (
    Day,
    End,
    Header,
    Line,
    Values,
    encode,
    header_of,
)
from footfall.transfer.export import Export
from footfall.transfer.load import load
from footfall.visits.dimensions import BROKEN_DOWN, day_at
from footfall.visits.record import Recorder
from footfall.visits.report import daily, hourly, top, total
from footfall.visits.retention import take_away
from footfall.visits.shards import compact
from footfall.visits.site import Site
from footfall.visits.sites import add_site, load_sites, remove_site
from footfall.visits.verify import verify
from footfall.visits.visit import Kind, Visit
from tests.contract.logs import NOW_MS, imported
from tests.contract.logs import line as log_line
from tests.faulty import Fault, FaultyClient, after, lost_after, lost_before, no_fault

URL = "https://a.example/"
HOUR_MS = 3_600_000


def exported(store: Store, site: Site, id: str = "export-1") -> list[Line]:
    return list(Export(store, site, id=id, now_ms=NOW_MS))


def said(lines: list[Line]) -> list[Line]:
    """What an export says of the site, without what tells it from another."""
    head, *rest = lines
    assert isinstance(head, Header)
    return [changed(head, export="", at=""), *rest]


def texts(lines: list[Line]) -> list[bytes]:
    return [encode(line) for line in lines]


def visit(site: Site, number: int, hours_ago: int = 0, **values: str) -> Visit:
    return Visit(
        f"visit-{number}",
        site,
        values.get("page", "/"),
        NOW_MS - hours_ago * HOUR_MS,
        "view",
        tuple({"page": "/", **values}.items()),
        reader=f"reader-{number}",
    )


def visits_of(
    site: Site, number: int, hours_ago: int, values: dict[str, str]
) -> list[Visit]:
    """A view, and an event and a robot's view if their values are there."""
    kinds: tuple[Kind, Kind] = ("event", "robot")
    view = {name: each for name, each in values.items() if name not in kinds}
    at_ms = NOW_MS - hours_ago * HOUR_MS
    return [visit(site, number, hours_ago, **view)] + [
        Visit(f"{kind}-{number}", site, "/", at_ms, kind, ((kind, values[kind]),))
        for kind in kinds
        if kind in values
    ]


def recorder(store: Store) -> Recorder:
    return Recorder(store, now_ms=lambda: NOW_MS)


def test_an_export_holds_the_site_its_days_and_its_breakdowns(store: Store) -> None:
    """And ends with how much it is."""
    site = add_site(store, URL, visits=7, timezone="Europe/Berlin")
    recorder(store).record(
        [
            visit(site, 1, page="/a", referrer="Google"),
            visit(site, 2, page="/b"),
            visit(site, 3, hours_ago=20, page="/b"),
        ]
    )

    header, *rest = exported(store, site)

    assert isinstance(header, Header)
    assert (header.site, header.timezone) == (URL, "Europe/Berlin")
    assert (header.baseline, header.visits) == (7, 10)
    assert (
        rest
        == [
            Day("2026-11-24", 1, {"16": 1}, visitors=0),
            Day("2026-11-25", 2, {"12": 2}, visitors=2),
            Values("2026-11-24", "page", {"/b": 1}),
            Values("2026-11-25", "page", {"/a": 1, "/b": 1}),
            Values("2026-11-25", "referrer", {"Google": 1}),
            End(True, 6, 2, 3),
        ]
        or rest
    )


def test_an_import_makes_the_same_site(store: Store, other: Store) -> None:
    """Its reports are equal, and `verify` agrees."""
    site = add_site(store, URL, visits=7, timezone="Europe/Berlin", private=True)
    recorder(store).record(
        [visit(site, n, hours_ago=n % 23, page=f"/{n % 5}") for n in range(60)]
    )
    lines = exported(store, site)

    loaded = load(other, texts(lines))

    assert loaded.is_new
    assert (loaded.site, loaded.visits) == (site, 60)
    assert load_sites(other).sites == (site,)
    assert said(exported(other, site)) == said(lines)
    assert total(other, site) == total(store, site) == 67
    for day in (date(2026, 11, 24), date(2026, 11, 25)):
        assert hourly(other, site, day) == hourly(store, site, day)
        assert daily(other, site, day, day) == daily(store, site, day, day)
    verified = verify(other, site, NOW_MS)
    assert verified.differences == ()
    assert (verified.baseline, verified.days) == (7, 60)


def test_an_import_into_each_client_is_exact(store: Store, other: Store) -> None:
    """Also from a file, whose parts are many, to DynamoDB, which has one."""
    site = add_site(other, URL)
    recorder(other).record([visit(site, n, page=f"/{n:0400}") for n in range(99)])
    lines = exported(other, site)

    load(store, texts(lines))

    assert said(exported(store, site)) == said(lines)
    assert verify(store, site, NOW_MS).differences == ()
    recorder(store).record([changed(visit(site, 1, page="/new"), id="new")])
    assert verify(store, site, NOW_MS).differences == ()


def test_an_export_twice_is_counted_once(store: Store) -> None:
    """For ever: the note has no end."""
    site = add_site(store, URL)
    recorder(store).record([visit(site, n) for n in range(5)])
    lines = texts(exported(store, site))
    remove_site(store, site)

    assert load(store, lines).is_new
    assert not load(store, lines).is_new
    assert total(store, site) == 5


def test_what_was_imported_is_not_imported_again_after_a_move(
    store: Store, other: Store
) -> None:
    """The notes travel: of logs, and of days of a service that is gone."""
    site = add_site(other, URL)
    log = [log_line(n, f"/{n % 3}") for n in range(0, 9000, 30)]
    days = [b"date,visits", b"2019-05-01,120"]
    imported(other, site, log)
    imported(other, site, days, "csv")

    for address in (URL, "https://b.example/"):
        loaded = load(store, texts(exported(other, site)), address)
        again = imported(store, loaded.site, [*log, log_line(5)])

        assert (again.views, again.again) == (1, 300)
        assert imported(store, loaded.site, days, "csv").again == 120
        assert total(store, loaded.site) == 421
        assert verify(store, loaded.site, NOW_MS).differences == ()


def test_a_log_that_was_imported_before_its_export_is_whole_is_not_counted_twice(
    store: Store, other: Store
) -> None:
    """The rest of the export is refused, since the log's lines are counted in it."""
    site = add_site(other, URL)
    imported(other, site, [log_line(1)])
    lines = texts(exported(other, site))
    with pytest.raises(InvalidInputError):
        load(store, lines[:1])
    imported(store, site, [log_line(1)])

    with pytest.raises(StoreError, match="remove the site"):
        load(store, lines)
    assert total(store, site) == 1


def test_an_import_may_have_another_address(store: Store) -> None:
    """Beside the site that it was exported from."""
    site = add_site(store, URL)
    recorder(store).record([visit(site, 1)])

    loaded = load(store, texts(exported(store, site)), "https://b.example/")

    assert loaded.site.url == "https://b.example/"
    assert "http://b.example" in loaded.site.aliases
    assert total(store, loaded.site) == 1


def test_a_site_that_is_there_is_not_added_to(store: Store) -> None:
    """Nobody could tell what had been counted twice."""
    site = add_site(store, URL)
    recorder(store).record([visit(site, 1)])
    lines = texts(exported(store, site))

    with pytest.raises(AlreadyExistsError):
        load(store, lines)
    assert total(store, site) == 1
    remove_site(store, site)
    load(store, lines)
    with pytest.raises(AlreadyExistsError, match="another export"):
        load(store, texts(exported(store, site, "export-2")))


@pytest.mark.parametrize("cut", [0, 1, 2, 4])
def test_an_export_that_was_cut_is_refused_and_goes_on_when_whole(
    store: Store, cut: int
) -> None:
    """What was there of it is counted; the whole file completes it."""
    site = add_site(store, URL)
    recorder(store).record([visit(site, n, hours_ago=20 * n) for n in range(2)])
    lines = texts(exported(store, site))
    remove_site(store, site)

    with pytest.raises(InvalidInputError):
        load(store, lines[:cut])
    load(store, lines)

    assert total(store, site) == 2
    assert verify(store, site, NOW_MS).differences == ()


def test_what_follows_the_end_or_does_not_add_up_is_refused(store: Store) -> None:
    """Two exports in one file are no export."""
    site = add_site(store, URL)
    recorder(store).record([visit(site, 1)])
    lines = texts(exported(store, site))
    remove_site(store, site)

    for wrong, words in (
        ([*lines, lines[0]], "comes after the export's end"),
        ([lines[0], *lines], "second header"),
        ([*lines[:-2], lines[-1]], "tells of 3 lines"),
        (lines[1:], "not the header"),
        ([lines[0], b" " * 70_000_000], "bytes"),
    ):
        with pytest.raises(InvalidInputError, match=words):
            load(store, wrong)


@pytest.mark.parametrize("fault", [lost_after, lost_before])
def test_an_answer_that_is_lost_counts_once(
    store: Store, other: Store, fault: Fault
) -> None:
    """The note moves in the transaction that counts."""
    site = add_site(other, URL)
    for month in range(40):
        long_ago = NOW_MS - month * 30 * 24 * HOUR_MS
        recorder(other).record(
            [changed(visit(site, month * 9 + n), at_ms=long_ago) for n in range(5)]
        )
    lines = texts(exported(other, site))
    for nth in range(4):
        faulty = FaultyClient(
            store.client, transact_write_items=[no_fault] * nth + [fault]
        )
        try:
            load(replace(store, client=faulty), lines)
        except IndeterminateError:
            load(store, lines)

        assert total(store, site) == 200
        assert said(exported(store, site)) == said(exported(other, site))
        remove_site(store, site)


def many_days(other: Store) -> list[bytes]:
    """An export that takes several transactions to load."""
    site = add_site(other, URL)
    first = NOW_MS - 250 * 24 * HOUR_MS
    lines: list[Line] = [
        header_of(site, "many", "2026-11-25T12:00:00.000Z", baseline=7, visits=757)
    ]
    days = [day_at("UTC", first + day * 24 * HOUR_MS) for day in range(250)]
    lines += [Day(day, 3, {"10": 2}, visitors=1) for day in days]
    lines += [Values(day, "page", {"/a": 1, "/b": 1}, other=1) for day in days]
    return texts([*lines, End(True, 501, 250, 750)])


@pytest.mark.parametrize("nth", [1, 2, 5])
def test_two_imports_of_one_export_at_once_count_once(
    store: Store, other: Store, nth: int
) -> None:
    """What one of them has done, the other passes over."""
    lines = many_days(other)
    faulty = FaultyClient(store.client)
    faulty.plan(
        "transact_write_items",
        [no_fault] * nth + [after(lambda: load(store, lines))],
    )

    loaded = load(replace(store, client=faulty), lines)

    assert (loaded.days, loaded.visits) == (250, 750)
    assert total(store, loaded.site) == 757
    assert verify(store, loaded.site, NOW_MS).differences == ()


@pytest.mark.parametrize("fault", [lost_after, lost_before])
@pytest.mark.parametrize("nth", [1, 3])
def test_a_long_import_that_is_cut_short_goes_on(
    store: Store, other: Store, fault: Fault, nth: int
) -> None:
    """Five answers in a row are lost; the next run begins where it stood."""
    lines = many_days(other)
    faulty = FaultyClient(store.client)
    faulty.plan("transact_write_items", [no_fault] * nth + [fault] * 5)
    if fault is lost_before:
        with pytest.raises(IndeterminateError):
            load(replace(store, client=faulty), lines)
    else:
        load(replace(store, client=faulty), lines)

    load(store, lines)

    site = load_sites(store).named(URL)
    assert total(store, site) == 757
    assert verify(store, site, NOW_MS).differences == ()


def test_an_import_into_a_site_that_is_removed_says_so(
    store: Store, other: Store
) -> None:
    lines = many_days(other)
    faulty = FaultyClient(store.client)
    faulty.plan(
        "transact_write_items",
        [
            no_fault,
            no_fault,
            after(lambda: remove_site(store, load_sites(store).sites[0])),
        ],
    )

    with pytest.raises(SiteNotFoundError):
        load(replace(store, client=faulty), lines)


def test_an_import_while_an_export_reads_is_noticed(store: Store) -> None:
    """It moves days that no visit reaches; the export would not be exact."""
    site = add_site(store, URL)
    recorder(store).record([visit(site, 1)])
    lines = texts(exported(store, site))
    remove_site(store, site)
    with pytest.raises(InvalidInputError):
        load(store, lines[:2])
    reading = iter(Export(store, site, id="x", now_ms=NOW_MS))
    next(reading)
    load(store, lines)

    with pytest.raises(UnavailableError, match="an import counted meanwhile"):
        list(reading)


def test_a_site_that_is_removed_while_it_is_read_is_no_export(store: Store) -> None:
    site = add_site(store, URL)
    recorder(store).record([visit(site, 1)])
    reading = iter(Export(store, site, id="x", now_ms=NOW_MS))
    next(reading)
    remove_site(store, site)

    with pytest.raises(SiteNotFoundError):
        list(reading)


def test_visits_that_arrive_while_an_export_reads_are_not_in_it(store: Store) -> None:
    """Wholly in or wholly out: the moment is before the first line."""
    site = add_site(store, URL)
    counting = recorder(store)
    counting.record([visit(site, n, page=f"/{n}") for n in range(20)])
    before = said(exported(store, site))
    export = Export(store, site, id="x", now_ms=NOW_MS)
    lines = []
    for number, line in enumerate(export):
        lines.append(line)
        counting.record([visit(site, 100 + number, page=f"/{number}", event="x")])

    assert said(lines) == before
    assert export.differences == ()


def test_numbers_that_differ_are_exported_and_said(store: Store) -> None:
    """They are the owner's, whoever moved them."""
    site = add_site(store, URL)
    recorder(store).record([visit(site, 1)])
    store.client.update_item(
        TableName=store.tables.site_visits,
        Key={"siteUrl": {"S": URL}},
        UpdateExpression="SET visits = visits + :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    export = Export(store, site, id="x", now_ms=NOW_MS)
    list(export)

    assert len(export.differences) == 1
    assert "visits is 2" in export.differences[0]


def test_a_removed_site_leaves_nothing(store: Store) -> None:
    """Whatever it was counted by, in whatever table: nothing names it any more."""
    site = add_site(store, URL, visits=7, retention_days=30, origins=(URL,))
    counting = recorder(store)
    counting.record([visit(site, 1), *visits_of(site, 2, 3, {"event": "a"})])
    counting._shards.move(URL)
    counting.record([visit(site, 3)])
    imported(store, site, [log_line(n * 86_400, f"/{n}") for n in range(90)])
    imported(store, site, [b"date,visits", b"2019-05-01,120"], "csv")
    take_away(store, site, NOW_MS)
    Counter(
        store.client,
        table=store.tables.site_visits,
        key={"siteUrl": URL},
        attribute="visits",
        receipts=store.tables.visit_receipts,
    ).add_once(1, id="by-hand")
    lines = texts(exported(store, site))
    load(store, lines, "https://b.example/")
    for each in load_sites(store).sites:
        recorder(store).record([changed(visit(each, 2), id="again")])
        remove_site(store, each)

    left = [
        item
        for request in store.tables.create_requests()
        for item in store.client.scan(TableName=request["TableName"])["Items"]
        # The sites' version and the day's salt are of no site.
        if item.get("kind", {}).get("S") not in {"sites", "salt"}
    ]
    assert left == []


pages = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)
stored_visits = st.lists(
    st.tuples(
        st.integers(0, 40 * 24),  # hours ago
        st.dictionaries(st.sampled_from(BROKEN_DOWN), pages, max_size=4),
        st.sampled_from([0, 0, 0, 3, 7]),  # the shard
    ),
    max_size=30,
)


@settings(max_examples=15)  # each opens 32 shards of 500 items
@given(
    stored=stored_visits,
    baseline=st.integers(0, 10**9),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]),
    folded=st.booleans(),
    logged=st.lists(st.tuples(st.integers(0, 10**8), pages), max_size=20),
)
def test_what_is_imported_is_what_was_exported(
    stored: list[tuple[int, dict[str, str], int]],
    baseline: int,
    zone: str,
    folded: bool,
    logged: list[tuple[int, str]],
) -> None:
    """import(export(x)) = x: of any visits, in any shards, in any zone."""
    with (
        EmbeddedClient(":memory:", clock=lambda: NOW_MS / 1000) as here,
        EmbeddedClient(":memory:", clock=lambda: NOW_MS / 1000) as there,
    ):
        store, other = Store(here), Store(there, Tables("other-"))
        create_tables(store)
        create_tables(other)
        site = add_site(store, URL, visits=baseline, timezone=zone)
        counting = recorder(store)
        for number, (hours_ago, values, shard) in enumerate(stored):
            if shard:
                counting._shards.move(URL)
            counting.record(visits_of(site, number, hours_ago, values))
        if folded:
            compact(store, URL)
        log = [log_line(seconds, "/" + quote(page)) for seconds, page in logged]
        log_views = imported(store, site, log).views
        lines = exported(store, site)

        load(other, texts(lines))

        assert said(exported(other, site)) == said(lines)
        assert total(other, site) == baseline + len(stored) + log_views
        assert imported(other, site, log).views == 0
        assert verify(store, site, NOW_MS).differences == ()
        assert verify(other, site, NOW_MS).differences == ()
        last = date(2026, 11, 25)
        first = last - timedelta(days=60)
        assert daily(other, site, first, last) == daily(store, site, first, last)
        for dimension in BROKEN_DOWN:
            assert top(other, site, dimension, first, last, limit=1000) == top(
                store, site, dimension, first, last, limit=1000
            )
