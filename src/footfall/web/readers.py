"""What a request's headers and address tell of its reader.

This is the only place that sees a reader's address. It goes into a country's two
letters, and into what `visits.visitors` hashes under the day's salt. No log and no
table has it, and nothing remembers it: a cache of readers would keep the addresses of a
quiet site's for weeks.
"""

from typing import TYPE_CHECKING

from footfall.visits.agents import USER_AGENT_LENGTH_MAX, agent_of
from footfall.visits.reader import Reader
from footfall.web.bodies import Scope
from footfall.web.proxies import Proxies, reader_network

if TYPE_CHECKING:  # a function on Lambda has none, and need not wait for its import
    from footfall.web.countries import Countries

# https://w3c.github.io/gpc/#the-sec-gpc-header-field-for-http-requests, and
# Do Not Track, which browsers still send though its standard was given up.
_QUIET = frozenset({b"sec-gpc", b"dnt"})


class Readers:
    """Reads requests.

    Args:
        countries: Tells an address's country; None where nobody gave a database.
        proxies: Whose word on an address is taken.
    """

    def __init__(self, countries: "Countries | None", proxies: Proxies) -> None:
        self._countries = countries
        self._proxies = proxies

    def reader_of(self, scope: Scope) -> Reader:
        """The reader of an ASGI request."""
        user_agent, quiet = b"", False
        for name, value in scope["headers"]:
            if name == b"user-agent":
                user_agent = value[:USER_AGENT_LENGTH_MAX]
            elif name in _QUIET and value.strip() == b"1":
                quiet = True
        text = user_agent.decode("latin-1")
        agent = agent_of(text)
        if quiet:
            return Reader(agent, quiet=True)
        address = self._proxies.address_of(scope)
        country = self._countries.country_of(address) if self._countries else ""
        return Reader(agent, country, f"{reader_network(address)}\n{text}")
