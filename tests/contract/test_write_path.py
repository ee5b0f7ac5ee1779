"""The path that writes visits when the store fails, on every client.

What is bounded here: tries, their time, the rounds in which a cancelled group is taken
apart, a transaction's actions and bytes, and how long a stop takes.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from footfall import IndeterminateError, StoreError, ThrottledError, UnavailableError
from footfall.counters import backoff
from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.visits.agents import Agent
from footfall.visits.group import GroupCommit
from footfall.visits.reader import Reader
from footfall.visits.record import TRIES_MAX, TRY_SECONDS_MAX, Recorder, record
from footfall.visits.report import daily, today
from footfall.visits.shards import compact
from footfall.visits.site import Site, SiteIndex
from footfall.visits.sites import add_site
from footfall.visits.verify import verify
from footfall.visits.visit import Outcome, Submission, Visit, resolve, view
from tests.faulty import (
    CONFLICT,
    Fault,
    FaultyClient,
    after,
    client_error,
    lost_after,
    lost_before,
    refused,
)

URL = "https://a.example/"
NOW_MS = int(time.time() * 1000)
TRANSACTION_BYTES_MAX = 4 * 1024 * 1024  # DynamoDB API Reference, TransactWriteItems

Results = list[Outcome | FootfallError]


@pytest.fixture
def site(store: Store) -> Site:
    return add_site(store, URL)


def visits_to(site: Site, *ids: str) -> list[Visit]:
    return [view(id, site, "/", NOW_MS) for id in ids]


def read_by(site: Site, id: str, reader: str) -> Visit:
    """A view by a reader who is told apart."""
    visit = resolve(
        Submission(id, site.url),
        SiteIndex((site,)),
        NOW_MS,
        86_400,
        Reader(Agent("Firefox", "Linux", is_robot=False), "", reader),
    )
    assert isinstance(visit, Visit)
    return visit


def outcomes(results: Results) -> list[str]:
    return [
        result.outcome if isinstance(result, Outcome) else type(result).__name__
        for result in results
    ]


def writes(client: FaultyClient) -> int:
    return sum(name == "transact_write_items" for name, _ in client.requests)


def assert_verified(store: Store, site: Site, visits: int) -> None:
    verification = verify(store, site, NOW_MS)
    assert verification.differences == ()
    assert verification.total == visits


class Picky(FaultyClient):
    """Refuses each transaction that has a receipt of the id "bad".

    DynamoDB names the action at fault, if it cancels; DynamoDB Local refuses the whole
    request and names none.
    """

    def __init__(self, client: Any, *, cancels: bool) -> None:
        super().__init__(client)
        self._cancels = cancels

    def __getattr__(self, name: str) -> Any:
        method = super().__getattr__(name)
        if name != "transact_write_items":
            return method

        def picky(**request: Any) -> Any:
            bad = [
                action.get("Put", {})
                .get("Item", {})
                .get("receipt", {"S": ""})["S"]
                .endswith(" bad")
                for action in request["TransactItems"]
            ]
            if not any(bad):
                return method(**request)
            self.requests.append((name, request))
            code = "TransactionCanceledException" if self._cancels else ""
            response: Any = {"Error": {"Code": code or "ValidationException"}}
            response["Error"]["Message"] = "not valid"
            if self._cancels:
                response["CancellationReasons"] = [
                    {"Code": "ValidationError" if each else "None"} for each in bad
                ]
            raise client_error(self._client, response)

        return picky


@pytest.mark.parametrize("cancels", [True, False])
@pytest.mark.parametrize("place", [0, 31, 63])
def test_one_bad_visit_fails_alone(
    store: Store, site: Site, cancels: bool, place: int
) -> None:
    """Named by the store it is taken out at once, else the group is halved."""
    ids = [f"v{number}" for number in range(63)]
    ids.insert(place, "bad")
    client = Picky(store.client, cancels=cancels)

    results = record(Store(client, store.tables), visits_to(site, *ids))

    assert isinstance(results[place], StoreError)
    assert outcomes(results).count("counted") == 63
    # log2(64) times the half with it and the half without; the whole, and the day's.
    assert writes(client) <= 2 * 6 + 2
    assert_verified(store, site, 63)


def test_every_duplicate_is_taken_out_in_one_round(store: Store, site: Site) -> None:
    """Another server counts half of the group between the read and the write."""
    ids = [f"v{number}" for number in range(40)]
    others = visits_to(site, *ids[::2])
    client = FaultyClient(
        store.client, transact_write_items=[after(lambda: record(store, others))]
    )

    results = record(Store(client, store.tables), visits_to(site, *ids))

    assert outcomes(results) == ["duplicate", "counted"] * 20
    assert writes(client) == 2
    assert_verified(store, site, 40)


def test_a_group_whose_duplicates_come_one_by_one_is_counted_all_the_same(
    store: Store, site: Site
) -> None:
    """Each round takes one out, and each costs no try."""
    ids = [f"v{number:02d}" for number in range(2 * TRIES_MAX)]

    def other(id: str) -> Fault:
        return after(lambda: record(store, visits_to(site, id)))

    client = FaultyClient(
        store.client, transact_write_items=[other(id) for id in ids[:-1]]
    )

    results = record(Store(client, store.tables), visits_to(site, *ids))

    assert outcomes(results) == ["duplicate"] * (len(ids) - 1) + ["counted"]
    assert writes(client) == len(ids)
    assert_verified(store, site, len(ids))


def test_a_reader_whom_other_servers_count_first_is_counted_once(
    store: Store, site: Site
) -> None:
    """A marker that came meanwhile cancels the group; each round learns of one."""
    readers = [f"reader-{number}" for number in range(2 * TRIES_MAX)]
    record(store, visits_to(site, "first"))

    def other(reader: str) -> Fault:
        return after(lambda: record(store, [read_by(site, f"other {reader}", reader)]))

    client = FaultyClient(
        store.client, transact_write_items=[other(reader) for reader in readers]
    )
    group = [read_by(site, f"own {reader}", reader) for reader in readers]

    results = record(Store(client, store.tables), group)

    assert outcomes(results) == ["counted"] * len(readers)
    assert writes(client) == len(readers) + 1
    day = today(site, NOW_MS)
    assert daily(store, site, day, day)[0].visitors == len(readers)
    assert_verified(store, site, 2 * len(readers) + 1)


def test_a_salt_that_others_make_and_destroy_ends_the_tries(
    store: Store, site: Site
) -> None:
    """Each read misses it, each write finds it there: nothing is counted, and said so."""
    day = today(site, NOW_MS)
    salt = {"kind": {"S": "salt"}, "name": {"S": f"UTC {day}"}}

    def make() -> None:
        store.client.put_item(
            TableName=store.tables.settings, Item={**salt, "salt": {"B": b"x" * 16}}
        )

    def destroy() -> None:
        store.client.delete_item(TableName=store.tables.settings, Key=salt)

    client = FaultyClient(
        store.client, put_item=[after(make)] * 50, get_item=[after(destroy)] * 50
    )
    visit = read_by(site, "v", "reader")

    (result,) = record(Store(client, store.tables), [visit])

    assert isinstance(result, ThrottledError)
    assert outcomes(record(store, [visit])) == ["counted"]


def test_a_cancellation_that_names_nothing_of_ours_is_the_last_round(
    store: Store, site: Site
) -> None:
    """The same request would be cancelled again, for ever."""
    elsewhere = refused(
        "TransactionCanceledException", ["None", "None", "ConditionalCheckFailed"]
    )
    client = FaultyClient(store.client, transact_write_items=[elsewhere] * 1_000)

    (result,) = record(Store(client, store.tables), visits_to(site, "v"))

    assert isinstance(result, StoreError)
    assert writes(client) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (lost_before, IndeterminateError),
        (CONFLICT, ThrottledError),
        (refused("ThrottlingException"), ThrottledError),
    ],
)
def test_tries_are_bounded_and_apart(
    store: Store,
    site: Site,
    fault: Fault,
    error: type[FootfallError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each pause is drawn anew from a bound that grows, up to its own bound."""
    record(store, visits_to(site, "first"))
    pauses: list[float] = []
    monkeypatch.setattr(backoff, "sleep", pauses.append)
    client = FaultyClient(store.client, transact_write_items=[fault] * 1_000)

    (result,) = record(Store(client, store.tables), visits_to(site, "v"))

    assert isinstance(result, error)
    assert len(pauses) == TRIES_MAX - 1
    assert len({*pauses}) == len(pauses)
    bounds = [min(0.01 * 2**number, 0.5) for number in range(len(pauses))]
    assert all(pause <= bound for pause, bound in zip(pauses, bounds, strict=True))


