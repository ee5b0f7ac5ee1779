"""What a visit costs on DynamoDB: the write units of its group, by its own accounting.

A server on DynamoDB writes a group every 50 ms (`visits.lanes`), so at 500 visits a
second a group holds 25. docs/decisions/0009 has the figures.
"""

import time
from typing import Any

import pytest

from footfall.connect import connect
from footfall.counters.port import Store, batching
from footfall.visits.agents import Agent
from footfall.visits.lanes import PACE_SECONDS
from footfall.visits.reader import Reader
from footfall.visits.record import Recorder
from footfall.visits.site import DIMENSIONS, Site, SiteIndex
from footfall.visits.sites import add_site
from footfall.visits.visit import Submission, Visit, resolve

URL = "https://a.example/"
VISITS_A_SECOND = 500
GROUP = int(VISITS_A_SECOND * PACE_SECONDS)
VISITS = 2_000


class Metered:
    """A client that adds up write units, and offers no batch: as boto3's does not."""

    def __init__(self, client: Any) -> None:
        self.units = 0.0
        self._client = client

    def __getattr__(self, name: str) -> Any:
        if name == "batch":
            raise AttributeError(name)
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        answer = self._client.transact_write_items(
            **request, ReturnConsumedCapacity="TOTAL"
        )
        self.units += sum(
            table["CapacityUnits"] for table in answer["ConsumedCapacity"]
        )
        return answer


def visit(site: Site, number: int, reads_a_reader: int) -> Visit:
    """One of a lively site's: a hundred pages, forty sources, eleven countries."""
    of_reader = number // reads_a_reader
    agent = Agent(("Chrome", "Safari", "Firefox")[of_reader % 3], "Linux", False)
    reader = Reader(agent, f"C{of_reader % 11}", f"reader {of_reader}")
    submission = Submission(
        f"v{number}",
        f"{URL}articles/{number % 97}?utm_campaign=c{number % 7}",
        referrer=f"https://blog-{number % 41}.example/",
        width=(390, 820, 1_366, 1_920)[of_reader % 4],
    )
    now_ms = time.time_ns() // 1_000_000
    resolved = resolve(submission, SiteIndex((site,)), now_ms, 86_400, reader)
    assert isinstance(resolved, Visit)
    return resolved


@pytest.mark.parametrize(
    ("dimensions", "reads_a_reader", "units_max"),
    [
        ((), 2, 2.2),
        (DIMENSIONS, 2, 4.0),
        (DIMENSIONS, 1, 5.0),  # nobody reads a second page
    ],
)
def test_a_visit_costs_few_write_units(
    dimensions: tuple[str, ...], reads_a_reader: int, units_max: float
) -> None:
    """The design's goals: 2.2 for the totals alone, 5 with all breakdowns."""
    client = Metered(connect(":memory:"))
    store = Store(client)
    assert batching(client) is None
    site = add_site(store, URL, dimensions=dimensions)
    recorder = Recorder(store)
    client.units = 0.0

    for first in range(0, VISITS, GROUP):
        group = range(first, first + GROUP)
        recorder.record([visit(site, number, reads_a_reader) for number in group])

    assert client.units / VISITS <= units_max
    client.close()
