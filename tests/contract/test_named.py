"""Named counters on every client, as the command line and the API use them."""

import pytest

from footfall import (
    AlreadyExistsError,
    Claim,
    CounterNotFoundError,
    IndeterminateError,
    InvalidInputError,
    NotANumberError,
    UnavailableError,
)
from footfall.counters.named import (
    Added,
    NamedCounter,
    add_to_counter,
    claim,
    create_countdown,
    create_counter,
    delete_counter,
    list_counters,
    show_counter,
)
from footfall.counters.port import Store
from tests.faulty import FaultyClient, lost_before


def test_a_counter_is_created_moved_shown_and_deleted(store: Store) -> None:
    """Its whole life by name."""
    create_counter(store, "likes", 10)

    assert add_to_counter(store, "likes", 5, id="a") == Added(15, "counted")
    assert add_to_counter(store, "likes", 5, id="a") == Added(15, "duplicate")
    assert add_to_counter(store, "likes", -1, id=None) == Added(14, "counted")
    assert show_counter(store, "likes") == NamedCounter("likes", "counter", 14)
    delete_counter(store, "likes")
    with pytest.raises(CounterNotFoundError):
        show_counter(store, "likes")
    with pytest.raises(CounterNotFoundError):
        delete_counter(store, "likes")


def test_a_countdown_is_claimed_and_never_added_to(store: Store) -> None:
    """An addition would change what a place means."""
    create_countdown(store, "prize", 3, 1)

    assert claim(store, "prize", id="a") == Claim(won=True, place=1, remaining=1)
    with pytest.raises(InvalidInputError, match="count-down"):
        add_to_counter(store, "prize", 1, id="x")
    with pytest.raises(InvalidInputError, match="count-down"):
        add_to_counter(store, "prize", 1, id=None)
    assert show_counter(store, "prize") == NamedCounter("prize", "countdown", 2, 3, 1)


def test_a_counter_is_not_claimed_from(store: Store) -> None:
    """It has no places."""
    create_counter(store, "likes", 10)

    with pytest.raises(CounterNotFoundError, match="no count-down"):
        claim(store, "likes", id="a")
    assert show_counter(store, "likes").value == 10


def test_a_name_is_taken_once(store: Store) -> None:
    """Neither kind overwrites the other."""
    create_counter(store, "likes", 10)

    with pytest.raises(AlreadyExistsError):
        create_counter(store, "likes", 0)
    with pytest.raises(AlreadyExistsError):
        create_countdown(store, "likes", 5)
    assert list_counters(store) == [NamedCounter("likes", "counter", 10)]


def test_counters_are_listed_by_name(store: Store) -> None:
    """Items of somebody else in the table are left out."""
    create_counter(store, "b", 1)
    create_countdown(store, "a", 2)
    store.client.put_item(
        TableName=store.tables.counters, Item={"name": {"S": "other"}}
    )

    assert [counter.name for counter in list_counters(store)] == ["a", "b"]


def test_an_addition_to_nothing_is_refused(store: Store) -> None:
    """A counter is created with its starting number."""
    for id in (None, "a"):
        with pytest.raises(CounterNotFoundError):
            add_to_counter(store, "nobody", 1, id=id)


def test_a_string_is_no_number(store: Store) -> None:
    """Somebody put it by hand."""
    store.client.put_item(
        TableName=store.tables.counters,
        Item={"name": {"S": "text"}, "value": {"S": "1"}},
    )

    with pytest.raises(NotANumberError):
        show_counter(store, "text")


def test_a_lost_answer_is_told(store: Store) -> None:
    """Written or not: the caller looks before it tries again."""
    lossy = Store(
        FaultyClient(
            store.client,
            put_item=[lost_before],
            delete_item=[lost_before],
            get_item=[lost_before],
            scan=[lost_before],
        ),
        store.tables,
    )

    with pytest.raises(IndeterminateError):
        create_counter(lossy, "likes", 0)
    with pytest.raises(IndeterminateError):
        delete_counter(lossy, "likes")
    with pytest.raises(UnavailableError):
        show_counter(lossy, "likes")
    with pytest.raises(UnavailableError):
        list_counters(lossy)
