"""`Countdown` on every client: places are given once, and each id keeps its answer."""

import threading

import pytest

from footfall import (
    AlreadyExistsError,
    Claim,
    Countdown,
    CounterNotFoundError,
    IndeterminateError,
    InvalidInputError,
    NotANumberError,
    TableNotFoundError,
)
from footfall.counters.countdown import PLACES_MAX
from footfall.counters.port import Store
from tests.faulty import FaultyClient, after, lost_after, lost_before, refused


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
