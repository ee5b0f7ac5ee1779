"""Countries from a database file, in the forms that its makers give it."""

from pathlib import Path
from typing import Any

import pytest

from footfall import InvalidInputError
from footfall.web.countries import Countries
from tests.country_files import country_file


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("192.0.2.7", "DE"),
        ("198.51.100.1", "FR"),
        ("2001:db8::1", "JP"),
        # In no network, in one without a country, and no address.
        ("127.0.0.1", "unknown"),
        ("203.0.113.1", "unknown"),
        ("fe80::1%eth0", "unknown"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_address_has_a_country(tmp_path: Path, address: str, country: str) -> None:
    """Two letters, or that nobody knows."""
    countries = Countries(str(country_file(tmp_path / "countries.mmdb")))

    assert countries.country_of(address) == country


@pytest.mark.parametrize(
    "record",
    [
        {"country": {"iso_code": "DE"}, "registered_country": {"iso_code": "US"}},
        {"country_code": "DE", "country": "Germany"},
        {"country": "DE"},
    ],
)
def test_each_makers_form_is_read(tmp_path: Path, record: dict[str, Any]) -> None:
    """GeoLite2 and DB-IP, IPinfo, and IPinfo's older files."""
    path = country_file(tmp_path / "countries.mmdb", {"192.0.2.0/24": record})

    assert Countries(str(path)).country_of("192.0.2.1") == "DE"


def test_a_file_that_is_missing_or_wrong_is_refused(tmp_path: Path) -> None:
    """At the start, not when the first visit comes."""
    missing, text = tmp_path / "missing.mmdb", tmp_path / "text.mmdb"
    text.write_text("no database")
    networks = {"192.0.2.0/24": {"autonomous_system_number": 64_496}}
    other = country_file(tmp_path / "asn.mmdb", networks)

    for path in (missing, text, tmp_path):
        with pytest.raises(InvalidInputError, match="is no country database") as caught:
            Countries(str(path))
        assert caught.value.field == "countries"
    with pytest.raises(InvalidInputError, match="has no countries"):
        Countries(str(other))
