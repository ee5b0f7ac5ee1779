"""The beacon as a file: its size, its names, and what it may be cached for."""

import base64
import gzip
import hashlib
import re
from pathlib import Path

from tests.web.conftest import WebServer

ROOT = Path(__file__).parents[2]
BYTES_MAX = 1_600


def test_the_beacon_is_small(web: WebServer) -> None:
    """It is every reader's to load."""
    packed = web.ask("GET", "/beacon.js", Accept_Encoding="gzip")
    plain = web.ask("GET", "/beacon.js")

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) <= BYTES_MAX


def test_the_documents_say_its_size(web: WebServer) -> None:
    """A few bytes more or less are another zlib's."""
    packed = web.ask("GET", "/beacon.js", Accept_Encoding="gzip")
    text = (ROOT / "docs" / "reference" / "beacon.md").read_text()
    said = re.search(r"It has\s+([\d,]+) bytes", text)

    assert said is not None
    assert abs(int(said[1].replace(",", "")) - len(packed.body)) <= 10


def test_its_lasting_name_is_asked_for_anew_each_hour(web: WebServer) -> None:
    newest = web.ask("GET", "/beacon.js")
    unchanged = web.ask("GET", "/beacon.js", If_None_Match=newest.headers["etag"])

    assert newest.headers["cache-control"] == "public, max-age=3600"
    assert newest.headers["access-control-allow-origin"] == "*"
    assert (unchanged.status, unchanged.body) == (304, b"")


def test_its_versions_name_may_be_cached_for_ever(web: WebServer) -> None:
    """What a page's tag needs of it is told, and is true."""
    described = web.ask("GET", "/beacon.json")
    versioned = web.ask("GET", described.json()["script"])
    digest = hashlib.sha384(versioned.body).digest()

    assert versioned.body == web.ask("GET", "/beacon.js").body
    assert "immutable" in versioned.headers["cache-control"]
    assert described.json() == {
        "script": f"/beacon.{versioned.headers['etag'][1:-1]}.js",
        "integrity": f"sha384-{base64.b64encode(digest).decode()}",
    }
    assert described.headers["access-control-allow-origin"] == "*"
    assert described.headers["cache-control"] == "no-store"


def test_an_older_versions_name_is_the_newest_script(web: WebServer) -> None:
    """Pages that name it go on counting after an upgrade; it is not kept for long."""
    older = web.ask("GET", "/beacon.0123456789ab.js")

    assert older.status == 200
    assert older.body == web.ask("GET", "/beacon.js").body
    assert older.headers["cache-control"] == "public, max-age=3600"
