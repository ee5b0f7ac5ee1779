"""How large tables are, counted no more often than it is worth.

Counting takes the longer the more there is, and tools ask again and again; so what took
long to count is kept for a hundred times as long. AWS counts every six hours.
"""

import time
from collections.abc import Callable

SECONDS_MIN = 0.01  # what is counted sooner is counted anew each time
KEPT_FACTOR = 100

Size = tuple[int, int]  # items and bytes


class Measures:
    """The sizes of tables and indexes that may still be told, by their ids."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, int], tuple[Size, float]] = {}

    def size(self, place: tuple[int, int], count: Callable[[], Size]) -> Size:
        """The size of a table or of an index; counted, unless it is kept."""
        size, until = self._kept.get(place, ((0, 0), 0.0))
        begun = time.monotonic()
        if begun < until:
            return size
        size = count()
        seconds = time.monotonic() - begun
        if seconds > SECONDS_MIN:
            self._kept[place] = size, begun + (1 + KEPT_FACTOR) * seconds
        return size
