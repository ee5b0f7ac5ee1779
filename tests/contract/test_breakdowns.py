"""Breakdowns and visitors on every client: atomic, exact, bounded, switched off."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from footfall.counters.port import Store
from footfall.visits.agents import Agent
from footfall.visits.dimensions import (
    NUMBER_BYTES_MAX,
    PART_BYTES_MAX,
    ROBOT,
    UNPAGED,
)
from footfall.visits.parts import PARTS_EMBEDDED
from footfall.visits.reader import Reader
from footfall.visits.record import Recorder
from footfall.visits.report import ValueTotal, daily, top, total
from footfall.visits.site import DIMENSIONS, Site, SiteIndex
from footfall.visits.sites import add_site, change_site, remove_site
from footfall.visits.verify import verify
from footfall.visits.visit import Outcome, Submission, Visit, resolve
from footfall.visits.visitors import GRACE_MS, destroy_salts
from tests.faulty import FaultyClient, lost_after

URL = "https://a.example/"
# Tomorrow: nothing of it has expired, which DynamoDB Local would delete meanwhile.
DAY = datetime.now(UTC).date() + timedelta(days=1)
NEXT_DAY = DAY + timedelta(days=1)
NOON_MS = int(datetime.combine(DAY, time(12), UTC).timestamp() * 1000)
END_MS = NOON_MS + 12 * 3_600_000
HOUR_MS = 3_600_000
WINDOW_SECONDS = 86_400

FIREFOX = Agent("Firefox", "Linux", is_robot=False)
GOOGLEBOT = Agent("Googlebot", "unknown", is_robot=True)
ANN = Reader(FIREFOX, "DE", "192.0.2.1\nFirefox")
BEN = Reader(FIREFOX, "FR", "192.0.2.2\nFirefox")
QUIET = Reader(FIREFOX, quiet=True)

# What ANN's view of PAGE with REFERRER and WIDTH is, by each dimension.
PAGE = "https://a.example/blog?utm_campaign=spring"
REFERRER = "https://www.google.de/"
WIDTH = 390
VALUES = {
    "page": "/blog",
    "referrer": "Google",
    "campaign": "spring",
    "country": "DE",
    "browser": "Firefox",
    "system": "Linux",
    "size": "phone",
}


@pytest.fixture
def site(store: Store) -> Site:
    return add_site(store, URL)


def said(
    site: Site,
    id: str,
    reader: Reader | None = ANN,
    *,
    url: str = PAGE,
    now_ms: int = NOON_MS,
    **fields: Any,
) -> Visit | Outcome:
    """A visit as a server makes it of what a request says."""
    fields = {"referrer": REFERRER, "width": WIDTH, **fields}
    submission = Submission(id, url, **fields)
    return resolve(submission, SiteIndex((site,)), now_ms, WINDOW_SECONDS, reader)


def count(recorder: Recorder, *visits: Visit | Outcome) -> list[str]:
    """The outcomes of visits that are recorded together."""
    results = recorder.record([visit for visit in visits if isinstance(visit, Visit)])
    assert all(isinstance(result, Outcome) for result in results), results
    return [result.outcome for result in results if isinstance(result, Outcome)]


def recorder_at(store: Store, now_ms: int = NOON_MS) -> Recorder:
    """A server's recorder at a time."""
    return Recorder(store, now_ms=lambda: now_ms)


def values(store: Store, site: Site, dimension: str) -> list[tuple[str, int]]:
    return [
        (each.value, each.visits)
        for each in top(store, site, dimension, DAY, DAY, limit=100)
    ]


def visitors(store: Store, site: Site, day: date = DAY) -> int:
    return daily(store, site, day, day)[0].visitors


def stored(store: Store, table: str) -> list[Any]:
    items: list[Any] = store.client.scan(TableName=table)["Items"]
    return items


def salts(store: Store) -> list[Any]:
    return [
        item
        for item in stored(store, store.tables.settings)
        if item["kind"]["S"] == "salt"
    ]


def test_a_view_moves_every_breakdown(store: Store, site: Site) -> None:
    """All in the visit's own transaction, and a repeat moves none (G1, G3)."""
    recorder = recorder_at(store)

    assert count(recorder, said(site, "v"), said(site, "v")) == ["counted", "duplicate"]
    assert count(recorder_at(store), said(site, "v")) == ["duplicate"]

    for dimension, value in VALUES.items():
        assert values(store, site, dimension) == [(value, 1)]
    assert values(store, site, "event") == values(store, site, ROBOT) == []
    assert visitors(store, site) == 1
    assert verify(store, site, NOON_MS).differences == ()


