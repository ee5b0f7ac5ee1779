"""What one address may ask of the server, and one site be sent: refused with 429.

    what                                a second, and at once
    visits, pixels, counting badges     the owner's setting, 10 seconds' worth
    claims, where they are open         1, 10
    everything else                     50, 500
    visits of one site                  the site's setting, 10 seconds' worth

An IPv6 address counts by its first half, which is one household's. This machine's own
addresses are not limited: there sits the owner, or a reverse proxy that nobody named,
which stands for all readers. A proxy that was not named and is elsewhere is limited as
one reader; that is logged, once, since its readers lose visits by it.

On AWS Lambda nothing of this holds: the gateway before it throttles, for all functions
together.
"""

import logging
from collections.abc import Iterable
from math import ceil
from time import monotonic

from footfall.visits.site import Site
from footfall.web.bodies import Scope
from footfall.web.problems import HttpError
from footfall.web.proxies import Proxies, is_this_machine, reader_network
from footfall.web.rate_limiter import RateLimiter

CLAIMS_A_SECOND = 1
READS_A_SECOND = 50
VISITS_A_SECOND = 10  # unless the owner says otherwise

_FORWARDING = frozenset({b"forwarded", b"x-forwarded-for", b"x-real-ip"})
_log = logging.getLogger("footfall.web")


class Limits:
    """The limits of one server.

    Args:
        visits_a_second: Of one address; 0 is no limit.
        proxies: Whose word on an address is taken.
    """

    def __init__(self, visits_a_second: int, proxies: Proxies) -> None:
        self._proxies = proxies
        self._visits = RateLimiter(visits_a_second)
        self._claims = RateLimiter(CLAIMS_A_SECOND)
        self._reads = RateLimiter(READS_A_SECOND)
        self._sites = RateLimiter(0)
        self._told = False

    def check_visit(self, scope: Scope) -> None:
        """Let an address count another visit.

        Raises:
            HttpError: It counted too many; nothing of this one happened.
        """
        if self._visits.rate:
            self._check(self._visits, scope, "visits")

    def check_claim(self, scope: Scope) -> None:
        """Let an address claim once more.

        Raises:
            HttpError: It claimed too often; nothing of this one happened.
        """
        self._check(self._claims, scope, "claims")

    def check_read(self, scope: Scope) -> None:
        """Let an address ask for something else.

        Raises:
            HttpError: It asked too often.
        """
        self._check(self._reads, scope, "requests")

    def check_site(self, site: Site) -> None:
        """Let a site be sent another visit.

        Raises:
            HttpError: It was sent more than its owner allows; this one is not counted.
        """
        if site.rate_limit:
            wait = self._sites.take(site.url, monotonic(), site.rate_limit)
            if wait:
                raise _refused(
                    wait,
                    f"{site.url} is sent more than {site.rate_limit} visits a second",
                )

    def _check(self, limiter: RateLimiter, scope: Scope, what: str) -> None:
        address = self._proxies.address_of(scope)
        if is_this_machine(address):
            return
        wait = limiter.take(reader_network(address), monotonic())
        if not wait:
            return
        if not self._told and _is_forwarded(scope["headers"]):
            self._told = True
            _log.warning(
                "readers who come through a proxy share one rate limit, and some are"
                " refused: name the proxy with --proxy, if it is yours"
            )
        raise _refused(
            wait, f"more than {limiter.rate} {what} a second came from this address"
        )


def _refused(wait: float, why: str) -> HttpError:
    seconds = ceil(wait)
    return HttpError(
        429,
        "Too many requests",
        f"{why}; send it again in {seconds} s",
        retry_after=str(seconds),
    )


def _is_forwarded(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name in _FORWARDING for name, _ in headers)
