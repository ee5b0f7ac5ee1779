"""What a process has counted, refused and waited for, since it started.

Plain numbers that a group, not a visit, moves; only what never comes into a group is
noted one by one. Several writers share one: each change, and each reading, is under
its lock. Of a site a few numbers are kept, and a visit is only ever of a site that was
added: so the sites bound the memory, and no stranger does.
"""

import copy
import math
import threading
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from footfall.errors import (
    FootfallError,
    IndeterminateError,
    StoreError,
    TableNotFoundError,
    ThrottledError,
    UnavailableError,
)

GROUP_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)  # visits
COMMIT_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 20)

# Known from the start, each at 0: a series that begins at 1 hides its first increase.
OUTCOMES = ("counted", "duplicate")
FILTERS = ("off", "quiet", "robot", "stale")
REFUSALS = (
    "indeterminate",
    "invalid_input",
    "not_a_number",
    "overloaded",
    "site_not_found",
    "store",
    "throttled",
    "unavailable",
)
_CONFLICT = "TransactionConflict"

_STORE_FAILED = (
    IndeterminateError,
    StoreError,
    TableNotFoundError,
    ThrottledError,
    UnavailableError,
)


class Histogram:
    """How many values were at most each bound; and their sum.

    Args:
        bounds: Ascending; values past the last are counted too.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.sum = 0.0
        self._counts = [0] * (len(bounds) + 1)

    def add(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def cumulated(self) -> Iterator[tuple[float, int]]:
        """Each bound with how many values it holds; infinity holds all."""
        return zip((*self.bounds, math.inf), accumulate(self._counts), strict=True)


@dataclass(frozen=True, slots=True)
class SiteNumbers:
    """What a process did not count for one site.

    Attributes:
        duplicates: Visits that had been counted before.
        filtered: Visits that were not counted, by reason: "robot", "stale".
    """

    duplicates: int = 0
    filtered: Mapping[str, int] = field(default_factory=dict)


class Numbers:
    """The numbers of one process.

    Attributes:
        outcomes: "counted" and "duplicate", of visits that were submitted.
        filtered: Visits that were not counted, by reason.
        refused: Visits that met an error, by its `reason`.
        store_errors: What else the store answered a transaction that it did not apply,
            by DynamoDB's code, and its silences; a retry may have mended it.
        conflicts: Transactions that another one cancelled; tried again in another shard.
        group_sizes: Visits in each group.
        commit_seconds: From a group's first request to its outcome.
        failing: What the store said to the last group, None while it counts.
    """

    def __init__(self) -> None:
        self.outcomes = Tally(dict.fromkeys(OUTCOMES, 0))
        self.filtered = Tally(dict.fromkeys(FILTERS, 0))
        self.refused = Tally(dict.fromkeys(REFUSALS, 0))
        self.store_errors: Tally[str] = Tally()
        self.conflicts = 0
        self.group_sizes = Histogram(GROUP_SIZES)
        self.commit_seconds = Histogram(COMMIT_SECONDS)
        self.failing: str | None = None


class Statistics:
    """Notes what happens to visits."""

    def __init__(self) -> None:
        self._numbers = Numbers()
        self._duplicates: Tally[str] = Tally()
        self._filtered: dict[str, Tally[str]] = {}
        self._lock = threading.Lock()

    def read(self) -> Numbers:
        """The numbers at one moment; they move no more."""
        with self._lock:
            return copy.deepcopy(self._numbers)

    def of_site(self, url: str) -> SiteNumbers:
        """What was not counted for one site; `url` is its key in `siteVisits`."""
        with self._lock:
            filtered = dict(self._filtered.get(url, {}))
            return SiteNumbers(self._duplicates[url], filtered)

    @property
    def failing(self) -> str | None:
        """What the store said to the last group, None while it counts."""
        return self._numbers.failing

    def note_group(
        self,
        counted: int,
        duplicates: Tally[str],
        robots: Tally[str],
        errors: Sequence[FootfallError],
    ) -> None:
        """Count what became of a group's visits.

        Args:
            counted: How many were counted.
            duplicates: Site -> how many had been counted before.
            robots: Site -> how many were robots'.
            errors: What the others met.
        """
        failed = [error for error in errors if isinstance(error, _STORE_FAILED)]
        with self._lock:
            self._numbers.outcomes["counted"] += counted
            self._numbers.outcomes["duplicate"] += duplicates.total()
            self._duplicates.update(duplicates)
            for site, visits in robots.items():
                self._filter(site, "robot", visits)
            self._numbers.refused.update(error.reason for error in errors)
            if counted or duplicates or robots:
                self._numbers.failing = None
            elif failed:
                self._numbers.failing = str(failed[0])

    def note_probe(self, error: FootfallError | None) -> None:
        """Note whether the store takes a write, where no group tells."""
        with self._lock:
            self._numbers.failing = None if error is None else str(error)

    def note_filtered(self, site: str, reason: str) -> None:
        """Count a visit that came into no group, since it is not to be counted."""
        with self._lock:
            self._filter(site, reason, 1)

    def note_refused(self, error: FootfallError, visits: int = 1) -> None:
        """Count visits that were refused before, or beside, the store's own answer."""
        with self._lock:
            self._numbers.refused[error.reason] += visits

    def note_commit(self, visits: int, seconds: float) -> None:
        """Count a group that is done."""
        with self._lock:
            self._numbers.group_sizes.add(visits)
            self._numbers.commit_seconds.add(seconds)

    def note_store_errors(self, names: Sequence[str]) -> None:
        """Count why the store did not apply a transaction."""
        with self._lock:
            self._numbers.conflicts += _CONFLICT in names
            self._numbers.store_errors.update(
                name for name in names if name != _CONFLICT
            )

    def _filter(self, site: str, reason: str, visits: int) -> None:
        self._numbers.filtered[reason] += visits
        self._filtered.setdefault(site, Tally())[reason] += visits
