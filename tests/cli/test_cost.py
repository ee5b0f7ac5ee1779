"""`footfall cost`: measured units, prices that can be given, and a page that agrees."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from footfall.cli.measured import group_size
from footfall.cli.prices import STUDIED, Prices
from footfall.connect import connect
from footfall.counters.port import Store
from footfall.visits.lanes import GROUP_VISITS_DYNAMODB
from footfall.visits.metered import Consumption, MeteredClient
from footfall.visits.record import record
from footfall.visits.site import Site
from footfall.visits.sites import add_site
from footfall.visits.visit import Outcome, view
from tests.processes import FOOTFALL

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "cost.md"


def cost(*arguments: str) -> Any:
    done = subprocess.run(
        [FOOTFALL, "cost", "--json", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def million() -> dict[str, dict[str, Any]]:
    """What a million visits cost, by the way of counting."""
    return {row["mode"]: row for row in cost()["modes"]}


def test_the_page_says_what_the_command_measures(
    million: dict[str, dict[str, Any]],
) -> None:
    """Or the next change of the write path would make it a lie."""
    text = PAGE.read_text()
    rows = re.findall(
        r"^\| ([^|]+?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", text, re.M
    )
    said = {name: tuple(map(float, numbers)) for name, *numbers in rows}

    assert said == {
        name: (
            round(row["write_units"] / 1e6, 2),
            round(row["read_units"] / 1e6, 2),
            round(row["dollars"], 2),
        )
        for name, row in million.items()
    }
    assert STUDIED in text


def test_a_visit_costs_what_was_aimed_at(million: dict[str, dict[str, Any]]) -> None:
    """One server at 500 visits a second: DESIGN's goals."""
    units = {name: row["write_units"] / 1e6 for name, row in million.items()}

    assert units["server, 500 a second, totals only"] <= 2.2
    assert units["server, 500 a second, all breakdowns"] <= 5
    assert units["add (the plain recipe)"] == 1
    assert units["add_once, ten-minute token"] == 2
    assert units["add_once, receipt"] == 4
    assert units["Lambda, totals only"] == 6


def test_prices_and_visits_are_given() -> None:
    """In another region, for another number, with your own function's time."""
    given = ("--price-write", "2", "--price-read", "0", "--price-api", "10")
    function = ("--price-lambda", "1", "--price-gb-second", "0.001")
    modes = {
        row["mode"]: row["dollars"]
        for row in cost("--visits", "500000", *given, *function, "--lambda-ms", "10")[
            "modes"
        ]
    }

    assert modes["add (the plain recipe)"] == 1.0
    assert modes["Lambda, totals only"] == (6 * 2 + 10 + 1 + 5) / 2


def test_no_visits_cost_nothing_and_fewer_are_refused() -> None:
    assert {row["dollars"] for row in cost("--visits", "0")["modes"]} == {0}
    done = subprocess.run(
        [FOOTFALL, "cost", "--visits", "-1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2


def test_the_table_has_a_line_for_each_way() -> None:
    done = subprocess.run(
        [FOOTFALL, "cost"], capture_output=True, text=True, check=False, timeout=120
    )

    assert (
        done.stdout.splitlines()[0]
        == "add (the plain recipe)\t1000000\t0\t1000000\t0.62"
    )


@pytest.mark.parametrize(
    ("rate", "size"),
    [(1, 1), (10, 1), (100, 5), (500, 25), (9_000, GROUP_VISITS_DYNAMODB)],
)
def test_a_servers_group_grows_with_the_visits(rate: int, size: int) -> None:
    assert group_size(rate) == size


def test_the_prices_are_a_million_units() -> None:
    assert Prices().write / Prices().read == 5  # as AWS has it in every region


def test_what_is_metered_is_what_the_developer_guide_says() -> None:
    """Two units for each KB of each item of a transaction, one for each read of 4 KB.

    DynamoDB Local is no judge: it says four units a table, whatever was written.
    """
    client = connect(":memory:")
    metered = MeteredClient(client)
    store = Store(metered)
    add_site(store, "https://a.example/")
    metered.reset()
    visits = [view(f"v{n}", Site("https://a.example/"), "/x", 10**12) for n in range(5)]

    results = record(store, visits)

    assert {type(result) for result in results} == {Outcome}
    receipts, total, day, page = 5 * 2, 2, 2, 2
    baseline, receipts_looked_for, pages, number, shards = 1, 5, 1, 1, 1
    assert metered.consumed() == Consumption(
        write_units=receipts + total + day + page,
        read_units=baseline + receipts_looked_for + pages + number + shards,
        requests=6,
    )
    client.close()  # type: ignore[attr-defined]
