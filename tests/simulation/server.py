"""A server: its clock, its groups and its writers; it is killed, and started again."""

from concurrent.futures import Future
from typing import Any

from footfall.counters.port import Store, batching
from footfall.errors import FootfallError, UnavailableError
from footfall.visits.lanes import Lanes
from footfall.visits.reader import Reader
from footfall.visits.record import Recorder, Result
from footfall.visits.site import SiteIndex
from footfall.visits.visit import Outcome, Submission, resolve
from tests.simulation.ledger import EPOCH, Ledger
from tests.simulation.world import Promise, Task, World

WRITERS = 3
WAITING_MAX = 40  # few, so that some visits are refused for load


class Server:
    """What `footfall serve` does with a visit, without HTTP.

    The groups (`Lanes`), the transactions (`Recorder`) and the visits (`resolve`) are
    the program's own; threads are tasks here.

    Args:
        world: Where it runs.
        store: Its own client of the store.
        sites: The sites that were added.
        ledger: What notes what it answers.
        clock_seconds: What its clock is ahead of the true time.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        sites: SiteIndex,
        ledger: Ledger,
        clock_seconds: float,
    ) -> None:
        self._world, self._store, self._sites = world, store, sites
        self._ledger = ledger
        self._clock_seconds = clock_seconds
        self.accepted = self.answered = 0
        self.runs = False
        self._start()

    def submit(self, site: str, submission: Submission, reader: Reader) -> Promise[Any]:
        """Count a visit; what is promised is an outcome, or a FootfallError."""
        promise, arrived = self._world.promise(), self._world.now
        try:
            visit = resolve(
                submission,
                self._sites,
                self._now_ms(),
                self._store.window_seconds,
                reader,
            )
            if isinstance(visit, Outcome):
                self._ledger.note_answer(site, submission.id, visit, arrived)
                promise.keep(visit)
                return promise
            if self._stopping:
                raise UnavailableError("count", "the server is stopping")
            ticket = self._lanes.submit(visit, self._world.now)
        except FootfallError as error:
            promise.keep(error)
            return promise
        self.accepted += 1

        def answer(done: Future[list[Result]]) -> None:
            self.answered += 1
            result = done.result()[ticket.place]
            try:
                self._ledger.note_answer(site, submission.id, result, arrived)
            except AssertionError as error:  # a future drops what its callbacks raise
                self._world.fail(error)
            promise.keep(result)

        ticket.group.done.add_done_callback(answer)
        return promise

    def kill(self) -> None:
        """End the process at once: what it has sent is sent, what it knew is gone."""
        self.runs = False
        for writer in self._writers:
            writer.kill()

    def stop(self) -> None:
        """Take no more, and answer what was accepted."""
        self._stopping = True
        self._lanes.hurry()

    @property
    def stopped(self) -> bool:
        """Whether a stop has come to its end."""
        return self._stopping and not self._lanes.unfinished

    def restart(self) -> None:
        """Start the process again, after a kill or a stop."""
        self.kill()
        self._start()

    def _start(self) -> None:
        self._recorder = Recorder(
            self._store, clock=lambda: self._world.now, now_ms=self._now_ms
        )
        self._woken = self._world.promise()
        self._stopping = False
        one_lane = batching(self._store.client) is not None
        self._lanes = Lanes(one_lane=one_lane, waiting_max=WAITING_MAX, wake=self._wake)
        self._writers: list[Task] = [
            self._world.spawn(self._write) for _ in range(1 if one_lane else WRITERS)
        ]
        self.accepted = self.answered = 0
        self.runs = True

    def _wake(self) -> None:
        woken, self._woken = self._woken, self._world.promise()
        woken.keep(True)

    def _write(self) -> None:
        while True:
            taken = self._lanes.take(self._world.now)
            if taken is None:
                self._woken.wait(self._lanes.seconds_to_wait(self._world.now))
                continue
            name, group = taken
            group.done.set_result(self._recorder.record(group.visits))
            self._lanes.done(name, group, self._world.now)

    def _now_ms(self) -> int:
        return round((EPOCH + self._world.now + self._clock_seconds) * 1000)