def test_breakdowns_survive_a_lost_answer(store: Store, site: Site) -> None:
    """The same request again; no value and no visitor counts twice."""
    lossy = FaultyClient(
        store.client, transact_write_items=[lost_after], batch=[lost_after]
    )
    recorder = recorder_at(Store(lossy, store.tables))

    assert count(recorder, said(site, "v")) == ["counted"]

    assert [values(store, site, each)[0][1] for each in VALUES] == [1] * len(VALUES)
    assert visitors(store, site) == 1


def test_an_event_is_counted_beside_the_views(store: Store, site: Site) -> None:
    """Once for each id; it is no view, and moves no other number."""
    recorder = recorder_at(store)
    sign_up = said(site, "e", event="sign-up")

    assert count(recorder, sign_up, said(site, "e2", event="sign-up")) == [
        *["counted"] * 2
    ]
    assert count(recorder, sign_up) == ["duplicate"]

    assert values(store, site, "event") == [("sign-up", 2)]
    assert total(store, site) == 0
    assert values(store, site, "page") == []
    assert visitors(store, site) == 0
    assert verify(store, site, NOON_MS).differences == ()


def test_robots_are_counted_apart(store: Store, site: Site) -> None:
    """Filtered, visible, once for each id; no number of readers moves."""
    recorder = recorder_at(store)
    robot = Reader(GOOGLEBOT, "US", "192.0.2.9\nGooglebot")

    visits = [said(site, "r", robot), said(site, "r2", robot), said(site, "v")]
    assert count(recorder, *visits) == ["filtered", "filtered", "counted"]
    assert count(recorder, visits[0]) == ["filtered"]

    assert values(store, site, ROBOT) == [("Googlebot", 2)]
    assert values(store, site, "browser") == [("Firefox", 1)]
    assert total(store, site) == visitors(store, site) == 1
    assert verify(store, site, NOON_MS).differences == ()
    numbers = recorder.statistics.of_site(site.url)
    assert (numbers.duplicates, numbers.filtered) == (0, {"robot": 3})


@pytest.mark.parametrize(
    ("site_without", "reader", "reason"),
    [
        ((), Reader(GOOGLEBOT), "robot"),
        ((), QUIET, "quiet"),
        (("event",), ANN, "off"),
    ],
)
def test_an_event_that_is_not_counted_is_said_to_be(
    store: Store, site_without: tuple[str, ...], reader: Reader, reason: str
) -> None:
    """It is nothing but a value of a breakdown (G6)."""
    left = tuple(each for each in DIMENSIONS if each not in site_without)
    site = add_site(store, URL, dimensions=left)

    assert said(site, "e", reader, event="sign-up") == Outcome(
        "filtered", URL, reason=reason
    )


def test_who_asks_not_to_be_followed_is_a_number(store: Store, site: Site) -> None:
    """No visitor, no breakdown, nor the page; the numbers agree all the same."""
    recorder = recorder_at(store)

    assert count(recorder, said(site, "q", QUIET), said(site, "v")) == ["counted"] * 2

    assert total(store, site) == 2
    assert [values(store, site, each)[0][1] for each in VALUES] == [1] * len(VALUES)
    assert visitors(store, site) == 1
    assert verify(store, site, NOON_MS).differences == ()
    (day,) = [item for item in rollups(store) if item["bucket"]["S"] == f"total#{DAY}"]
    assert day[UNPAGED] == {"N": "1"}
    receipts = {
        item["receipt"]["S"]: item
        for item in stored(store, store.tables.visit_receipts)
    }
    assert "page" not in receipts[f"{URL} q"]
    assert receipts[f"{URL} v"]["page"] == {"S": "/blog"}


def rollups(store: Store) -> list[Any]:
    return stored(store, store.tables.visit_rollups)


@pytest.mark.parametrize("dimension", VALUES)
def test_each_breakdown_can_be_switched_off(store: Store, dimension: str) -> None:
    """Nothing of it is stored, and the others are as ever."""
    left = tuple(each for each in DIMENSIONS if each != dimension)
    site = add_site(store, URL, dimensions=left)

    assert count(recorder_at(store), said(site, "v")) == ["counted"]

    kinds = {item["bucket"]["S"].partition("#")[0] for item in rollups(store)}
    assert kinds == {"total", *VALUES} - {dimension}
    assert visitors(store, site) == 1
    assert verify(store, site, NOON_MS).differences == ()


def test_visitors_can_be_switched_off(store: Store) -> None:
    """No marker and no salt is ever stored."""
    left = tuple(each for each in DIMENSIONS if each != "visitor")
    site = add_site(store, URL, dimensions=left)

    assert count(recorder_at(store), said(site, "v")) == ["counted"]

    assert visitors(store, site) == 0
    assert salts(store) == []
    assert len(stored(store, store.tables.visit_receipts)) == 1


