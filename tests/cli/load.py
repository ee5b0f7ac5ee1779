"""Readers of a site while something else happens to its store."""

import asyncio
import subprocess
from pathlib import Path

from tests.browsers import Browser
from tests.processes import FOOTFALL, Server

SITE = "https://a.example/"
BROWSERS = 16


def footfall(*arguments: str | Path, input: str = "") -> str:
    """What a command that must succeed prints."""
    done = subprocess.run(
        [FOOTFALL, *arguments],
        input=input,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


class Load:
    """Browsers that send visits until they are stopped; `ids` are acknowledged."""

    def __init__(self, server: Server) -> None:
        self.ids: list[str] = []
        self._ports = [server.port]
        self._stopped = False

    @property
    def counted(self) -> int:
        return len(self.ids)

    async def run(self) -> None:
        await asyncio.gather(*(self._browse(number) for number in range(BROWSERS)))

    async def more(self) -> None:
        """Wait until some more are acknowledged."""
        before = self.counted
        while self.counted <= before:
            await asyncio.sleep(0.05)

    def stop(self) -> None:
        self._stopped = True

    async def _browse(self, browser: int) -> None:
        sender, number = Browser(self._ports), 0
        while not self._stopped:
            url = f"{SITE}page-{number % 30}?utm_source=mail-{number % 7}"
            id = f"{browser}-{number}"
            assert await sender.visit(id, url) == "counted"
            self.ids.append(id)
            number += 1
        sender.close()
