"""Whose address a request comes from, where a reverse proxy stands between.

A proxy writes the address of whoever asked it behind those that were there already, and
a reader can write what it likes before. So a header counts only when the connection
comes from a proxy that the owner named, and of its addresses only the last that is no
named proxy's itself: the one that the outermost of our own proxies saw.

    X-Forwarded-For: 203.0.113.7, 198.51.100.2, 10.0.0.3     named: 10.0.0.0/8
                     (made up)    (the reader)  (a proxy)

What does not parse to its end is taken for none, and the connection's own address
stands. Where both headers come, X-Forwarded-For counts: the proxies in use write that
one, and pass on a `Forwarded` that a reader made up.
"""

import re
from collections.abc import Iterable, Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from footfall.errors import InvalidInputError
from footfall.web.bodies import Scope

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

HEADER_BYTES_MAX = 2_048  # of all lines; some 50 proxies
_SEEN_MAX = 1_000
_X_FORWARDED_FOR, _FORWARDED = b"x-forwarded-for", b"forwarded"
_X_FORWARDED_PROTO = b"x-forwarded-proto"

# RFC 7239, 6: a node is an address, in brackets if it has colons, and perhaps a port.
# X-Forwarded-For, which no standard has, comes without the brackets too.
_NODE = re.compile(
    r"([0-9.]{7,15})(?::[0-9]{1,5})?|\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?"
    r"|([0-9A-Fa-f:.]{2,45})"
)
# RFC 7239, 4: pairs of a token and a value, which may be quoted.
_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PAIR = re.compile(
    rf'[ \t]*({_TOKEN})=(?:({_TOKEN})|"((?:[^"\\]|\\.)*)")[ \t]*(?:([;,])|$)'
)


class Proxies:
    """The proxies whose word is taken.

    Args:
        networks: Their addresses.
    """

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        self._networks = tuple(networks)
        self._seen: set[str] = set()  # proxies' own addresses, as they connect

    def address_of(self, scope: Scope) -> str:
        """The address that an ASGI request comes from; "" if nobody knows."""
        client = scope.get("client")
        connected: str = client[0] if client else ""
        if not self._networks:
            return connected
        if connected not in self._seen:
            peer = _parsed(connected)
            if peer is None or not self._are(peer):
                return connected
            if len(self._seen) < _SEEN_MAX:
                self._seen.add(connected)
        said = _said(scope)
        if said is None:
            return connected
        for address in reversed(said):
            if not self._are(address):
                return str(address)
        return str(said[0])

    def scheme_of(self, scope: Scope) -> str:
        """Whether the reader came by "http" or "https".

        The last proxy's word, where it is a named one; the connection's own otherwise.
        """
        connected: str = scope.get("scheme", "http")
        client = scope.get("client")
        if not client or not self.has(client[0]):
            return connected
        said = [text for name, text in scope["headers"] if name == _X_FORWARDED_PROTO]
        scheme = said[-1].rpartition(b",")[2].strip().lower() if said else b""
        return scheme.decode() if scheme in (b"http", b"https") else connected

    def has(self, connected: str) -> bool:
        """Whether an address that connects is a named proxy's."""
        peer = _parsed(connected) if self._networks else None
        return peer is not None and self._are(peer)

    def _are(self, address: Address) -> bool:
        return any(address in network for network in self._networks)


def proxy_network(text: str) -> Network:
    """The network that an owner names: "10.0.0.1", "10.0.0.0/8", "fd00::/8".

    Raises:
        InvalidInputError: It is none.
    """
    try:
        return ip_network(text.strip())
    except ValueError as error:
        raise InvalidInputError(
            "proxy", f"{text!r} is no IP address or network: {error}"
        ) from error


def is_this_machine(address: str) -> bool:
    """Whether an address, as a socket or `Proxies` writes it, is a loopback one.

    By its text: parsing it would cost each visit 2 us.
    """
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"


def reader_network(address: str) -> str:
    """What of an address tells a reader apart: all of IPv4, the first half of IPv6.

    The second half is the device's own, and a privacy address changes it within the
    day (RFC 8981): one reader would be several. The first 64 bits are a household's or
    a phone's, as an IPv4 address is. An address that is none stands for itself.
    """
    if ":" not in address:
        return address
    parsed = _parsed(address)
    if isinstance(parsed, IPv6Address):
        return f"{IPv6Address(parsed.packed[:8] + bytes(8))}/64"
    return address if parsed is None else str(parsed)


def _said(scope: Scope) -> list[Address] | None:
    """The addresses that a header says, the nearest last; None if they do not parse."""
    for name in (_X_FORWARDED_FOR, _FORWARDED):
        lines = [value for header, value in scope["headers"] if header == name]
        if not lines:
            continue
        # RFC 9110, 5.3: several lines are one list.
        text = b",".join(lines)
        if len(text) > HEADER_BYTES_MAX:
            return None
        decoded = text.decode("latin-1")
        nodes = decoded.split(",") if name == _X_FORWARDED_FOR else _forwarded(decoded)
        addresses = []
        for node in nodes:
            address = _node(node.strip(" \t"))
            if address is None:
                return None
            addresses.append(address)
        return addresses or None
    return None


def _forwarded(text: str) -> Iterator[str]:
    """The `for` of each element of a Forwarded header; "" where it does not parse."""
    position, node = 0, ""
    while True:
        pair = _PAIR.match(text, position)
        if pair is None:
            yield ""
            return
        name, token, quoted, after = pair.groups()
        if name.lower() == "for":
            node = re.sub(r"\\(.)", r"\1", quoted) if token is None else token
        position = pair.end()
        if after != ";":
            yield node
            node = ""
        if after is None:
            return


def _node(text: str) -> Address | None:
    found = _NODE.fullmatch(text)
    return _parsed(next(filter(None, found.groups()))) if found else None


def _parsed(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped  # as a socket for both names an IPv4 address
    return address
