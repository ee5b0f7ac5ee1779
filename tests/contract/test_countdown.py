"""`Countdown` on every client: places are given once, and each id keeps its answer."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from footfall import (
    AlreadyExistsError,
    Claim,
    Countdown,
    CounterNotFoundError,
    IndeterminateError,
    InvalidInputError,
    NotANumberError,
    StoreError,
    TableNotFoundError,
    ThrottledError,
    UnavailableError,
)
from footfall.counters import blocks
from footfall.counters.countdown import PLACES_MAX
from footfall.counters.named import delete_counter
from footfall.counters.port import Store
from tests.faulty import (
    CONFLICT,
    Fault,
    FaultyClient,
    after,
    lost_after,
    lost_before,
    no_fault,
    refused,
)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block holds two claims, so that few claims make many blocks."""
    monkeypatch.setattr(blocks, "BLOCK_CLAIMS", 2)


def countdown(store: Store, name: str = "prize", **arguments: int) -> Countdown:
    return Countdown(store.client, name=name, table=store.tables.counters, **arguments)


def test_the_first_claims_win(store: Store) -> None:
    """A number counts down to decide a contest's winner."""
    prize = countdown(store, start=2)

    assert prize.claim(id="a") == Claim(won=True, place=1, remaining=1)
    assert prize.claim(id="b") == Claim(won=True, place=2, remaining=0)
    assert prize.claim(id="c") == Claim(won=False, place=None, remaining=0)


def test_the_same_id_gets_the_same_answer_for_ever(store: Store) -> None:
    """G5: a retry neither takes a second place nor loses its own."""
    prize = countdown(store, start=2)
    answers = {id: prize.claim(id=id) for id in ("a", "b", "c")}

    assert {id: prize.claim(id=id) for id in ("c", "b", "a")} == answers


def test_a_countdown_stops_at_its_floor(store: Store) -> None:
    """Places are the start less the floor."""
    prize = countdown(store, start=12, floor=10)

    assert [prize.claim(id=id).place for id in "abc"] == [1, 2, None]


def test_an_existing_countdown_is_claimed_by_name_alone(store: Store) -> None:
    """Whoever claims need not know where it started."""
    countdown(store, start=5).create()

    assert countdown(store).claim(id="a") == Claim(True, 1, 4)


def test_ids_may_look_like_paths(store: Store) -> None:
    """An id is the caller's own text."""
    prize = countdown(store, start=9)

    for place, id in enumerate(["a.b", "a[0]", "#x", ":y", "claims", "'\" "], start=1):
        assert prize.claim(id=id).place == place
        assert prize.claim(id=id).place == place


def test_places_are_unique_among_threads(store: Store) -> None:
    """Exactly as many winners as places, each place once."""
    prize = countdown(store, start=10)
    claims: list[Claim] = []

    def take(thread: int) -> None:
        claims.extend(prize.claim(id=f"{thread}-{n}") for n in range(5))

    threads = [threading.Thread(target=take, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(claims) == 25
    places = sorted(claim.place for claim in claims if claim.place is not None)
    assert places == list(range(1, 11))


def test_a_lost_answer_is_claimed_again(store: Store) -> None:
    """The claim happened or not; the same id finds out."""
    client = FaultyClient(store.client, update_item=[lost_after, lost_before])
    prize = Countdown(client, name="prize", start=3, table=store.tables.counters)
    prize.create()

    for _ in range(2):
        with pytest.raises(IndeterminateError, match="'a'"):
            prize.claim(id="a")

    assert prize.claim(id="a").place == 1
    assert prize.claim(id="b").place == 2


def test_a_countdown_is_created_once(store: Store) -> None:
    """Nobody's places are reset."""
    prize = countdown(store, start=3)
    prize.create()
    prize.claim(id="a")

    with pytest.raises(AlreadyExistsError):
        prize.create()
    assert prize.claim(id="b").place == 2


def test_claimants_may_race_to_create_it(store: Store) -> None:
    """The second finds it there and claims."""
    prize = countdown(store, start=3)
    client = FaultyClient(store.client, put_item=[after(prize.create)])
    late = Countdown(client, name="prize", start=3, table=store.tables.counters)

    assert late.claim(id="a").place == 1


def test_what_is_no_countdown_is_named(store: Store) -> None:
    """With what is there instead."""
    put = store.client.put_item
    put(
        TableName=store.tables.counters,
        Item={"name": {"S": "counter"}, "value": {"N": "7"}},
    )
    put(
        TableName=store.tables.counters,
        Item={
            "name": {"S": "broken"},
            "current": {"S": "3"},
            "start": {"N": "3"},
            "floor": {"S": "0"},
            "claims": {"M": {}},
        },
    )

    with pytest.raises(CounterNotFoundError):
        countdown(store, "nobody").claim(id="a")
    with pytest.raises(CounterNotFoundError, match="no count-down"):
        countdown(store, "counter").claim(id="a")
    with pytest.raises(NotANumberError):
        countdown(store, "broken").claim(id="a")
    with pytest.raises(TableNotFoundError):
        Countdown(store.client, name="prize", table="nowhere").claim(id="a")


def test_another_start_is_refused(store: Store) -> None:
    """The places that were given would mean something else."""
    countdown(store, start=3).create()

    with pytest.raises(InvalidInputError, match="from 3 down to 0"):
        countdown(store, start=4).claim(id="a")
    assert countdown(store).claim(id="a").place == 1


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": " a"}, "name"),
        ({"start": 0}, "start"),
        ({"start": 5, "floor": 5}, "start"),
        ({"start": PLACES_MAX + 1}, "start"),
        ({"start": True}, "start"),
        ({"start": 5, "floor": 1.5}, "floor"),
    ],
)
def test_a_countdown_has_a_name_and_places(
    store: Store, arguments: dict[str, object], field: str
) -> None:
    """The field at fault is named."""
    with pytest.raises(InvalidInputError) as caught:
        Countdown(store.client, **{"name": "prize", **arguments})  # type: ignore[arg-type]

    assert caught.value.field == field


