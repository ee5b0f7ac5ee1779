"""Readers as real servers see them: behind a named proxy, and shared by processes."""

import http.client
import json
import os
import subprocess
from pathlib import Path

import pytest

from footfall import connect
from tests.conftest import StartFootfall
from tests.country_files import country_file
from tests.processes import FOOTFALL, Server

SITE = "https://a.example/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"


def footfall(
    store: Path, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [FOOTFALL, "--store", str(store), *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def visit(server: Server, id: str, address: str = "192.0.2.7") -> str:
    """One visit that says that it comes through a proxy; its outcome."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"User-Agent": FIREFOX, "X-Forwarded-For": address}
    body = json.dumps({"id": id, "url": SITE})
    connection.request(
        "POST", "/v1/visits", body, {**headers, "Content-Type": "text/plain"}
    )
    answer = json.loads(connection.getresponse().read())
    connection.close()
    return str(answer["outcome"])


def counted(store: Path, by: str) -> list[list[str]]:
    shown = footfall(store, "stats", SITE, "--by", by)
    return [line.split("\t") for line in shown.stdout.splitlines()]


def visitors(store: Path) -> int:
    """Today's, as a command reads them from the store."""
    shown = footfall(store, "stats", SITE, "--json")
    return int(json.loads(shown.stdout)["values"][-1]["visitors"])


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "visits.db"
    assert footfall(path, "sites", "add", SITE).returncode == 0
    return path


def test_servers_of_one_store_share_the_salt(
    store: Path, footfall_process: StartFootfall
) -> None:
    """One reader who is served by two processes is one visitor."""
    first = footfall_process("serve", "--store", store)
    second = footfall_process("serve", "--store", store)

    outcomes = [
        visit(server, f"v{number}")
        for number, server in enumerate([first, second, second, first])
    ]

    assert outcomes == ["counted"] * 4
    assert visitors(store) == 1


def test_a_named_proxy_tells_the_readers_address(
    store: Path, tmp_path: Path, footfall_process: StartFootfall
) -> None:
    """So readers and their countries are told apart; the flag and the environment."""
    countries = country_file(tmp_path / "countries.mmdb")
    server = footfall_process(
        *("serve", "--store", store, "--countries", countries),
        *("--proxy", "::1", "--proxy", "127.0.0.0/8"),
    )
    again = footfall_process(
        *("serve", "--store", store),
        environment={
            "FOOTFALL_PROXY": "::1, 127.0.0.1",
            "FOOTFALL_COUNTRIES": str(countries),
        },
    )
    unnamed = footfall_process("serve", "--store", store)

    visit(server, "v1", "192.0.2.1")
    visit(server, "v2", "203.0.113.9, 198.51.100.1, 127.0.0.5")
    visit(again, "v3", "2001:db8::1")
    visit(unnamed, "v4", "192.0.2.99")

    # No address, no program, whole or in part, is in any of the store's files.
    files = [path.read_bytes() for path in tmp_path.iterdir() if path != countries]
    assert not any(b"192.0.2" in data or b"Gecko" in data for data in files)
    assert visitors(store) == 4
    assert counted(store, "country") == [["DE", "1"], ["FR", "1"], ["JP", "1"]]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--proxy", "localhost"], "'localhost' is no IP address or network"),
        (["--proxy", "10.0.0.1/8"], "has host bits set"),
        (
            ["--countries", "missing.mmdb"],
            "is no country database (.mmdb): No such file",
        ),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_made(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    """One line, and no store."""
    path = tmp_path / "new.db"
    refused = footfall(path, "serve", "--port", "0", *arguments)

    assert refused.returncode == 2
    assert words in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert not path.exists()


def test_what_is_folded_is_told_from_a_value_of_its_name(store: Path) -> None:
    """A stranger can call a campaign "other"."""
    client = connect(str(store))
    client.update_item(
        TableName="visitRollups",
        Key={"siteUrl": {"S": SITE}, "bucket": {"S": "campaign#2026-11-24#00"}},
        UpdateExpression="ADD #folded :three, #named :two",
        ExpressionAttributeNames={"#folded": "other", "#named": "=other"},
        ExpressionAttributeValues={":three": {"N": "3"}, ":two": {"N": "2"}},
    )
    client.close()  # type: ignore[attr-defined]
    period = ("--from", "2026-11-24", "--to", "2026-11-24", "--by", "campaign")

    lines = footfall(store, "stats", SITE, *period)
    document = footfall(store, "stats", SITE, *period, "--json")

    assert lines.stdout == "other\t2\nother\t3\n"
    assert lines.stderr == "other: all values that had no room in their day\n"
    assert json.loads(document.stdout)["values"] == [
        {"campaign": "other", "visits": 2},
        {"campaign": "other", "visits": 3, "folded": True},
    ]


def test_robots_are_shown(store: Path, footfall_process: StartFootfall) -> None:
    """Counted apart, never hidden."""
    server = footfall_process("serve", "--store", store)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(
        "POST",
        "/v1/visits",
        json.dumps({"id": "r", "url": SITE}),
        {
            "User-Agent": "Googlebot/2.1 (+http://www.google.com/bot.html)",
            "Content-Type": "text/plain",
        },
    )
    connection.getresponse().read()
    connection.close()

    assert counted(store, "robot") == [["Googlebot", "1"]]
    assert counted(store, "page") == []
