"""`footfall serve` on DynamoDB: whose words it takes, what it refuses, how it recovers."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from footfall.connect import POOL_CONNECTIONS, connect
from footfall.visits.group import WRITERS_DYNAMODB
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL, Server
from tests.proxy.faults import Faults
from tests.proxy.refusals import Refusal
from tests.proxy.server import Proxy

SITE = "https://a.example/"
REFUSALS = [
    Refusal("ExpiredTokenException", "The security token included is expired"),
    Refusal("UnrecognizedClientException", "The security token is invalid"),
]


@pytest.fixture
def dynamodb(footfall_process: StartFootfall) -> Server:
    """A DynamoDB with Footfall's tables, and a site."""
    server = footfall_process("dynamodb", "--data", ":memory:")
    for arguments in (["tables", "create"], ["sites", "add", SITE]):
        done = run("--store", f"dynamodb:{server.url}", *arguments)
        assert done.returncode == 0, done.stderr
    return server


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [FOOTFALL, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def visit(server: Server, id: str) -> tuple[int, Any, Any]:
    """The status, the headers and the content of the answer to a visit."""
    request = urllib.request.Request(
        f"{server.url}/v1/visits",
        json.dumps({"id": id, "url": SITE}).encode(),
        {"Content-Type": "text/plain"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, json.load(error)


@pytest.mark.parametrize("refusal", REFUSALS, ids=[each.code for each in REFUSALS])
def test_credentials_that_expired_are_said_and_the_server_recovers(
    dynamodb: Server, footfall_process: StartFootfall, refusal: Refusal
) -> None:
    """boto3 renews them by itself where it can; nobody starts the server again."""
    # The first is the probe of the start.
    faults = Faults(only={"TransactWriteItems": ["none", refusal, refusal]})
    with Proxy(dynamodb.url, faults=faults) as proxy:
        server = footfall_process("serve", "--store", f"dynamodb:{proxy.url}")
        refused = [visit(server, "v1") for _ in range(2)]
        counted, again = visit(server, "v1"), visit(server, "v1")
        server.terminate()

    assert [status for status, _, _ in refused] == [503, 503]
    for _, headers, problem in refused:
        assert "the server's log says why" in problem["detail"]
        assert problem["written"] == "no"
        assert int(headers["Retry-After"]) > 0
    assert (counted[2]["outcome"], again[2]["outcome"]) == ("counted", "duplicate")
    assert server.output.count("visits are refused: ") == 1
    assert refusal.message in server.output
    assert server.output.count("visits are counted again") == 1


def test_a_store_that_comes_back_is_counted_on(
    dynamodb: Server, footfall_process: StartFootfall
) -> None:
    """After an outage: the same servers, the same ids."""
    with Proxy(dynamodb.url) as proxy:
        port = int(proxy.url.rpartition(":")[2])
        server = footfall_process("serve", "--store", f"dynamodb:{proxy.url}")
        assert visit(server, "v1")[0] == 200
    status, headers, problem = visit(server, "v2")
    with Proxy(dynamodb.url, port=port):
        while (back := visit(server, "v2"))[0] != 200:
            pass

        assert (status, problem["written"]) == (503, "unknown")
        assert headers["Retry-After"]
        assert back[2] == {"outcome": "counted", "site": SITE, "visits": 2}
        server.terminate()


def test_a_store_without_transactions_is_refused_at_the_start(
    dynamodb: Server,
) -> None:
    """ScyllaDB's Alternator: nothing could be counted exactly once."""
    unknown = Refusal("UnknownOperationException")
    faults = Faults(always={"TransactWriteItems": unknown})
    with Proxy(dynamodb.url, faults=faults) as proxy:
        done = run("--store", f"dynamodb:{proxy.url}", "serve", "--port", "0")

    assert done.returncode == 1
    assert "has no TransactWriteItems" in done.stderr
    assert done.stderr.count("\n") == 1


def test_boto3s_own_configuration_is_taken(dynamodb: Server, tmp_path: Path) -> None:
    """Region, credentials and endpoint of a profile, as for any program on AWS."""
    config = tmp_path / "config"
    config.write_text(
        "[profile visits]\nregion = eu-central-1\naws_access_key_id = of-a-profile\n"
        f"aws_secret_access_key = x\nservices = local\n[services local]\ndynamodb =\n"
        f"  endpoint_url = {dynamodb.url}\n"
    )
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith("AWS_")
    }
    done = subprocess.run(
        [FOOTFALL, "sites", "list", "--store", "dynamodb:"],
        env={
            **environment,
            "AWS_CONFIG_FILE": str(config),
            "AWS_PROFILE": "visits",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(SITE)


def test_the_pool_has_a_connection_for_every_group_in_flight() -> None:
    """urllib3 would open and drop one for each request past it."""
    client: Any = connect("dynamodb:http://127.0.0.1:1")

    assert client.meta.config.max_pool_connections == POOL_CONNECTIONS
    assert POOL_CONNECTIONS >= 2 * WRITERS_DYNAMODB
    client.close()
