"""A store copied on every client: item for item, whatever happens on the way."""

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footfall import Countdown
from footfall.connect import create_tables
from footfall.counters.named import create_counter
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.embedded import EmbeddedClient
from footfall.errors import (
    AlreadyExistsError,
    FootfallError,
    InvalidInputError,
    StoreError,
)
from footfall.transfer import copying
from footfall.transfer.copying import (
    begin_copy,
    copy_pass,
    count_items,
    finish_copy,
    is_unfinished,
    require_equal,
)
from footfall.visits.record import record
from footfall.visits.report import total
from footfall.visits.sites import add_site, load_sites, remove_site
from footfall.visits.verify import verify
from footfall.visits.visit import view
from tests.faulty import FaultyClient, lost_after, lost_before

URL = "https://a.example/"


@pytest.fixture
def other() -> Iterator[Store]:
    """A store to copy to or from."""
    with EmbeddedClient(":memory:") as client:
        store = Store(client, Tables("other-"))
        create_tables(store)
        yield store


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def fill(store: Store) -> None:
    """A site, visits, a counter, and a count-down with a block of claims."""
    site = add_site(store, URL, visits=7, timezone="Europe/Berlin")
    record(store, [view(f"v-{n}", site, f"/{n % 9}", now_ms()) for n in range(150)])
    create_counter(store, "downloads", 3)
    prize = Countdown(
        store.client, name="prize", start=300, table=store.tables.counters
    )
    for number in range(255):
        prize.claim(id=f"entrant-{number}")


def items(store: Store) -> list[Any]:
    """Every item of every table, but the two notes of copying."""
    found = []
    for request in store.tables.create_requests():
        name = request["TableName"]
        page: dict[str, Any] = {}
        while True:
            start = (
                {"ExclusiveStartKey": page["LastEvaluatedKey"]}
                if "LastEvaluatedKey" in page
                else {}
            )
            page = store.client.scan(TableName=name, ConsistentRead=True, **start)
            found += [
                (name.removeprefix(store.tables.prefix), sorted(item.items()))
                for item in page["Items"]
                if item.get("kind", {}).get("S") not in {"store", "copy"}
            ]
            if "LastEvaluatedKey" not in page:
                break
    return sorted(found, key=repr)


def copied(source: Store, target: Store, id: str = "id-1") -> None:
    begin_copy(source, target, id)
    copy_pass(source, target, time.time)
    require_equal(copy_pass(source, target, time.time))
    finish_copy(target)


def test_a_copy_is_equal_item_for_item(store: Store, other: Store) -> None:
    """And a copy of the copy, on the client that it came from."""
    fill(other)
    assert count_items(other) > 150

    copied(other, store)

    assert items(store) == items(other)
    assert not is_unfinished(store)
    site = verify(store, add_site_of(store), now_ms())
    assert (site.total, site.differences) == (157, ())
    with EmbeddedClient(":memory:") as client:
        third = Store(client)
        create_tables(third)
        copied(store, third, "id-2")
        assert items(third) == items(other)


def add_site_of(store: Store) -> Any:
    return load_sites(store).named(URL)


def test_what_was_counted_before_the_move_is_a_duplicate_after_it(
    store: Store, other: Store
) -> None:
    """Receipts travel; a place of a count-down is its claimant's for ever."""
    fill(store)
    copied(store, other)

    site = add_site_of(other)
    (outcome,) = record(other, [view("v-3", site, "/", now_ms())])
    assert not isinstance(outcome, FootfallError)
    assert outcome.outcome == "duplicate"
    prize = Countdown(
        other.client, name="prize", start=300, table=other.tables.counters
    )
    assert prize.claim(id="entrant-3").place == 4
    assert prize.claim(id="new").place == 256


def test_what_moves_while_it_is_copied_is_in_the_next_pass(
    store: Store, other: Store
) -> None:
    """Also what is gone; the copy is not whole until a pass finds nothing."""
    fill(store)
    begin_copy(store, other, "id-1")
    copy_pass(store, other, time.time)
    gone = add_site(store, "https://b.example")
    record(store, [view("b-1", gone, "/", now_ms())])
    copy_pass(store, other, time.time)
    remove_site(store, gone)
    record(store, [view("v-new", add_site_of(store), "/new", now_ms())])

    moved = copy_pass(store, other, time.time)

    assert moved.written > 0
    assert moved.deleted > 0
    with pytest.raises(StoreError, match="still written"):
        require_equal(moved)
    require_equal(copy_pass(store, other, time.time))
    assert items(other) == items(store)


