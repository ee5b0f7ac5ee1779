"""Plans for many visits a second to one site: units, partitions, dollars.

Arithmetic, from DynamoDB's limits and what a visit was measured to consume, and a small
simulation that checks it: the write path's own transactions and the journal of
`benchmarks.journal` are run on the embedded engine, which reports what they consume.

Sources: DynamoDB Developer Guide, "Read/write capacity mode" (a unit is a KB, two in a
transaction), "Best practices for partition keys" (a partition takes 1,000 write units a
second). Prices: `footfall.cli.prices`.
"""

import math
from dataclasses import dataclass

from benchmarks.journal import VISIT_BYTES, simulate
from footfall.cli.prices import Prices
from footfall.connect import connect
from footfall.counters.port import Store
from footfall.visits.lanes import GROUP_VISITS_DYNAMODB, PACE_SECONDS
from footfall.visits.metered import MeteredClient
from footfall.visits.record import Recorder
from footfall.visits.site import Site
from footfall.visits.sites import add_site
from footfall.visits.visit import Visit

PARTITION_UNITS = 1_000  # write units a second
MONTH_SECONDS = 30 * 86_400

# A guess, to be measured on AWS: a transaction of 97 actions, its reads before it, and
# the network. A writer has one in flight for a site.
GROUP_SECONDS = 0.024
ENTRY_VISITS = 250  # that a writer of the journal puts together, of one part
ENTRY_OVERHEAD_BYTES = 80  # keys and names

SITE = "https://hot.example/"
_MEASURED_GROUPS = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """How one site's visits are counted at some rate.

    Attributes:
        visits_per_second: The rate.
        design: "transactions", as Footfall has them, or "journal".
        writers: Servers that write, at least.
        units: Write units a visit.
    """

    visits_per_second: int
    design: str
    writers: int
    units: float

    @property
    def units_per_second(self) -> float:
        """Write units a second."""
        return self.units * self.visits_per_second

    @property
    def partitions(self) -> int:
        """Partitions that take them, at least."""
        return math.ceil(self.units_per_second / PARTITION_UNITS)

    @property
    def dollars_a_month(self) -> float:
        """On demand, for the writes alone."""
        return self.units_per_second * MONTH_SECONDS * Prices().write / 1e6


def transaction_units(group: int) -> float:
    """Write units a visit: its receipt, and its share of the number and the day."""
    return 2 + (2 + 2) / group


def journal_units(entry: int) -> float:
    """Write units a visit: its share of an entry, in whole KB."""
    return math.ceil((entry * VISIT_BYTES + ENTRY_OVERHEAD_BYTES) / 1_024) / entry


def plan_transactions(visits_per_second: int) -> Plan:
    """Servers, each with a shard of its own."""
    a_writer = GROUP_VISITS_DYNAMODB / GROUP_SECONDS
    writers = math.ceil(visits_per_second / a_writer)
    paced = visits_per_second / writers * PACE_SECONDS
    group = max(1, min(GROUP_VISITS_DYNAMODB, round(paced)))
    units = transaction_units(group)
    return Plan(visits_per_second, "transactions", writers, units)


def plan_journal(visits_per_second: int) -> Plan:
    """Writers of the journal: what one server takes in is their bound, not DynamoDB."""
    units = journal_units(ENTRY_VISITS)
    writers = math.ceil(visits_per_second / 10_000)
    return Plan(visits_per_second, "journal", writers, units)


def plans() -> list[Plan]:
    """What the documentation's table shows."""
    return [
        plan_transactions(1_000),
        plan_transactions(100_000),
        plan_journal(100_000),
        plan_transactions(10_000_000),
        plan_journal(10_000_000),
    ]


def measured_transaction_units(group: int) -> float:
    """What the write path's own transactions consume, write units a visit."""
    client = MeteredClient(connect(":memory:"))
    store = Store(client)
    add_site(store, SITE)
    recorder = Recorder(store)
    site = Site(SITE, dimensions=())
    client.reset()
    for number in range(_MEASURED_GROUPS):
        visits = [
            Visit(f"{number:06d}-{each:06d}", site, "/", 10**12)
            for each in range(group)
        ]
        recorder.record(visits)
    return client.consumed().write_units / (_MEASURED_GROUPS * group)


def measure(seconds: int) -> str:
    """The table, as Markdown, and what the simulation says of it.

    Raises:
        RuntimeError: The simulation does not agree.
    """
    for group in (1, 50, GROUP_VISITS_DYNAMODB):
        measured, expected = measured_transaction_units(group), transaction_units(group)
        if measured != expected:
            raise RuntimeError(f"groups of {group}: {measured} units, not {expected}")
    figures = simulate(seconds=seconds, visits_per_second=1_000, seed=1)
    if figures.counted != figures.made:
        raise RuntimeError(f"counted {figures.counted} visits of {figures.made}")
    lines = [
        "| visits/s | design | writers | units a visit | units/s | partitions | $ a month |",
        "|---:|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {plan.visits_per_second:,} | {plan.design} | {plan.writers:,}"
        f" | {plan.units:.3f} | {plan.units_per_second:,.0f} | {plan.partitions:,}"
        f" | {plan.dollars_a_month:,.0f} |"
        for plan in plans()
    ]
    lines.append(
        f"\nThe journal, simulated: {figures.made:,} visits made, {figures.sent:,} sent,"
        f" {figures.counted:,} counted; {figures.write_units:.3f} units a visit sent, and"
        f" {figures.fold_units:.3f} for folding"
    )
    return "\n".join(lines)
