"""What a process has counted, refused and waited for, since it started.

Plain numbers that a group, not a visit, moves: whoever shows them (`web.metrics`)
reads them when it is asked. Several writers share one; each change is under its lock.
"""

import threading
from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterator, Sequence
from itertools import accumulate

GROUP_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)  # visits
COMMIT_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 20)


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

    def cumulated(self) -> Iterator[tuple[str, int]]:
        """Each bound with how many values it holds; "+Inf" holds all."""
        names = [*(f"{bound:g}" for bound in self.bounds), "+Inf"]
        return zip(names, accumulate(self._counts), strict=True)


class Statistics:
    """The numbers of one process.

    Attributes:
        outcomes: "counted" and "duplicate", of visits that were submitted.
        filtered: Visits that were not counted, by reason.
        refused: Visits that met an error, by its class.
        store_errors: Errors of the store, by DynamoDB's code; those that a retry
            mended too.
        conflicts: Transactions that another one cancelled.
        group_sizes: Visits in each group.
        commit_seconds: From a group's first request to its outcome.
        failing: What the store said to the last group, None while it counts.
    """

    def __init__(self) -> None:
        self.outcomes: Tally[str] = Tally(counted=0, duplicate=0)
        self.filtered: Tally[str] = Tally()
        self.refused: Tally[str] = Tally()
        self.store_errors: Tally[str] = Tally()
        self.conflicts = 0
        self.group_sizes = Histogram(GROUP_SIZES)
        self.commit_seconds = Histogram(COMMIT_SECONDS)
        self.failing: str | None = None
        self._lock = threading.Lock()

    def note_group(self, outcomes: Tally[str], refused: Tally[str]) -> None:
        """Count what became of a group's visits."""
        with self._lock:
            self.outcomes.update(outcomes)
            self.refused.update(refused)

    def note_commit(self, visits: int, seconds: float) -> None:
        """Count a group that is done."""
        with self._lock:
            self.group_sizes.add(visits)
            self.commit_seconds.add(seconds)

    def note_store_error(self, code: str, *, conflict: bool) -> None:
        """Count an error that the store answered, or gave no answer but."""
        with self._lock:
            self.store_errors[code] += 1
            self.conflicts += conflict
