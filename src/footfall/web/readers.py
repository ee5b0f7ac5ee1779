"""What a request's headers and address tell of its reader.

This is the only place that sees a reader's address. It goes into a country's two
letters, and into what `visits.visitors` hashes under the day's salt; no log and no
table has it.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from footfall.visits.agents import NO_AGENT, USER_AGENT_LENGTH_MAX, Agent, agent_of
from footfall.visits.reader import Reader
from footfall.web.bodies import Scope

if TYPE_CHECKING:  # a function on Lambda has none, and need not wait for its import
    from footfall.web.countries import Countries

_QUIET = frozenset({b"sec-gpc", b"dnt"})
_REMEMBERED_MAX = 4_096


class Readers:
    """Reads requests.

    Args:
        countries: Tells an address's country; None where nobody gave a database.
    """

    def __init__(self, countries: "Countries | None") -> None:
        self._countries = countries
        # A reader comes again and again, and is the same value each time.
        self._reader = lru_cache(maxsize=_REMEMBERED_MAX)(self._make)

    def reader_of(self, scope: Scope) -> Reader:
        """The reader of an ASGI request."""
        user_agent, quiet = b"", False
        for name, value in scope["headers"]:
            if name == b"user-agent":
                user_agent = value
            elif name in _QUIET and value == b"1":
                quiet = True
        client = scope.get("client")
        return self._reader(client[0] if client else "", user_agent, quiet)

    def _make(self, address: str, user_agent: bytes, quiet: bool) -> Reader:
        text = user_agent[:USER_AGENT_LENGTH_MAX].decode("latin-1")
        agent: Agent = agent_of(text) if text else NO_AGENT
        if quiet:
            return Reader(agent, quiet=True)
        country = self._countries.country_of(address) if self._countries else ""
        return Reader(agent, country, f"{address}\n{text}")
