"""A site taken out while a server counts it: each file is exact, and comes back whole."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from footfall.counters.tables import Tables
from tests.cli.load import BROWSERS, SITE, Load, footfall
from tests.conftest import StartFootfall
from tests.leftovers import delete_tables

EXPORTS = 6


@pytest.fixture(params=["file", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A file, and DynamoDB."""
    if request.param == "file":
        yield str(tmp_path / "visits.db")
        return
    endpoint = request.getfixturevalue("dynamodb_local_endpoint")
    location = f"dynamodb:{endpoint}"
    footfall("tables", "create", "--store", location)
    yield location
    client = boto3.client("dynamodb", endpoint_url=endpoint)
    delete_tables(client, Tables())
    client.close()


def sums(lines: list[dict[str, Any]]) -> tuple[int, int, int]:
    """What the days make, their hours, and their pages."""
    days = [line for line in lines if "visits" in line]
    pages = [line for line in lines if line.get("dimension") == "page"]
    return (
        sum(day["visits"] for day in days),
        sum(sum(day["hours"].values()) for day in days),
        sum(sum(page["values"].values()) for page in pages)
        + sum(day.get("unpaged", 0) for day in days),
    )


def test_an_export_is_exact_while_a_server_counts(
    store: str, tmp_path: Path, footfall_process: StartFootfall
) -> None:
    """Total, days, hours and pages agree; what was acknowledged before is in it."""
    footfall("sites", "add", SITE, "--visits", "12", "--store", store)
    load = Load(footfall_process("serve", "--store", store))
    files = []

    async def export_under_load() -> None:
        running = asyncio.create_task(load.run())
        for number in range(EXPORTS):
            await load.more()
            before = load.counted
            out = await asyncio.to_thread(footfall, "export", SITE, "--store", store)
            files.append((before, out, load.counted))
            if number == EXPORTS - 1:
                load.stop()
        await running

    asyncio.run(export_under_load())

    for before, text, after in files:
        header, *lines, end = map(json.loads, text.splitlines())
        days, hours, pages = sums(lines)
        assert header["visits"] == 12 + days
        assert days == hours == pages == end["visits"]
        assert before <= days <= after + BROWSERS
    assert files[-1][0] > files[0][0] > 0
    other = tmp_path / "other.db"
    said = footfall("import", "-", "--store", other, input=files[-1][1])
    assert f"imported {days} visits" in said
    assert "agrees" in footfall("verify", "--store", other)
    again = footfall("import", "-", "--store", other, input=files[-1][1])
    assert "nothing was counted" in again
