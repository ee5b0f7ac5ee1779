"""The country of a reader's address, from a database file that the owner gives.

The file is in MaxMind's format (.mmdb), as GeoLite2, DB-IP Lite and IPinfo Lite are.
Footfall ships none: they are large, change each month, and have licences of their own
(docs/guides/countries.md). An address is looked up each time that a visit arrives, in
a few microseconds, and is kept nowhere.
"""

import re
from itertools import islice
from typing import Any

import maxminddb

from footfall.errors import InvalidInputError

UNKNOWN = "unknown"

# Of a database's first networks some have a country, or it is one of something else.
_LOOKED_AT = 1_000

_CODE = re.compile(r"[A-Z]{2}")


class Countries:
    """Tells countries from a file, which is read as it is needed.

    Args:
        path: The database file.

    Raises:
        InvalidInputError: It is missing, or is no database of countries.
    """

    def __init__(self, path: str) -> None:
        try:
            self._database = maxminddb.open_database(path)
            records = [record for _, record in islice(self._database, _LOOKED_AT)]
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise InvalidInputError(
                "countries", f"{path!r} is no country database (.mmdb): {why}"
            ) from error
        if all(_country_in(record) == UNKNOWN for record in records):
            kind = self._database.metadata().database_type
            raise InvalidInputError(
                "countries", f"{path!r} has no countries: it is a database of {kind!r}"
            )

    def country_of(self, address: str) -> str:
        """Two letters of ISO 3166-1, or `UNKNOWN`."""
        try:
            return _country_in(self._database.get(address))
        except ValueError:  # no address, or IPv6 in a database of IPv4
            return UNKNOWN


def _country_in(record: Any) -> str:
    """The country that a record names.

    GeoLite2 and DB-IP have `country.iso_code`, IPinfo has `country_code`, or `country`
    alone in its older files.
    """
    if not isinstance(record, dict):
        return UNKNOWN
    country = record.get("country")
    if isinstance(country, dict):
        country = country.get("iso_code")
    for code in (record.get("country_code"), country):
        if isinstance(code, str) and _CODE.fullmatch(code):
            return code
    return UNKNOWN
