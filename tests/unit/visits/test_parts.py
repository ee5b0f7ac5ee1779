"""A dimension's items stay small; what has no room is counted under `other`."""

from collections.abc import Iterable

from footfall.visits.dimensions import NUMBER_BYTES_MAX, OTHER, PART_BYTES_MAX
from footfall.visits.parts import REMEMBERED_BYTES_MAX, Address, Parts


class Stored:
    """Items as a store holds them, and which were read."""

    def __init__(self, items: dict[Address, list[str]] | None = None) -> None:
        self.items = items or {}
        self.reads: list[Address] = []

    def read(self, addresses: list[Address]) -> list[Iterable[str]]:
        self.reads += addresses
        return [self.items.get(address, ()) for address in addresses]


HERE = ("https://a.example/", "page#2026-11-24#00")
FULL = [f"={n:0100d}" for n in range(PART_BYTES_MAX // (101 + NUMBER_BYTES_MAX))]


def test_a_value_that_fits_is_counted_as_itself() -> None:
    """The common case reads an item once and then remembers."""
    stored = Stored()
    parts = Parts(stored.read)

    assert parts.admit([(HERE, "=/a"), (HERE, "=/b"), (HERE, "=/a")]) == [
        "=/a",
        "=/b",
        "=/a",
    ]
    assert parts.admit([(HERE, "=/a")]) == ["=/a"]
    assert stored.reads == [HERE]


def test_a_new_value_of_a_full_part_is_other() -> None:
    """The item's size is bounded, whatever addresses readers ask for."""
    parts = Parts(Stored({HERE: FULL}).read)

    admitted = parts.admit([(HERE, "=" + "x" * 100), (HERE, FULL[0])])

    assert admitted == [OTHER, FULL[0]]


def test_values_of_another_writer_are_seen() -> None:
    """A value that is new to this writer sends it to read the item again."""
    stored = Stored()
    parts = Parts(stored.read)
    parts.admit([(HERE, "=/a")])
    stored.items[HERE] = FULL

    assert parts.admit([(HERE, "=" + "x" * 100)]) == [OTHER]


def test_what_is_remembered_is_bounded() -> None:
    """A server runs for years, and every day has new items."""
    stored = Stored()
    parts = Parts(stored.read)
    days = [("https://a.example/", f"page#{day:05d}#00") for day in range(300)]
    for day in days:
        parts.admit((day, value) for value in FULL)
    stored.reads.clear()

    parts.admit([(days[0], FULL[0]), (days[-1], FULL[0])])

    assert len(days) * PART_BYTES_MAX > REMEMBERED_BYTES_MAX
    assert stored.reads == [days[0]]
