"""`Counter` on every client: atomic additions, and additions that count once."""

import threading
import time
from collections.abc import Callable

import pytest

from footfall import (
    Counter,
    CounterNotFoundError,
    IdReusedError,
    IndeterminateError,
    InvalidInputError,
    NotANumberError,
    TableNotFoundError,
    ThrottledError,
)
from footfall.counters.port import CONFLICT_TRIES_MAX, DynamoDBClient, Store
from tests.faulty import CONFLICT, Fault, FaultyClient, lost_after, lost_before, refused

URL = "https://www.fernandomc.com/"
THROTTLED = refused("ProvisionedThroughputExceededException")


@pytest.fixture
def counter_on(store: Store) -> Callable[..., Counter]:
    """A counter at zero in `siteVisits`, made on the client that is given."""
    tables = store.tables
    store.client.put_item(
        TableName=tables.site_visits,
        Item={"siteUrl": {"S": URL}, "visits": {"N": "0"}},
    )

    def make(client: DynamoDBClient, receipts: str | None = "") -> Counter:
        return Counter(
            client,
            table=tables.site_visits,
            key={"siteUrl": URL},
            attribute="visits",
            receipts=tables.visit_receipts if receipts == "" else receipts,
        )

    return make


@pytest.fixture
def counter(store: Store, counter_on: Callable[..., Counter]) -> Counter:
    return counter_on(store.client)


def test_add_returns_the_new_value(counter: Counter) -> None:
    """The recipe's own call."""
    assert counter.add(1) == 1
    assert counter.add(41) == 42
    assert counter.add(-2) == 40
    assert counter.value() == 40


def test_retry_with_the_same_id_counts_once(counter: Counter) -> None:
    """A lost answer makes the caller retry; the counter moves once."""
    assert counter.add_once(1, id="visit-1") is True
    assert counter.add_once(1, id="visit-1") is False
    assert counter.add_once(1, id="visit-2") is True

    assert counter.value() == 2


def test_an_id_is_remembered_for_its_own_counter(store: Store) -> None:
    """Two counters do not share ids."""
    for name in ("a", "b"):
        store.client.put_item(
            TableName=store.tables.counters,
            Item={"name": {"S": name}, "value": {"N": "0"}},
        )
        counter = Counter(
            store.client,
            table=store.tables.counters,
            key={"name": name},
            attribute="value",
            receipts=store.tables.visit_receipts,
        )
        assert counter.add_once(5, id="same") is True
        assert counter.value() == 5


def test_an_id_with_another_amount_is_refused(counter: Counter) -> None:
    """It would be another addition; to answer "done" would lose it."""
    counter.add_once(1, id="visit-1")

    with pytest.raises(IdReusedError):
        counter.add_once(2, id="visit-1")
    assert counter.value() == 1


def test_the_ten_minute_mode_needs_no_receipts(
    store: Store, counter_on: Callable[..., Counter]
) -> None:
    """ClientRequestToken alone, explicitly asked for."""
    counter = counter_on(store.client, receipts=None)

    assert counter.add_once(1, id="visit-1") is True
    assert counter.add_once(1, id="visit-1") is True
    assert counter.add_once(1, id="visit-2") is True

    assert counter.value() == 2


def test_a_receipt_expires_after_the_window(store: Store, counter: Counter) -> None:
    """TTL needs seconds since the epoch, in a number."""
    counter.add_once(1, id="visit-1")

    (receipt,) = store.client.scan(TableName=store.tables.visit_receipts)["Items"]
    expires = int(receipt["expiresAt"]["N"])
    assert abs(expires - time.time() - 86_400) < 60


def test_concurrent_additions_all_count(counter: Counter) -> None:
    """Atomic: no addition reads and then writes."""

    def count() -> None:
        for _ in range(20):
            counter.add(1)

    threads = [threading.Thread(target=count) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert counter.value() == 100


@pytest.mark.parametrize("once", [False, True])
def test_what_cannot_be_counted_is_explained(store: Store, once: bool) -> None:
    """DynamoDB says ValidationException to both; the remedies differ."""
    put = store.client.put_item
    put(TableName=store.tables.site_visits, Item={"siteUrl": {"S": "empty"}})
    put(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": "text"}, "visits": {"S": "0"}},
    )
    for key, error in {
        "nobody added it": CounterNotFoundError,
        "empty": CounterNotFoundError,
        "text": NotANumberError,
    }.items():
        counter = Counter(
            store.client,
            table=store.tables.site_visits,
            key={"siteUrl": key},
            attribute="visits",
            receipts=store.tables.visit_receipts,
        )
        with pytest.raises(error):
            counter.add_once(1, id="v") if once else counter.add(1)
        with pytest.raises(error):
            counter.value()
    receipts = store.client.scan(TableName=store.tables.visit_receipts)
    assert receipts["Count"] == 0


def test_a_missing_table_is_named(store: Store) -> None:
    """With what to do."""
    counter = Counter(store.client, table="nowhere", key={"k": "v"}, attribute="n")

    with pytest.raises(TableNotFoundError, match="footfall tables create"):
        counter.add(1)
    with pytest.raises(TableNotFoundError, match="footfall tables create"):
        counter.value()


@pytest.mark.parametrize("amount", [1.0, "1", None, True, 10**16])
def test_an_amount_is_a_whole_number(counter: Counter, amount: object) -> None:
    """Nothing is written before the arguments are right."""
    with pytest.raises(InvalidInputError, match="amount"):
        counter.add(amount)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="amount"):
        counter.add_once(amount, id="v")  # type: ignore[arg-type]
    assert counter.value() == 0