def test_creating_needs_a_start(store: Store) -> None:
    """A count-down that is named alone is one that exists."""
    with pytest.raises(InvalidInputError, match="start"):
        countdown(store).create()


def test_a_claim_needs_an_id(store: Store) -> None:
    """It is what keeps its answer."""
    with pytest.raises(InvalidInputError, match="id"):
        countdown(store, start=3).claim(id="")


def test_a_creation_that_fails_says_so(store: Store) -> None:
    """Nobody is told a place that was not stored."""
    client = FaultyClient(store.client, put_item=[refused("InternalServerError")])
    prize = Countdown(client, name="prize", start=3, table=store.tables.counters)

    with pytest.raises(IndeterminateError):
        prize.claim(id="a")
    assert prize.claim(id="a").place == 1


def faulty(store: Store, **faults: list[Fault]) -> tuple[FaultyClient, Countdown]:
    """The count-down through a client that fails."""
    client = FaultyClient(store.client, **faults)
    return client, Countdown(client, name="prize", table=store.tables.counters)


def items(store: Store) -> list[Any]:
    """All that the table has, by name."""
    found = store.client.scan(TableName=store.tables.counters)["Items"]
    return sorted(found, key=lambda item: str(item["name"]["S"]))


def claimed(prize: Countdown, ids: str) -> list[int | None]:
    return [prize.claim(id=id).place for id in ids]


@pytest.mark.usefixtures("small_blocks")
def test_places_go_on_over_blocks(store: Store) -> None:
    """G5: nobody sees where one item ends and the next begins."""
    prize = countdown(store, start=7)

    assert claimed(prize, "abcdefgh") == [1, 2, 3, 4, 5, 6, 7, None]
    assert claimed(prize, "hgfedcba") == [None, 7, 6, 5, 4, 3, 2, 1]
    for id, place in zip("abcdefgh", [1, 2, 3, 4, 5, 6, 7, None], strict=True):
        again = countdown(store).claim(id=id)  # one that has seen no block yet
        assert again == Claim(place is not None, place, 7 - place if place else 0)


@pytest.mark.usefixtures("small_blocks")
def test_a_block_set_aside_holds_its_claims_alone(store: Store) -> None:
    """It is an item of the same table, and is never written again."""
    claimed(countdown(store, start=9), "abcde")

    own, first, second = items(store)
    series = own["series"]["S"]
    assert own == {
        "name": {"S": "prize"},
        "start": {"N": "9"},
        "floor": {"N": "0"},
        "current": {"N": "4"},
        "claims": {"M": {"e": {"N": "5"}}},
        "blocks": {"N": "2"},
        "series": {"S": series},
    }
    assert first == {
        "name": {"S": f"prize\x1f{series}\x1f1"},
        "claims": {"M": {"a": {"N": "9"}, "b": {"N": "8"}}},
    }
    assert second["name"] == {"S": f"prize\x1f{series}\x1f2"}
    claimed(countdown(store), "abcdefg")
    assert items(store)[1:3] == [first, second]


def test_a_claim_of_a_small_countdown_is_one_write(store: Store) -> None:
    """Blocks cost nothing where there are none."""
    countdown(store, start=9).create()
    client, prize = faulty(store)

    claimed(prize, "abca")

    assert [operation for operation, _ in client.requests] == ["update_item"] * 4


