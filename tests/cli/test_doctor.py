"""`footfall doctor`: each fault that it knows, made in earnest."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest

from footfall.counters.tables import Tables
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL, Server
from tests.proxy.faults import Faults, Planned
from tests.proxy.refusals import THROUGHPUT, Refusal
from tests.proxy.server import Proxy

SITE = "https://a.example/"
DENIED = Refusal(
    "AccessDeniedException",
    "User: arn:aws:iam::1:user/me is not authorized to perform: dynamodb:PutItem",
)


@pytest.fixture
def dynamodb(footfall_process: StartFootfall) -> Server:
    """A DynamoDB that has nothing yet."""
    return footfall_process("dynamodb", "--data", ":memory:")


@pytest.fixture
def sound(dynamodb: Server) -> Server:
    """A DynamoDB with Footfall's tables, and a site."""
    for arguments in (["tables", "create"], ["sites", "add", SITE]):
        assert run(f"dynamodb:{dynamodb.url}", *arguments)[0] == 0
    return dynamodb


def run(store: str, *arguments: str) -> tuple[int, list[list[str]], str]:
    """The status, the cells of each line that was printed, and the notes."""
    done = subprocess.run(
        [FOOTFALL, "--store", store, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        stdin=subprocess.DEVNULL,
    )
    cells = [line.split("\t") for line in done.stdout.splitlines()]
    return done.returncode, cells, done.stderr


def wrong(store: str, *arguments: str) -> dict[str, str]:
    """What the doctor finds wrong."""
    status, cells, notes = run(store, "doctor", *arguments)
    found = {each[1]: each[2] for each in cells if each[0] == "wrong"}
    assert status == (1 if found else 0), (cells, notes)
    assert "Traceback" not in notes
    return found


def refused(server: Server, operation: str, refusal: Planned) -> dict[str, str]:
    """What is found where the store refuses an operation."""
    with Proxy(server.url, faults=Faults(always={operation: refusal})) as proxy:
        return wrong(f"dynamodb:{proxy.url}")


def client_of(server: Server) -> Any:
    return boto3.client("dynamodb", endpoint_url=server.url)


def test_a_sound_store_has_nothing_wrong(sound: Server, tmp_path: Path) -> None:
    """On DynamoDB's protocol and in a file; and nothing was written."""
    before = scan_all(sound)
    status, cells, _ = run(f"dynamodb:{sound.url}", "doctor")

    assert status == 0
    assert {each[0] for each in cells} == {"ok"}
    assert ["ok", f"site {SITE}"] in cells
    assert scan_all(sound) == before
    file = str(tmp_path / "visits.db")
    assert run(file, "sites", "add", SITE)[0] == 0
    assert wrong(file) == {}


def scan_all(server: Server) -> list[Any]:
    client = client_of(server)
    return [
        client.scan(TableName=request["TableName"])["Items"]
        for request in Tables().create_requests()
    ]


def test_missing_tables_are_named(dynamodb: Server) -> None:
    """All of them, and what makes them."""
    found = wrong(f"dynamodb:{dynamodb.url}")

    assert len(found) == 5
    assert found["table siteVisits"] == "is missing; run `footfall tables create`"


def test_a_wrong_key_is_told(dynamodb: Server) -> None:
    """A table that somebody made by hand, with a number or another name."""
    client_of(dynamodb).create_table(
        TableName="siteVisits",
        KeySchema=[{"AttributeName": "url", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "url", "AttributeType": "N"}],
        BillingMode="PAY_PER_REQUEST",
    )

    found = wrong(f"dynamodb:{dynamodb.url}")["table siteVisits"]

    assert found.startswith("has the key url N, and must have siteUrl S")


@pytest.mark.parametrize(
    ("setting", "said"),
    [(None, "is off"), ("ttl", "is on 'ttl', and must be on 'expiresAt'")],
)
def test_a_missing_time_to_live_is_told(
    dynamodb: Server, setting: str | None, said: str
) -> None:
    """Receipts would be kept, and paid, for ever."""
    client = client_of(dynamodb)
    for request in Tables().create_requests():
        client.create_table(**request)
    if setting:
        client.update_time_to_live(
            TableName="visitReceipts",
            TimeToLiveSpecification={"Enabled": True, "AttributeName": setting},
        )

    found = wrong(f"dynamodb:{dynamodb.url}")

    assert found["time to live of visitReceipts"].startswith(said)
    assert found["sites"] == "there is none; run `footfall sites add URL`"


@pytest.mark.parametrize(
    ("stored", "said"),
    [({"visits": {"S": "0"}}, "'visits' is S '0', no number"), ({}, "is missing")],
)
def test_a_number_that_is_none_is_told(
    sound: Server, stored: dict[str, Any], said: str
) -> None:
    """The recipe's own listing has the string."""
    client_of(sound).put_item(
        TableName="siteVisits", Item={"siteUrl": {"S": "b.example"}, **stored}
    )

    found = wrong(f"dynamodb:{sound.url}")["site b.example"]

    assert said in found
    assert found.endswith("run `footfall sites repair b.example`")


@pytest.mark.parametrize(
    ("operation", "refusal", "subject", "said"),
    [
        ("TransactWriteItems", DENIED, "counting", "perform: dynamodb:PutItem"),
        ("DescribeTable", DENIED, "table counters", "a permission is missing"),
        ("DescribeTimeToLive", DENIED, "time to live of visitReceipts", "permission"),
        ("Scan", DENIED, "sites", "a permission is missing"),
        ("TransactWriteItems", THROUGHPUT, "counting", "throttles"),
        (
            "TransactWriteItems",
            Refusal("UnknownOperationException"),
            "counting",
            "ScyllaDB's Alternator",
        ),
        (
            "DescribeTable",
            Refusal("UnrecognizedClientException", "The security token is invalid"),
            "table siteVisits",
            "the credentials are not taken (UnrecognizedClientException)",
        ),
        (
            "TransactWriteItems",
            Refusal("ExpiredTokenException", "expired"),
            "counting",
            "renew them",
        ),
        ("Scan", Refusal("LimitExceededException", "x"), "sites", "refused: An error"),
    ],
)
def test_what_the_store_refuses_is_told(
    sound: Server, operation: str, refusal: Refusal, subject: str, said: str
) -> None:
    assert said in refused(sound, operation, refusal)[subject]


def test_a_store_that_is_away_is_told_once(free_port: int) -> None:
    found = wrong(f"dynamodb:http://127.0.0.1:{free_port}")

    assert list(found) == ["table siteVisits"]
    assert "does not answer" in found["table siteVisits"]


def test_an_endpoint_that_counts_has_nothing_wrong(
    sound: Server, footfall_process: StartFootfall
) -> None:
    """And nothing was counted by asking."""
    store = f"dynamodb:{sound.url}"
    server = footfall_process("serve", "--store", store)

    assert wrong(store, "--url", server.url) == {}
    item = client_of(sound).get_item(
        TableName="siteVisits", Key={"siteUrl": {"S": SITE}}
    )
    assert item["Item"]["visits"] == {"N": "0"}


OURS = b'{"title":"Not valid","status":400,"detail":"id: ...","field":"id"}'
# As a Function URL with AWS_IAM answers, an HTTP API without the route, and so on.
ANSWERS = [
    (403, {"x-amzn-ErrorType": ["AccessDeniedException"]}, b'{"Message":"Forbidden"}'),
    (404, {}, b'{"message":"Not Found"}'),
    (429, {}, b'{"message":"Too Many Requests"}'),
    (502, {}, b'{"message":"Internal Server Error"}'),
    (200, {}, b"<html>It works!</html>"),
    (400, {}, OURS),
    (400, {"Access-Control-Allow-Origin": ["*", "*"]}, OURS),
    (400, {"Access-Control-Allow-Origin": ["https://other.example"]}, OURS),
]
SAID = [
    "auth type NONE, not AWS_IAM",
    "$default route",
    "at its ceiling",
    "its log says why",
    "no Footfall that answers",
    "add https://a.example to the API's CORS origins",
    "twice (*, *)",
    "pages of https://other.example may read the answer, and https://a.example may not",
]


@pytest.mark.parametrize(
    ("answer", "said"), [*zip(ANSWERS, SAID, strict=True)], ids=range(len(SAID))
)
def test_an_endpoint_that_does_not_count_is_told(
    tmp_path: Path, answer: tuple[int, dict[str, list[str]], bytes], said: str
) -> None:
    """Between the page and Footfall stands what AWS, or a proxy, was told."""
    store = str(tmp_path / "visits.db")
    assert run(store, "sites", "add", SITE)[0] == 0

    with answering(*answer) as url:
        found = wrong(store, "--url", url)

    (problem,) = found.values()
    assert said in problem


def test_an_endpoint_that_is_away_is_told(tmp_path: Path, free_port: int) -> None:
    store = str(tmp_path / "visits.db")
    assert run(store, "sites", "add", "by hand.example")[0] != 0
    assert run(store, "tables", "create")[0] == 0

    found = wrong(store, "--url", f"http://127.0.0.1:{free_port}")

    assert "does not answer" in found[f"http://127.0.0.1:{free_port}/v1/visits"]
    assert run(store, "doctor", "--url", "nowhere")[0] == 2


@contextmanager
def answering(status: int, headers: dict[str, list[str]], body: bytes) -> Iterator[str]:
    """A server that answers every POST alike."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, values in headers.items():
                for value in values:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
