"""What truly happened in a run, and whether the program's numbers and words agree.

attempted       ids that reached a server
applied         ids whose receipt the store has put, and how often
acknowledged    ids that a browser was told are counted, or were before
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from footfall.counters.port import Store
from footfall.counters.tables import RECEIPT, SITE_URL, VISITS
from footfall.errors import FootfallError
from footfall.visits.report import daily, total
from footfall.visits.shards import read_shards
from footfall.visits.site import Site
from footfall.visits.totals import LOOK_SECONDS
from footfall.visits.verify import verify
from footfall.visits.visit import Outcome
from footfall.visits.visitors import marker_prefix

EPOCH = 1_795_650_900.0  # 2026-11-25T23:55:00Z: most runs see midnight in UTC
TOKEN_SECONDS = 600  # in which a repeated transaction is answered, not applied

Visited = tuple[str, str]  # the site and the id


class Ledger:
    """Notes each step of a run, and checks what must hold at every moment.

    Args:
        store: The store itself, without a network before it.
        starts: Each site's number before the run.
    """

    def __init__(self, store: Store, starts: dict[str, int]) -> None:
        self.starts = starts
        self.attempted: dict[str, set[str]] = {site: set() for site in starts}
        self.acknowledged: dict[str, dict[str, float]] = {site: {} for site in starts}
        self.arrivals: Counter[Visited] = Counter()
        self.answers: defaultdict[Visited, list[str]] = defaultdict(list)
        self.refused: Counter[str] = Counter()
        self.readers: dict[str, set[str]] = {site: set() for site in starts}
        self._store = store
        self._applied: Counter[str] = Counter()  # by receipt
        self._tokens: dict[str, float] = {}

    # Steps

    def note_arrival(self, site: str, id: str, reader: str) -> None:
        """A visit has reached a server."""
        if reader:
            self.readers[site].add(reader)
        self.attempted[site].add(id)
        self.arrivals[site, id] += 1

    def note_applied(self, calls: Iterable[tuple[str, Any]], now: float) -> None:
        """The store has answered these requests with success."""
        for operation, request in calls:
            if operation != "TransactWriteItems":
                continue
            token = request.get("ClientRequestToken")  # the engine's batches have none
            if token is not None:
                if now - self._tokens.get(token, -TOKEN_SECONDS) < TOKEN_SECONDS:
                    continue
                self._tokens[token] = now
            for action in request["TransactItems"]:
                item = action.get("Put", {}).get("Item", {})
                if RECEIPT in item:
                    self._applied[item[RECEIPT]["S"]] += 1

    def note_answer(
        self, site: str, id: str, answer: Outcome | FootfallError, arrived: float
    ) -> None:
        """A server answers; what it says must be true already."""
        if isinstance(answer, FootfallError):
            self.refused[type(answer).__name__] += 1
            return
        self.answers[site, id].append(answer.outcome)
        if answer.outcome == "filtered":
            return
        applied = self._applied[f"{site} {id}"]
        assert applied == 1, f"{id} is answered {answer.outcome}, applied {applied}"
        if answer.visits is not None:
            known = sorted(self.acknowledged[site].values())
            low = bisect_right(known, arrived - LOOK_SECONDS)
            self._assert_between(site, max(low, 1), answer.visits)

    def note_acknowledged(self, site: str, id: str, now: float) -> None:
        """A browser was told that its visit is counted."""
        self.acknowledged[site].setdefault(id, now)
        self.assert_exact_now(site)

    # What must hold

    def assert_exact_now(self, site: str) -> None:
        """At this moment: acknowledged <= stored <= attempted."""
        key = {SITE_URL: {"S": site}}
        table = self._store.tables.site_visits
        item = self._store.client.get_item(TableName=table, Key=key)["Item"]
        shards = sum(shard.visits for shard in read_shards(self._store, site))
        self._assert_between(
            site, len(self.acknowledged[site]), int(item[VISITS]["N"]) + shards
        )

    def assert_read(self, site: str, acknowledged_before: int, read: int) -> None:
        """A total was read while visits arrived."""
        self._assert_between(site, acknowledged_before, read)

    def assert_at_rest(self, sites: Iterable[Site], now_ms: int) -> None:
        """Everything is answered and nothing is on its way: all is exact."""
        twice = [receipt for receipt, times in self._applied.items() if times > 1]
        assert not twice, f"counted twice: {twice}"
        for site in sites:
            counted = sum(
                receipt.partition(" ")[0] == site.url for receipt in self._applied
            )
            stored = total(self._store, site)
            wanted = self.starts[site.url] + counted
            assert stored == wanted, f"{site.url}: {stored} stored, {wanted} counted"
            differences = verify(self._store, site, now_ms).differences
            assert not differences, differences
            self._assert_visitors(site)
        for (site_url, id), outcomes in self.answers.items():
            assert outcomes.count("counted") <= 1, f"{id} counted: {outcomes}"
            if self.arrivals[site_url, id] == 1:
                # Nobody else sent it: its own lost success is no duplicate.
                assert "duplicate" not in outcomes, f"{id} came once: {outcomes}"
        for site_url, ids in self.attempted.items():
            for id in ids:
                self._assert_definite(site_url, id)

    def _assert_visitors(self, site: Site) -> None:
        """Each reader is one visitor a day, whatever is retried."""
        markers = Counter(
            date.fromisoformat(receipt.split("\x1f")[1])
            for receipt in self._applied
            if receipt.startswith(marker_prefix(site.url))
        )
        first = datetime.fromtimestamp(EPOCH, UTC).date()
        week = daily(
            self._store, site, first - timedelta(days=3), first + timedelta(days=60)
        )
        visitors = {day.date: day.visitors for day in week if day.visitors}
        assert visitors == dict(markers), f"{visitors} visitors, {markers} markers"
        most = len(self.readers[site.url])
        assert all(number <= most for number in visitors.values()), visitors

    def _assert_definite(self, site: str, id: str) -> None:
        outcomes = self.answers[site, id]
        assert outcomes, f"{id} was never answered"
        counted = self._applied[f"{site} {id}"]
        if set(outcomes) != {"filtered"}:
            assert counted, f"{id} is lost, and was answered {outcomes}"

    def _assert_between(self, site: str, acknowledged: int, read: int) -> None:
        low = self.starts[site] + acknowledged
        high = self.starts[site] + len(self.attempted[site])
        assert low <= read <= high, f"{site}: {low} <= {read} <= {high}"
