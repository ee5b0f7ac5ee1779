"""No acknowledged visit is lost by a power cut, at whatever moment it comes.

A server is recorded while visitors count, each on a site of its own, so that a reply
tells whose visit it is. Then the store is rebuilt as a power cut at some moment leaves
it, and must hold every visit that had been answered, with numbers that agree.
"""

import asyncio
import random
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from footfall.connect import connect
from footfall.counters.bulk import scan
from footfall.counters.port import Store
from footfall.counters.tables import RECEIPT
from footfall.errors import FootfallError
from footfall.visits.sites import load_sites
from footfall.visits.verify import verify_sites
from tests.browsers import Browser
from tests.conftest import StartFootfall
from tests.power.conftest import Recorded
from tests.power.disk import (
    Disk,
    Record,
    Survives,
    all_survives,
    by_chance,
    first_sync_after,
    nothing_survives,
)
from tests.processes import FOOTFALL, Server

VISITORS = 8
VISITS_EACH = 90
CUTS = 30
SEED = 20_261_124

_COUNTED = re.compile(rb'"outcome":"counted","site":"(https://v\d\.example/)"')


def site_of(visitor: int) -> str:
    return f"https://v{visitor}.example/"


def id_of(visitor: int, visit: int) -> str:
    return f"visitor-{visitor}-visit-{visit:04d}-"


@dataclass(frozen=True, slots=True)
class Reply:
    """A visit that was answered counted, and when in the log the answer left."""

    site: str
    id: str
    index: int


def replies_in(records: Sequence[Record]) -> list[Reply]:
    """The replies; each visitor's come in the order in which it sent its visits."""
    replies: list[Reply] = []
    answered = dict.fromkeys(map(site_of, range(VISITORS)), 0)
    for index, record in enumerate(records):
        if record.kind != "R":
            continue
        for found in _COUNTED.finditer(record.data):
            site = found[1].decode()
            id = id_of(int(site[len("https://v")]), answered[site])
            answered[site] += 1
            replies.append(Reply(site, id, index))
    return replies


def count_visits(server: Server) -> None:
    """Let every visitor count its visits, one after another, and kill the server."""

    async def visitor(number: int) -> None:
        browser = Browser([server.port])
        for visit in range(VISITS_EACH):
            outcome = await browser.visit(id_of(number, visit), site_of(number))
            assert outcome == "counted"
        browser.close()

    async def all_visitors() -> None:
        await asyncio.gather(*map(visitor, range(VISITORS)))

    asyncio.run(all_visitors())
    server.kill()


def add_sites(recorded: Recorded) -> None:
    for visitor in range(VISITORS):
        done = recorded.run(
            *(FOOTFALL, "sites", "add", site_of(visitor), "--store", recorded.store)
        )
        assert done.returncode == 0, done.stderr


