"""Who may: owner's routes without a password answer this machine's own browser only.

Three things could make a stranger's request look local, and each is refused (DESIGN,
section 6):

    a reverse proxy on this machine     it adds a forwarding header, or speaks HTTP/1.0,
                                        which nginx does unless told and no browser does
    DNS rebinding                       the browser sends the stranger's own Host
    a page of another origin            the browser sends its Origin with a change
"""

from ipaddress import ip_address

from starlette.requests import Request

from footfall.errors import SiteNotFoundError
from footfall.visits.site import Site, SiteIndex
from footfall.web.problems import HttpError

_FORWARDING_HEADERS = (
    "cf-connecting-ip",
    "forwarded",
    "true-client-ip",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"same-origin", "none"})


def check_owner(request: Request) -> None:
    """Let the owner in, who sits at this machine.

    Raises:
        HttpError: The request came from elsewhere, or from another page.
    """
    method, headers = request.method, request.headers
    if request.scope["http_version"] == "1.0":
        raise _forbidden(
            "it came by HTTP/1.0, as a reverse proxy sends it; open the server's own"
            " loopback address on its machine"
        )
    for name in _FORWARDING_HEADERS:
        if name in headers:
            raise _forbidden(
                f"it came through a proxy ({name}); open the server's own loopback"
                " address on its machine"
            )
    host = headers.get("host", "")
    if not is_loopback(host):
        raise _forbidden(f"its Host {host!r} is no loopback name; open it by 127.0.0.1")
    if method in _SAFE_METHODS:
        return
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != host:
        raise _forbidden(f"a page of another origin, {origin!r}, asked for a change")
    if headers.get("sec-fetch-site", "none") not in _OWN_SITES:
        raise _forbidden("a page of another site asked for a change")


def check_reader(request: Request, sites: SiteIndex, name: str) -> tuple[Site, bool]:
    """Let in whoever may see a site's numbers: its owner, or anybody if it is published.

    Args:
        request: Who asks.
        sites: The sites.
        name: The site's address or host.

    Returns:
        The site, and whether it is its owner who asks.

    Raises:
        HttpError: It is another's, or is not there: a stranger is told the same.
        SiteNotFoundError: The owner has no such site.
    """
    try:
        check_owner(request)
    except HttpError:
        site = _published(sites, name)
        if site is None:
            raise
        return site, False
    return sites.named(name), True


def is_loopback(host: str) -> bool:
    """Whether a Host, with or without a port, is a name of this machine."""
    name = host[1:].partition("]")[0] if host[:1] == "[" else host.partition(":")[0]
    name = name.lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def _published(sites: SiteIndex, name: str) -> Site | None:
    try:
        site = sites.named(name)
    except SiteNotFoundError:
        return None
    return site if site.published else None


def _forbidden(why: str) -> HttpError:
    return HttpError(
        403,
        "The owner's alone",
        f"this page is the owner's, and no password is set, so the request was refused:"
        f" {why}",
    )
