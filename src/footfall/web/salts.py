"""Destroys the salts of days that are over, as long as a server runs.

The first visit of a day destroys the salts before it; a site that nobody visits again
would keep its last one for ever, and with it the means to tell whose visits those were.
"""

import asyncio
import logging

from footfall.errors import FootfallError
from footfall.visits.group import GroupCommit

LOOK_SECONDS = 300.0

_log = logging.getLogger("footfall.web")


class Salts:
    """Looks at the start, and every few minutes, between `start` and `stop`."""

    def __init__(self, commit: GroupCommit) -> None:
        self._commit = commit
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Destroy what is over, from now on."""
        self._task = asyncio.create_task(self._look())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _look(self) -> None:
        away = False
        while True:
            try:
                await asyncio.to_thread(self._commit.destroy_salts)
            except FootfallError as error:
                if not away:
                    _log.warning("salts that are over may be left: %s", error)
                away = True
            else:
                away = False
            await asyncio.sleep(LOOK_SECONDS)
