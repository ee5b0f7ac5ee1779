"""Named counters on every client, as the command line and the API use them."""

import pytest

from footfall import (
    AlreadyExistsError,
    Claim,
    CounterNotFoundError,
    IndeterminateError,
    InvalidInputError,
    NotANumberError,
    ThrottledError,
    UnavailableError,
)
from footfall.counters import blocks
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
from tests.faulty import (
    Fault,
    FaultyClient,
    after,
    lost_after,
    lost_before,
    no_fault,
    refused,
)

THROTTLED = refused("ThrottlingException")


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


@pytest.fixture
def contest(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store with the count-down `prize` of 99 places, two blocks set aside."""
    monkeypatch.setattr(blocks, "BLOCK_CLAIMS", 2)
    create_countdown(store, "prize", 99)
    for id in "abcde":
        claim(store, "prize", id=id)
    return store


def keys(store: Store) -> list[str]:
    """The key of every item in the table."""
    items = store.client.scan(TableName=store.tables.counters)["Items"]
    return [item["name"]["S"] for item in items]


def faulty(store: Store, **faults: list[Fault]) -> Store:
    return Store(FaultyClient(store.client, **faults), store.tables)


def test_blocks_of_claims_are_no_counters(contest: Store) -> None:
    """They are items of the same table, and nobody can name them."""
    names = keys(contest)

    assert len(names) == 3
    assert list_counters(contest) == [NamedCounter("prize", "countdown", 94, 99, 0)]
    assert show_counter(contest, "prize").value == 94
    for name in set(names) - {"prize"}:
        for act in (show_counter, delete_counter):
            with pytest.raises(InvalidInputError):
                act(contest, name)
        with pytest.raises(InvalidInputError):
            claim(contest, name, id="a")
        with pytest.raises(InvalidInputError):
            add_to_counter(contest, name, 1, id="a")


def test_a_countdowns_blocks_are_deleted_with_it(contest: Store) -> None:
    """And nothing of another."""
    create_countdown(contest, "prize 2", 9)
    for id in "abc":
        claim(contest, "prize 2", id=id)

    delete_counter(contest, "prize")

    assert [name.split("\x1f")[0] for name in keys(contest)] == ["prize 2"] * 2
    with pytest.raises(CounterNotFoundError):
        delete_counter(contest, "prize")


@pytest.mark.parametrize(
    "faults",
    [
        {"delete_item": [lost_before]},
        {"batch_write_item": [lost_before]},
        {"batch_write_item": [lost_after]},
        {"batch_write_item": [THROTTLED]},
        {"delete_item": [no_fault, lost_before]},
        {"delete_item": [no_fault, THROTTLED]},
    ],
)
def test_a_deletion_that_stops_half_way_is_done_again(
    contest: Store, faults: dict[str, list[Fault]]
) -> None:
    """What is left stays listed; nothing is left behind unseen."""
    with pytest.raises(IndeterminateError):
        delete_counter(faulty(contest, **faults), "prize")

    assert [counter.name for counter in list_counters(contest)] == ["prize"]
    delete_counter(contest, "prize")
    assert keys(contest) == []


def test_a_deletion_whose_last_answer_is_lost_is_done(contest: Store) -> None:
    """Who looks finds nothing."""
    with pytest.raises(IndeterminateError):
        delete_counter(faulty(contest, delete_item=[no_fault, lost_after]), "prize")

    assert keys(contest) == []


def test_a_deletion_that_did_nothing_says_so(contest: Store) -> None:
    """Throttled at its first write."""
    with pytest.raises(ThrottledError):
        delete_counter(faulty(contest, delete_item=[THROTTLED]), "prize")

    assert len(keys(contest)) == 3


def test_a_block_set_aside_meanwhile_is_deleted_too(contest: Store) -> None:
    """Claims go on until the first block is gone."""

    def set_one_aside() -> None:
        for id in "fg":
            claim(contest, "prize", id=id)

    store = faulty(contest, batch_write_item=[after(set_one_aside)])
    delete_counter(store, "prize")

    assert keys(contest) == []


def test_a_deletion_that_is_overtaken_again_and_again_stops(contest: Store) -> None:
    """Somebody makes the count-down anew each time; it does not try for ever."""

    def make_anew() -> None:
        delete_counter(contest, "prize")
        create_countdown(contest, "prize", 99)
        for id in "abc":
            claim(contest, "prize", id=id)

    store = faulty(contest, delete_item=[after(make_anew)] * 20)
    with pytest.raises(IndeterminateError):
        delete_counter(store, "prize")

    assert len(keys(contest)) == 2
