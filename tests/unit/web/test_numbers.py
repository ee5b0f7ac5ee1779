"""The numbers of badges: read once for all who ask within a second."""

import asyncio
from collections.abc import Iterator

import pytest

from footfall.connect import connect
from footfall.counters.port import Store
from footfall.errors import UnavailableError
from footfall.visits.record import record
from footfall.visits.site import Site
from footfall.visits.sites import add_site
from footfall.visits.visit import view
from footfall.web.numbers import FRESH_SECONDS, REMEMBERED_MAX, Figure, Numbers
from tests.faulty import FaultyClient, lost_before

AT_MS = 20_781 * 86_400_000  # 2026-11-24


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def client() -> Iterator[FaultyClient]:
    """An embedded client that counts its calls."""
    client = connect(":memory:")
    yield FaultyClient(client)
    client.close()  # type: ignore[attr-defined]


@pytest.fixture
def store(client: FaultyClient) -> Store:
    return Store(client)


@pytest.fixture
def figure(store: Store) -> Figure:
    return Figure(add_site(store, "https://a.example/"), "total", "visits")


def count(store: Store, site: Site, id: str) -> None:
    record(store, [view(id, site, "/", AT_MS)])


def test_a_number_is_at_most_a_second_old(store: Store, figure: Figure) -> None:
    clock = Clock()
    numbers = Numbers(store, clock)

    async def ask() -> list[int]:
        first = await numbers.recent(figure)
        await asyncio.to_thread(count, store, figure.site, "v1")
        clock.now += FRESH_SECONDS * 0.9
        remembered, fresh = await numbers.recent(figure), await numbers.now(figure)
        clock.now += FRESH_SECONDS * 0.1
        return [first, remembered, fresh, await numbers.recent(figure)]

    assert asyncio.run(ask()) == [0, 0, 1, 1]


def test_all_who_ask_at_once_share_one_reading(
    client: FaultyClient, store: Store, figure: Figure
) -> None:
    """One who goes away takes it from nobody."""
    numbers = Numbers(store, Clock())
    client.requests.clear()

    async def ask() -> list[int]:
        impatient = asyncio.create_task(numbers.recent(figure))
        others = [asyncio.create_task(numbers.recent(figure)) for _ in range(20)]
        await asyncio.sleep(0)
        impatient.cancel()
        return await asyncio.gather(*others)

    assert asyncio.run(ask()) == [0] * 20
    reads = len(client.requests)
    asyncio.run(Numbers(store, Clock()).recent(figure))
    assert len(client.requests) == 2 * reads


def test_a_failed_reading_is_tried_again(
    client: FaultyClient, store: Store, figure: Figure
) -> None:
    """A store that is back must not look away for longer."""
    numbers = Numbers(store, Clock())
    client.plan("get_item", [lost_before] * 10)

    async def ask() -> int:
        with pytest.raises(UnavailableError):
            await numbers.recent(figure)
        client.plan("get_item", [])
        return await numbers.recent(figure)

    assert asyncio.run(ask()) == 0


def test_what_is_remembered_is_bounded(
    client: FaultyClient, store: Store, figure: Figure
) -> None:
    """Many sites are no leak: the one that was read first is read again."""
    numbers = Numbers(store, Clock())
    others = [
        Figure(Site(f"https://{number}.example/"), "today", "visits")
        for number in range(REMEMBERED_MAX)
    ]

    async def reads(figure: Figure) -> int:
        before = len(client.requests)
        await numbers.recent(figure)
        return len(client.requests) - before

    async def ask() -> tuple[bool, int, int]:
        first = await reads(figure)
        for other in others:
            await reads(other)
        return first > 0, await reads(figure) - first, await reads(others[-1])

    assert asyncio.run(ask()) == (True, 0, 0)
