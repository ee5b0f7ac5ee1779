"""What a request shows to prove who asks: a token, or a session's cookie.

Over https the cookie has the prefix `__Host-`, which a browser takes from this very host
over https alone: no other name of the domain, and nobody on an open network, can plant
one. Over plain http, as on loopback, no browser takes such a name.
"""

from dataclasses import dataclass, field

from footfall.web.bodies import Scope

SESSION_COOKIE, BROWSER_COOKIE = "footfall-session", "footfall-browser"
COOKIE_BYTES_MAX = 8 * 1024


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request shows, of which nothing is believed yet.

    Attributes:
        token: What Authorization has behind Bearer.
        session: A session's secret.
        browser: What tells a browser from which the owner signed in before.
    """

    token: str | None = field(default=None, repr=False)
    session: str | None = field(default=None, repr=False)
    browser: str | None = field(default=None, repr=False)


def presented_in(scope: Scope) -> Presented:
    """What a request shows."""
    token: str | None = None
    cookies: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"authorization":
            kind, _, rest = value.decode("latin-1").partition(" ")
            # Basic is a proxy's, which passes it on.
            if kind.lower() == "bearer":
                token = rest.strip()
        elif name == b"cookie":
            cookies |= _cookies(value)
    return Presented(
        token,
        cookies.get(cookie_name(scope, SESSION_COOKIE)),
        cookies.get(cookie_name(scope, BROWSER_COOKIE)),
    )


def cookie_name(scope: Scope, name: str) -> str:
    """A cookie's name, by the scheme by which the request came."""
    return f"__Host-{name}" if scope["scheme"] == "https" else name


def cookie(scope: Scope, name: str, value: str, seconds: int) -> str:
    """A Set-Cookie header's value; no script sees the cookie, and no other site sends it.

    Lax, not Strict: who follows a link to the dashboard is signed in. What changes
    something is checked besides (`web.access`).
    """
    secure = "; Secure" if scope["scheme"] == "https" else ""
    named = cookie_name(scope, name)
    return f"{named}={value}; Max-Age={seconds}; Path=/; HttpOnly; SameSite=Lax{secure}"


def _cookies(header: bytes) -> dict[str, str]:
    if len(header) > COOKIE_BYTES_MAX:
        return {}
    found: dict[str, str] = {}
    for pair in header.decode("latin-1").split(";"):
        name, _, value = pair.strip().partition("=")
        found.setdefault(name, value)
    return found
