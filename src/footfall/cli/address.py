"""Where a server listens: this machine only, unless whoever asks must show a secret."""

from footfall.errors import InvalidInputError
from footfall.web.access import is_loopback

_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}


def require_loopback(host: str, advice: str) -> None:
    """Refuse an address that others can reach.

    Raises:
        InvalidInputError: It is beyond this machine; the advice says what to do.
    """
    if not is_this_machine(host):
        raise InvalidInputError("host", f"{host} is beyond this machine, {advice}")


def is_this_machine(host: str) -> bool:
    """Whether nobody beyond this machine reaches a server that listens there."""
    return is_loopback(_bracketed(host))


def base_url(host: str, port: int) -> str:
    """The server's address as a URL; an IPv6 address stands in brackets there.

    A server that listens on every address is reached at this machine's own.
    """
    return f"http://{_bracketed(_EVERYWHERE.get(host, host))}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
