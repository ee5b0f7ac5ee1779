"""Which visits go into one group, and when a group's time has come. Pure: no threads.

Visits wait in lanes. A lane has one group in flight, and while it is written the next
one forms: so a group holds whatever arrived in the time of one write, one visit when
it is quiet and hundreds under load. No timer delays a visit that comes alone.

    embedded engine    one lane for all sites, since one fsync serves them all
    DynamoDB           a lane for each site: two groups of one site would hold the same
                       counter items and cancel each other

After a group a lane rests, unless enough visits wait: on the embedded engine for a
millisecond, which the callers just answered use to come again (a tenth fewer CPU
seconds a visit; another tenth for waiting for three quarters of them and not for half); on DynamoDB until `PACE_SECONDS` after the group's start, since each
group costs four write units beside its receipts (at 500 visits a second 2.2 units a
visit, where groups as quick as the network would cost 2.6).
"""

import heapq
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple

from footfall.counters.port import TRANSACTION_ACTIONS_MAX
from footfall.errors import OverloadedError
from footfall.visits.record import Result
from footfall.visits.visit import Visit

# Visits in one write at most, which bounds how long a group takes. On DynamoDB a
# group fills one transaction: its receipts, the total, the buckets of two days. That
# bounds its bytes too: a visit's receipt and page have some 6 KB, of 4 MB.
GROUP_VISITS_EMBEDDED = 1_000
GROUP_VISITS_DYNAMODB = TRANSACTION_ACTIONS_MAX - 5

REGROUP_SECONDS = 0.001
PACE_SECONDS = 0.05

_ONE_LANE = ""


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


class Ticket(NamedTuple):
    """Where a visit's result will be: `group.done.result()[place]`."""

    group: Group
    place: int


@dataclass(slots=True)
class _Lane:
    name: str
    groups: deque[Group] = field(default_factory=deque)
    busy: bool = False  # a group of it is in flight, or ready to be taken
    resting: bool = False  # it is among those that are looked at later
    rests_until: float = 0.0
    enough: int = 1  # visits that end its rest
    taken_at: float = 0.0


class Lanes:
    """The visits that wait, and the groups that they form.

    Args:
        one_lane: Whether all sites share a lane, as on the embedded engine.
        waiting_max: Visits that may wait.
        wake: Called when somebody who waits to take a group should look again.
    """

    def __init__(
        self, *, one_lane: bool, waiting_max: int, wake: Callable[[], None]
    ) -> None:
        self.waiting = 0  # visits submitted and not answered yet
        self.unfinished = 0  # groups that form or are in flight
        self._one_lane = one_lane
        self._waiting_max = waiting_max
        self._group_max = GROUP_VISITS_EMBEDDED if one_lane else GROUP_VISITS_DYNAMODB
        self._wake = wake
        self._lanes: dict[str, _Lane] = {}
        self._ready: deque[_Lane] = deque()
        self._resting: list[tuple[float, str]] = []  # a heap
        self._hurried = False

    def submit(self, visit: Visit, now: float) -> Ticket:
        """Put a visit into the group that forms.

        Args:
            visit: It is written with the group.
            now: Seconds on a clock that only grows.

        Raises:
            OverloadedError: Too many wait already. Retry after a pause.
        """
        if self.waiting >= self._waiting_max:
            raise OverloadedError("count")
        self.waiting += 1
        name = _ONE_LANE if self._one_lane else visit.site.url
        lane = self._lanes.get(name)
        if lane is None:
            lane = self._lanes[name] = _Lane(name)
        groups = lane.groups
        if not groups or len(groups[-1].visits) >= self._group_max:
            groups.append(Group())
            self.unfinished += 1
        group = groups[-1]
        group.visits.append(visit)
        if not lane.busy:
            self._queue(lane, now)
        return Ticket(group, len(group.visits) - 1)

    def take(self, now: float) -> tuple[str, Group] | None:
        """The next group whose time has come, and its lane's name; None if none has."""
        while self._resting and (self._resting[0][0] <= now or self._hurried):
            lane = self._lanes[heapq.heappop(self._resting)[1]]
            lane.resting = False
            if lane.groups and not lane.busy:
                self._queue(lane, now)
        if not self._ready:
            return None
        lane = self._ready.popleft()
        lane.taken_at = now
        return lane.name, lane.groups.popleft()

    def drain(self) -> list[Group]:
        """Take every group that nobody has taken, so that none of them is written."""
        drained = [group for lane in self._lanes.values() for group in lane.groups]
        for lane in self._lanes.values():
            lane.groups.clear()
        self._ready.clear()
        self._resting.clear()
        self.waiting -= sum(len(group.visits) for group in drained)
        self.unfinished -= len(drained)
        return drained

    def hurry(self) -> None:
        """Let no lane rest any more: the server is stopping."""
        self._hurried = True
        self._wake()

    def seconds_to_wait(self, now: float) -> float | None:
        """How long nothing can be taken; None: until something is submitted."""
        if self._ready:
            return 0.0
        if not self._resting:
            return None
        return 0.0 if self._hurried else max(0.0, self._resting[0][0] - now)

    def done(self, name: str, group: Group, now: float) -> None:
        """A group that was taken has its results; its lane may go on."""
        self.waiting -= len(group.visits)
        self.unfinished -= 1
        lane = self._lanes[name]
        lane.busy = False
        if self._one_lane:
            # Those just answered, and those that waited: else two halves take turns.
            lane.enough = (len(group.visits) + self.waiting) * 3 // 4
            lane.rests_until = now + REGROUP_SECONDS
        else:
            lane.enough = self._group_max
            lane.rests_until = lane.taken_at + PACE_SECONDS
        if lane.groups:
            self._queue(lane, now)

    def _queue(self, lane: _Lane, now: float) -> None:
        """Let a lane with visits be taken, now or when it has rested."""
        has_rested = now >= lane.rests_until or self._hurried
        if has_rested or len(lane.groups[0].visits) >= lane.enough:
            lane.busy = True
            self._ready.append(lane)
            self._wake()
        elif not lane.resting:
            lane.resting = True
            heapq.heappush(self._resting, (lane.rests_until, lane.name))
            self._wake()
