"""Several writers on one hot site, against a store that rejects conflicts as AWS does.

`footfall dynamodb` in memory stands for DynamoDB, and before it the tests' proxy holds
every item of a transaction for 10 to 20 ms and rejects what overlaps. Visits arrive at
a steady rate, whether the earlier ones are answered or not, from

    servers    1, 2, 4 or 8 `footfall serve`, by turns
    callers    100 that each count one visit at a time, as functions on Lambda do

The total is read afterwards: as many as were sent must have been counted.

With all breakdowns each visit says where it comes from, and every second one is a new
reader's, who costs a marker: that is what a site costs which is not only refreshed.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.servers import client_of, footfall_dynamodb, free_port, started
from benchmarks.tables import Figures, median_rows
from footfall.connect import create_tables
from footfall.counters.port import Store
from footfall.visits.report import total
from footfall.visits.site import DIMENSIONS
from footfall.visits.sites import add_site, load_sites
from footfall.visits.verify import verify
from tests.country_files import country_file

SITE = "https://hot.example/"
VISITS_PER_SECOND = 500
SERVERS = (1, 2, 4, 8)
CALLERS = 100
CALLER_PROCESSES = 4
ONE_SERVER = "1 server, totals only"

_CONNECTIONS = 64  # of the load, to all servers

# What the visits of the row with all breakdowns are of, each by turns; the numbers of
# values have no common factor, so they meet in every combination.
_PAGES, _REFERRERS, _CAMPAIGNS = 97, 41, 7
_WIDTHS = (390, 820, 1_366, 1_920, 2_560)
_PROGRAMS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
)
_READS_A_READER = 2
_COUNTRIES = ("DE", "FR", "JP", "US", "BR", "IN", "NG", "GB", "ES", "PL", "SE")

_RequestOf = Callable[[int], bytes]  # a visit's number -> the request that counts it


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The store itself, and the proxy that rejects before it."""

    store: str
    proxy: str

    def tally(self) -> Any:
        """What the proxy has seen and done."""
        with urllib.request.urlopen(f"{self.proxy}/tally", timeout=30) as answer:
            return json.load(answer)["contention"]


def measure(runs: int, seconds: int) -> str:
    """The table, as Markdown."""
    figures: Figures = {}
    for _ in range(runs):
        for name, servers, dimensions in _rows():
            with _endpoints(dimensions) as endpoints:
                if servers:
                    request_of = _full if dimensions == DIMENSIONS else _bare
                    latencies = _load_servers(endpoints, servers, seconds, request_of)
                else:
                    latencies = _load_callers(endpoints, seconds)
                figures.setdefault(name, []).append(_figures(endpoints, latencies))
    return median_rows(figures, ratio_of="units a visit", reference=ONE_SERVER)


def _rows() -> list[tuple[str, int, tuple[str, ...]]]:
    rows: list[tuple[str, int, tuple[str, ...]]] = [
        (ONE_SERVER, 1, ()),
        ("1 server, with pages", 1, ("page",)),
        ("1 server, all breakdowns", 1, DIMENSIONS),
    ]
    rows += [(f"{n} servers, with pages", n, ("page",)) for n in SERVERS if n > 1]
    return [*rows, (f"{CALLERS} one-visit callers, totals only", 0, ())]


@contextlib.contextmanager
def _endpoints(dimensions: tuple[str, ...]) -> Iterator[Endpoints]:
    store_port, proxy_port = free_port(), free_port()
    # All of these share the machine's cores: none is what is measured.
    stored = footfall_dynamodb(store_port, ":memory:")
    with started(stored, store_port, core=None) as store:
        made = Store(client_of(store.url))
        create_tables(made)
        add_site(made, SITE, dimensions=dimensions)
        proxy = [
            *(sys.executable, "-m", "tests.proxy.server"),
            *("--upstream", store.url, "--port", str(proxy_port)),
            *("--hold", "0.010-0.020"),
        ]
        with started(proxy, proxy_port, core=None) as before:
            yield Endpoints(store.url, before.url)


