"""A reader's address behind reverse proxies: only a named one's word counts."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall import InvalidInputError
from footfall.web.proxies import (
    HEADER_BYTES_MAX,
    Proxies,
    proxy_network,
    reader_network,
)

PROXY = "10.0.0.3"
NAMED = Proxies([ip_network("10.0.0.0/8"), ip_network("fd00::/8")])


def address(
    *lines: str, header: str = "x-forwarded-for", connected: str = PROXY
) -> str:
    """Whose address a request with these header lines comes from."""
    headers = [(header.encode(), line.encode("latin-1")) for line in lines]
    return NAMED.address_of({"client": (connected, 50_000), "headers": headers})


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("198.51.100.2", "198.51.100.2"),
        ("2001:db8::2", "2001:db8::2"),
        # The last that is no proxy's own: what stands before it, a reader can make up.
        ("203.0.113.7, 198.51.100.2", "198.51.100.2"),
        ("203.0.113.7, 198.51.100.2, 10.1.1.1,fd00::1", "198.51.100.2"),
        ("10.9.9.9,198.51.100.2", "198.51.100.2"),
        # All are ours: the farthest.
        ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
        # As some proxies write them.
        ("198.51.100.2:4711", "198.51.100.2"),
        ("[2001:db8::2]:4711", "2001:db8::2"),
        ("[2001:db8::2]", "2001:db8::2"),
        ("::ffff:198.51.100.2", "198.51.100.2"),
        # What is no list of addresses is none at all.
        ("", PROXY),
        (",", PROXY),
        ("unknown", PROXY),
        ("_hidden", PROXY),
        ("198.51.100.2,", PROXY),
        ("garbage, 198.51.100.2", PROXY),
        ("198.51.100.256", PROXY),
        ("198.51.100.02", PROXY),
        ("198.51.100.2:port", PROXY),
        ("fe80::1%eth0", PROXY),
        ("198.51.100.2; DROP", PROXY),
        ("198.51.100.2\xa0", PROXY),
        ("198.51.100.2" + " " * HEADER_BYTES_MAX, PROXY),
    ],
)
def test_x_forwarded_for_behind_a_named_proxy(line: str, expected: str) -> None:
    """Strictly parsed, from the right."""
    assert address(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("for=198.51.100.2", "198.51.100.2"),
        ("For=198.51.100.2;proto=http;by=203.0.113.43", "198.51.100.2"),
        ('proto=https ; for="198.51.100.2:4711"', "198.51.100.2"),
        ('for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
        ("for=203.0.113.7, for=198.51.100.2, for=10.1.1.1", "198.51.100.2"),
        ('for=203.0.113.7;host="a,b;c", for=198.51.100.2', "198.51.100.2"),
        ('for="198\\.51.100.2"', "198.51.100.2"),
        ("for=unknown", PROXY),
        ('for="_gazonk"', PROXY),
        ("proto=https", PROXY),
        ("for=198.51.100.2, proto=https", PROXY),
        ('for="198.51.100.2', PROXY),
        ("for=[2001:db8::1]", PROXY),
        ("for", PROXY),
        ("for=198.51.100.2 x", PROXY),
        ("for=198.51.100.2,", PROXY),
        ("", PROXY),
    ],
)
def test_forwarded_behind_a_named_proxy(line: str, expected: str) -> None:
    """RFC 7239, with quoted values that hold what divides the others."""
    assert address(line, header="forwarded") == expected


def test_nobody_elses_word_counts() -> None:
    """Whoever connects without a proxy may write whatever it likes."""
    assert address("203.0.113.7", connected="198.51.100.2") == "198.51.100.2"
    assert address("203.0.113.7", connected="::1") == "::1"
    assert address("203.0.113.7", connected="fd00::5") == "203.0.113.7"
    assert address("203.0.113.7", connected="::ffff:10.0.0.3") == "203.0.113.7"
    assert Proxies().address_of({"client": (PROXY, 1), "headers": []}) == PROXY
    assert NAMED.address_of({"client": None, "headers": []}) == ""


def test_several_lines_are_one_list() -> None:
    """RFC 9110, 5.3; a proxy may add a line of its own."""
    assert address("203.0.113.7", "198.51.100.2") == "198.51.100.2"


def test_the_header_that_proxies_write_wins() -> None:
    """They pass on a `Forwarded` that a reader made up."""
    scope = {
        "client": (PROXY, 1),
        "headers": [
            (b"forwarded", b"for=203.0.113.7"),
            (b"x-forwarded-for", b"198.51.100.2"),
        ],
    }

    assert NAMED.address_of(scope) == "198.51.100.2"


@given(st.binary(max_size=200), st.sampled_from([b"x-forwarded-for", b"forwarded"]))
def test_whatever_a_header_holds_an_address_comes_out(
    line: bytes, header: bytes
) -> None:
    """The connection's own at worst."""
    scope = {"client": (PROXY, 1), "headers": [(header, line)]}

    assert reader_network(NAMED.address_of(scope))


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.1", "10.0.0.1/32"),
        (" 10.0.0.0/8", "10.0.0.0/8"),
        ("fd00::/8", "fd00::/8"),
        ("::1", "::1/128"),
    ],
)
def test_a_proxy_is_named_by_its_address_or_network(text: str, network: str) -> None:
    assert proxy_network(text) == ip_network(network)


@pytest.mark.parametrize("text", ["", "localhost", "10.0.0.1/8", "10.0.0.1:80", "*"])
def test_what_names_no_proxy_is_refused(text: str) -> None:
    """A wrong network would take a stranger's word."""
    with pytest.raises(InvalidInputError) as caught:
        proxy_network(text)

    assert caught.value.field == "proxy"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.2", "198.51.100.2"),
        ("::ffff:198.51.100.2", "198.51.100.2"),
        # One reader, whose privacy address changes within the day.
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_half_an_ipv6_address_tells_a_reader_apart(address: str, network: str) -> None:
    """Its first 64 bits are a household's or a phone's, as an IPv4 address is."""
    assert reader_network(address) == network
