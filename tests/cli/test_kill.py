"""10,000 visits, each sent twice, and the server killed five times on the way."""

import asyncio
import json
import random
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from footfall.embedded import EmbeddedClient
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL, Server

VISITS = 10_000
CLIENTS = 50
KILLS = 5
SITE = "https://a.example/"


class Client:
    """A browser that keeps a connection, and retries until it has an answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.StreamReader | None = None

    async def visit(self, id: str, page: str) -> str:
        """The outcome of one visit, whatever happens to the server."""
        body = json.dumps({"id": id, "url": SITE + page}).encode()
        while True:
            try:
                status, answer = await self._post(body)
            except (OSError, asyncio.IncompleteReadError):
                self.close()
                await asyncio.sleep(random.uniform(0.01, 0.05))
                continue
            if status == 200:
                outcome: str = answer["outcome"]
                return outcome
            assert status == 503, answer
            await asyncio.sleep(0.05)

    def close(self) -> None:
        """Hang up, if the server has not."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _post(self, body: bytes) -> tuple[int, Any]:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", self._port
            )
        assert self._reader is not None
        self._writer.write(
            b"POST /v1/visits HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ", 2)[1])
        length = next(
            int(line.split(":")[1])
            for line in head.splitlines()
            if line.lower().startswith("content-length:")
        )
        return status, json.loads(await self._reader.readexactly(length))


async def send_all(server: Server, answered: dict[str, list[str]]) -> None:
    """Send each visit twice, by whichever client is free, and kill in between."""
    ids = [f"visit-{number:05d}" for number in range(VISITS)] * 2
    random.shuffle(ids)
    kill_at = {len(ids) * (kill + 1) // (KILLS + 1) for kill in range(KILLS)}
    killing: list[asyncio.Task[None]] = []

    async def kill() -> None:
        server.kill()
        await asyncio.to_thread(server.start)

    async def run(client: Client) -> None:
        while ids:
            id = ids.pop()
            if len(ids) in kill_at:
                kill_at.discard(len(ids))
                killing.append(asyncio.create_task(kill()))
            outcome = await client.visit(id, f"page-{int(id[6:]) % 20}")
            answered.setdefault(id, []).append(outcome)
        client.close()

    await asyncio.gather(*(run(Client(server.port)) for _ in range(CLIENTS)))
    await asyncio.gather(*killing)
    assert len(killing) == KILLS


def test_no_visit_is_lost_or_counted_twice(
    footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """The total is exact, `verify` agrees, and what was acknowledged is there."""
    path = tmp_path / "visits.db"
    subprocess.run(
        [FOOTFALL, "sites", "add", SITE, "--store", path], check=True, timeout=60
    )
    server = footfall_process("serve", "--store", path)
    answered: dict[str, list[str]] = {}

    asyncio.run(send_all(server, answered))
    server.terminate()

    outcomes = Counter(outcome for each in answered.values() for outcome in each)
    assert outcomes.total() == 2 * VISITS
    assert set(outcomes) == {"counted", "duplicate"}
    # A visit whose answer was lost by a kill is a duplicate when it is sent again.
    assert all(each.count("counted") <= 1 for each in answered.values())
    with EmbeddedClient(str(path)) as client:
        site = client.get_item(TableName="siteVisits", Key={"siteUrl": {"S": SITE}})
        assert site["Item"]["visits"] == {"N": str(VISITS)}
        receipts = set()
        page: dict[str, Any] = {}
        while True:
            page = client.scan(
                TableName="visitReceipts",
                **(
                    {"ExclusiveStartKey": page["LastEvaluatedKey"]}
                    if "LastEvaluatedKey" in page
                    else {}
                ),
            )
            receipts |= {item["receipt"]["S"] for item in page["Items"]}
            if "LastEvaluatedKey" not in page:
                break
    assert receipts == {f"{SITE} {id}" for id in answered}
    verified = subprocess.run(
        [FOOTFALL, "verify", "--store", path],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert verified.returncode == 0, verified.stdout
