"""The same service on DynamoDB: real boto3, DynamoDB Local, a table made by hand."""

import json
import subprocess
import urllib.request
from typing import Any

import boto3
import pytest

from footfall.counters.tables import Tables
from tests.conftest import StartFootfall
from tests.leftovers import delete_tables
from tests.processes import FOOTFALL

PREFIX = "cli-"


def footfall(store: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [FOOTFALL, "--store", store, "--table-prefix", PREFIX, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def post(url: str, id: str, page: str) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{url}/v1/visits",
        json.dumps({"id": id, "url": page}).encode(),
        {"Content-Type": "text/plain"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture
def hand_made(dynamodb_local_endpoint: str) -> Any:
    """`siteVisits` as somebody made it by the recipe, with keys in their own form."""
    client = boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint)
    client.create_table(
        TableName=f"{PREFIX}siteVisits",
        KeySchema=[{"AttributeName": "siteUrl", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "siteUrl", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
    )
    for item in (
        {"siteUrl": {"S": "https://www.fernandomc.com/"}, "visits": {"N": "1000"}},
        {"siteUrl": {"S": "fernandomc.com/blog"}, "visits": {"S": "0"}},
    ):
        client.put_item(TableName=f"{PREFIX}siteVisits", Item=item)
    yield client
    delete_tables(client, Tables(PREFIX))


def test_a_hand_made_table_works_as_it_is(
    hand_made: Any, dynamodb_local_endpoint: str, footfall_process: StartFootfall
) -> None:
    """Its keys stay as they are, its number goes on, its string is repaired."""
    store = f"dynamodb:{dynamodb_local_endpoint}"
    refused = footfall(store, "serve", "--port", "0")
    assert refused.returncode == 1
    assert "footfall tables create" in refused.stderr
    created = footfall(store, "tables", "create")
    assert f"created {PREFIX}visitReceipts" in created.stdout
    assert "siteVisits" not in created.stdout

    server = footfall_process("--store", store, "--table-prefix", PREFIX, "serve")
    home, blog = "https://www.fernandomc.com/about", "https://fernandomc.com/blog/1"
    assert post(server.url, "v1", home) == (
        200,
        {
            "outcome": "counted",
            "site": "https://www.fernandomc.com/",
            "visits": 1001,
        },
    )
    assert post(server.url, "v1", home)[1]["outcome"] == "duplicate"
    status, problem = post(server.url, "v2", blog)
    assert status == 409
    assert "footfall sites repair fernandomc.com/blog" in problem["detail"]

    assert footfall(store, "sites", "repair", "fernandomc.com/blog").returncode == 0
    assert post(server.url, "v2", blog)[1]["visits"] == 1
    with urllib.request.urlopen(
        f"{server.url}/badge.json?site=www.fernandomc.com", timeout=30
    ) as badge:
        assert json.load(badge)["message"] == "1001"

    stats = footfall(store, "stats", "www.fernandomc.com", "--json", "--by", "page")
    assert json.loads(stats.stdout)["values"] == [{"page": "/about", "visits": 1}]
    verified = footfall(store, "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    assert "1001 visits = 1000 before + 1 in days; 1 receipts" in verified.stdout
    items = hand_made.scan(TableName=f"{PREFIX}siteVisits")["Items"]
    assert sorted(items, key=str) == [
        {"siteUrl": {"S": "fernandomc.com/blog"}, "visits": {"N": "1"}},
        {"siteUrl": {"S": "https://www.fernandomc.com/"}, "visits": {"N": "1001"}},
    ]
