"""Visits on every client: recorded once, grouped and reported."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from footfall import (
    IndeterminateError,
    NotANumberError,
    SiteNotFoundError,
    ThrottledError,
    UnavailableError,
)
from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.visits.baseline import read_baseline
from footfall.visits.group import GroupCommit
from footfall.visits.record import TRIES_MAX, Recorder, record
from footfall.visits.report import daily, hourly, top, total
from footfall.visits.site import Site
from footfall.visits.sites import add_site
from footfall.visits.verify import verify
from footfall.visits.visit import Outcome, Visit, view
from tests.faulty import CONFLICT, FaultyClient, after, lost_after, lost_before, refused

URL = "https://a.example/"
NOW_MS = int(time.time() * 1000)
TODAY = datetime.fromtimestamp(NOW_MS / 1000, UTC).date()


@pytest.fixture
def site(store: Store) -> Site:
    return add_site(store, URL)


def visit(site: Site, id: str, page: str = "/", age_ms: int = 0) -> Visit:
    return view(id, site, page, NOW_MS - age_ms)


def outcomes(results: list[Outcome | FootfallError]) -> list[str]:
    return [
        result.outcome if isinstance(result, Outcome) else type(result).__name__
        for result in results
    ]


def assert_verified(store: Store, site: Site, visits: int) -> None:
    verification = verify(store, site, NOW_MS)
    assert verification.differences == ()
    assert verification.total == visits


def test_a_visit_moves_every_counter(store: Store, site: Site) -> None:
    """The total, the day, the hour and the page, in one transaction."""
    assert record(store, [visit(site, "v1", "/blog")]) == [
        Outcome("counted", URL, visits=1)
    ]

    hour = datetime.fromtimestamp(NOW_MS / 1000, UTC).hour
    assert total(store, site) == 1
    assert daily(store, site, TODAY, TODAY)[0].visits == 1
    assert hourly(store, site, TODAY)[hour].visits == 1
    (page,) = top(store, site, "page", TODAY, TODAY, limit=9)
    assert (page.value, page.visits) == ("/blog", 1)
    assert_verified(store, site, 1)


def test_an_id_counts_once_whoever_retries_it(store: Store, site: Site) -> None:
    """In the same group, in another, by another writer (G1)."""
    group = [visit(site, id) for id in ("a", "b", "a")]

    assert outcomes(record(store, group)) == ["counted", "counted", "duplicate"]
    assert outcomes(record(store, group)) == ["duplicate"] * 3
    assert outcomes(record(store, [visit(site, "b"), visit(site, "c")])) == [
        "duplicate",
        "counted",
    ]
    assert_verified(store, site, 3)


def test_the_same_id_on_two_sites_is_two_visits(store: Store, site: Site) -> None:
    """A receipt is of a site and an id."""
    other = add_site(store, "https://b.example/")

    results = record(store, [visit(site, "v"), visit(other, "v")])

    assert outcomes(results) == ["counted", "counted"]
    assert_verified(store, site, 1)
    assert_verified(store, other, 1)


def test_a_large_group_is_split_and_every_visit_counts(
    store: Store, site: Site
) -> None:
    """DynamoDB takes 100 actions a transaction."""
    group = [visit(site, f"v{n}", f"/{n % 7}") for n in range(250)]

    results = record(store, group + group[:50])

    assert outcomes(results) == ["counted"] * 250 + ["duplicate"] * 50
    assert_verified(store, site, 250)


def test_outcomes_of_a_group_share_their_objects(store: Store, site: Site) -> None:
    """A server encodes an answer once for the whole group."""
    results = record(store, [visit(site, f"v{n}") for n in range(3)])

    assert results[0] is results[1] is results[2]


def test_many_sites_in_one_group(store: Store) -> None:
    """Each gets its own total: a batch reads 100 at most."""
    sites = [Site(f"s{n}.example") for n in range(120)]
    for site in sites:
        store.client.put_item(
            TableName=store.tables.site_visits,
            Item={"siteUrl": {"S": site.url}, "visits": {"N": "7"}},
        )

    results = record(store, [visit(site, "v") for site in sites])

    assert results == [Outcome("counted", site.url, visits=8) for site in sites]


def test_one_bad_site_fails_alone(store: Store, site: Site) -> None:
    """A string `visits`, or a site that was removed, stops no other site."""
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": "text"}, "visits": {"S": "0"}},
    )
    results = record(
        store,
        [visit(Site("text"), "v"), visit(site, "v"), visit(Site("gone"), "v")],
    )

    assert outcomes(results) == ["NotANumberError", "counted", "SiteNotFoundError"]
    assert "footfall sites repair text" in str(results[0])


def test_a_number_that_breaks_later_fails_its_site(store: Store, site: Site) -> None:
    """Whoever had counted it before finds out at the next visit."""
    recorder = Recorder(store)
    recorder.record([visit(site, "v1")])
    key = {"siteUrl": {"S": URL}}
    store.client.put_item(
        TableName=store.tables.site_visits, Item={**key, "visits": {"S": "1"}}
    )
    (text,) = recorder.record([visit(site, "v2")])
    store.client.delete_item(TableName=store.tables.site_visits, Key=key)
    (gone,) = recorder.record([visit(site, "v2")])

    assert isinstance(text, NotANumberError)
    assert isinstance(gone, SiteNotFoundError)


def test_a_hand_made_site_gets_a_baseline(store: Store) -> None:
    """The recipe's number is where its days begin; its item keeps its form."""
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": "fernandomc.com"}, "visits": {"N": "1000"}},
    )
    site = Site("fernandomc.com")

    assert record(store, [visit(site, "v")])[0] == Outcome(
        "counted", "fernandomc.com", visits=1001
    )
    assert read_baseline(store, "fernandomc.com") == 1000
    assert_verified(store, site, 1001)
    items = store.client.scan(TableName=store.tables.site_visits)["Items"]
    assert items == [{"siteUrl": {"S": "fernandomc.com"}, "visits": {"N": "1001"}}]


