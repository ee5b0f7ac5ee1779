"""Runs the application: uvicorn with uvloop and httptools, until it is told to stop.

No access log is written, since it would hold readers' addresses. A stop by SIGTERM or
SIGINT answers what was accepted and then returns; a store that hangs delays it, but no
answer beyond `visits.group.STOP_SECONDS_MAX`.
"""

import asyncio
import contextlib
import errno
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn

from footfall.errors import InvalidInputError
from footfall.web.connections import Connections
from footfall.web.fast_path import visits_protocol

BACKLOG = 2_048
STOP_SECONDS_MAX = 15  # for all answers to go out; the application gives them in 10

_TICKS_A_SECOND = 10  # of uvicorn's main loop
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    make_app: Callable[[int], Any],
    *,
    host: str,
    port: int,
    on_started: Callable[[int], None],
    on_stopping: Callable[[], None] = lambda: None,
    is_proxy: Callable[[str], bool] = lambda _: False,
) -> None:
    """Serve an ASGI application until SIGTERM or SIGINT.

    Args:
        make_app: Makes the application once the port is ours; it is given the port.
        host: The address to listen on.
        port: The port; 0 takes a free one.
        on_started: Called with the port when requests are answered.
        on_stopping: Called before the requests that are open must end.
        is_proxy: Whether an address is a named proxy's, which connects for many.

    Raises:
        InvalidInputError: Nobody can listen there: the port is taken, say.
    """
    with listen(host, port) as listener:
        ours: int = listener.getsockname()[1]
        server = Server(
            make_app(ours),
            Connections(is_proxy),
            on_started=lambda: on_started(ours),
            on_stopping=on_stopping,
        )
        server.run(sockets=[listener])


def listen(host: str, port: int) -> socket.socket:
    """A socket bound to the address.

    Raises:
        InvalidInputError: It cannot be bound; the message says why.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise InvalidInputError("port", _why_not(error, host, port)) from error
    return listener


def _why_not(error: OSError | OverflowError, host: str, port: int) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return (
                f"{port} on {host} is in use by another program; stop it, or choose"
                f" another with --port"
            )
        case errno.EACCES:
            return f"{port} on {host} needs more rights; choose one from 1024 on"
        case _:
            return f"{port} on {host} cannot be listened on: {error}"


class Server(uvicorn.Server):
    """uvicorn's server, within bounds, which tells when it begins and stops, and ends by returning.

    uvicorn raises the signal again when it has stopped, so that the process ends as if
    it had been killed; a stop that was asked for is no failure.
    """

    def __init__(
        self,
        app: Any,
        connections: Connections,
        *,
        port: int = 0,
        on_started: Callable[[], None] = lambda: None,
        on_stopping: Callable[[], None] = lambda: None,
    ) -> None:
        config = uvicorn.Config(
            app,
            port=port,
            http=visits_protocol(connections, app),
            loop="uvloop",
            lifespan="on",
            access_log=False,
            server_header=False,
            log_config=None,  # its loggers' lines go where all go
            log_level="warning",
            timeout_graceful_shutdown=STOP_SECONDS_MAX,
            backlog=BACKLOG,
            proxy_headers=False,
            ws="none",
        )
        super().__init__(config)
        self._connections = connections
        self._on_started = on_started
        self._on_stopping = on_stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, and tell."""
        self._connections.sweep((), asyncio.get_running_loop().time())
        await super().startup(sockets)
        if self.started:
            self._on_started()

    async def on_tick(self, counter: int) -> bool:
        """Look at all connections, once a second."""
        if counter % _TICKS_A_SECOND == 0:
            now = asyncio.get_running_loop().time()
            self._connections.sweep(self.server_state.connections, now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell, so that open requests are answered; then wait for them."""
        self._on_stopping()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let the signals stop the server, and nothing else; a thread gets none."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def stop(_: int, __: FrameType | None) -> None:
            self.should_exit = True

        earlier = {number: signal.signal(number, stop) for number in _STOP_SIGNALS}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
