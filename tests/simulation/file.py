"""One file that several processes have open: the engine as the simulation has it.

A batch waits for the file's lock and for its fsync; a process may be killed before or
after it is applied. A disk may fail: the batch is applied or not, and nobody knows.
"""

from collections.abc import Sequence
from typing import Any

from footfall.embedded import EmbeddedClient
from tests.faulty import client_error
from tests.proxy.faults import Faults
from tests.simulation.dynamodb import OnApplied
from tests.simulation.ledger import EPOCH
from tests.simulation.world import World

COMMIT_SECONDS = (0.0005, 0.01)

# What the network's faults are on a disk: an error before the write, or after it.
_BEFORE = frozenset({"lost_before", "cut_request", "error_before"})
_AFTER = frozenset({"lost_after", "cut_answer", "error_after"})


class File:
    """The file, which outlives every process."""

    def __init__(self, world: World) -> None:
        self.engine = EmbeddedClient(":memory:", clock=lambda: EPOCH + world.now)
        self.on_applied: OnApplied = lambda calls, now: None


class FileClient:
    """One process's client of the file; each method blocks the task that calls it."""

    def __init__(self, world: World, file: File, faults: Faults) -> None:
        self.exceptions = file.engine.exceptions
        self._world, self._file, self._faults = world, file, faults

    def batch(
        self, calls: Sequence[tuple[str, Any]], *, large_transactions: bool = False
    ) -> Any:
        """As `EmbeddedClient.batch`."""
        fault = self._faults.draw("Batch").fault
        if fault in _BEFORE | _AFTER:
            self._faults.tally[fault] += 1
        self._wait()
        if fault in _BEFORE:
            raise self._disk_error()
        answers = self._file.engine.batch(calls, large_transactions=large_transactions)
        applied = [
            call
            for call, answer in zip(calls, answers, strict=True)
            if not isinstance(answer, Exception)
        ]
        self._file.on_applied(applied, self._world.now)
        self._wait()
        if fault in _AFTER:
            raise self._disk_error()
        return answers

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        method = getattr(self._file.engine, name)

        def call(**request: Any) -> Any:
            self._wait()
            return method(**request)

        return call

    def _wait(self) -> None:
        self._world.sleep(self._world.random.uniform(*COMMIT_SECONDS))

    def _disk_error(self) -> Exception:
        error = {"Code": "InternalServerError", "Message": "the disk failed"}
        return client_error(self, {"Error": error, "ResponseMetadata": {}})