def test_a_baseline_is_right_while_the_recipe_counts(store: Store) -> None:
    """The number moves between the read and the write."""
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": URL}, "visits": {"N": "5"}},
    )

    def recipe() -> None:
        store.client.update_item(
            TableName=store.tables.site_visits,
            Key={"siteUrl": {"S": URL}},
            UpdateExpression="SET visits = visits + :inc",
            ExpressionAttributeValues={":inc": {"N": "1"}},
        )

    client = FaultyClient(store.client, transact_write_items=[after(recipe)])
    record(Store(client, store.tables), [visit(Site(URL), "v")])

    assert read_baseline(store, URL) == 6
    assert_verified(store, Site(URL), 7)


@pytest.mark.parametrize("fault", [lost_after, lost_before, CONFLICT])
@pytest.mark.parametrize("size", [1, 3])
def test_a_group_whose_answer_is_lost_counts_once(
    store: Store, site: Site, fault: object, size: int
) -> None:
    """The same request goes again under the same token."""
    client = FaultyClient(store.client, transact_write_items=[fault, fault])  # type: ignore[list-item]
    group = [visit(site, f"v{n}") for n in range(size)]

    results = record(Store(client, store.tables), group)

    assert outcomes(results) == ["counted"] * size
    assert_verified(store, site, size)


def test_a_lost_success_is_answered_counted_past_the_token(
    store: Store, site: Site
) -> None:
    """DynamoDB forgets a token after ten minutes; the receipt carries it too."""

    class Forgetful(FaultyClient):
        """A store that has forgotten the token when the group is sent again."""

        def __getattr__(self, name: str) -> Any:
            method = super().__getattr__(name)
            if name != "transact_write_items":
                return method

            def forgetting(**request: Any) -> Any:
                tokenless = dict(request)
                tokenless.pop("ClientRequestToken", None)
                return method(**tokenless)

            return forgetting

    client = Forgetful(store.client, transact_write_items=[lost_after])

    results = record(Store(client, store.tables), [visit(site, "a"), visit(site, "b")])

    assert outcomes(results) == ["counted", "counted"]
    assert_verified(store, site, 2)


def test_a_lost_race_takes_out_the_duplicate_alone(store: Store, site: Site) -> None:
    """Another writer counts one of the ids between the read and the write."""
    client = FaultyClient(
        store.client,
        transact_write_items=[after(lambda: record(store, [visit(site, "b")]))],
    )
    group = [visit(site, id) for id in ("a", "b", "c")]

    results = record(Store(client, store.tables), group)

    assert outcomes(results) == ["counted", "duplicate", "counted"]
    assert_verified(store, site, 3)


def test_known_duplicates_never_cancel_a_group(store: Store, site: Site) -> None:
    """On DynamoDB a cancelled transaction costs as much as a written one."""
    record(store, [visit(site, "a")])
    client = FaultyClient(store.client)

    results = record(Store(client, store.tables), [visit(site, "a"), visit(site, "b")])

    assert outcomes(results) == ["duplicate", "counted"]
    writes = [name for name, _ in client.requests if name == "transact_write_items"]
    assert len(writes) == 1


