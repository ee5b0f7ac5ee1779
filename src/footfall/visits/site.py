"""A site, and which site a page belongs to.

A page belongs to a site when the origin (scheme, host and port) is equal and the
site's path is a prefix of the page's by whole segments; the longest such path wins.
So `https://a.example/blog/` holds `/blog` and `/blog/x` but not `/blogs`.

An alias is a further origin of a site: its http and https, with and without www. An
origin that is some site's own is never taken by another's alias.

A site's address in the store is exactly what somebody wrote there. The recipe's
tables have hand-made keys ("https://www.fernandomc.com/", "fernandomc.com"), so the
address is parsed for matching and never rewritten.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

from footfall.errors import InvalidInputError, SiteNotFoundError

URL_LENGTH_MAX = 2_048  # characters; the partition key's limit in bytes
# A site's settings have its address for their sort key, which DynamoDB bounds so.
SITE_BYTES_MAX = 1_024
PAGE_LENGTH_MAX = 500  # characters; a longer path is cut and ends in an ellipsis

# What a visit can be broken down by, in the order in which it is shown. "visitor" is
# the number of a day's distinct readers.
DIMENSIONS = (
    *("page", "referrer", "campaign", "country", "browser", "system", "size"),
    *("event", "visitor"),
)

ORIGINS_MAX = 100
RATE_LIMIT_MAX = 1_000_000  # visits a second
RETENTION_DAYS_MAX = 36_500
# Days that visits can still reach, and what is compared by `verify`, are kept.
RETENTION_DAYS_MIN = 7

_DEFAULT_PORTS = {"http": 80, "https": 443}
# What a URL's host may be made of (WHATWG URL, "forbidden domain code point", and the
# colons of an IPv6 address, which comes without its brackets).
_HOST = re.compile(r"[^\x00-\x20#%/<>?@\[\\\]^`{|}\x7f]+")
_LOCATED_MAX = 2_000  # remembered pages; the longest addresses take 10 KB each


@dataclass(frozen=True, slots=True)
class Site:
    """A site whose visits are counted.

    Attributes:
        url: Its key in `siteVisits`, exactly as it stands there.
        timezone: The IANA zone of its hours and days, fixed when it was added.
        private: Whether its total is hidden from the public.
        aliases: Further origins, "http://example.com".
        dimensions: What its visits are broken down by.
        published: Whether its page is open to the public; no private site's is.
        origins: The origins whose pages may send visits, "https://example.com"; none
            is any.
        rate_limit: Visits a second that it is sent at most; 0 is no limit.
        retention_days: For how many days past days are kept; 0 is for ever.
    """

    url: str
    timezone: str = "UTC"
    private: bool = False
    aliases: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = DIMENSIONS
    published: bool = False
    origins: tuple[str, ...] = ()
    rate_limit: int = 0
    retention_days: int = 0


@dataclass(frozen=True, slots=True)
class Located:
    """A page found on a site: the site, and the page's path."""

    site: Site
    page: str