def test_no_try_begins_late(store: Store, site: Site) -> None:
    """Each may take as long as the SDK waits, so their number bounds no time."""
    now = 0.0

    def slow(call: Callable[[], Any]) -> Any:
        nonlocal now
        now += TRY_SECONDS_MAX / 2
        return lost_before(call)

    client = FaultyClient(store.client, transact_write_items=[slow] * 1_000)
    recorder = Recorder(Store(client, store.tables), clock=lambda: now)

    (result,) = recorder.record(visits_to(site, "v"))

    assert isinstance(result, IndeterminateError)
    assert writes(client) == 2


def test_the_largest_visits_fit_into_a_transaction(store: Store) -> None:
    """4 MB, whatever their addresses, sources, campaigns and readers."""
    site = add_site(store, "https://" + "a" * 63 + ".example/" + "s" * 600)
    wide = "%F0%9F%98%80" * 110
    index = SiteIndex((site,))
    group = []
    for number in range(95):
        said = Submission(
            f"{number:02d}" + "x" * 62,
            f"{site.url}/{number:02d}{wide}?utm_campaign={number:02d}",
            referrer=f"https://{number:02d}{'r' * 60}.example/" + "p" * 1_900,
            width=1_280,
        )
        reader = Reader(
            Agent(f"B{number}", f"S{number}", is_robot=False), "DE", f"reader {number}"
        )
        visit = resolve(said, index, NOW_MS, 86_400, reader)
        assert isinstance(visit, Visit)
        group.append(visit)
    client = FaultyClient(store.client)

    results = record(Store(client, store.tables), group)

    assert outcomes(results) == ["counted"] * 95
    sizes = [
        len(repr(request).encode())
        for name, request in client.requests
        if name == "transact_write_items"
    ]
    assert max(sizes) < TRANSACTION_BYTES_MAX / 2
    assert_verified(store, site, 95)