@pytest.mark.usefixtures("small_blocks")
def test_what_a_claim_costs_where_there_are_blocks(store: Store) -> None:
    """A failed write tells of them once; then a read does, and losers write nothing."""
    claimed(countdown(store, start=6), "abc")
    client, prize = faulty(store)

    def requests(id: str) -> list[str]:
        client.requests.clear()
        prize.claim(id=id)
        return [operation for operation, _ in client.requests]

    assert requests("d") == ["update_item", "batch_get_item", "update_item"]
    # The open block is full now.
    assert requests("e") == [
        "get_item",
        "batch_get_item",
        "transact_write_items",
        "update_item",
    ]
    assert requests("f") == ["get_item", "batch_get_item", "update_item"]
    for repeated_or_lost in "az":
        assert requests(repeated_or_lost) == ["get_item", "batch_get_item"]


@pytest.mark.usefixtures("small_blocks")
def test_claimants_may_race_to_set_a_block_aside(store: Store) -> None:
    """One wins; the other finds the block and claims after it."""
    claimed(countdown(store, start=9), "ab")
    race = after(lambda: claimed(countdown(store), "xy"))
    _, prize = faulty(store, transact_write_items=[race])

    assert prize.claim(id="c").place == 5
    assert claimed(countdown(store), "abxyc") == [1, 2, 3, 4, 5]


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("others", ["x", "xy", "xyz", "xyzuv"])
def test_claims_may_come_between_the_search_and_the_write(
    store: Store, others: str
) -> None:
    """What was searched is no longer all there is; a write on it must not pass."""
    claimed(countdown(store, start=20), "abc")
    race = after(lambda: claimed(countdown(store), others))
    _, prize = faulty(store, update_item=[no_fault, race])

    assert prize.claim(id="d").place == 4 + len(others)
    assert claimed(countdown(store), others + "d")[-1] == 4 + len(others)


@pytest.mark.usefixtures("small_blocks")
def test_two_claims_of_one_id_at_once_get_one_place(store: Store) -> None:
    """Though the block that the first stands in was set aside in between."""
    claimed(countdown(store, start=20), "abc")
    race = after(lambda: claimed(countdown(store), "xyz"))
    _, prize = faulty(store, update_item=[no_fault, race])

    assert prize.claim(id="x").place == 4
    assert countdown(store).claim(id="w").place == 7


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("others", ["", "d"])
@pytest.mark.parametrize("added", ["x", "c"])
def test_a_block_that_is_full_for_one_only_may_be_added_to(
    store: Store, added: str, others: str
) -> None:
    """Another program's blocks may be larger; no claim is lost between them."""
    claimed(countdown(store, start=9), "ab")

    def claim_in_larger_blocks() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(blocks, "BLOCK_CLAIMS", 5)
            claimed(countdown(store), added)
        claimed(countdown(store), others)

    _, prize = faulty(store, transact_write_items=[after(claim_in_larger_blocks)])
    order = list(dict.fromkeys(f"ab{added}{others}c"))

    assert prize.claim(id="c").place == 1 + order.index("c")
    assert claimed(countdown(store), "".join(order)) == [*range(1, 1 + len(order))]


@pytest.mark.usefixtures("small_blocks")
def test_a_claim_that_is_always_overtaken_is_told_to_wait(store: Store) -> None:
    """Nothing was written; it does not try for ever."""
    countdown(store, start=99).create()
    overtaken = iter(range(100))

    def fill() -> None:
        for _ in range(2):
            countdown(store).claim(id=f"other-{next(overtaken)}")

    _, prize = faulty(store, update_item=[after(fill)] * 20)

    with pytest.raises(ThrottledError):
        prize.claim(id="a")
    place = countdown(store).claim(id="a").place
    assert place == next(overtaken) + 1


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("operation", "faults", "error"),
    [
        ("update_item", [lost_before], IndeterminateError),
        ("batch_get_item", [lost_before], UnavailableError),
        ("transact_write_items", [lost_before], IndeterminateError),
        ("transact_write_items", [lost_after], IndeterminateError),
        ("update_item", [no_fault, lost_before], IndeterminateError),
        ("update_item", [no_fault, lost_after], IndeterminateError),
    ],
)
def test_a_lost_answer_at_any_step_is_claimed_again(
    store: Store, operation: str, faults: list[Fault], error: type[Exception]
) -> None:
    """The id finds out, here or at another server."""
    claimed(countdown(store, start=9), "abcd")
    _, prize = faulty(store, **{operation: faults})

    with pytest.raises(error) as caught:
        prize.claim(id="e")

    if isinstance(caught.value, IndeterminateError):
        assert caught.value.id == "e"
    assert countdown(store).claim(id="e").place == 5
    assert claimed(prize, "eabcdf") == [5, 1, 2, 3, 4, 6]


@pytest.mark.usefixtures("small_blocks")
def test_a_read_without_an_answer_says_that_nothing_was_written(store: Store) -> None:
    """It is how one that has seen blocks begins."""
    client, prize = faulty(store)
    claimed(countdown(store, start=9), "abc")
    prize.claim(id="a")
    client.plan("get_item", [lost_before])

    with pytest.raises(UnavailableError):
        prize.claim(id="d")
    assert prize.claim(id="d").place == 4


