"""The demo: a site of the server's own, so that a first visit can be seen at once."""

from footfall.counters.port import Store
from footfall.errors import AlreadyExistsError, InvalidInputError
from footfall.visits.site import Site, SiteIndex
from footfall.visits.sites import add_site, load_sites

DEMO_PATH = "/demo"


def ensure_demo_site(store: Store, base_url: str) -> Site | None:
    """Add the demo's site to a store without sites.

    Args:
        store: The store that is served.
        base_url: The server's own address, "http://127.0.0.1:8080".

    Returns:
        The demo's site if the store has it now, None if it has other sites only.

    Raises:
        FootfallError: The store cannot be read or written.
    """
    sites = load_sites(store)
    if sites.sites:
        return demo_site(sites, base_url)
    try:
        return add_site(store, base_url + DEMO_PATH)
    except AlreadyExistsError:  # another server was quicker
        return demo_site(load_sites(store), base_url)


def demo_site(sites: SiteIndex, base_url: str) -> Site | None:
    """The site of the demo under this address, None if there is none."""
    try:
        found = sites.find(base_url + DEMO_PATH)
    except InvalidInputError:
        return None
    demo = found is not None and found.url == base_url + DEMO_PATH + "/"
    return found if demo else None
