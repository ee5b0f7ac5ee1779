"""Which addresses a server may listen on, and how they are written."""

import pytest

from footfall.cli.address import base_url, require_loopback
from footfall.errors import InvalidInputError


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1"])
def test_this_machine_only(host: str) -> None:
    require_loopback(host, "so not")


@pytest.mark.parametrize(
    "host",
    ["", "0.0.0.0", "::", "10.0.0.1", "a.example", "[::1]", "::ffff:10.0.0.1", "1:2"],
)
def test_what_others_can_reach_is_refused(host: str) -> None:
    """With what to do instead."""
    with pytest.raises(InvalidInputError, match="is beyond this machine, so not"):
        require_loopback(host, "so not")


def test_an_ipv6_address_stands_in_brackets_in_a_url() -> None:
    assert base_url("127.0.0.1", 80) == "http://127.0.0.1:80"
    assert base_url("::1", 80) == "http://[::1]:80"
