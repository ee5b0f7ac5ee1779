"""Threads' jobs in groups: shared, handed over, and never left waiting."""

import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from footfall.embedded.grouping import Grouping, Job


class Writer:
    """Writes groups, each when it is let; keeps what they were."""

    def __init__(self) -> None:
        self.groups: list[list[Any]] = []
        self.let = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)

    def __call__(self, group: list[Job]) -> None:
        self.begun.release()
        self.let.acquire()
        self.groups.append([job.calls for job in group])
        for job in group:
            job.answers = list(job.calls)


def started(act: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


def queue_up(grouping: Grouping, calls: list[str], length: int) -> threading.Thread:
    """A thread with a job, once the queue is as long as it says."""
    thread = started(lambda: grouping.do(Job(calls)))
    while len(grouping._queue) < length:
        time.sleep(0.001)
    return thread


def test_jobs_that_come_meanwhile_are_one_group() -> None:
    """One fsync for all of them."""
    writer = Writer()
    grouping = Grouping(writer, writer=threading.Lock(), gathering_seconds=0.001)
    threads = [started(lambda: grouping.do(Job(["first"])))]
    writer.begun.acquire()
    threads += [queue_up(grouping, [f"job-{n}"], n + 1) for n in range(5)]
    writer.let.release(2)
    for thread in threads:
        thread.join()

    assert writer.groups == [[["first"]], [[f"job-{n}"] for n in range(5)]]


def test_the_next_group_waits_for_those_just_answered() -> None:
    """So that threads that ask again and again do not fall apart."""
    writer = Writer()
    grouping = Grouping(writer, writer=threading.Lock(), gathering_seconds=60.0)
    writer.let.release(3)
    first, second, third = (Job([name]) for name in ("first", "second", "third"))
    grouping.do(first)
    grouping._expected = 2  # as after a group of two
    thread = queue_up(grouping, ["again"], 1)
    grouping.do(second)
    thread.join()
    grouping._expected = 1
    grouping.do(third)

    assert writer.groups == [[["first"]], [["again"], ["second"]], [["third"]]]


def test_a_writer_that_fails_leaves_nobody_waiting() -> None:
    """And the next group has a leader."""
    calls: list[int] = []
    begun, let = threading.Event(), threading.Event()

    def write(group: list[Job]) -> None:
        calls.append(len(group))
        begun.set()
        let.wait()
        for job in group:
            job.failure = OSError("the disk")
        if len(calls) == 1:
            raise OSError("the disk")

    grouping = Grouping(write, writer=threading.Lock(), gathering_seconds=0.0)
    failures: list[Exception] = []

    def lead() -> None:
        try:
            grouping.do(Job(["first"]))
        except OSError as error:
            failures.append(error)

    leader = started(lead)
    begun.wait()
    follower = queue_up(grouping, ["second"], 1)
    let.set()
    leader.join()
    follower.join()

    assert calls == [1, 1]
    assert len(failures) == 1


@pytest.mark.parametrize("waits_as", ["follower", "leader"])
def test_a_thread_that_is_interrupted_holds_nobody_up(waits_as: str) -> None:
    """Ctrl+C takes the job out of the queue, or its turn to the next."""
    writer = Writer()
    grouping = Grouping(writer, writer=threading.Lock(), gathering_seconds=60.0)
    main = threading.main_thread().ident
    assert main is not None
    threads: list[threading.Thread] = []
    if waits_as == "follower":
        threads.append(started(lambda: grouping.do(Job(["first"]))))
        writer.begun.acquire()
    else:
        grouping._expected = 3  # so that it gathers

    def interrupt() -> None:
        while not grouping._queue:
            time.sleep(0.001)
        if waits_as == "leader":
            threads.append(queue_up(grouping, ["second"], 2))
        time.sleep(0.05)  # until it waits
        signal.pthread_kill(main, signal.SIGINT)

    interrupter = started(interrupt)
    with pytest.raises(KeyboardInterrupt):
        grouping.do(Job(["interrupted"]))
    interrupter.join()
    grouping._enough.set()
    writer.let.release(3)
    for thread in threads:
        thread.join(timeout=30)
    grouping._expected = 0
    grouping.do(Job(["last"]))

    written = [calls for group in writer.groups for calls in group]
    assert ["interrupted"] not in written
    assert written[-1] == ["last"]
