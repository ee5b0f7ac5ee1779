"""Threads' jobs made into groups, each written at once by one of the threads.

The first job of a group is its leader: its thread writes the whole group while later
jobs queue behind it, and then hands over to the first of those. So a group is what came
while the one before was written, and nobody waits for a turn only to find that it is
answered.

Those just answered mostly ask again. So the next leader starts once as many jobs are
queued as were answered and had queued, or once nobody has come for a millisecond; else
the threads fall apart into small groups that take turns, each with an fsync of its own
(measured with 32 threads: groups of 2). A thread alone waits for nobody, and neither
does a job of a store in memory, where there is no fsync to share.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

GATHERING_SECONDS = 0.001


class Job:
    """The calls of one thread, and then their answers or why there are none."""

    __slots__ = ("answers", "calls", "failure", "form", "leads", "turn")

    def __init__(self, calls: Sequence[Any], form: Any = None) -> None:
        """Wrap the calls; the rest is set while it waits and when it is written.

        Args:
            calls: What is to be done.
            form: What its writer must know beside.
        """
        self.calls = calls
        self.form = form
        self.answers: list[Any] | None = None
        self.failure: Exception | None = None
        self.leads = False
        self.turn: threading.Lock | None = None  # held until it is written, or leads


class Grouping:
    """The queue of jobs, and whose turn it is.

    Args:
        write: Writes a group; afterwards each of its jobs has answers or a failure.
        writer: Held while a group is written; who else holds it makes groups wait.
        gathering_seconds: How long a leader may wait for those just answered.
    """

    def __init__(
        self,
        write: Callable[[list[Job]], None],
        *,
        writer: threading.Lock,
        gathering_seconds: float,
    ) -> None:
        self._write = write
        self._writer = writer
        self._gathering_seconds = gathering_seconds
        self._lock = threading.Lock()  # of everything below
        self._queue: list[Job] = []
        self._is_led = False
        self._expected = 0  # jobs that the next group need not wait for more of
        self._enough = threading.Event()

    def do(self, job: Job) -> None:
        """Have a job written, by this thread or by another; return when it is."""
        try:
            with self._lock:
                self._queue.append(job)
                if not self._is_led:
                    self._is_led = job.leads = True
                else:
                    job.turn = threading.Lock()
                    job.turn.acquire()
                    if len(self._queue) >= self._expected:
                        self._enough.set()
            if job.turn is not None:
                job.turn.acquire()  # until it is written, or leads
            if job.leads:
                self._gather()
                self._write_group()
        finally:  # also if this thread was interrupted while it waited
            if job.leads or (job.answers is None and job.failure is None):
                self._leave(job)

    def _gather(self) -> None:
        """Wait for those expected, as long as they keep coming."""
        seen = 0
        while self._gathering_seconds:
            with self._lock:
                count = len(self._queue)
                if count >= self._expected or count == seen:
                    return
                self._enough.clear()
            seen = count
            self._enough.wait(self._gathering_seconds)

    def _write_group(self) -> None:
        with self._writer:
            with self._lock:
                group, self._queue = self._queue, []
            try:
                self._write(group)
            finally:
                with self._lock:
                    self._expected = len(self._queue) + len(group)
                for job in group:
                    if job.turn is not None and not job.leads:
                        job.turn.release()

    def _leave(self, job: Job) -> None:
        """Hand over to the first that waits, and wait no more oneself."""
        with self._lock:
            if job in self._queue:  # interrupted before it was written
                self._queue.remove(job)
            if not job.leads:
                return
            job.leads = False
            if not self._queue:
                self._is_led = False
                return
            following = self._queue[0]
            following.leads = True
            assert following.turn is not None, "it came while another led"
            following.turn.release()
