"""Whether a whole store's numbers agree, said on standard error where they do not."""

from time import time_ns

from footfall.cli.output import note
from footfall.counters.port import Store
from footfall.errors import FootfallError
from footfall.visits.sites import load_sites
from footfall.visits.verify import verify_sites


def sites_and_agreement(store: Store) -> tuple[int, bool]:
    """How many sites a store has, and whether all of them verify; what differs is said.

    Raises:
        UnavailableError: The store is away.
    """
    sites = load_sites(store).sites
    agreed = True
    for site, each in zip(
        sites, verify_sites(store, sites, time_ns() // 1_000_000), strict=True
    ):
        differences = [each] if isinstance(each, FootfallError) else each.differences
        for difference in differences:
            note(f"footfall: {site.url} differs: {difference}")
            agreed = False
    return len(sites), agreed
