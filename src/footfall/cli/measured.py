"""What a visit consumes in each way of counting, measured on the embedded engine.

The engine reports consumed capacity as DynamoDB does. Each way is run on a store of its
own in memory, through the code that counts in earnest; nothing is calculated but how many
visits a server's group holds: evenly spaced visits, a group every `PACE_SECONDS` at most.

The readers are made up and the same each time: on a page of `PAGES`, from one of
`REFERRERS`, with a browser and a screen; each reads three pages.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import time_ns

import msgspec

from footfall.connect import connect
from footfall.counters.counter import Counter
from footfall.counters.port import Store
from footfall.counters.tables import SITE_URL, VISITS
from footfall.visits.lanes import GROUP_VISITS_DYNAMODB, PACE_SECONDS
from footfall.visits.metered import Consumption, MeteredClient
from footfall.visits.record import Recorder
from footfall.visits.site import DIMENSIONS, SiteIndex
from footfall.visits.sites import add_site, load_sites
from footfall.visits.visit import Submission, Visit, resolve
from footfall.web.exchange import VISITS_PATH
from footfall.web.proxies import Proxies
from footfall.web.readers import Readers
from footfall.web.single import SingleCounting

SITE = "https://example.com/"
VISITS_MEASURED = 300
RATES = (1, 10, 100, 500)  # visits a second, to one site

PAGES = 20
REFERRERS = 10
PAGES_A_READER = 3
WIDTHS = (390, 820, 1280, 1920)
_BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36",
)


@dataclass(frozen=True, slots=True)
class Mode:
    """A way of counting, and what a visit consumes in it.

    Attributes:
        name: As a person reads it.
        on_lambda: Whether each visit is a request to an API and a function, too.
        write_units: Write request units a visit.
        read_units: Read request units a visit.
        requests: Requests to DynamoDB a visit.
    """

    name: str
    on_lambda: bool
    write_units: float
    read_units: float
    requests: float


def measured_modes() -> Iterator[Mode]:
    """Each way of counting, one after the other."""
    yield _counted("add (the plain recipe)", _add)
    yield _counted("add_once, ten-minute token", _add_with_token)
    yield _counted("add_once, receipt", _add_with_receipt)
    for label, dimensions in (("totals only", ()), ("all breakdowns", DIMENSIONS)):
        yield _counted(f"Lambda, {label}", _on_lambda(dimensions), on_lambda=True)
    for rate in RATES:
        for label, dimensions in (("totals only", ()), ("all breakdowns", DIMENSIONS)):
            yield _counted(
                f"server, {rate} a second, {label}", _on_server(rate, dimensions)
            )


def group_size(rate: int) -> int:
    """How many visits a server's group holds, at so many a second to one site."""
    return min(max(1, round(rate * PACE_SECONDS)), GROUP_VISITS_DYNAMODB)


Count = Callable[[Store], None]


def _counted(name: str, count: Count, *, on_lambda: bool = False) -> Mode:
    """Run one way of counting on a store of its own, and take its average."""
    client = connect(":memory:")
    try:
        metered = MeteredClient(client)
        store = Store(metered)
        add_site(store, SITE)
        metered.reset()
        count(store)
        consumed: Consumption = metered.consumed()
    finally:
        client.close()  # type: ignore[attr-defined]
    return Mode(
        name,
        on_lambda,
        consumed.write_units / VISITS_MEASURED,
        consumed.read_units / VISITS_MEASURED,
        consumed.requests / VISITS_MEASURED,
    )


def _counter(store: Store, receipts: str | None) -> Counter:
    return Counter(
        store.client,
        table=store.tables.site_visits,
        key={SITE_URL: SITE},
        attribute=VISITS,
        receipts=receipts,
    )


def _add(store: Store) -> None:
    counter = _counter(store, None)
    for _ in range(VISITS_MEASURED):
        counter.add(1)


def _add_with_token(store: Store) -> None:
    counter = _counter(store, None)
    for number in range(VISITS_MEASURED):
        counter.add_once(1, id=f"visit-{number}")


def _add_with_receipt(store: Store) -> None:
    counter = _counter(store, store.tables.visit_receipts)
    for number in range(VISITS_MEASURED):
        counter.add_once(1, id=f"visit-{number}")


def _on_lambda(dimensions: tuple[str, ...]) -> Count:
    """A quiet site: each visit comes more than a second after the last."""

    def count(store: Store) -> None:
        seconds = iter(range(1_000 * VISITS_MEASURED))
        counting = SingleCounting(
            store, _readers(), dimensions, clock=lambda: float(next(seconds))
        )
        for number in range(VISITS_MEASURED):
            scope = {
                "method": "POST",
                "path": VISITS_PATH,
                "headers": [(b"content-type", b"text/plain"), *_headers(number)],
                "client": (_address(number), 0),
            }
            reply = counting.reply(scope, json.dumps(_said(number)).encode())
            assert reply.status == 200, reply.body

    return count


def _on_server(rate: int, dimensions: tuple[str, ...]) -> Count:
    def count(store: Store) -> None:
        # The number is read with each group, and shards are looked for once a second.
        size = group_size(rate)
        now = 0.0
        recorder = Recorder(store, clock=lambda: now)
        visits = list(_visits(store, dimensions))
        for start in range(0, len(visits), size):
            recorder.record(visits[start : start + size])
            now += max(size / rate, PACE_SECONDS)

    return count


def _visits(store: Store, dimensions: tuple[str, ...]) -> Iterator[Visit]:
    (site,) = load_sites(store).sites
    sites = SiteIndex((replace(site, dimensions=dimensions),))
    readers = _readers()
    now_ms = time_ns() // 1_000_000
    for number in range(VISITS_MEASURED):
        scope = {"headers": _headers(number), "client": (_address(number), 0)}
        visit = resolve(
            msgspec.convert(_said(number), Submission),
            sites,
            now_ms,
            store.window_seconds,
            readers.reader_of(scope),
        )
        assert isinstance(visit, Visit), visit
        yield visit


def _readers() -> Readers:
    return Readers(None, Proxies())


def _said(number: int) -> dict[str, str | int]:
    """What a page says of its visit: ids are as long as the beacon's."""
    return {
        "id": f"01a20d79-d2d9-79ca-af1e-{number:012d}",
        "url": f"{SITE}blog/page-{number % PAGES}",
        "referrer": f"https://site-{number % REFERRERS}.example/",
        "width": WIDTHS[number % len(WIDTHS)],
    }


def _headers(number: int) -> list[tuple[bytes, bytes]]:
    reader = number // PAGES_A_READER
    return [(b"user-agent", _BROWSERS[reader % len(_BROWSERS)].encode())]


def _address(number: int) -> str:
    reader = number // PAGES_A_READER
    return f"10.0.{reader // 250}.{reader % 250 + 1}"
