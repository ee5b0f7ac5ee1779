"""Where a server listens: this machine only, since nobody is asked for a password."""

from footfall.errors import InvalidInputError
from footfall.web.access import is_loopback


def require_loopback(host: str, advice: str) -> None:
    """Refuse an address that others can reach.

    Raises:
        InvalidInputError: It is beyond this machine; the advice says what to do.
    """
    if not is_loopback(_bracketed(host)):
        raise InvalidInputError("host", f"{host} is beyond this machine, {advice}")


def base_url(host: str, port: int) -> str:
    """The server's address as a URL; an IPv6 address stands in brackets there."""
    return f"http://{_bracketed(host)}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
