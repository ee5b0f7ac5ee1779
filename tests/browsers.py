"""Browsers that send visits and do not give up: the beacon's manners, in Python."""

import asyncio
import json
import random
from collections.abc import Sequence
from typing import Any

RETRY_SECONDS = (0.01, 0.1)

_LOST = (OSError, asyncio.IncompleteReadError, TimeoutError)


class Browser:
    """Keeps a connection, and retries a visit under its id until it has an answer.

    After a failure it goes to any of the servers, as behind a load balancer.
    """

    def __init__(
        self, ports: Sequence[int], *, timeout_seconds: float | None = None
    ) -> None:
        self._ports = ports
        self._timeout_seconds = timeout_seconds
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.StreamReader | None = None

    async def visit(self, id: str, url: str) -> str:
        """The outcome of one visit, whatever happens to the servers."""
        body = json.dumps({"id": id, "url": url}).encode()
        while True:
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    status, answer = await self._post(body)
            except _LOST:
                status = None
            if status == 200:
                outcome: str = answer["outcome"]
                return outcome
            assert status in (None, 503), answer
            self.close()
            await asyncio.sleep(random.uniform(*RETRY_SECONDS))

    def close(self) -> None:
        """Hang up, if the server has not."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _post(self, body: bytes) -> tuple[int, Any]:
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(
                "127.0.0.1", random.choice(self._ports)
            )
        assert self._reader is not None
        self._writer.write(
            b"POST /v1/visits HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        status = int(head.split(" ", 2)[1])
        length = next(
            int(line.split(":")[1])
            for line in head.splitlines()
            if line.lower().startswith("content-length:")
        )
        return status, json.loads(await self._reader.readexactly(length))
