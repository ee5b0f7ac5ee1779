"""The country of a reader's address, from a database file that the owner gives.

The file is in MaxMind's format (.mmdb): GeoLite2 Country, DB-IP Lite Country and
others. Footfall ships none: they are large, change each month, and have licences of
their own. An address is looked up when a visit arrives, and is kept nowhere.
"""

from functools import lru_cache

import maxminddb

from footfall.errors import InvalidInputError

_REMEMBERED_MAX = 4_096  # addresses, for as long as they visit

UNKNOWN = "unknown"


class Countries:
    """Tells countries from a file.

    Args:
        path: The database file.

    Raises:
        InvalidInputError: It is missing, or is no such database.
    """

    def __init__(self, path: str) -> None:
        try:
            self._database = maxminddb.open_database(path)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            raise InvalidInputError(
                "countries", f"{path!r} is no country database (.mmdb): {error}"
            ) from error
        self.country_of = lru_cache(maxsize=_REMEMBERED_MAX)(self._country_of)

    def _country_of(self, address: str) -> str:
        """Two letters of ISO 3166-1, or `UNKNOWN`."""
        try:
            found = self._database.get(address)
        except ValueError:  # no address, or IPv6 in a database of IPv4
            return UNKNOWN
        country = found.get("country", {}) if isinstance(found, dict) else {}
        code = country.get("iso_code") if isinstance(country, dict) else None
        return code if isinstance(code, str) else UNKNOWN
