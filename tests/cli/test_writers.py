"""Three servers on one DynamoDB, which AWS's conflicts and a bad network plague.

Real processes and boto3, before DynamoDB Local the proxy with every fault it knows.
Browsers time out and send a visit again, to any server. On the way the network is cut
for longer than boto3 tries, and one server is killed. In the end the numbers are exact.
"""

import asyncio
import random
import subprocess
from collections import Counter
from collections.abc import Iterator

import boto3
import pytest

from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.visits.report import total
from footfall.visits.site import Site
from tests.browsers import Browser
from tests.conftest import StartFootfall
from tests.leftovers import delete_tables
from tests.processes import FOOTFALL, Server
from tests.proxy.contention import Contention
from tests.proxy.faults import Fault, Faults
from tests.proxy.server import Proxy

PREFIX = "writers-"
SITES = ("https://a.example/", "https://b.example/")
VISITS = 300  # to each site
SERVERS = 3
BROWSERS = 20
BROWSER_SECONDS = 4.0  # how long one waits for an answer
SEED = 1

RATES = {fault.value: 0.01 for fault in Fault if fault is not Fault.NONE} | {
    "slow": 0.002  # each stops a site's writer for boto3's ten seconds
}
# What was sent while the network is cut, nobody knows.
CUT = {"lost_before": 0.8, "lost_after": 0.2}
CUT_SECONDS = 8.0


@pytest.fixture
def direct(dynamodb_local_endpoint: str) -> Iterator[str]:
    """Footfall's tables with two sites, as a store that does not meet the proxy."""
    store = f"dynamodb:{dynamodb_local_endpoint}"
    assert footfall(store, "tables", "create").returncode == 0
    for site in SITES:
        assert footfall(store, "sites", "add", site).returncode == 0
    yield store
    client = boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint)
    delete_tables(client, Tables(PREFIX))


def footfall(store: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [FOOTFALL, "--store", store, "--table-prefix", PREFIX, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


async def send_all(servers: list[Server], faults: Faults) -> dict[str, str]:
    """Send each visit until it is answered, through a cut of the network and a kill."""
    waiting = [
        (f"visit-{number:03d}", site) for site in SITES for number in range(VISITS)
    ]
    random.shuffle(waiting)
    outcomes: dict[str, str] = {}

    async def cut() -> None:
        faults.change(CUT)
        await asyncio.sleep(CUT_SECONDS)
        faults.change(RATES)

    async def kill() -> None:
        servers[0].kill()
        await asyncio.to_thread(servers[0].start)

    events = {len(waiting) // 3: cut, 2 * len(waiting) // 3: kill}

    async def run(browser: Browser) -> None:
        while waiting:
            id, site = waiting.pop()
            if len(waiting) in events:
                await events.pop(len(waiting))()
            outcomes[f"{site} {id}"] = await browser.visit(id, f"{site}{id[-1]}")
        browser.close()

    ports = [server.port for server in servers]
    await asyncio.gather(
        *(run(Browser(ports, timeout_seconds=BROWSER_SECONDS)) for _ in range(BROWSERS))
    )
    return outcomes


def test_many_writers_count_each_visit_once(
    direct: str, dynamodb_local_endpoint: str, footfall_process: StartFootfall
) -> None:
    """Every fault comes at least once, and contention does."""
    faults = Faults(
        RATES,
        only={"TransactWriteItems": [*Fault]},
        # A server that starts gives up after boto3's four tries, as it should
        always={"DescribeTimeToLive": "none"},
        seed=SEED,
    )
    with Proxy(
        dynamodb_local_endpoint, contention=Contention(seed=SEED), faults=faults
    ) as proxy:
        options = ("--store", f"dynamodb:{proxy.url}", "--table-prefix", PREFIX)
        servers = [footfall_process("serve", *options) for _ in range(SERVERS)]
        outcomes = asyncio.run(send_all(servers, faults))
        for server in servers:
            server.terminate()

    tally = proxy.tally()
    assert tally["faults"].keys() == set(Fault) - {Fault.NONE}
    assert tally["contention"]["conflicts"]["TransactWriteItems"] > 0
    assert Counter(outcomes.values()).keys() <= {"counted", "duplicate"}
    client = boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint)
    store = Store(client, Tables(PREFIX))
    receipts = client.get_paginator("scan").paginate(
        TableName=store.tables.visit_receipts
    )
    counted = [
        item["receipt"]["S"]
        for page in receipts
        for item in page["Items"]
        if "at" in item  # not the marker of a day's reader
    ]
    assert sorted(counted) == sorted(outcomes)
    assert len(counted) == len(SITES) * VISITS
    assert [total(store, Site(site)) for site in SITES] == [VISITS, VISITS]
    verified = footfall(direct, "verify")
    assert verified.returncode == 0, verified.stdout