def test_totals_only_stores_the_total_and_the_day(store: Store) -> None:
    """The cheapest site; it can be broken down later."""
    site = add_site(store, URL, dimensions=())
    recorder = recorder_at(store)
    count(recorder, said(site, "v"))

    assert [item["bucket"]["S"] for item in rollups(store)] == [f"total#{DAY}"]
    site = change_site(store, site, dimensions=DIMENSIONS)
    count(recorder, said(site, "v2"))
    assert values(store, site, "browser") == [("Firefox", 1)]
    assert verify(store, site, NOON_MS).differences == ()


# Visitors


def test_a_reader_counts_once_a_day(store: Store, site: Site) -> None:
    """However many pages are read, in one group, in several, by several servers."""
    first, second = recorder_at(store), recorder_at(store)

    count(first, said(site, "v1"), said(site, "v2"), said(site, "v3", BEN))
    count(first, said(site, "v4"))
    count(second, said(site, "v5"), said(site, "v6", BEN))
    count(second, said(site, "v7"))

    assert total(store, site) == 7
    assert visitors(store, site) == 2
    assert len(salts(store)) == 1


def test_a_reader_counts_on_each_site_and_nobody_can_tell(
    store: Store, site: Site
) -> None:
    """One reader's markers of two sites have nothing in common."""
    other = add_site(store, "https://b.example/")

    count(recorder_at(store), said(site, "v"), said(other, "v", url=other.url))

    assert visitors(store, site) == visitors(store, other) == 1
    digests = [marker.rpartition("\x1f")[2] for marker in markers(store)]
    assert len(set(digests)) == 2
    text = repr(
        [
            stored(store, request["TableName"])
            for request in store.tables.create_requests()
        ]
    )
    assert "192.0.2.1" not in text


def markers(store: Store) -> list[str]:
    receipts = stored(store, store.tables.visit_receipts)
    return [key for item in receipts if "\x1f" in (key := item["receipt"]["S"])]


