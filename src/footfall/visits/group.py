"""Group commit: visits that wait share one write, and are answered when it is durable.

`visits.lanes` says which visits form a group and when; here are the threads that write
the groups. Threads, not coroutines: the write blocks in SQLite or in boto3. Whoever
awaits wraps `Group.done` once for the whole group: a future for each visit costs more
than the visit.

What may wait is bounded, so memory is: past it a visit is refused at once, with the
word that nothing was written. A stop takes no more and answers all that was accepted:
with its outcome, or, where the store does not answer in time, with what is known of it.
"""

import contextlib
import threading
import time
from concurrent.futures import InvalidStateError

from footfall.counters.port import Store, batching
from footfall.errors import IndeterminateError, UnavailableError
from footfall.visits.lanes import Group, Lanes, Ticket
from footfall.visits.record import Recorder, Result
from footfall.visits.statistics import Statistics
from footfall.visits.visit import Visit

# What may wait, in visits; one takes some 1 KB until it is answered.
QUEUE_MAX = 20_000
# What a stop waits for the store at most: longer than it takes, and than a few retries.
STOP_SECONDS_MAX = 10.0
# Groups in flight at once on DynamoDB; the client's connection pool is as large.
WRITERS_DYNAMODB = 16


class GroupCommit:
    """Collects visits from any thread and writes them in groups.

    Args:
        store: Where they are counted.
        queue_max: Visits that may wait.
        statistics: What is counted in passing.
    """

    def __init__(
        self,
        store: Store,
        *,
        queue_max: int = QUEUE_MAX,
        statistics: Statistics | None = None,
    ) -> None:
        self.statistics = statistics or Statistics()
        self.waiting_max = queue_max
        self._recorder = Recorder(store, self.statistics)
        one_lane = batching(store.client) is not None
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._lanes = Lanes(
            one_lane=one_lane, waiting_max=queue_max, wake=self._changed.notify
        )
        self._closed = False
        self._in_flight: set[Group] = set()
        self._answered = threading.Event()
        self._deadline = threading.Timer(STOP_SECONDS_MAX, self._give_up)
        self._deadline.daemon = True
        # Daemons, since a process that stops must not wait for a store that hangs. What
        # they still do then is known to nobody, and nobody was told that it is done.
        self._writers = [
            threading.Thread(
                target=self._write, name=f"group-commit-{number}", daemon=True
            )
            for number in range(1 if one_lane else WRITERS_DYNAMODB)
        ]
        for writer in self._writers:
            writer.start()

    @property
    def waiting(self) -> int:
        """Visits that were submitted and are not answered yet."""
        return self._lanes.waiting

    def forget(self) -> None:
        """Remember nothing of the sites, as `Recorder.forget`."""
        self._recorder.forget()

    def destroy_salts(self) -> None:
        """Destroy the salts of the days that are over, as `Recorder.destroy_salts`."""
        self._recorder.destroy_salts()

    def submit(self, visit: Visit) -> Ticket:
        """Put a visit into the group that forms; its write is on its way.

        Raises:
            OverloadedError: Too many wait already. Retry after a pause.
            UnavailableError: The group commit is closed.
        """
        with self._lock:  # of `_changed`, whose own `with` costs as much as the rest
            if self._closed:
                raise UnavailableError("count", "the server is stopping")
            return self._lanes.submit(visit, time.monotonic())

    def stop(self) -> None:
        """Take no more; whoever waits is answered within `STOP_SECONDS_MAX`."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._lanes.hurry()
            self._changed.notify_all()
        self._deadline.start()

    def close(self) -> None:
        """Stop, and return when everything that was accepted is answered."""
        self.stop()
        self._answered.wait()
        self._deadline.cancel()

    def _write(self) -> None:
        while (taken := self._take()) is not None:
            name, group = taken
            began = time.monotonic()
            self._settle(group)
            now = time.monotonic()
            self.statistics.note_commit(len(group.visits), now - began)
            with self._changed:
                self._in_flight.discard(group)
                self._lanes.done(name, group, now)
                if self._closed:
                    self._changed.notify_all()

    def _take(self) -> tuple[str, Group] | None:
        """The next group to write; None when there will be none."""
        with self._changed:
            while True:
                now = time.monotonic()
                taken = self._lanes.take(now)
                if taken is not None:
                    self._in_flight.add(taken[1])
                    return taken
                if self._closed and not self._lanes.unfinished:
                    self._answered.set()
                    return None
                self._changed.wait(self._lanes.seconds_to_wait(now))

    def _settle(self, group: Group) -> None:
        try:
            results = self._recorder.record(group.visits)
        except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it
            unknown = IndeterminateError("count", type(error).__name__)
            self.statistics.note_refused(unknown, len(group.visits))
            _tell(group, error)
        else:
            _tell(group, results)

    def _give_up(self) -> None:
        """Answer whoever still waits: the store has had its time."""
        with self._changed:
            waiting, in_flight = self._lanes.drain(), list(self._in_flight)
        unwritten = UnavailableError("count", "the server is stopping")
        unknown = IndeterminateError("count", "the server stopped before the store did")
        for groups, error in ((waiting, unwritten), (in_flight, unknown)):
            for group in groups:
                self.statistics.note_refused(error, len(group.visits))
                _tell(group, [error] * len(group.visits))
        self._answered.set()


def _tell(group: Group, results: list[Result] | BaseException) -> None:
    """Answer a group's visits; what was answered once stays so."""
    with contextlib.suppress(InvalidStateError):
        if isinstance(results, BaseException):
            group.done.set_exception(results)
        else:
            group.done.set_result(results)
