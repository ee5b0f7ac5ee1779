"""Whether the server lives, and whether its store answers."""

from starlette.requests import Request
from starlette.responses import Response

from footfall.counters.port import Store
from footfall.visits.sites import sites_version
from footfall.web.answers import in_thread, json_answer


class Health:
    """The routes that whoever operates the server asks."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def live(self, _: Request) -> Response:
        """The process answers."""
        return json_answer({"status": "ok"})

    async def ready(self, _: Request) -> Response:
        """The store answers too; a problem with status 503 if it does not."""
        await in_thread(sites_version, self._store)
        return json_answer({"status": "ready"})