def test_a_marker_tells_nothing_but_that_somebody_came(
    store: Store, site: Site
) -> None:
    """It names no visit's group, and goes a window after its day."""
    count(recorder_at(store), said(site, "v"))

    (marker,) = [
        item
        for item in stored(store, store.tables.visit_receipts)
        if "\x1f" in item["receipt"]["S"]
    ]
    assert marker.keys() == {"receipt", "expiresAt"}
    assert marker["expiresAt"] == {"N": str(END_MS // 1000 + store.window_seconds)}


def test_a_day_has_its_own_salt_in_its_sites_zone(store: Store) -> None:
    """The next day the same reader is another, and the salt before is destroyed."""
    site = add_site(store, URL, timezone="Asia/Tokyo")
    midnight = datetime.combine(NEXT_DAY, time(), ZoneInfo("Asia/Tokyo"))
    midnight_ms = int(midnight.timestamp() * 1000)
    times = [midnight_ms - 1, midnight_ms, midnight_ms + GRACE_MS + 1]
    names = []
    for number, now_ms in enumerate(times):
        count(recorder_at(store, now_ms), said(site, f"v{number}", now_ms=now_ms))
        names.append([salt["name"]["S"] for salt in salts(store)])

    before, after = f"Asia/Tokyo {DAY}", f"Asia/Tokyo {NEXT_DAY}"
    assert names[:2] == [[before], [before, after]]
    assert visitors(store, site) == visitors(store, site, NEXT_DAY) == 1
    assert total(store, site) == 3
    destroy_salts(store, times[2])
    assert [salt["name"]["S"] for salt in salts(store)] == [after]


def test_a_salt_is_destroyed_though_nobody_comes_again(
    store: Store, site: Site
) -> None:
    """A server looks now and then; the store itself lets it expire too."""
    now_ms = [NOON_MS]
    recorder = Recorder(store, now_ms=lambda: now_ms[0])
    count(recorder, said(site, "v"))
    (salt,) = salts(store)

    now_ms[0] = END_MS + GRACE_MS
    recorder.destroy_salts()
    assert salts(store) == [salt]
    now_ms[0] += 1
    recorder.destroy_salts()

    assert salts(store) == []
    assert salt["expiresAt"] == {"N": str((END_MS + GRACE_MS) // 1000)}
    enabled = store.client.describe_time_to_live(TableName=store.tables.settings)
    assert enabled["TimeToLiveDescription"]["AttributeName"] == "expiresAt"


def test_a_visit_that_comes_after_its_salt_is_gone_counts(
    store: Store, site: Site
) -> None:
    """It waited in a browser past midnight; its reader is not told apart any more."""
    count(recorder_at(store), said(site, "v"))
    late_ms = NOON_MS + 14 * HOUR_MS
    destroy_salts(store, late_ms)
    late = said(site, "late", BEN, now_ms=late_ms, age=14 * HOUR_MS)

    assert count(recorder_at(store, late_ms), late) == ["counted"]

    assert daily(store, site, DAY, DAY)[0].visits == 2
    assert visitors(store, site) == 1
    assert salts(store) == [], "nor is a salt made for a day that is over"


def test_removing_a_site_takes_its_visitors_too(store: Store, site: Site) -> None:
    """And nothing of a site whose address begins alike."""
    blog = add_site(store, f"{URL}blog/")
    both = [said(site, "v"), said(blog, "v", url=blog.url)]
    count(recorder_at(store), *both)

    remove_site(store, site)

    (marker,) = markers(store)
    assert marker.startswith(f"{blog.url}\x1f")
    assert len(stored(store, store.tables.visit_receipts)) == 2


def test_verifying_takes_no_marker_for_a_receipt(store: Store, site: Site) -> None:
    """Nor an event's or a robot's receipt: none of them is a view of the hour."""
    visits = [
        *(said(site, f"v{n}", reader) for n, reader in enumerate([ANN, BEN, QUIET])),
        said(site, "e", event="sign-up"),
        said(site, "r", Reader(GOOGLEBOT)),
    ]
    count(recorder_at(store), *visits)

    verification = verify(store, site, NOON_MS)

    assert verification.differences == ()
    assert verification.receipts == verification.total == 3
    assert len(stored(store, store.tables.visit_receipts)) == 7


# The bound


def fill(store: Store, site: Site, dimension: str) -> None:
    """Make every part of a dimension's day full, as many strangers would."""
    value = "=" + "x" * 150
    many = PART_BYTES_MAX // (len(value) + 4 + NUMBER_BYTES_MAX)
    attributes = {f"{value}{n:04d}": {"N": "1"} for n in range(many)}
    for part in range(PARTS_EMBEDDED):
        store.client.put_item(
            TableName=store.tables.visit_rollups,
            Item={
                "siteUrl": {"S": site.url},
                "bucket": {"S": f"{dimension}#{DAY}#{part:02d}"},
                **attributes,
            },
        )


Say = Callable[[Site, str, str], Visit | Outcome]

# How a stranger makes a view with a value of its own choice.
STRANGERS: dict[str, Say] = {
    "page": lambda site, id, value: said(site, id, url=f"{URL}{value}"),
    "referrer": lambda site, id, value: said(site, id, referrer=f"https://{value}/"),
    "campaign": lambda site, id, value: said(site, id, url=f"{URL}?ref={value}"),
    "event": lambda site, id, value: said(site, id, event=value),
    "browser": lambda site, id, value: said(
        site, id, Reader(Agent(value, "Linux", is_robot=False))
    ),
    "system": lambda site, id, value: said(
        site, id, Reader(Agent("Firefox", value, is_robot=False))
    ),
    ROBOT: lambda site, id, value: said(
        site, id, Reader(Agent(value, "unknown", is_robot=True))
    ),
}


@pytest.mark.parametrize("dimension", STRANGERS)
def test_past_its_items_size_a_day_goes_to_other(
    store: Store, site: Site, dimension: str
) -> None:
    """The item is bounded, no visit is lost, and the report says what is folded."""
    fill(store, site, dimension)
    recorder = recorder_at(store)
    long = "y" * 90

    for id in ("v1", "v2"):
        count(recorder, STRANGERS[dimension](site, id, f"{id}{long}"))

    reported = top(store, site, dimension, DAY, DAY, limit=1)
    assert reported[-1] == ValueTotal("other", 2, folded=True)
    assert not reported[0].folded
    assert len(reported) == 2, "it is told beyond the limit too"
    parts = [
        item
        for item in rollups(store)
        if item["bucket"]["S"].startswith(f"{dimension}#")
    ]
    assert len(parts) == PARTS_EMBEDDED
    assert not any(long in attribute for item in parts for attribute in item)


@pytest.mark.parametrize("dimension", STRANGERS)
def test_a_value_that_is_called_other_is_a_value(
    store: Store, site: Site, dimension: str
) -> None:
    """Strangers choose names; what is folded is told apart from all of them."""
    count(recorder_at(store), STRANGERS[dimension](site, "v", "other"))

    name = "/other" if dimension == "page" else "other"
    assert top(store, site, dimension, DAY, DAY, limit=9) == [ValueTotal(name, 1)]