def cuts(records: Sequence[Record], first: int, chance: random.Random) -> list[int]:
    """Moments to cut the power at: after replies, in checkpoints, at any time."""
    replies = [index for index, each in enumerate(records) if each.kind == "R"]
    database = {
        each.number
        for each in records
        if each.kind == "O" and each.data.endswith(b".db")
    }
    checkpoints = [
        index
        for index, each in enumerate(records)
        if each.kind == "W" and each.number in database and index > first
    ]
    assert len(checkpoints) > 10, "no checkpoint was recorded"
    chosen = [
        *chance.sample(replies, CUTS),
        *chance.sample(checkpoints, CUTS // 3),
        *(chance.randrange(first, len(records)) for _ in range(CUTS // 3)),
        len(records) - 1,
    ]
    return sorted(index + 1 for index in chosen)


def losses(records: Sequence[Record], first: int, directory: Path) -> Iterator[str]:
    """What power cuts lose, in words; nothing if all is well.

    Args:
        records: The whole log.
        first: Where the server's own begins.
        directory: Where stores are rebuilt.
    """
    chance, disk, played = random.Random(SEED), Disk(), 0
    replies = replies_in(records)
    for cut in cuts(records, first, chance):
        disk.play(records[played:cut])
        played = cut
        answered = [reply for reply in replies if reply.index < cut]
        for survives in (nothing_survives, all_survives, by_chance(chance)):
            for lost in _lost(disk, survives, answered, directory):
                yield f"cut at {cut}, {survives.__name__}: {lost}"


def _lost(
    disk: Disk, survives: Survives, answered: list[Reply], directory: Path
) -> Iterator[str]:
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for path, content in disk.after_power_cut(survives).items():
        if not path.endswith("-shm"):  # SQLite makes it anew
            (directory / Path(path).name).write_bytes(content)
    try:
        client = connect(str(directory / "visits.db"), create=False)
    except FootfallError as error:
        yield str(error)
        return
    try:
        store = Store(client)
        request = {"TableName": store.tables.visit_receipts}
        receipts = {item[RECEIPT]["S"] for item in scan(client, request)}
        for reply in answered:
            if f"{reply.site} {reply.id}" not in receipts:
                yield f"{reply.id} was answered and is gone"
        sites = load_sites(store).sites
        if len(sites) < VISITORS:
            yield f"{VISITORS - len(sites)} sites are gone"
        for verified in verify_sites(store, sites, time.time_ns() // 1_000_000):
            if isinstance(verified, FootfallError):
                yield str(verified)
            else:
                yield from verified.differences
    except FootfallError as error:
        yield str(error)
    finally:
        client.close()  # type: ignore[attr-defined]


def test_a_power_cut_loses_no_acknowledged_visit(
    recorded: Recorded, footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """G2: whatever of the unsynced sectors a disk had written by then."""
    add_sites(recorded)
    first = len(recorded.records())
    count_visits(
        footfall_process(
            "serve", "--store", recorded.store, environment=recorded.environment
        )
    )
    records = recorded.records()

    replies = replies_in(records)
    assert len(replies) == VISITORS * VISITS_EACH
    for reply in replies:
        synced = first_sync_after(records, reply.id.encode())
        assert synced is not None, f"{reply.id} was never synced"
        assert synced < reply.index, f"{reply.id} was answered before its sync"
    assert list(losses(records, first, tmp_path / "rebuilt")) == []


def test_a_store_that_does_not_sync_is_found(
    recorded: Recorded, footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """The proof is proved: the same test, SQLite told not to sync."""
    package = Path(connect.__code__.co_filename).parent
    copied = tmp_path / "src" / "footfall"
    shutil.copytree(package, copied, ignore=shutil.ignore_patterns("__pycache__"))
    storage = copied / "embedded" / "storage.py"
    source = storage.read_text()
    assert source.count("PRAGMA synchronous = FULL") == 1
    storage.write_text(
        source.replace("PRAGMA synchronous = FULL", "PRAGMA synchronous = OFF")
    )
    add_sites(recorded)
    first = len(recorded.records())
    environment = {**recorded.environment, "PYTHONPATH": str(copied.parent)}
    count_visits(
        footfall_process("serve", "--store", recorded.store, environment=environment)
    )
    records = recorded.records()

    unsynced = [
        reply
        for reply in replies_in(records)
        if (synced := first_sync_after(records, reply.id.encode())) is None
        or synced > reply.index
    ]
    assert len(unsynced) > VISITS_EACH
    assert next(losses(records, first, tmp_path / "rebuilt"), None) is not None


@pytest.mark.parametrize("visitors", [VISITORS])
def test_a_site_that_was_added_survives_a_power_cut(
    recorded: Recorded, tmp_path: Path, visitors: int
) -> None:
    """The command has said so: the file itself, its tables and the sites are there."""
    add_sites(recorded)
    disk = Disk()
    disk.play(recorded.records())

    chance = random.Random(SEED)
    for survives in (nothing_survives, all_survives, *[by_chance(chance)] * 20):
        assert list(_lost(disk, survives, [], tmp_path / "rebuilt")) == []