def test_a_number_told_after_a_move_to_a_shard_has_the_visit_in_it(
    store: Store, site: Site
) -> None:
    """A moment ago the site had no shards, which is looked up once a second."""
    client = FaultyClient(store.client)
    recorder = Recorder(Store(client, store.tables))
    recorder.record([visit(site, "v1")])
    client.plan("transact_write_items", [CONFLICT])

    (told,) = recorder.record([visit(site, "v2")])

    assert isinstance(told, Outcome)
    assert told.visits == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (lost_before, IndeterminateError),
        (CONFLICT, ThrottledError),
        (refused("ProvisionedThroughputExceededException"), ThrottledError),
        (refused("AccessDeniedException"), FootfallError),
    ],
)
def test_what_stays_broken_is_told(
    store: Store,
    site: Site,
    fault: object,
    error: type[FootfallError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After bounded tries each visit gets the error, and the id may come again."""
    monkeypatch.setattr("footfall.visits.record.PAUSE_SECONDS", 0.0)
    client = FaultyClient(store.client, transact_write_items=[fault] * 3 * TRIES_MAX)  # type: ignore[arg-type]
    group = [visit(site, "a"), visit(site, "b")]

    results = record(Store(client, store.tables), group)

    assert all(isinstance(result, error) for result in results)
    assert outcomes(record(store, group)) == ["counted", "counted"]


def test_a_store_that_cannot_be_read_counts_nothing(store: Store, site: Site) -> None:
    """The first look at a site fails: nothing was written."""
    client = FaultyClient(store.client, get_item=[lost_before])
    (result,) = record(Store(client, store.tables), [visit(site, "a")])

    assert isinstance(result, UnavailableError)
    assert_verified(store, site, 0)


@pytest.mark.parametrize("fault", [lost_before, lost_after])
def test_what_is_unknown_of_a_baseline_is_not_unknown_of_a_visit(
    store: Store, fault: Any
) -> None:
    """It was to be stored first; the visit was never sent, and comes again."""
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": URL}, "visits": {"N": "7"}},
    )
    by_hand = Site(URL)
    client = FaultyClient(store.client, transact_write_items=[fault])
    recorder = Recorder(Store(client, store.tables))

    (result,) = recorder.record([visit(by_hand, "a")])

    assert isinstance(result, UnavailableError)
    assert result.written == "no"
    assert outcomes(recorder.record([visit(by_hand, "a")])) == ["counted"]
    verified = verify(store, by_hand, NOW_MS)
    assert (verified.total, verified.baseline, verified.differences) == (8, 7, ())


@pytest.mark.parametrize("fault", [lost_before, lost_after])
def test_what_is_unknown_of_a_salt_is_not_unknown_of_a_visit(
    store: Store, site: Site, fault: Any
) -> None:
    """As of a baseline."""
    client = FaultyClient(store.client, put_item=[fault])
    recorder = Recorder(Store(client, store.tables))
    read = replace(visit(site, "a"), reader="somebody")

    (result,) = recorder.record([read])

    assert isinstance(result, UnavailableError)
    assert outcomes(recorder.record([read])) == ["counted"]
    assert_verified(store, site, 1)


def test_a_counted_visit_is_counted_though_its_total_cannot_be_read(
    store: Store, site: Site
) -> None:
    """The answer only lacks the number."""
    client = FaultyClient(store.client)
    recorder = Recorder(Store(client, store.tables))
    recorder.record([visit(site, "a")])
    client.plan("batch_get_item", [lost_before])

    assert recorder.record([visit(site, "b")]) == [Outcome("counted", URL)]


def test_a_group_commit_answers_all_it_accepted(store: Store, site: Site) -> None:
    """Closing waits for what was accepted, and takes no more."""
    other = add_site(store, "https://b.example/")
    commit = GroupCommit(store)
    tickets = [
        commit.submit(visit(each, f"v{n % 150}"))
        for n in range(200)
        for each in (site, other)
    ]
    commit.close()
    commit.close()

    results = [ticket.group.done.result(0)[ticket.place] for ticket in tickets]
    assert outcomes(results).count("counted") == 300
    assert outcomes(results).count("duplicate") == 100
    assert commit.waiting == 0
    with pytest.raises(UnavailableError):
        commit.submit(visit(site, "late"))
    assert_verified(store, site, 150)


def test_a_full_queue_refuses(store: Store, site: Site) -> None:
    """Memory is bounded, and the caller hears that nothing was written."""
    commit = GroupCommit(store, queue_max=0)

    with pytest.raises(ThrottledError):
        commit.submit(visit(site, "a"))
    commit.close()


def test_a_report_has_days_without_visits(store: Store, site: Site) -> None:
    """A plot needs its zeros."""
    yesterday = TODAY - timedelta(days=1)
    record(store, [visit(site, "a", age_ms=0)])

    days = daily(store, site, TODAY - timedelta(days=29), TODAY)

    assert len(days) == 30
    assert [day.visits for day in days[-2:]] == [0, 1]
    assert days[-2].date == yesterday
    assert top(store, site, "page", yesterday, yesterday, limit=5) == []
    with pytest.raises(FootfallError, match="is before"):
        daily(store, site, TODAY, yesterday)
    with pytest.raises(FootfallError, match="at most"):
        daily(store, site, date(2000, 1, 1), TODAY)


def test_hours_of_a_day_on_which_clocks_go_back(store: Store) -> None:
    """There are 25, and two begin at 02:00."""
    site = add_site(store, "https://berlin.example/", timezone="Europe/Berlin")

    hours = hourly(store, site, date(2026, 10, 25))

    assert len(hours) == 25
    assert [hour.start.hour for hour in hours[1:5]] == [1, 2, 2, 3]
