"""Who may: the one place that decides what a request opens.

A request says who asks in one of three ways, and the first that it has decides:

    a token      Authorization: Bearer footfall_...     what its scopes say
    a session    the cookie that signing in gave        everything
    this machine no password is set, and a browser of   everything
                 this machine asks this machine

A cookie goes along with whatever a page of any origin asks for, and so does being this
machine: a change must come from a page of this server. No page can add a token.

Four things could make a stranger's request look local, and each is refused (DESIGN,
section 6):

    a connection from elsewhere         where the server listens beyond this machine
    a reverse proxy on this machine     it adds a forwarding header, or speaks HTTP/1.0,
                                        which nginx does unless told and no browser does
    DNS rebinding                       the browser sends the stranger's own Host
    a page of another origin            the browser sends its Origin with a change

The checks look into what `web.owners` has read, never into the store, so they do not
wait.
"""

import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from starlette.requests import Request

from footfall.errors import SiteNotFoundError
from footfall.owners.credentials import Credentials
from footfall.owners.sessions import Session
from footfall.owners.tokens import ADMINISTER, ALL_SCOPES, READ
from footfall.visits.site import Site, SiteIndex
from footfall.web.problems import HttpError, NotSignedInError
from footfall.web.proofs import presented_in

if TYPE_CHECKING:
    from footfall.web.owners import Owners

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
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITES = frozenset({"same-origin", "none"})
_CHALLENGE = 'Bearer realm="footfall"'
_EVERYTHING = frozenset(ALL_SCOPES)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, once it is known.

    Attributes:
        scopes: What they may.
        site: The only site that they may read, "" for all.
        session: The session that says so, if one does.
    """

    scopes: frozenset[str]
    site: str = ""
    session: Session | None = None


def check_owner(request: Request) -> None:
    """Let in the owner, or a token that administers: for whatever changes something.

    Raises:
        HttpError: It is neither, or a page of another origin asks for a change.
    """
    check_scope(request, ADMINISTER)


def check_scope(request: Request, scope: str) -> None:
    """Let in whoever has this scope: the owner has all of them.

    Args:
        request: Who asks.
        scope: `READ`, `COUNT` or `ADMINISTER` of `owners.tokens`.

    Raises:
        HttpError: They have not, or a page of another origin asks for a change.
    """
    caller = caller_of(request)
    if caller.site:
        raise _insufficient(scope, f"this token reads {caller.site} and nothing else")
    _require(caller, scope)


def check_reader(request: Request, sites: SiteIndex, name: str) -> tuple[Site, bool]:
    """Let in whoever may see a site's numbers: its owner, or anybody if it is published.

    Args:
        request: Who asks.
        sites: The sites.
        name: The site's address or host.

    Returns:
        The site, and whether it is its owner, or a token of theirs, who asks.

    Raises:
        HttpError: It is another's, or is not there: a stranger is told the same.
        SiteNotFoundError: The owner has no such site.
    """
    try:
        caller = caller_of(request)
        _require(caller, READ)
        if not caller.site:
            return sites.named(name), True
        site = _found(sites, name)
        if site is not None and site.url == caller.site:
            return site, True
        raise _insufficient(READ, f"this token reads {caller.site} and nothing else")
    except HttpError:
        site = _found(sites, name)
        if site is None or not site.published:
            raise
        return site, False


def may_see(request: Request, site: Site) -> bool:
    """Whether a private site's number may be shown: to its owner, who proves it.

    This machine alone is no proof here: the page around the number may be a stranger's.
    """
    presented = presented_in(request.scope)
    if presented.token is None and presented.session is None:
        return False
    try:
        caller = caller_of(request)
    except HttpError:
        return False
    return READ in caller.scopes and caller.site in ("", site.url)


def caller_of(request: Request) -> Caller:
    """Who asks.

    Raises:
        NotSignedInError: A password is set and the request has no session, or its token
            is none.
        HttpError: No password is set and it came from elsewhere, or a page of another
            origin asks for a change.
    """
    owners: Owners = request.app.state.owners
    known: Credentials = owners.credentials
    presented = presented_in(request.scope)
    if presented.token is not None:
        token = known.token_of(presented.token)
        if token is None:
            raise NotSignedInError(
                "this token is none, or was revoked; `footfall token create` makes one",
                f'{_CHALLENGE}, error="invalid_token"',
                _back_to(request),
            )
        scopes = _EVERYTHING if ADMINISTER in token.scopes else token.scopes
        return Caller(scopes, token.site)
    if presented.session is not None:
        session = known.session_of(presented.session, time.time())
        if session is not None:
            check_same_origin(request, by_cookie=True)
            return Caller(_EVERYTHING, session=session)
    if known.password is not None:
        raise NotSignedInError(
            "this is the owner's: sign in at /login, or send a token as"
            " Authorization: Bearer",
            _CHALLENGE,
            _back_to(request),
        )
    _check_this_machine(request)
    return Caller(_EVERYTHING)


def is_signed_in(request: Request) -> bool:
    """Whether the request has a session, so that signing out makes sense."""
    presented = presented_in(request.scope)
    owners: Owners = request.app.state.owners
    return presented.token is None and (
        presented.session is not None
        and owners.credentials.session_of(presented.session, time.time()) is not None
    )


def is_this_machine(request: Request) -> bool:
    """Whether a browser of this machine asks it directly, by its loopback name."""
    try:
        _check_this_machine(request)
    except HttpError:
        return False
    return True


def check_same_origin(request: Request, *, by_cookie: bool = False) -> None:
    """Refuse a change that a page of another origin asks for.

    A browser says in Sec-Fetch-Site whose page asks, unless the connection is plain
    HTTP; and with each change in Origin. A program that is no browser says neither.

    Args:
        request: Who asks; one that changes nothing may come from anywhere.
        by_cookie: Whether a cookie says who asks: then a browser does, and one that says
            neither is refused.

    Raises:
        HttpError: Another origin's page asks, or nobody knows whose.
    """
    if request.method in _SAFE_METHODS:
        return
    origin = request.headers.get("origin")
    fetched_by = request.headers.get("sec-fetch-site")
    host = request.headers.get("host", "")
    if fetched_by is not None and fetched_by not in _OWN_SITES:
        raise _forbidden("a page of another site asked for a change")
    # Behind a proxy that writes a Host of its own, only Sec-Fetch-Site tells.
    if fetched_by is None and origin is not None and _host_of(origin) != host:
        raise _forbidden(
            f"a page of another origin, {origin!r}, asked {host!r} for a change; a"
            " reverse proxy must pass on the Host that it was asked for"
        )
    if by_cookie and fetched_by is None and origin is None:
        raise _forbidden(
            "it says neither Origin nor Sec-Fetch-Site, as a browser does that changes"
            " something; a program sends a token instead of a cookie"
        )


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


def _check_this_machine(request: Request) -> None:
    """Let in a browser of this machine, where no password is set."""
    headers = request.headers
    if request.scope["http_version"] == "1.0":
        raise _stranger(
            "it came by HTTP/1.0, as a reverse proxy sends it; open the server's own"
            " loopback address on its machine"
        )
    for name in _FORWARDING_HEADERS:
        if name in headers:
            raise _stranger(
                f"it came through a proxy ({name}); open the server's own loopback"
                " address on its machine"
            )
    host = headers.get("host", "")
    if not is_loopback(host):
        raise _stranger(f"its Host {host!r} is no loopback name; open it by 127.0.0.1")
    if request.client is None or not _is_here(request.client.host):
        raise _stranger("it came from another machine")
    check_same_origin(request)
    origin = headers.get("origin")
    if request.method not in _SAFE_METHODS and origin is not None:
        if _host_of(origin) != host:
            raise _forbidden(
                f"a page of another origin, {origin!r}, asked for a change"
            )


def _is_here(address: str) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return parsed.is_loopback if mapped is None else mapped.is_loopback


def _require(caller: Caller, scope: str) -> None:
    if scope not in caller.scopes:
        has = ", ".join(each for each in ALL_SCOPES if each in caller.scopes)
        raise _insufficient(scope, f"this token has the scope {has}")


def _found(sites: SiteIndex, name: str) -> Site | None:
    try:
        return sites.named(name)
    except SiteNotFoundError:
        return None


def _host_of(origin: str) -> str:
    return origin.partition("://")[2]


def _back_to(request: Request) -> str:
    """Where to go after signing in: the page that was asked for."""
    if request.method not in ("GET", "HEAD"):
        return "/"
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _insufficient(scope: str, has: str) -> HttpError:
    # RFC 6750, 3.1
    challenge = f'{_CHALLENGE}, error="insufficient_scope", scope="{scope}"'
    return HttpError(
        403,
        "Not in its scope",
        f"{has}, and this needs {scope}; `footfall token create` makes another",
        www_authenticate=challenge,
    )


def _stranger(why: str) -> HttpError:
    return _forbidden(
        f"no password is set, so only a browser of the server's own machine may: {why};"
        " or set one with `footfall password`, and sign in"
    )


def _forbidden(why: str) -> HttpError:
    return HttpError(
        403,
        "The owner's alone",
        f"this is the owner's, and the request was refused: {why}",
    )