@dataclass(frozen=True)
class SiteIndex:
    """All sites, arranged so that a page's site is found at once.

    It is a value: a change of the sites makes a new index.
    """

    sites: tuple[Site, ...]
    _by_origin: dict[str, list[tuple[str, Site]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "sites", tuple(sorted(self.sites, key=lambda site: site.url))
        )
        object.__setattr__(self, "_by_origin", _arrange(self.sites))
        # A page is seen again and again; parsing its address is what costs.
        located = lru_cache(maxsize=_LOCATED_MAX)(self._locate)
        object.__setattr__(self, "_locate_cached", located)

    def find(self, page_url: str) -> Site | None:
        """The site that a page's address belongs to, None if no site holds it.

        Raises:
            InvalidInputError: The address is no http or https URL.
        """
        located = self.locate(page_url)
        return located.site if located else None

    def locate(self, page_url: str) -> Located | None:
        """The site and the path of a page; None and errors as `find`."""
        located: Located | None = self._locate_cached(page_url)  # type: ignore[attr-defined]
        return located

    def broken_down_by(self, dimensions: Collection[str]) -> "SiteIndex":
        """The same sites, each broken down by no more than these."""
        if len(dimensions) == len(DIMENSIONS):
            return self
        return SiteIndex(
            tuple(
                replace(
                    site,
                    dimensions=tuple(
                        each for each in site.dimensions if each in dimensions
                    ),
                )
                for site in self.sites
            )
        )

    def named(self, name: str) -> Site:
        """The site that somebody names: by its exact key, an address, or a host.

        Raises:
            SiteNotFoundError: No site has that name, or several could be meant.
        """
        for site in self.sites:
            if site.url == name:
                return site
        try:
            wanted = _address_forms(name)
        except InvalidInputError:
            raise SiteNotFoundError(name) from None
        found = {
            site.url: site
            for origin, path in wanted
            for site_path, site in self._by_origin.get(origin, ())
            if site_path == path
        }
        if len(found) != 1:
            raise SiteNotFoundError(name)
        return next(iter(found.values()))

    def _locate(self, page_url: str) -> Located | None:
        parts = parse_http_url(page_url, "url")
        path = parts.path or "/"
        for site_path, site in self._by_origin.get(_origin(parts), ()):
            if path.startswith(site_path) or path == site_path[:-1]:
                return Located(site, _shortened(path))
        return None


def normalize_site_url(text: str) -> str:
    """The address to store for a site that somebody adds.

    Lower-case scheme and host, no default port, a path that ends in a slash; https
    where no scheme is given.

    Raises:
        InvalidInputError: It is no http or https address, or has a query, a fragment
            or a user name, or takes more than `SITE_BYTES_MAX`.
    """
    parts = parse_http_url(_with_scheme(text.strip()), "site")
    if parts.query or parts.fragment:
        raise InvalidInputError("site", f"{text!r} must end with the path: no ? or #")
    path = parts.path if parts.path.endswith("/") else parts.path + "/"
    address = _origin(parts) + path
    if len(address.encode()) > SITE_BYTES_MAX:
        raise InvalidInputError("site", f"must have at most {SITE_BYTES_MAX} bytes")
    return address


def default_aliases(url: str) -> tuple[str, ...]:
    """The other origins under which people reach the same site.

    http and https, with and without www; none for an address with a port or an IP
    address, where another port or scheme is another server.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.port is not None or not _is_public_name(host):
        return ()
    twin = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    origins = [f"{scheme}://{name}" for name in (host, twin) for scheme in _SCHEMES]
    return tuple(origin for origin in origins if origin != _origin(parts))


_SCHEMES = ("https", "http")


def check_timezone(name: str) -> str:
    """The zone's name, if it is an IANA time zone ("Europe/Berlin", "UTC").

    Raises:
        InvalidInputError: There is no such zone.
    """
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder's name, a path
        raise InvalidInputError(
            "timezone", f"{name!r} is no IANA time zone; for example Europe/Berlin"
        ) from None
    return name


def check_origins(origins: Iterable[str]) -> tuple[str, ...]:
    """The origins in the form in which browsers send them, each once.

    Raises:
        InvalidInputError: One is no http or https origin, or there are more than
            `ORIGINS_MAX`.
    """
    found: dict[str, None] = {}
    for text in origins:
        parts = parse_http_url(_with_scheme(text.strip()), "origins")
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise InvalidInputError(
                "origins",
                f"{text!r} must be a scheme and a host: https://example.com",
            )
        found[_origin(parts)] = None
    if len(found) > ORIGINS_MAX:
        raise InvalidInputError("origins", f"may be {ORIGINS_MAX} at most")
    return tuple(found)


def check_rate_limit(visits_a_second: int) -> int:
    """The rate, if it is 0, no limit, to `RATE_LIMIT_MAX`.

    Raises:
        InvalidInputError: It is another number.
    """
    if not 0 <= visits_a_second <= RATE_LIMIT_MAX:
        raise InvalidInputError(
            "rate_limit",
            f"must be 0, for no limit, to {RATE_LIMIT_MAX} visits a second",
        )
    return visits_a_second


def check_retention_days(days: int) -> int:
    """The days, if they are 0, for ever, or enough.

    Raises:
        InvalidInputError: They are too few or too many.
    """
    if days and not RETENTION_DAYS_MIN <= days <= RETENTION_DAYS_MAX:
        raise InvalidInputError(
            "retention_days",
            f"must be 0, for ever, or {RETENTION_DAYS_MIN} to {RETENTION_DAYS_MAX}",
        )
    return days


def parse_http_url(text: str, field: str) -> SplitResult:
    """The parts of an absolute http or https URL.

    Raises:
        InvalidInputError: It is none, is longer than `URL_LENGTH_MAX`, or carries a
            user name, control characters or spaces.
    """
    if not 0 < len(text) <= URL_LENGTH_MAX:
        raise InvalidInputError(field, f"must be 1 to {URL_LENGTH_MAX} characters")
    # urlsplit drops tabs and line ends in silence: two addresses would become one.
    if not text.isprintable() or " " in text:
        raise InvalidInputError(field, "must have no spaces and no control characters")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InvalidInputError(field, f"is no URL: {error}") from error
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise InvalidInputError(field, "must be an absolute http or https URL")
    if parts.username is not None:
        raise InvalidInputError(field, "must not carry a user name")
    if not _HOST.fullmatch(host):
        raise InvalidInputError(field, f"{host!r} is no host name")
    return parts


def _arrange(sites: Iterable[Site]) -> dict[str, list[tuple[str, Site]]]:
    by_origin: dict[str, dict[str, Site]] = {}
    parsed: list[tuple[Site, str]] = []
    for site in sites:
        try:
            forms = _address_forms(site.url)
        except InvalidInputError:
            continue  # a hand-made key that no page's address can match
        for origin, path in forms:
            by_origin.setdefault(origin, {}).setdefault(path, site)
        parsed.append((site, forms[0][1]))
    for site, path in parsed:
        for origin in site.aliases:
            by_origin.setdefault(origin, {}).setdefault(path, site)
    return {
        origin: sorted(paths.items(), key=lambda entry: -len(entry[0]))
        for origin, paths in by_origin.items()
    }


def _address_forms(text: str) -> list[tuple[str, str]]:
    """The (origin, path) pairs that a site's name stands for: both schemes if none."""
    schemes = ("",) if "://" in text else tuple(f"{s}://" for s in _SCHEMES)
    forms = []
    for scheme in schemes:
        parts = parse_http_url(scheme + text, "site")
        path = parts.path if parts.path.endswith("/") else parts.path + "/"
        forms.append((_origin(parts), path))
    return forms


def _with_scheme(text: str) -> str:
    return text if "://" in text else f"https://{text}"


def _origin(parts: SplitResult) -> str:
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    if parts.port is None or parts.port == _DEFAULT_PORTS[parts.scheme]:
        return f"{parts.scheme}://{host}"
    return f"{parts.scheme}://{host}:{parts.port}"


def _is_public_name(host: str) -> bool:
    if "." not in host:
        return False
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def _shortened(path: str) -> str:
    if len(path) <= PAGE_LENGTH_MAX:
        return path
    return path[: PAGE_LENGTH_MAX - 1] + "…"