def test_a_fold_whose_answer_is_lost_is_told_so(store: Store, site: Site) -> None:
    """What was folded is folded once: another try finds the rest."""
    client = FaultyClient(store.client, transact_write_items=[CONFLICT])
    record(Store(client, store.tables), visits_to(site, "a", "b"))
    on = FaultyClient(store.client, transact_write_items=[lost_after])

    with pytest.raises(IndeterminateError):
        compact(Store(on, store.tables), site.url)
    again = compact(store, site.url)

    assert again == 0
    assert_verified(store, site, 2)


def test_conflicts_without_end_end_a_fold(
    store: Store, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leave the visits where they were."""
    client = FaultyClient(store.client, transact_write_items=[CONFLICT])
    record(Store(client, store.tables), visits_to(site, "a"))
    monkeypatch.setattr(backoff, "sleep", lambda _: None)
    busy = FaultyClient(store.client, transact_write_items=[CONFLICT] * 1_000)

    with pytest.raises(ThrottledError):
        compact(Store(busy, store.tables), site.url)

    assert_verified(store, site, 1)


def test_a_stop_answers_all_though_the_store_hangs(
    store: Store, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on its way is unknown, what was not sent is not written; nothing waits."""
    monkeypatch.setattr("footfall.visits.group.STOP_SECONDS_MAX", 0.3)
    returns = threading.Event()
    sent = threading.Event()

    def hang(call: Callable[[], Any]) -> Any:
        sent.set()
        returns.wait(60)
        return call()

    client = FaultyClient(store.client, transact_write_items=[hang])
    commit = GroupCommit(Store(client, store.tables))
    first = commit.submit(visits_to(site, "first")[0])
    assert sent.wait(10)
    later = [commit.submit(visit) for visit in visits_to(site, "b", "c")]
    commit.close()

    results = [ticket.group.done.result(0)[ticket.place] for ticket in (first, *later)]
    assert outcomes(results) == ["IndeterminateError", *["UnavailableError"] * 2]
    assert commit.statistics.read().refused["indeterminate"] == 1
    assert commit.statistics.read().refused["unavailable"] == 2
    with pytest.raises(UnavailableError):
        commit.submit(visits_to(site, "late")[0])
    returns.set()
    for writer in commit._writers:
        writer.join(30)
    # What was told is true: the first id was on its way, the others were never sent.
    again = record(store, visits_to(site, "first", "b", "c"))
    assert outcomes(again) == ["duplicate", "counted", "counted"]
    assert_verified(store, site, 3)


def test_a_stop_while_the_store_refuses_ends(
    store: Store, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tries go on until the deadline, and no longer than they are bounded."""
    monkeypatch.setattr("footfall.visits.group.STOP_SECONDS_MAX", 0.3)
    client = FaultyClient(
        store.client, transact_write_items=[refused("ThrottlingException")] * 1_000
    )
    commit = GroupCommit(Store(client, store.tables))
    tickets = [commit.submit(visit) for visit in visits_to(site, "a", "b")]
    commit.close()

    results = [ticket.group.done.result(0)[ticket.place] for ticket in tickets]
    assert all(isinstance(result, FootfallError) for result in results)
