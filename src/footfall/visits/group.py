"""Group commit: visits that wait share one write, and are answered when it is durable.

While one group is being written, the next one forms; so a group holds whatever
arrived in the time of one write, one visit when it is quiet and hundreds under load.
No timer delays a visit that comes alone. Under load a writer waits a millisecond at
most for the callers that it has just answered: without it a few visits would have a
write to themselves, again and again (a tenth fewer CPU seconds a visit).

A lane has one group in flight. On the embedded engine all sites share one lane, since
one fsync serves them all. On DynamoDB each site is a lane: two groups of one site
would hold the same counter items and cancel each other.

Threads, not coroutines: the write blocks in SQLite or in boto3. Whoever awaits wraps
`Group.done` once for the whole group: a future for each visit costs more than the
visit.
"""

import queue
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass

from footfall.counters.port import Store, batching
from footfall.errors import ThrottledError, UnavailableError
from footfall.visits.record import Recorder, Result
from footfall.visits.visit import Visit

# What may wait, in visits; one takes some 1 KB until it is answered.
QUEUE_MAX = 20_000
# At most so many visits in one write, which bounds how long a group takes.
GROUP_VISITS_MAX = 1_000
# Groups in flight at once on DynamoDB; the client's connection pool is as large.
WRITERS_DYNAMODB = 16

# How long a writer waits for the callers that it has just answered.
REGROUP_SECONDS = 0.001

_EMBEDDED_LANE = ""
_STOP = None


class Group:
    """Visits that are written together.

    Attributes:
        visits: In the order in which they were submitted.
        done: Their results, in the same order, once the write is durable.
    """

    __slots__ = ("done", "visits")

    def __init__(self) -> None:
        self.visits: list[Visit] = []
        self.done: Future[list[Result]] = Future()


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where a visit's result will be: `group.done.result()[index]`."""

    group: Group
    index: int


class GroupCommit:
    """Collects visits from any thread and writes them in groups."""

    def __init__(self, store: Store, *, queue_max: int = QUEUE_MAX) -> None:
        self._recorder = Recorder(store)
        self._one_lane = batching(store.client) is not None
        self._queue_max = queue_max
        self._lock = threading.Lock()
        self._forming: dict[str, list[Group]] = {}
        self._busy: set[str] = set()
        self._ready: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._waiting = 0
        self._closed = False
        self._writers = [
            threading.Thread(target=self._write, name=f"group-commit-{number}")
            for number in range(1 if self._one_lane else WRITERS_DYNAMODB)
        ]
        for writer in self._writers:
            writer.start()

    @property
    def waiting(self) -> int:
        """Visits that were submitted and are not answered yet."""
        return self._waiting

    def submit(self, visit: Visit) -> Ticket:
        """Put a visit into the group that forms; its write is on its way.

        Raises:
            ThrottledError: Too many wait already. Retry after a pause.
            UnavailableError: The group commit is closed.
        """
        lane = _EMBEDDED_LANE if self._one_lane else visit.site.url
        with self._lock:
            if self._closed:
                raise UnavailableError("count", "the server is stopping")
            if self._waiting >= self._queue_max:
                raise ThrottledError("count")
            self._waiting += 1
            groups = self._forming.get(lane)
            if groups is None:
                groups = self._forming[lane] = [Group()]
                if lane not in self._busy:
                    self._busy.add(lane)
                    self._ready.put(lane)
            elif len(groups[-1].visits) >= GROUP_VISITS_MAX:
                groups.append(Group())
            group = groups[-1]
            group.visits.append(visit)
            return Ticket(group, len(group.visits) - 1)

    def close(self) -> None:
        """Take no more, and wait until everything that was accepted is answered."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if not self._busy:
                self._stop_writers()
        for writer in self._writers:
            writer.join()

    def _stop_writers(self) -> None:
        for _ in self._writers:
            self._ready.put(_STOP)

    def _write(self) -> None:
        answered = 0  # visits in the group that this thread wrote last
        while (lane := self._ready.get()) is not _STOP:
            if len(self._forming[lane][0].visits) < answered // 2:
                time.sleep(REGROUP_SECONDS)
            with self._lock:
                groups = self._forming[lane]
                group = groups.pop(0)
                if not groups:
                    del self._forming[lane]
            self._settle(group)
            answered = len(group.visits)
            with self._lock:
                self._waiting -= len(group.visits)
                if lane in self._forming:
                    self._ready.put(lane)
                else:
                    self._busy.discard(lane)
                    if self._closed and not self._busy:
                        self._stop_writers()

    def _settle(self, group: Group) -> None:
        try:
            results = self._recorder.record(group.visits)
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
            group.done.set_exception(error)
        else:
            group.done.set_result(results)
