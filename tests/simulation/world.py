"""A world with a clock of its own: tasks that wait, and the order in which they go on.

Each task is a greenlet, so that the code under test runs as it is: it calls, it blocks,
it sleeps. Only one runs at a time, and which goes on next follows from the times alone.
So a run is a function of its seed, and a failing one replays exactly; an hour of
waiting costs nothing.
"""

import heapq
import itertools
import random
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet

Value = TypeVar("Value")


class StuckError(AssertionError):
    """Tasks wait for what never comes."""


class World:
    """Virtual time, and everything that happens in it.

    Attributes:
        now: Seconds since the world began.
        random: What all chance is drawn from.
    """

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.random = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._hub = getcurrent()
        self._failure: BaseException | None = None

    def after(self, seconds: float, act: Callable[[], object]) -> None:
        """Let something happen later."""
        heapq.heappush(self._events, (self.now + seconds, next(self._numbers), act))

    def spawn(self, act: Callable[..., object], *arguments: Any) -> "Task":
        """Start a task; what it raises ends the run."""
        task = Task(self, act, *arguments)
        self.after(0, task.go_on)
        return task

    def sleep(self, seconds: float) -> None:
        """Let the task that calls it wait."""
        task = getcurrent()
        assert isinstance(task, Task), "only a task can wait"
        self.after(seconds, task.go_on)
        self._hub.switch()

    def promise(self) -> "Promise[Any]":
        """A value that is set once, and that tasks can wait for."""
        return Promise(self)

    def run(self, seconds_max: float) -> None:
        """Let everything happen, until nothing is left to.

        Raises:
            StuckError: Something still happens after all that time.
        """
        while self._events:
            at, _, act = heapq.heappop(self._events)
            if at > seconds_max:
                raise StuckError(f"the world still turns after {seconds_max} s")
            self.now = max(self.now, at)
            act()
            if self._failure is not None:
                raise self._failure

    def fail(self, failure: BaseException) -> None:
        """End the run with what a task raised."""
        self._failure = self._failure or failure


class Task(greenlet):  # type: ignore[misc]
    """A task of a world; it may be killed wherever it waits."""

    def __init__(self, world: World, act: Callable[..., object], *arguments: Any):
        super().__init__(parent=world._hub)
        self._world, self._act, self._arguments = world, act, arguments

    def run(self) -> None:
        """What the task does."""
        try:
            self._act(*self._arguments)
        except GreenletExit:
            return  # killed
        except BaseException as error:  # noqa: BLE001 - the run must end with it
            self._world.fail(error)

    def go_on(self) -> None:
        """Run the task until it waits again."""
        if not self.dead:
            self.switch()

    def kill(self) -> None:
        """End it where it waits; what it has sent is sent."""
        if self.dead:
            return
        if self:
            self.throw(GreenletExit)
        else:
            self._act = _nothing  # it never began


class Promise(Generic[Value]):
    """A value that is set once; those who wait get it, or None when time is out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tasks: list[Task] = []
        self.value: Value | None = None
        self.kept = False

    def keep(self, value: Value) -> None:
        """Set the value; a second one is dropped."""
        if self.kept:
            return
        self.kept, self.value = True, value
        for task in self._tasks:
            self._world.after(0, task.go_on)
        self._tasks = []

    def wait(self, seconds: float | None = None) -> Value | None:
        """The value, or None if it did not come in time."""
        task = getcurrent()
        assert isinstance(task, Task), "only a task can wait"
        if self.kept:
            return self.value
        self._tasks.append(task)
        if seconds is not None:
            self._world.after(seconds, lambda: self._give_up(task))
        self._world._hub.switch()
        return self.value

    def _give_up(self, task: Task) -> None:
        if task in self._tasks:
            self._tasks.remove(task)
            task.go_on()


def _nothing(*_: Any) -> None:
    return
