"""The edge of the window, on every client: what an id means that comes late, or wrongly.

An id is remembered for the window, by its receipt; past it, nobody can tell a retry
from a visit. Each case of the table in docs/reference/http.md ("Ids and the window") is
here. Time is an argument: a store's own deletion of what has expired is done by hand,
when the case says.
"""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from footfall import InvalidInputError
from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.visits.agents import Agent
from footfall.visits.ids import uuid7
from footfall.visits.reader import Reader
from footfall.visits.record import Recorder
from footfall.visits.report import daily, top, total
from footfall.visits.site import SITE_BYTES_MAX, Site, SiteIndex
from footfall.visits.sites import add_site
from footfall.visits.verify import verify
from footfall.visits.visit import AGE_MS_MAX, Outcome, Submission, resolve
from footfall.visits.visitors import GRACE_MS

URL = "https://a.example/"
SECOND_MS, HOUR_MS, DAY_MS = 1_000, 3_600_000, 86_400_000
# Today's end: what is written expires later than the true clock says.
MIDNIGHT_MS = (time.time_ns() // 1_000_000 // DAY_MS + 1) * DAY_MS
NOON_MS = MIDNIGHT_MS - DAY_MS // 2
BEFORE = datetime.fromtimestamp(NOON_MS / 1000, UTC).date()
AFTER = datetime.fromtimestamp(MIDNIGHT_MS / 1000, UTC).date()
PERSON = Agent("Firefox", "Linux", is_robot=False)


@dataclass
class Counting:
    """What a server does with a visit, at a time that the test tells."""

    store: Store
    sites: tuple[Site, ...]

    def ask(
        self,
        id: str,
        at_ms: int,
        age: int | None = None,
        url: str = URL,
        reader: str = "reader",
    ) -> str:
        """The answer to a visit that arrives at `at_ms`: its outcome, or why not."""
        recorder = Recorder(self.store, now_ms=lambda: at_ms)
        said = Submission(id, url, age=age)
        window = self.store.window_seconds
        index = SiteIndex(self.sites)
        visit = resolve(said, index, at_ms, window, Reader(PERSON, "", reader))
        if isinstance(visit, Outcome):
            return str(visit.reason)
        (result,) = recorder.record([visit])
        if isinstance(result, FootfallError):
            raise result
        return result.outcome

    def expire(self, at_ms: int) -> None:
        """Delete what has expired, as DynamoDB does, if late."""
        table = self.store.tables.visit_receipts
        for item in self.store.client.scan(TableName=table)["Items"]:
            if int(item["expiresAt"]["N"]) * SECOND_MS <= at_ms:
                self.store.client.delete_item(
                    TableName=table, Key={"receipt": item["receipt"]}
                )

    def on(self, day: date) -> tuple[int, int]:
        """A day's visits and visitors."""
        (counted,) = daily(self.store, self.sites[0], day, day)
        return counted.visits, counted.visitors


@pytest.fixture
def counting(store: Store) -> Counting:
    return Counting(
        store, (add_site(store, URL), add_site(store, "https://b.example/"))
    )


# Late


def test_a_retry_within_the_window_is_a_duplicate_to_its_last_moment(
    store: Store, counting: Counting
) -> None:
    """Whatever has expired by then: a receipt outlives its window."""
    assert counting.ask("v", NOON_MS) == "counted"
    last_ms = NOON_MS + DAY_MS
    counting.expire(last_ms)

    assert counting.ask("v", last_ms, age=DAY_MS) == "duplicate"
    assert total(store, counting.sites[0]) == 1


@pytest.mark.parametrize("deleted", [True, False])
def test_past_the_window_a_retry_is_stale(
    store: Store, counting: Counting, deleted: bool
) -> None:
    """Also where the store has not deleted the receipt yet."""
    counting.ask("v", NOON_MS)
    late_ms = NOON_MS + DAY_MS + 1
    if deleted:
        counting.expire(late_ms + DAY_MS)

    assert counting.ask("v", late_ms, age=DAY_MS + 1) == "stale"
    assert total(store, counting.sites[0]) == 1


def test_a_view_that_waited_past_the_window_is_stale(counting: Counting) -> None:
    """Nobody can tell whether it was counted, so it is not."""
    assert counting.ask("new", NOON_MS, age=DAY_MS) == "counted"
    assert counting.ask("other", NOON_MS, age=DAY_MS + 1) == "stale"


def test_a_late_retry_that_tells_no_age_is_a_visit_once_its_receipt_is_gone(
    store: Store, counting: Counting
) -> None:
    """An id alone does not say how old it is; a receipt that is kept only helps."""
    counting.ask("v", NOON_MS)
    late_ms = NOON_MS + DAY_MS + 2 * HOUR_MS

    assert counting.ask("v", late_ms) == "duplicate"
    counting.expire(late_ms)
    assert counting.ask("v", late_ms) == "counted"
    assert total(store, counting.sites[0]) == 2


# Past midnight


def test_a_view_counts_on_its_own_day(counting: Counting) -> None:
    """A view at 23:59 that arrives at 00:01, first or again, is yesterday's."""
    first_ms, later_ms = MIDNIGHT_MS - 60 * SECOND_MS, MIDNIGHT_MS + 60 * SECOND_MS

    assert counting.ask("a", later_ms, age=120 * SECOND_MS) == "counted"
    assert counting.ask("b", first_ms, reader="other") == "counted"
    assert counting.ask("b", later_ms, 120 * SECOND_MS, reader="other") == "duplicate"
    assert counting.on(BEFORE) == (2, 2)
    assert counting.on(AFTER) == (0, 0)


def test_a_retry_whose_age_puts_it_past_midnight_is_a_duplicate(
    counting: Counting,
) -> None:
    """The network's time is in no age; neither the visit nor its reader counts anew."""
    counting.ask("v", MIDNIGHT_MS - 1)

    assert counting.ask("v", MIDNIGHT_MS + SECOND_MS, age=900) == "duplicate"
    assert counting.on(BEFORE) == (1, 1)
    assert counting.on(AFTER) == (0, 0)


def test_a_reader_is_told_apart_until_the_days_salt_is_destroyed(
    store: Store, counting: Counting
) -> None:
    """An hour past midnight; then the visit counts, and its reader does not."""
    counting.ask("v1", MIDNIGHT_MS - SECOND_MS)
    in_time_ms, too_late_ms = MIDNIGHT_MS + GRACE_MS, MIDNIGHT_MS + GRACE_MS + 1

    assert counting.ask("v2", in_time_ms, age=2 * HOUR_MS, reader="second") == "counted"
    assert counting.on(BEFORE) == (2, 2)
    assert counting.ask("v3", too_late_ms, age=2 * HOUR_MS, reader="third") == "counted"
    assert counting.on(BEFORE) == (3, 2)
    assert counting.ask("v2", too_late_ms, 2 * HOUR_MS, reader="second") == "duplicate"
    assert counting.on(BEFORE) == (3, 2)
    assert verify(store, counting.sites[0], too_late_ms).differences == ()


# Clocks


@pytest.mark.parametrize("hours", [-14, -1, 0, 1, 14])
def test_an_id_of_another_clock_counts_when_it_arrives(
    counting: Counting, hours: int
) -> None:
    """Nobody reads the time in an id; an age is the difference of one clock."""
    id = uuid7(NOON_MS + hours * HOUR_MS, 7)

    assert counting.ask(id, NOON_MS, age=5 * SECOND_MS) == "counted"
    assert counting.ask(id, NOON_MS + SECOND_MS, age=6 * SECOND_MS) == "duplicate"
    assert counting.on(BEFORE)[0] == 1


def test_servers_whose_clocks_differ_agree_on_an_id(
    store: Store, counting: Counting
) -> None:
    """A retry at a server hours behind, or ahead, finds the receipt."""
    counting.ask("v", MIDNIGHT_MS - HOUR_MS)
    for hours in (-5, 5):
        there_ms = MIDNIGHT_MS + hours * HOUR_MS

        assert counting.ask("v", there_ms, age=SECOND_MS) == "duplicate"
    assert total(store, counting.sites[0]) == 1


@pytest.mark.parametrize("age", [-1, AGE_MS_MAX + 1])
def test_an_age_that_cannot_be_is_refused(counting: Counting, age: int) -> None:
    """A beacon never sends one; nothing is counted."""
    with pytest.raises(InvalidInputError, match="age"):
        counting.ask("v", NOON_MS, age=age)

    assert counting.on(BEFORE) == (0, 0)


def test_an_age_of_decades_is_stale(counting: Counting) -> None:
    """A device whose clock begins in 1970 until it asks a server for the time."""
    assert counting.ask("v", NOON_MS, age=AGE_MS_MAX) == "stale"


# Reused and forged


def test_an_id_of_another_page_is_a_duplicate(store: Store, counting: Counting) -> None:
    """The first page keeps it: an id is one view of a site."""
    counting.ask("v", NOON_MS, url=f"{URL}first")

    assert counting.ask("v", NOON_MS, url=f"{URL}second") == "duplicate"
    pages = top(store, counting.sites[0], "page", BEFORE, BEFORE, limit=9)
    assert [(each.value, each.visits) for each in pages] == [("/first", 1)]


def test_an_id_of_another_site_is_another_visit(
    store: Store, counting: Counting
) -> None:
    """A receipt is of a site and an id, so no site can use up another's."""
    assert counting.ask("v", NOON_MS) == "counted"
    assert counting.ask("v", NOON_MS, url="https://b.example/") == "counted"
    assert [total(store, site) for site in counting.sites] == [1, 1]


def test_an_id_that_looks_like_anothers_receipt_is_its_own(
    store: Store, counting: Counting
) -> None:
    """Where one key ended in the other's, a stranger could use up ids."""
    forged = "https://b.example/ v"

    assert counting.ask(forged, NOON_MS) == "counted"
    assert counting.ask("v", NOON_MS, url="https://b.example/") == "counted"
    assert counting.ask(f"x {forged}", NOON_MS) == "counted"
    for site in counting.sites:
        assert verify(store, site, NOON_MS + HOUR_MS).differences == ()


@pytest.mark.parametrize(
    "id",
    ["", "x" * 65, "a\nb", "a\x00", f"\x1f{BEFORE}\x1f0123456789abcdef", "é", "日"],
)
def test_an_id_that_is_none_is_refused(counting: Counting, id: str) -> None:
    """A marker's key has a separator that no id may have."""
    with pytest.raises(InvalidInputError, match="id"):
        counting.ask(id, NOON_MS)

    assert counting.on(BEFORE) == (0, 0)


def test_the_longest_id_of_the_longest_site_has_a_receipt(store: Store) -> None:
    """DynamoDB bounds keys; who adds a site hears of it, not who visits it."""
    site = add_site(store, URL + "s" * (SITE_BYTES_MAX - len(URL) - 1))
    counting = Counting(store, (site,))

    assert len(site.url) == SITE_BYTES_MAX
    assert counting.ask("x" * 64, NOON_MS, url=site.url) == "counted"
    assert counting.ask("x" * 64, NOON_MS, url=site.url) == "duplicate"
    with pytest.raises(InvalidInputError, match="bytes"):
        add_site(store, site.url[:-1] + "é/")