@pytest.mark.usefixtures("small_blocks")
def test_a_conflict_over_a_full_block_is_waited_for(store: Store) -> None:
    """On AWS a transaction rejects whoever else writes to its items meanwhile."""
    claimed(countdown(store, start=9), "ab")
    busy = refused("TransactionConflictException")
    _, prize = faulty(
        store, update_item=[busy, no_fault, busy], transact_write_items=[CONFLICT] * 2
    )

    assert prize.claim(id="c").place == 3


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("ids", ["abc", "abcde"])
def test_a_countdown_created_anew_knows_nothing_of_the_old_one(
    store: Store, ids: str
) -> None:
    """Whoever has seen the old one's blocks searches the new one's."""
    prize = countdown(store, start=9)
    claimed(prize, "vwxyz")

    delete_counter(store, "prize")
    assert items(store) == []
    claimed(countdown(store, start=8), ids)

    assert countdown(store).claim(id="z").place == len(ids) + 1
    with pytest.raises(InvalidInputError):
        prize.claim(id="z")
    delete_counter(store, "prize")
    assert prize.claim(id="a").place == 1


def make_anew(store: Store, ids: str) -> Callable[[], None]:
    """Somebody deletes the count-down, creates it, and `ids` claim."""

    def act() -> None:
        delete_counter(store, "prize")
        claimed(countdown(store, start=9), ids)

    return act


@pytest.mark.usefixtures("small_blocks")
def test_a_countdown_may_be_made_anew_between_the_search_and_the_write(
    store: Store,
) -> None:
    """It has as many blocks as the old one; they are not those that were searched."""
    claimed(countdown(store, start=9), "abc")
    race = after(make_anew(store, "dxy"))
    _, prize = faulty(store, update_item=[no_fault, race])

    assert prize.claim(id="d").place == 1


def old_item(claims: int, places: int) -> Any:
    """A count-down as it was made before there were blocks."""
    return {
        "name": {"S": "prize"},
        "start": {"N": str(places)},
        "floor": {"N": "0"},
        "current": {"N": str(places - claims)},
        "claims": {"M": {f"{n:064}": {"N": str(places - n)} for n in range(claims)}},
    }


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("has_series", [True, False])
def test_a_countdown_may_be_made_anew_while_a_block_is_set_aside(
    store: Store, has_series: bool
) -> None:
    """It stands where the old one stood; the old one's claims must not come into it."""
    if has_series:
        claimed(countdown(store, start=9), "ab")
    else:
        store.client.put_item(TableName=store.tables.counters, Item=old_item(2, 9))
    race = after(make_anew(store, "xy"))
    _, prize = faulty(store, transact_write_items=[race])

    assert prize.claim(id="c").place == 3
    assert claimed(countdown(store), "xyca") == [1, 2, 3, 4]


@pytest.mark.parametrize("claims", [0, 249, 250, 5_000])
def test_a_countdown_made_before_there_were_blocks_goes_on(
    store: Store, claims: int
) -> None:
    """All its claims are its first block, however many they are."""
    item = old_item(claims, claims + 2)
    store.client.put_item(TableName=store.tables.counters, Item=item)
    prize = countdown(store)

    assert claimed(prize, "aba") == [claims + 1, claims + 2, claims + 1]
    assert claimed(prize, "c") == [None]
    if claims:
        assert prize.claim(id=f"{claims - 1:064}").place == claims
        assert countdown(store).claim(id="0" * 64).place == 1
    delete_counter(store, "prize")
    assert items(store) == []


def test_a_countdown_without_a_series_is_given_one_once(
    store: Store,
) -> None:
    """Two claimants may meet the full block of an older item."""
    item = old_item(250, 260)
    store.client.put_item(TableName=store.tables.counters, Item=item)
    race = after(lambda: claimed(countdown(store), "a"))
    _, prize = faulty(store, transact_write_items=[race])

    assert prize.claim(id="b").place == 252
    assert len(items(store)) == 2


@pytest.mark.usefixtures("small_blocks")
def test_claims_are_refused_while_blocks_are_missing(store: Store) -> None:
    """Half deleted: a place might be given twice, so none is."""
    prize = countdown(store, start=9)
    claimed(prize, "abcde")
    key = {"name": items(store)[1]["name"]}
    store.client.delete_item(TableName=store.tables.counters, Key=key)

    for claimant in (prize, countdown(store)):
        with pytest.raises(StoreError, match="delete it again"):
            claimant.claim(id="a")
    assert countdown(store).claim(id="e").place == 5
    delete_counter(store, "prize")
    assert items(store) == []
