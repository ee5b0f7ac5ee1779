"""Contests over several server processes: answers dropped, one server killed.

Whatever happens, there are exactly as many winners as places, each place is given once,
and an id that asks again hears the same.
"""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from footfall.connect import connect, create_tables
from footfall.counters.blocks import BLOCK_CLAIMS
from footfall.counters.named import create_countdown
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from tests.conftest import StartFootfall
from tests.leftovers import delete_tables
from tests.processes import Server

SERVERS = 3
CLIENTS = 32
DROPPED = 0.3  # of the answers
PREFIX = "claims-"

# Places and claimants of each contest; the second one's claims fill more than a block.
CONTESTS = {"first-100": (100, 1_000), "first-260": (BLOCK_CLAIMS + 10, 300)}

Entrant = tuple[str, str]  # the contest's name and the id
Answer = tuple[bool, int | None, int]


@pytest.fixture(params=["file", "dynamodb"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The contests, in one SQLite file or on DynamoDB Local."""
    location, prefix = str(tmp_path / "contest.db"), PREFIX
    if request.param == "dynamodb":
        location = f"dynamodb:{request.getfixturevalue('dynamodb_local_endpoint')}"
    client: Any = connect(location, prefix=prefix)
    store = Store(client, Tables(prefix))
    create_tables(store)
    for name, (places, _) in CONTESTS.items():
        create_countdown(store, name, places)
    yield location
    delete_tables(client, store.tables)
    client.close()


class Entrants:
    """They ask any of the servers, until they have an answer."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers

    async def enter(
        self, entrants: list[Entrant], dropped: float = 0.0
    ) -> dict[Entrant, Answer]:
        """The answers; of this part of them the first was dropped."""
        waiting, answers = list(entrants), {}

        async def run() -> None:
            while waiting:
                entrant = waiting.pop()
                if random.random() < dropped:
                    await self._ask(entrant, drops=True)
                answers[entrant] = await self._answer(entrant)

        await asyncio.gather(*(run() for _ in range(CLIENTS)))
        return answers

    async def _answer(self, entrant: Entrant) -> Answer:
        while True:
            answer = await self._ask(entrant, drops=False)
            if answer is not None:
                return answer
            await asyncio.sleep(random.uniform(0.01, 0.05))

    async def _ask(self, entrant: Entrant, *, drops: bool) -> Answer | None:
        """One request to some server; None if there was no answer."""
        name, id = entrant
        body = json.dumps({"id": id}).encode()
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", random.choice(self.servers).port
            )
        except OSError:
            return None
        try:
            writer.write(
                b"POST /v1/counters/%s/claim HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (name.encode(), len(body), body)
            )
            await writer.drain()
            if drops:
                await asyncio.sleep(random.uniform(0, 0.02))
                return None
            head, _, text = (await reader.read()).partition(b"\r\n\r\n")
        except OSError:
            return None
        finally:
            writer.transport.abort()
        if not text:  # the server was killed
            return None
        assert head.split(b" ", 2)[1] in (b"200", b"503"), (head, text)
        claim: dict[str, Any] = json.loads(text)
        if "won" not in claim:
            return None
        return claim["won"], claim["place"], claim["remaining"]


def restart(server: Server) -> None:
    server.kill()
    server.start()


def test_each_place_has_one_winner_for_ever(
    location: str, footfall_process: StartFootfall
) -> None:
    """Three servers, 1,300 claimants, lost answers, and a server killed on the way."""
    servers = [
        footfall_process(
            *("--store", location, "--table-prefix", PREFIX),
            *("serve", "--public-claims"),
        )
        for _ in range(SERVERS)
    ]
    entrants = Entrants(servers)
    ids = [
        (name, f"entrant-{number}")
        for name, (_, claimants) in CONTESTS.items()
        for number in range(claimants)
    ]
    random.shuffle(ids)
    half = len(ids) // 2

    async def contest() -> dict[Entrant, Answer]:
        first = await entrants.enter(ids[:half], DROPPED)
        killing = asyncio.create_task(asyncio.to_thread(restart, servers[0]))
        rest = await entrants.enter(ids[half:], DROPPED)
        await killing
        return first | rest

    answers = asyncio.run(contest())

    for name, (places, claimants) in CONTESTS.items():
        given = [answer for (of, _), answer in answers.items() if of == name]
        assert len(given) == claimants
        won = sorted(
            (place, remaining) for wins, place, remaining in given if wins and place
        )
        assert won == [(place, places - place) for place in range(1, places + 1)]
        assert given.count((False, None, 0)) == claimants - places
    random.shuffle(ids)
    assert asyncio.run(entrants.enter(ids)) == answers
