"""The server's application, asked one request at a time where nothing runs in between.

A function on Lambda is frozen between two requests. It keeps one event loop and one
application for its life, runs the loop while a request is answered, and no longer: what
the application does in the background stands still meanwhile, so the sites are looked
at before each request instead.

Mangum, the adapter in common use, starts and stops the application at every request,
or never starts it; ours reads the sites when it starts (docs/decisions/0007-lambda.md).
"""

import asyncio
from collections.abc import Callable
from typing import Any

from footfall.web.app import App
from footfall.web.bodies import Message, Scope
from footfall.web.exchange import Reply


class SeldomAsked:
    """An application that runs while it is asked.

    Args:
        make_app: Makes the application, at the first request, and again after a start
            that failed.
    """

    def __init__(self, make_app: Callable[[], App]) -> None:
        self._make_app = make_app
        self._loop = asyncio.new_event_loop()
        self._app: App | None = None
        self._life: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    def reply(self, scope: Scope, body: bytes) -> Reply:
        """The application's answer to one request.

        Raises:
            FootfallError: The application could not be started; ask again later.
        """
        return self._loop.run_until_complete(self._reply(scope, body))

    def close(self) -> None:
        """Stop the application, and let its threads end."""
        self._loop.run_until_complete(self._end())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _reply(self, scope: Scope, body: bytes) -> Reply:
        if self._app is None:
            self._app = await self._started()
        await self._app.refresh()
        sent: list[Message] = []
        given = False

        async def receive() -> Message:
            nonlocal given
            if given:  # nobody hangs up on a function
                await asyncio.Event().wait()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._app(scope, receive, send)
        start, *rest = sent
        whole = b"".join(message.get("body", b"") for message in rest)
        return Reply(start["status"], list(start.get("headers", [])), whole)

    async def _started(self) -> App:
        app = self._make_app()
        told: asyncio.Queue[str] = asyncio.Queue()
        self._stop = asyncio.Event()
        asked = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> Message:
            kind = next(asked)
            if kind == "lifespan.shutdown":
                await self._stop.wait()
            return {"type": kind}

        async def send(message: Message) -> None:
            told.put_nowait(message["type"])

        scope: dict[str, Any] = {"type": "lifespan", "asgi": {"version": "3.0"}}
        life = asyncio.create_task(app(scope, receive, send))
        if await told.get() == "lifespan.startup.failed":
            await life  # raises why
        self._life = life
        return app

    async def _end(self) -> None:
        self._stop.set()
        if self._life is not None:
            await self._life
