"""The ids that were counted last: a visit that is sent again mostly comes soon.

A duplicate cancels its whole group, which is then sent once more without it. One that is
remembered costs nothing. What is remembered was counted, durably, so it only saves
that; a duplicate that is not is found by its receipt.
"""

import threading
from collections.abc import Collection, Set

# Ids in each of two generations, some 150 bytes each.
REMEMBERED_MAX = 20_000


class Recent:
    """The last ids of each site that were counted; several threads may share it."""

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        self._remembered_max = remembered_max
        self._lock = threading.Lock()
        self._newer: dict[str, set[str]] = {}
        self._older: dict[str, set[str]] = {}
        self._count = 0

    def of(self, site: str, ids: Set[str]) -> set[str]:
        """Those of a site's ids that are remembered."""
        with self._lock:
            return {
                id
                for generation in (self._newer, self._older)
                for id in ids & generation.get(site, set())
            }

    def add(self, site: str, ids: Collection[str]) -> None:
        """Remember ids that are counted."""
        with self._lock:
            if self._count >= self._remembered_max:
                self._older, self._newer, self._count = self._newer, {}, 0
            self._newer.setdefault(site, set()).update(ids)
            self._count += len(ids)

    def forget(self) -> None:
        """Remember none: a site may be gone, and there again with no visit counted."""
        with self._lock:
            self._newer, self._older, self._count = {}, {}, 0