@pytest.mark.parametrize("id", ["", "x" * 65, "tab\t", "é", None])
def test_an_id_is_1_to_64_printable_characters(counter: Counter, id: object) -> None:
    """As the beacon's are."""
    with pytest.raises(InvalidInputError, match="id"):
        counter.add_once(1, id=id)  # type: ignore[arg-type]
    assert counter.value() == 0


def test_a_key_is_text_a_number_or_bytes(store: Store) -> None:
    """The three types that DynamoDB takes for keys."""
    with pytest.raises(InvalidInputError, match="key"):
        Counter(store.client, table="t", key={"k": True}, attribute="n")
    with pytest.raises(InvalidInputError, match="key"):
        Counter(store.client, table="t", key={"k": 1.5}, attribute="n")  # type: ignore[dict-item]
    assert (
        "k=1 b=b'x'"
        in Counter(store.client, table="t", key={"k": 1, "b": b"x"}, attribute="n").name
    )


def test_a_key_too_long_for_a_receipt_is_refused(store: Store) -> None:
    """The receipt's own key has DynamoDB's limit."""
    counter = Counter(store.client, table="t", key={"k": "x" * 2_000}, attribute="n")

    with pytest.raises(InvalidInputError, match="key"):
        counter.add_once(1, id="x" * 64)


@pytest.mark.parametrize(
    ("fault", "error", "written"),
    [
        (lost_before, IndeterminateError, "unknown"),
        (lost_after, IndeterminateError, "unknown"),
        (refused("InternalServerError"), IndeterminateError, "unknown"),
        (THROTTLED, ThrottledError, "no"),
        # An earlier try of the SDK's own may have been applied.
        (refused("ThrottlingException", retried=2), IndeterminateError, "unknown"),
    ],
)
def test_an_error_tells_whether_it_was_written(
    store: Store,
    counter_on: Callable[..., Counter],
    fault: Fault,
    error: type[IndeterminateError],
    written: str,
) -> None:
    """No, or unknown: what the caller may do next depends on it."""
    client = FaultyClient(
        store.client, update_item=[fault], transact_write_items=[fault]
    )
    counter = counter_on(client)

    with pytest.raises(error) as caught:
        counter.add(1)
    assert caught.value.written == written
    with pytest.raises(error) as caught:
        counter.add_once(1, id="v")
    assert caught.value.written == written


def test_a_lost_answer_is_retried_with_the_same_id(
    store: Store, counter_on: Callable[..., Counter]
) -> None:
    """Whether it was written or not, it counts once."""
    for number, fault in enumerate([lost_after, lost_before], start=1):
        counter = counter_on(FaultyClient(store.client, transact_write_items=[fault]))
        with pytest.raises(IndeterminateError, match=f"v{number}"):
            counter.add_once(1, id=f"v{number}")
        counter.add_once(1, id=f"v{number}")

    rows = store.client.scan(TableName=store.tables.visit_receipts)
    assert rows["Count"] == 2


def test_a_conflict_is_retried(
    store: Store, counter_on: Callable[..., Counter]
) -> None:
    """Another transaction held the item for some milliseconds: nothing was written."""
    client = FaultyClient(
        store.client,
        transact_write_items=[CONFLICT] * 3,
        update_item=[refused("TransactionConflictException")],
    )
    counter = counter_on(client)

    assert counter.add_once(1, id="v") is True
    assert counter.add(1) == 2


def test_endless_conflicts_end_in_throttled(
    store: Store, counter_on: Callable[..., Counter]
) -> None:
    """The caller hears that nothing was written."""
    client = FaultyClient(
        store.client, transact_write_items=[CONFLICT] * CONFLICT_TRIES_MAX
    )

    with pytest.raises(ThrottledError):
        counter_on(client).add_once(1, id="v")


def test_a_read_never_says_that_something_was_written(
    store: Store, counter_on: Callable[..., Counter]
) -> None:
    """Its answer is only late."""
    counter = counter_on(FaultyClient(store.client, get_item=[lost_before]))

    with pytest.raises(Exception, match="not available") as caught:
        counter.value()
    assert caught.value.written == "no"  # type: ignore[attr-defined]
