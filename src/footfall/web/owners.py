"""Who may, as a running server knows it: never more than a second old, and in memory.

The password, the sessions and the tokens are read when the server starts, and again
whenever their version moved, which is looked at twice a second beside the event loop.
So no check waits for the store, and what nobody gave out costs no read of its own.

A secret that is not known may be a moment old, given out by another server or by the
command line. Then the server looks again before it answers, for all who ask meanwhile at
once, and a few times a second at most whoever asks.

While the store is away what was known last stands: the routes that need the store fail
by themselves, and the others must tell the owner what is wrong.
"""

import asyncio
import logging
import time

from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.owners.changes import owner_version
from footfall.owners.credentials import Credentials, load_credentials
from footfall.owners.sessions import IDLE_SECONDS, RENEW_SECONDS, renew_session
from footfall.web.answers import in_thread
from footfall.web.bodies import Message, Scope, Send
from footfall.web.proofs import SESSION_COOKIE, Presented, cookie, presented_in

POLL_SECONDS = 0.5
LOOK_AGAIN_SECONDS = 0.2  # between two looks for what is not known

_log = logging.getLogger("footfall.web")


class Owners:
    """The credentials, refreshed in the background between `start` and `stop`."""

    def __init__(self, store: Store) -> None:
        self.credentials = Credentials()
        self._store = store
        self._version = -1
        self._looked_at = 0.0
        self._reading, self._looking_again = asyncio.Lock(), asyncio.Lock()
        self._away = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read the credentials, and keep them read.

        Raises:
            FootfallError: The store cannot be read.
        """
        await self.read()
        self._task = asyncio.create_task(self._poll())

    def stop(self) -> None:
        """Read no more."""
        if self._task is not None:
            self._task.cancel()

    async def read(self) -> None:
        """Look whether anything changed, now.

        Raises:
            FootfallError: The store cannot be read; what was known stands.
        """
        async with self._reading:
            began_at = time.monotonic()
            try:
                version = await in_thread(owner_version, self._store)
                if version != self._version:
                    self.credentials = await in_thread(load_credentials, self._store)
                    self._version = version
            finally:
                self._looked_at = began_at

    async def refresh(self) -> None:
        """Look whether anything changed; where the store is away all stays."""
        try:
            await self.read()
        except FootfallError as error:
            if not self._away:
                _log.warning("who may sign in may be out of date: %s", error)
            self._away = True
        else:
            self._away = False

    async def admit(self, scope: Scope, send: Send) -> Send:
        """Get to know what a request shows; what its answer is to be sent by.

        A session that was not used for a day is renewed, and its cookie with it.
        """
        presented = presented_in(scope)
        if self._is_unknown(presented):
            await self._look_again()
        if presented.session is None:
            return send
        now = time.time()
        session = self.credentials.session_of(presented.session, now)
        if session is None or now - session.renewed_at < RENEW_SECONDS:
            return send
        try:
            if await in_thread(renew_session, self._store, session, now) is None:
                return send
        except FootfallError:
            return send  # the store is away; the next request tries again
        await self.refresh()
        return _also(
            send, cookie(scope, SESSION_COOKIE, presented.session, IDLE_SECONDS)
        )

    async def _poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.refresh()

    async def _look_again(self) -> None:
        came_at = time.monotonic()
        async with self._looking_again:
            if self._looked_at >= came_at:
                return  # somebody has looked for all who came before
            since_seconds = time.monotonic() - self._looked_at
            await asyncio.sleep(max(0.0, LOOK_AGAIN_SECONDS - since_seconds))
            await self.refresh()

    def _is_unknown(self, presented: Presented) -> bool:
        known, now = self.credentials, time.time()
        if presented.token is not None:
            return known.token_of(presented.token) is None
        if presented.session is not None:
            return known.session_of(presented.session, now) is None
        return False


def _also(send: Send, set_cookie: str) -> Send:
    """What sends a further cookie with an answer, unless it sets one itself."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", []))
            if not any(name == b"set-cookie" for name, _ in headers):
                headers.append((b"set-cookie", set_cookie.encode("latin-1")))
            message = {**message, "headers": headers}
        await send(message)

    return sending
