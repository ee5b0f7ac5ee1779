"""What an owner may set of the web server; the environment is read by the command."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from footfall.visits.site import DIMENSIONS
from footfall.web.proxies import Network

if TYPE_CHECKING:  # a function on Lambda has none, and need not wait for its import
    from footfall.web.countries import Countries


@dataclass(frozen=True, slots=True)
class Settings:
    """The web server's settings.

    Attributes:
        public_claims: Whether anybody may claim from a count-down.
        countries: Tells readers' countries; None where no database was given.
        proxies: The reverse proxies whose word on a reader's address is taken.
        breakdowns: What sites are broken down by at most.
        rate_limit: Visits a second that one address may count; 0 is no limit.
    """

    public_claims: bool = False
    countries: "Countries | None" = None
    proxies: tuple[Network, ...] = ()
    breakdowns: tuple[str, ...] = DIMENSIONS
    rate_limit: int = 0
