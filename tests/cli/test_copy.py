"""A store moved to DynamoDB and back while its server counts, and the copy killed."""

import asyncio
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from footfall.counters.tables import Tables
from footfall.embedded import EmbeddedClient
from tests.cli.load import SITE, Load, footfall
from tests.conftest import StartFootfall
from tests.leftovers import delete_tables
from tests.processes import FOOTFALL

KILLS = 4
VISITS = 3_000
PREFIX = "moved-"
TABLES = (
    *("siteVisits", "visitRollups", "visitReceipts"),
    *("counters", "footfallSettings"),
)


@pytest.fixture
def dynamodb(dynamodb_local_endpoint: str) -> Iterator[str]:
    """The location of a DynamoDB with Footfall's tables."""
    location = f"dynamodb:{dynamodb_local_endpoint}"
    prefix = ("--table-prefix", PREFIX)
    footfall("tables", "create", "--store", location, *prefix)
    yield location
    client = boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint)
    delete_tables(client, Tables(PREFIX))


def items(client: Any, table: str) -> list[Any]:
    """A table's items, but the notes of copying."""
    pages = [client.scan(TableName=table, ConsistentRead=True)]
    while "LastEvaluatedKey" in pages[-1]:
        start = pages[-1]["LastEvaluatedKey"]
        pages.append(
            client.scan(TableName=table, ConsistentRead=True, ExclusiveStartKey=start)
        )
    found = [
        sorted(item.items())
        for page in pages
        for item in page["Items"]
        if item.get("kind", {}).get("S") not in {"store", "copy"}
    ]
    return sorted(found, key=repr)


def run(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [FOOTFALL, *arguments, "--table-prefix", PREFIX],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_a_store_moves_to_dynamodb_and_back_while_it_counts(
    dynamodb: str,
    dynamodb_local_endpoint: str,
    tmp_path: Path,
    footfall_process: StartFootfall,
) -> None:
    """Killed on the way; not served before it is whole; equal item for item after."""
    old, back = tmp_path / "visits.db", tmp_path / "back.db"
    prefix = ("--table-prefix", PREFIX)
    footfall("sites", "add", SITE, "--visits", "12", "--store", old, *prefix)
    server = footfall_process("serve", "--store", old, *prefix)
    load = Load(server)

    async def copy_under_load() -> None:
        running = asyncio.create_task(load.run())
        while load.counted < VISITS:
            await load.more()
        for _ in range(KILLS):
            process = await asyncio.create_subprocess_exec(
                FOOTFALL,
                "copy",
                old,
                dynamodb,
                *prefix,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            await asyncio.sleep(random.uniform(0.5, 2.0))
            if process.returncode is None:
                process.kill()
            await process.wait()
        load.stop()
        await running

    asyncio.run(copy_under_load())
    unfinished = run("serve", "--store", dynamodb, "--port", "0")
    server.terminate()
    finished = run("copy", old, dynamodb, "--finish")
    returned = run("copy", dynamodb, back, "--finish")

    assert unfinished.returncode == 1
    assert "a copy that is not finished" in unfinished.stderr
    assert finished.returncode == returned.returncode == 0, finished.stderr
    assert "serve it now" in finished.stdout
    remote = boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint)
    with EmbeddedClient(str(old)) as first, EmbeddedClient(str(back)) as last:
        for table in TABLES:
            moved = items(remote, PREFIX + table)
            assert moved == items(first, PREFIX + table)
            assert moved == items(last, PREFIX + table)
    duplicate = run("hit", SITE, "--id", load.ids[0], "--store", dynamodb)
    assert duplicate.stdout.startswith("duplicate")
    numbers = json.loads(run("stats", SITE, "--json", "--store", back).stdout)
    assert numbers["visits"] == 12 + load.counted


def test_a_copy_that_cannot_be_says_why(
    tmp_path: Path, dynamodb_local_endpoint: str
) -> None:
    """In one line, and nothing is made of a store that is missing."""
    store, other = tmp_path / "visits.db", tmp_path / "other.db"
    footfall("sites", "add", SITE, "--store", store, "--table-prefix", PREFIX)
    elsewhere = f"dynamodb:{dynamodb_local_endpoint}"

    missing = run("copy", tmp_path / "missing.db", other)
    assert "there is no store" in missing.stderr
    same = run("copy", store, store)
    assert same.returncode == 2
    assert "is the store that would be copied" in same.stderr
    no_tables = run("copy", store, elsewhere)
    assert f"footfall tables create --store {elsewhere}" in no_tables.stderr
    footfall("counters", "create", "mine", "--value", "1", "--store", other)
    footfall("copy", store, other, "--table-prefix", PREFIX)
    footfall("copy", store, other, "--table-prefix", PREFIX, "--finish")
    again = run("copy", store, other)
    assert "copy into an empty store" in again.stderr
    assert again.stderr.count("\n") == 1
