"""One run: servers, browsers and faults, all drawn from a seed.

Three to five servers count 200 visits to four sites, on DynamoDB or on a file that
they share. Their clocks disagree by minutes. Servers are killed and stopped, shards
are compacted, totals are read and `verify` runs, all while visits arrive, are lost,
and come again.
"""

import functools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from footfall.connect import create_tables
from footfall.counters import backoff
from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.visits.reader import Reader
from footfall.visits.report import total
from footfall.visits.shards import compact
from footfall.visits.site import Site, SiteIndex
from footfall.visits.sites import add_site, load_sites
from footfall.visits.verify import verify
from tests.proxy.faults import Fault, Faults
from tests.simulation.browser import Browser
from tests.simulation.dynamodb import Client, Service
from tests.simulation.file import File, FileClient
from tests.simulation.ledger import EPOCH, Ledger
from tests.simulation.server import Server
from tests.simulation.world import World

VISITS = 200
ARRIVAL_SECONDS = 60.0  # in which they are made
BURSTS = 12  # moments at which most of them come at once
BURST_SECONDS = 0.1
SAME_ID = 0.15  # visits that come under the id of the one before
READERS = 60
LOOKERS = 2  # for each site
RUN_SECONDS_MAX = 2_000_000.0
FILE_EVERY = 4  # every fourth run is on a file

HAND_MADE = "https://by-hand.example/"  # in the table, as the recipe puts it
HAND_MADE_START = 1_000
HOT = "https://hot.example/"

# How often each fault happens to a request; a run has one of them.
RATES = (0.0, 0.004, 0.015)
# A second delivery harms only if it comes between two tries, so there are more.
TWICE_FACTOR = 6


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run went through, to see that it went through something."""

    faults: Counter[str]
    refused: Counter[str]
    counted: int
    shards: int


def run(seed: int) -> Summary:
    """Run the world of a seed.

    Raises:
        AssertionError: Something that must hold did not.
    """
    random.seed(seed)  # for the jitter and the shards' choice of the program itself
    world = World(seed)
    faults = Faults(_rates(world.random.choice(RATES)), seed=seed)
    service: Any
    make_client: Callable[[], Any]
    if seed % FILE_EVERY == FILE_EVERY - 1:
        service = File(world)
        make_client = lambda: FileClient(world, service, faults)  # noqa: E731
    else:
        service = Service(world, seed)
        make_client = lambda: Client(world, service, faults)  # noqa: E731
    store = Store(service.engine)
    sites = _add_sites(store)
    if isinstance(service, Service):
        service.learn(store)
    ledger = Ledger(store, {site.url: total(store, site) for site in sites.sites})
    service.on_applied = ledger.note_applied
    slept, backoff.sleep = backoff.sleep, world.sleep
    try:
        _populate(world, make_client, sites, ledger)
        world.run(RUN_SECONDS_MAX)
    finally:
        backoff.sleep = slept
    ledger.assert_at_rest(sites.sites, round((EPOCH + world.now) * 1000))
    shards = sum(compact(store, site.url) for site in sites.sites)
    ledger.assert_at_rest(sites.sites, round((EPOCH + world.now) * 1000))
    service.engine.close()
    counted = sum(len(ids) for ids in ledger.acknowledged.values())
    return Summary(faults.tally, ledger.refused, counted, shards)


def _rates(rate: float) -> dict[str, float]:
    rates = {str(fault): rate for fault in Fault if fault is not Fault.NONE}
    return {**rates, Fault.TWICE: TWICE_FACTOR * rate}


def _add_sites(store: Store) -> SiteIndex:
    create_tables(store)
    add_site(store, HOT)
    add_site(store, "https://berlin.example/", visits=7, timezone="Europe/Berlin")
    add_site(store, "https://totals.example/blog/", dimensions=())
    store.client.put_item(
        TableName=store.tables.site_visits,
        Item={"siteUrl": {"S": HAND_MADE}, "visits": {"N": str(HAND_MADE_START)}},
    )
    return load_sites(store)


def _populate(
    world: World, make_client: Callable[[], Any], sites: SiteIndex, ledger: Ledger
) -> None:
    """Spawn everybody."""
    chance = world.random
    servers = [
        Server(world, Store(make_client()), sites, ledger, chance.uniform(-300, 300))
        for _ in range(chance.randint(3, 5))
    ]

    def choose() -> Server:
        return chance.choice(servers)

    urls = [site.url for site in sites.sites]
    bursts = [chance.uniform(0, ARRIVAL_SECONDS) for _ in range(BURSTS)]
    id, begins = "", 0.0
    for number in range(VISITS):
        site = HOT if chance.random() < 0.7 else chance.choice(urls)
        # Some ids come for two pages, or for two sites, or from two tabs at once.
        if number == 0 or chance.random() >= SAME_ID:
            id, begins = f"v{number}", chance.choice(bursts)
        page = chance.choice(("", "a", "b/c", f"p{number}"))
        # Few enough that many come again, and some who ask not to be followed.
        name = f"reader {chance.randrange(READERS)}" if chance.random() < 0.9 else ""
        reader = Reader(told_apart=name, quiet=not name)
        browser = Browser(world, ledger, choose, reader)
        visit = functools.partial(world.spawn, browser.visit, site, id, page)
        world.after(begins + chance.uniform(0, BURST_SECONDS), visit)
    for server in servers:
        world.spawn(_disturb, world, server)
    store = Store(make_client())
    for each in sites.sites * LOOKERS:
        world.spawn(_look, world, store, each, ledger)


def _disturb(world: World, server: Server) -> None:
    """Kill and stop a server, now and then; it is always started again."""
    chance = world.random
    while world.now < ARRIVAL_SECONDS:
        world.sleep(chance.uniform(1, 40))
        if chance.random() < 0.5:
            world.after(0, server.kill)
        else:
            server.stop()
            while not server.stopped:
                world.sleep(0.1)
            assert server.answered == server.accepted, "a stop left visits unanswered"
        world.sleep(chance.uniform(0.1, 3))
        world.after(0, server.restart)


def _look(world: World, store: Store, site: Site, ledger: Ledger) -> None:
    """Read, verify and compact while visits arrive."""
    chance = world.random
    while world.now < 2 * ARRIVAL_SECONDS:
        world.sleep(chance.uniform(0.5, 20))
        acknowledged = len(ledger.acknowledged[site.url])
        try:
            draw = chance.random()
            if draw < 0.5:
                ledger.assert_read(site.url, acknowledged, total(store, site))
            elif draw < 0.7:
                compact(store, site.url)
            else:
                now_ms = round((EPOCH + world.now) * 1000)
                differences = verify(store, site, now_ms).differences
                assert not differences, differences
        except FootfallError:
            continue  # the network is bad for whoever looks, too
