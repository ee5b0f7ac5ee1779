"""10,000 visits, each sent twice, and the server killed five times on the way."""

import asyncio
import random
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from footfall.embedded import EmbeddedClient
from tests.browsers import Browser
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL, Server

VISITS = 10_000
BROWSERS = 50
KILLS = 5
SITE = "https://a.example/"


async def send_all(server: Server, answered: dict[str, list[str]]) -> None:
    """Send each visit twice, by whichever browser is free, and kill in between."""
    ids = [f"visit-{number:05d}" for number in range(VISITS)] * 2
    random.shuffle(ids)
    kill_at = {len(ids) * (kill + 1) // (KILLS + 1) for kill in range(KILLS)}
    killing: list[asyncio.Task[None]] = []

    async def kill() -> None:
        server.kill()
        await asyncio.to_thread(server.start)

    async def run(browser: Browser) -> None:
        while ids:
            id = ids.pop()
            if len(ids) in kill_at:
                kill_at.discard(len(ids))
                killing.append(asyncio.create_task(kill()))
            outcome = await browser.visit(id, f"{SITE}page-{int(id[6:]) % 20}")
            answered.setdefault(id, []).append(outcome)
        browser.close()

    await asyncio.gather(*(run(Browser([server.port])) for _ in range(BROWSERS)))
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
            # Beside them is the marker of the day's one reader.
            receipts |= {item["receipt"]["S"] for item in page["Items"] if "at" in item}
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
