"""Small country databases, as an owner would download large ones."""

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

GEOLITE: dict[str, Any] = {
    "192.0.2.0/24": {"country": {"iso_code": "DE"}},
    "198.51.100.0/24": {"country": {"iso_code": "FR"}},
    "2001:db8::/32": {"country": {"iso_code": "JP"}},
    "203.0.113.0/24": {"continent": {"code": "EU"}},
}


def country_file(path: Path, networks: dict[str, Any] = GEOLITE) -> Path:
    """Write a database of the networks' records to the path."""
    writer = MMDBWriter(6, "Test-Country", ipv4_compatible=True)
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path