def test_a_copy_that_was_interrupted_goes_on(store: Store, other: Store) -> None:
    """Whatever answer was lost, it ends equal."""
    fill(other)
    for fault, nth in itertools.product([lost_before, lost_after], [0, 2, 6]):
        faulty = FaultyClient(store.client)
        faulty.plan("batch_write_item", [lambda call: call()] * nth + [fault])
        begin_copy(other, store, "id-1")
        with pytest.raises(FootfallError):
            copy_pass(other, replace(store, client=faulty), time.time)
        assert is_unfinished(store)
        copied(other, store)

        assert items(store) == items(other)
        empty(store)


def empty(store: Store) -> None:
    client: Any = store.client
    for request in store.tables.create_requests():
        client.delete_table(TableName=request["TableName"])
    create_tables(store)


def test_items_whose_time_is_over_are_left_out(store: Store, other: Store) -> None:
    """Whether their store has deleted them yet or not."""
    receipt = {"receipt": {"S": f"{URL} old"}, "expiresAt": {"N": "1000"}}
    store.client.put_item(TableName=store.tables.visit_receipts, Item=receipt)
    begin_copy(store, other, "id-1")

    assert copy_pass(store, other, lambda: 2_000).items == 0
    assert items(other) == []
    other.client.put_item(TableName=other.tables.visit_receipts, Item=receipt)
    store.client.delete_item(
        TableName=store.tables.visit_receipts, Key={"receipt": receipt["receipt"]}
    )
    require_equal(copy_pass(store, other, lambda: 2_000))


def test_a_store_that_holds_something_is_not_copied_to(
    store: Store, other: Store
) -> None:
    """Neither another's copy, nor the same store, nor a finished copy."""
    fill(store)
    with pytest.raises(InvalidInputError):
        copied(store, store)
    create_counter(other, "mine", 1)
    with pytest.raises(AlreadyExistsError, match="counters"):
        copied(store, other)
    empty(other)
    begin_copy(store, other, "id-1")
    with EmbeddedClient(":memory:") as client:
        third = Store(client)
        create_tables(third)
        with pytest.raises(AlreadyExistsError, match="another store"):
            begin_copy(third, other, "id-3")
    copied(store, other)
    with pytest.raises(AlreadyExistsError):
        begin_copy(store, other, "id-1")
    assert total(other, add_site_of(other)) == 157


actions = st.lists(
    st.one_of(
        st.tuples(st.just("visit"), st.integers(0, 20), st.integers(0, 3)),
        st.tuples(st.just("site"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("remove"), st.integers(0, 3), st.just(0)),
        st.tuples(st.just("pass"), st.integers(0, 5), st.booleans()),
    ),
    max_size=25,
)


@settings(max_examples=40)
@given(actions)
def test_any_store_is_copied_exactly_whenever_it_moved(
    steps: list[tuple[str, int, int]],
) -> None:
    """Passes fall anywhere, and some of them stop in the middle."""
    with EmbeddedClient(":memory:") as here, EmbeddedClient(":memory:") as there:
        source, target = Store(here), Store(there)
        create_tables(source)
        create_tables(target)
        sites: dict[int, Any] = {}
        begin_copy(source, target, "id-1")
        for act, number, detail in steps:
            if act == "site" and number not in sites:
                sites[number] = add_site(source, f"https://{number}.example")
            elif act == "remove" and number in sites:
                remove_site(source, sites.pop(number))
            elif act == "visit" and detail in sites:
                page = view(f"v-{number}", sites[detail], f"/{number}", now_ms())
                record(source, [page])
            elif act == "pass":
                faulty = FaultyClient(there)
                fault = lost_after if detail else lost_before
                faulty.plan(
                    "batch_write_item", [lambda call: call()] * number + [fault]
                )
                try:
                    copy_pass(source, replace(target, client=faulty), time.time)
                except FootfallError:
                    assert is_unfinished(target)
        copied(source, target)

        assert items(target) == items(source)


def test_passes_compare_in_bounded_chunks(
    store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "ITEMS_AT_ONCE", 3)
    fill(other)
    told: list[int] = []
    begin_copy(other, store, "id-1")

    done = copy_pass(other, store, time.time, told.append)

    assert sum(told) == done.items
    assert max(told) == 3
    assert items(store) == items(other)
