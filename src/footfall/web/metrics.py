"""`/metrics`: the process's numbers in Prometheus' text format, for the owner.

The numbers are kept by `visits.statistics`, which knows nothing of Prometheus; here
they are named, when somebody asks. Names and units follow Prometheus' conventions
(prometheus.io, Metric and label naming); docs/guides/monitor.md explains each.
"""

from collections.abc import Iterator, Mapping
from math import isinf

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from footfall.owners.tokens import READ
from footfall.visits.group import GroupCommit
from footfall.visits.statistics import Histogram
from footfall.web.access import check_scope
from footfall.web.answers import NO_STORE
from footfall.web.health import Health


class Metrics:
    """The route of the numbers."""

    def __init__(self, commit: GroupCommit, health: Health) -> None:
        # Its own, since the library's is the whole process's: tests run several servers.
        self._registry = CollectorRegistry()
        self._registry.register(_Numbers(commit, health))
        ProcessCollector(registry=self._registry)

    async def get(self, request: Request) -> Response:
        """All numbers, in the format that the scraper takes."""
        check_scope(request, READ)
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(
            encode(self._registry), headers={**NO_STORE, "content-type": content_type}
        )


class _Numbers(Collector):
    """Footfall's own numbers, read when they are collected."""

    def __init__(self, commit: GroupCommit, health: Health) -> None:
        self._commit = commit
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Each metric once."""
        numbers = self._commit.statistics.read()
        yield _tally("visits", "Visits answered", "outcome", numbers.outcomes)
        yield _tally("visits_filtered", "Not counted", "reason", numbers.filtered)
        yield _tally("visits_refused", "Met by an error", "reason", numbers.refused)
        yield GaugeMetricFamily(
            "footfall_queue_visits",
            "Visits that wait for an answer",
            self._commit.waiting,
        )
        yield GaugeMetricFamily(
            "footfall_queue_visits_max",
            "Visits that may wait; more are refused as overloaded",
            self._commit.waiting_max,
        )
        yield _histogram("group_visits", "Visits written together", numbers.group_sizes)
        yield _histogram(
            "commit_seconds",
            "From a group's first request to its outcome",
            numbers.commit_seconds,
        )
        yield CounterMetricFamily(
            "footfall_conflicts",
            "Transactions that another writer's cancelled",
            numbers.conflicts,
        )
        yield _tally(
            "store_errors",
            "Why else the store did not apply a transaction; retried ones too",
            "code",
            numbers.store_errors,
        )
        yield GaugeMetricFamily(
            "footfall_store_up",
            "1 while the store answers and takes visits, as /readyz tells",
            self._health.trouble is None,
        )


def _tally(name: str, help: str, label: str, tally: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(f"footfall_{name}", help, labels=[label])
    for value, number in sorted(tally.items()):
        family.add_metric([value], number)
    return family


def _histogram(name: str, help: str, histogram: Histogram) -> Metric:
    buckets = [
        ("+Inf" if isinf(bound) else str(float(bound)), number)
        for bound, number in histogram.cumulated()
    ]
    return HistogramMetricFamily(f"footfall_{name}", help, buckets, histogram.sum)
