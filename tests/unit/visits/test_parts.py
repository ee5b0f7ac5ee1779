"""A dimension's items stay small; what has no room is counted under `other`."""

from collections.abc import Iterable

from footfall.visits.dimensions import (
    NUMBER_BYTES_MAX,
    OTHER,
    PART_BYTES_MAX,
    value_buckets,
)
from footfall.visits.parts import REMEMBERED_BYTES_MAX, Address, Parts, Placed


class Stored:
    """Items as a store holds them, and which were read."""

    def __init__(self, items: dict[Address, list[str]] | None = None) -> None:
        self.items = items or {}
        self.reads: list[Address] = []

    def read(self, addresses: list[Address]) -> list[Iterable[str]]:
        self.reads += addresses
        return [self.items.get(address, ()) for address in addresses]


SITE, BUCKET = "https://a.example/", "page#2026-11-24#00"
HERE = (SITE, BUCKET)
FULL = [f"={n:0100d}" for n in range(PART_BYTES_MAX // (101 + NUMBER_BYTES_MAX))]
LONG = "=" + "x" * 100


def here(*values: str) -> list[Placed]:
    """Values that one part alone may have."""
    return [Placed(SITE, (BUCKET,), value) for value in values]


def anywhere(*values: str, parts: int = 4) -> list[Placed]:
    """Values that several parts may have."""
    return [
        Placed(SITE, value_buckets("page", "2026-11-24", value, parts), value)
        for value in values
    ]


def test_a_value_that_fits_is_counted_as_itself() -> None:
    """The common case reads an item once and then remembers."""
    stored = Stored()
    parts = Parts(stored.read)

    assert parts.admit(here("=/a", "=/b", "=/a")) == [
        (BUCKET, "=/a"),
        (BUCKET, "=/b"),
        (BUCKET, "=/a"),
    ]
    assert parts.admit(here("=/a")) == [(BUCKET, "=/a")]
    assert stored.reads == [HERE]


def test_a_new_value_of_a_full_part_is_other() -> None:
    """The item's size is bounded, whatever addresses readers ask for."""
    parts = Parts(Stored({HERE: FULL}).read)

    admitted = parts.admit(here(LONG, FULL[0]))

    assert admitted == [(BUCKET, OTHER), (BUCKET, FULL[0])]


def test_values_of_another_writer_are_seen() -> None:
    """A value that is new to this writer sends it to read the item again."""
    stored = Stored()
    parts = Parts(stored.read)
    parts.admit(here("=/a"))
    stored.items[HERE] = FULL

    assert parts.admit(here(LONG)) == [(BUCKET, OTHER)]


def test_few_values_share_one_part() -> None:
    """Each item that a group moves is written; a site of few pages has one."""
    stored = Stored()

    admitted = Parts(stored.read).admit(anywhere(*[f"=/{n}" for n in range(100)]))

    assert {bucket for bucket, _ in admitted} == {BUCKET}
    assert stored.reads == [HERE]


def test_many_values_fill_all_parts_and_no_part_overflows() -> None:
    """The order in which they come makes no difference to the bound."""
    values = [f"={n:0100d}" for n in range(2_000)]
    parts = Parts(Stored().read)
    admitted = [each for value in values for each in parts.admit(anywhere(value))]
    stored: dict[str, list[str]] = {}
    for bucket, value in admitted:
        if value != OTHER:
            stored.setdefault(bucket, []).append(value)

    assert sorted(stored) == [f"page#2026-11-24#{part:02d}" for part in range(4)]
    assert {len(held) for held in stored.values()} == {len(FULL)}
    assert parts.admit(anywhere(*values)) == admitted, "each keeps to its part"


def test_a_value_goes_past_parts_that_others_filled() -> None:
    """Also where they are found to be full only now."""
    buckets = value_buckets("page", "2026-11-24", LONG, 4)
    stored = Stored({(SITE, bucket): FULL for bucket in buckets[:-1]})

    assert len(buckets) > 1
    assert Parts(stored.read).admit(anywhere(LONG)) == [(buckets[-1], LONG)]
    assert stored.reads == [(SITE, bucket) for bucket in buckets]


def test_what_is_remembered_is_bounded() -> None:
    """A server runs for years, and every day has new items."""
    stored = Stored()
    parts = Parts(stored.read)
    days = [f"page#{day:05d}#00" for day in range(300)]
    for day in days:
        parts.admit(Placed(SITE, (day,), value) for value in FULL)
    stored.reads.clear()

    parts.admit(Placed(SITE, (day,), FULL[0]) for day in (days[0], days[-1]))

    assert len(days) * PART_BYTES_MAX > REMEMBERED_BYTES_MAX
    assert stored.reads == [(SITE, days[0])]
