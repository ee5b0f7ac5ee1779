"""The model of a disk, by hand-written calls."""

import random

import pytest

from tests.power.disk import (
    Disk,
    Record,
    all_survives,
    by_chance,
    first_sync_after,
    nothing_survives,
    read_log,
)

DIRECTORY, PATH = "/store", "/store/a.db"


def created(path: str = PATH, number: int = 1) -> Record:
    return Record("O", number, 0, path.encode(), 1)


def opened(path: str, number: int) -> Record:
    return Record("O", number, 0, path.encode(), 0)


def written(data: bytes, offset: int = 0, number: int = 1) -> Record:
    return Record("W", number, offset, data, 0)


def synced(number: int = 1) -> Record:
    return Record("S", number, 0, b"", 0)


DIRECTORY_SYNCED = [opened(DIRECTORY, 9), synced(9)]


@pytest.mark.parametrize(
    ("records", "least", "most"),
    [
        ([created()], None, b""),
        ([created(), *DIRECTORY_SYNCED], b"", b""),
        ([created(), written(b"ab"), *DIRECTORY_SYNCED], b"", b"ab"),
        ([created(), written(b"ab"), synced()], None, b"ab"),
        ([created(), written(b"ab"), synced(), *DIRECTORY_SYNCED], b"ab", b"ab"),
        (
            [created(), *DIRECTORY_SYNCED, written(b"ab"), synced(), written(b"c", 1)],
            b"ab",
            b"ac",
        ),
        (
            [
                *[created(), *DIRECTORY_SYNCED, written(b"abc"), synced()],
                Record("T", 1, 1, b"", 0),
            ],
            b"abc",
            b"a",
        ),
        (
            [
                *[created(), *DIRECTORY_SYNCED, written(b"ab"), synced()],
                Record("U", 0, 0, PATH.encode(), 0),
            ],
            b"ab",
            None,
        ),
        # A sync of any descriptor syncs the file.
        (
            [
                *[created(), *DIRECTORY_SYNCED, written(b"ab")],
                *[opened(PATH, 2), synced(2)],
            ],
            b"ab",
            b"ab",
        ),
    ],
)
def test_what_a_power_cut_leaves(
    records: list[Record], least: bytes | None, most: bytes | None
) -> None:
    """What is synced for sure; what is not, perhaps."""
    disk = Disk()
    disk.play(records)

    assert disk.after_power_cut(nothing_survives).get(PATH) == least
    assert disk.after_power_cut(all_survives).get(PATH) == most


def test_each_sector_survives_by_itself() -> None:
    """A page of 4 KB may be torn."""
    disk = Disk()
    disk.play([created(), *DIRECTORY_SYNCED, written(b"x" * 4_096)])

    torn = {
        disk.after_power_cut(by_chance(random.Random(seed)))[PATH] for seed in range(20)
    }

    assert len(torn) > 10
    assert all(set(content) <= {0, ord("x")} for content in torn)


def test_the_sync_that_makes_bytes_durable_is_found() -> None:
    """Not another file's, and not one before."""
    records = [
        *[created(), created("/store/b", 2), synced(), written(b"..id..")],
        *[synced(2), synced(1)],
    ]

    assert first_sync_after(records, b"id") == 5
    assert first_sync_after(records, b"none") is None


def test_a_log_that_a_kill_cut_off_is_read_to_its_last_whole_record() -> None:
    """The program may die in the middle of a record."""
    whole = Record("W", 1, 7, b"abc", 0)
    header = b"".join(n.to_bytes(8, "little") for n in (ord("W"), 1, 7, 3, 0))

    assert list(read_log(header + b"abc" + header + b"a")) == [whole]
