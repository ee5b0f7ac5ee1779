"""What somebody who watches a site has seen: its number, and what moved it. Pure.

A look at the site is a `Look`; two looks differ by a `Change`. A look is cheap: the
total first, and today's numbers and pages only where it moved.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

MINUTES_MAX = 1_440  # that are remembered: a day
CHANGES_MAX = 200

Pages = Mapping[str, int]  # a page and its visits


@dataclass(frozen=True, slots=True)
class Look:
    """A site at one moment.

    Attributes:
        at: When, in the site's time zone.
        total: Its number.
        today: The visits of its day.
        days: The pages of the days that may have moved: today, and at midnight
            yesterday.
    """

    at: datetime
    total: int
    today: int
    days: Mapping[date, Pages] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What moved between two looks.

    Attributes:
        at: When it was seen.
        added: Visits; negative where the number was set back.
        pages: Visits of each page that moved, the most first.
    """

    at: datetime
    added: int
    pages: tuple[tuple[str, int], ...]


@dataclass(slots=True)
class Watched:
    """A site since somebody began to watch it.

    Attributes:
        first: The first look.
        last: The newest look.
        changes: What moved, the newest first.
        minutes: The visits of each minute since the first, up to the current one.
        trouble: Why the newest look failed, "" if it did not.
    """

    first: Look
    last: Look = field(init=False)
    changes: deque[Change] = field(init=False)
    minutes: deque[int] = field(init=False)
    trouble: str = ""
    _minute: int = 0

    def __post_init__(self) -> None:
        self.last = self.first
        self.changes = deque(maxlen=CHANGES_MAX)
        self.minutes = deque([0], maxlen=MINUTES_MAX)

    @property
    def added(self) -> int:
        """The visits since the first look."""
        return self.last.total - self.first.total

    def tick(self, at: datetime) -> None:
        """Let time pass: begin the minutes that have begun since."""
        minute = int((at - self.first.at).total_seconds() // 60)
        for _ in range(min(minute - self._minute, MINUTES_MAX)):
            self.minutes.append(0)
        self._minute = max(minute, self._minute)

    def see(self, look: Look) -> Change | None:
        """Take a look in; what moved since the one before, None if nothing did."""
        self.tick(look.at)
        added = look.total - self.last.total
        if not added:
            return None
        pages: dict[str, int] = {}
        for day, counted in look.days.items():
            before = self.last.days.get(day, {})
            for page, visits in counted.items():
                if moved := visits - before.get(page, 0):
                    pages[page] = pages.get(page, 0) + moved
        ranked = sorted(pages.items(), key=lambda entry: (-entry[1], entry[0]))
        change = Change(look.at, added, tuple(ranked))
        self.changes.appendleft(change)
        self.minutes[-1] += max(added, 0)
        self.last = look
        return change