def _figures(endpoints: Endpoints, latencies: list[float]) -> dict[str, float]:
    """What a run shows.

    Raises:
        RuntimeError: A visit was lost or counted twice.
    """
    store = Store(client_of(endpoints.store))
    site = load_sites(store).named(SITE)
    counted = total(store, site)
    differences = verify(store, site, time.time_ns() // 1_000_000).differences
    if counted != len(latencies) or differences:
        raise RuntimeError(
            f"{len(latencies)} visits were sent and {counted} counted; {differences}"
        )
    tally = endpoints.tally()
    percentiles = quantiles(latencies, n=100)
    return {
        "p50 ms": percentiles[49] * 1000,
        "p99 ms": percentiles[98] * 1000,
        "cancelled a commit": sum(tally["conflicts"].values()) / tally["committed"],
        "units a visit": tally["write_units"] / counted,
    }


def _load_servers(
    endpoints: Endpoints, servers: int, seconds: int, request_of: _RequestOf
) -> list[float]:
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        networks = {
            f"10.{number}.0.0/16": {"country": {"iso_code": code}}
            for number, code in enumerate(_COUNTRIES)
        }
        countries = country_file(Path(folder, "countries.mmdb"), networks)
        ports = [free_port() for _ in range(servers)]
        for port in ports:
            command = [
                *(sys.executable, "-m", "footfall", "serve", "--port", str(port)),
                *("--store", f"dynamodb:{endpoints.proxy}"),
                *("--proxy", "127.0.0.1", "--countries", str(countries)),
            ]
            stack.enter_context(started(command, port, core=None))
        return asyncio.run(_send(ports, VISITS_PER_SECOND * seconds, request_of))


def _bare(number: int) -> bytes:
    """A visit of which nothing is said but its page."""
    return _request({"id": f"v{number}", "url": f"{SITE}{number % 20}"})


def _full(number: int) -> bytes:
    """A visit with all that a beacon and a reverse proxy say."""
    campaign = f"?utm_campaign=c{number % _CAMPAIGNS}" if number % 3 == 0 else ""
    reader = number // _READS_A_READER
    address = f"10.{reader % len(_COUNTRIES)}.{reader // 250 % 250}.{reader % 250}"
    return _request(
        {
            "id": f"v{number}",
            "url": f"{SITE}articles/{number % _PAGES}{campaign}",
            "referrer": f"https://blog-{number % _REFERRERS}.example/",
            "width": _WIDTHS[reader % len(_WIDTHS)],
        },
        f"X-Forwarded-For: {address}\r\n"
        f"User-Agent: {_PROGRAMS[reader % len(_PROGRAMS)]}\r\n",
    )


def _request(visit: dict[str, Any], headers: str = "") -> bytes:
    body = json.dumps(visit)
    return (
        "POST /v1/visits HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n{body}"
    ).encode()


async def _send(ports: list[int], visits: int, request_of: _RequestOf) -> list[float]:
    """Send visits at the steady rate; the seconds that each took, waiting included."""
    latencies: list[float] = []
    due: asyncio.Queue[tuple[int, float]] = asyncio.Queue()

    async def connection(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.closing(writer):
            while True:
                number, since = await due.get()
                writer.write(request_of(number))
                head = await reader.readuntil(b"\r\n\r\n")
                length = head.lower().partition(b"content-length: ")[2].split(b"\r")[0]
                answer = await reader.readexactly(int(length))
                if b'"counted"' not in answer:
                    raise RuntimeError(f"visit {number}: {answer!r}")
                latencies.append(time.perf_counter() - since)
                due.task_done()

    connections = [
        asyncio.create_task(connection(ports[number % len(ports)]))
        for number in range(_CONNECTIONS)
    ]
    begun = time.perf_counter()
    for number in range(visits):
        at = begun + number / VISITS_PER_SECOND
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        due.put_nowait((number, at))
    finished = asyncio.create_task(due.join())
    await asyncio.wait([finished, *connections], return_when=asyncio.FIRST_COMPLETED)
    for task in connections:
        if task.done():
            task.result()  # raises what ended it
        task.cancel()
    await asyncio.gather(*connections, return_exceptions=True)
    return latencies


def _load_callers(endpoints: Endpoints, seconds: int) -> list[float]:
    visits = VISITS_PER_SECOND * seconds // CALLER_PROCESSES
    running = [
        subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.callers", endpoints.proxy, SITE),
                *(str(number), str(CALLERS // CALLER_PROCESSES), str(visits)),
                str(VISITS_PER_SECOND / CALLER_PROCESSES),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(CALLER_PROCESSES)
    ]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError("a caller failed, and said why")
    return [latency for each in said for latency in json.loads(each)]
