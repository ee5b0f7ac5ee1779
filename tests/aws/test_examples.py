"""Each of examples/, run as it stands: the functions under AWS's own runtime client."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from footfall.connect import create_tables
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.visits.sites import add_site
from tests.lambda_runtime import LocalFunction, event, visit
from tests.leftovers import delete_tables
from tests.proxy.faults import Faults
from tests.proxy.refusals import Refusal
from tests.proxy.server import Proxy

EXAMPLES = Path(__file__).parents[2] / "examples"
SITE = "https://resume.example/"
RUN_HERE = {"atomic_counter.py", "lambda_counter.py", "lambda_service.py"}


@pytest.fixture
def endpoint(dynamodb_local_endpoint: str) -> Iterator[str]:
    """DynamoDB Local, without any of our tables before and after."""
    yield dynamodb_local_endpoint
    client = boto3.client("dynamodb", endpoint_url=dynamodb_local_endpoint)
    delete_tables(client, Tables())
    client.close()


@pytest.fixture
def store(endpoint: str) -> Store:
    """Footfall's tables, with a site."""
    store = Store(boto3.client("dynamodb", endpoint_url=endpoint))
    create_tables(store)
    add_site(store, SITE)
    return store


def function(name: str, endpoint: str, log: Path) -> LocalFunction:
    return LocalFunction(
        log=log,
        environment={
            "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
            "PYTHONPATH": str(EXAMPLES),
            "SITE": SITE,
        },
        handler=f"{name}.handler",
    )


def post(id: object) -> dict[str, Any]:
    return event("POST", "/", json.dumps({"id": id}).encode())


def said(answer: Any) -> Any:
    return answer["statusCode"], json.loads(answer["body"])


def test_every_example_is_run() -> None:
    assert {path.name for path in EXAMPLES.glob("*.py")} == RUN_HERE


def test_the_plain_recipe_counts(endpoint: str) -> None:
    printed = [
        subprocess.run(
            [sys.executable, EXAMPLES / "atomic_counter.py"],
            env={**os.environ, "AWS_ENDPOINT_URL_DYNAMODB": endpoint},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for _ in range(2)
    ]

    assert printed == ["{'visits': {'N': '1'}}\n", "{'visits': {'N': '2'}}\n"]


def test_the_safe_recipe_counts_each_id_once(
    store: Store, endpoint: str, tmp_path: Path
) -> None:
    """Though an answer of DynamoDB's is lost, and the page sends it again."""
    faults = Faults(only={"TransactWriteItems": ["lost_after"]})
    with (
        Proxy(endpoint, faults=faults) as proxy,
        function("lambda_counter", proxy.url, tmp_path / "log") as counter,
    ):
        answers = [counter.invoke(each) for each in (post("a"), post("a"), post("b"))]
        read = counter.invoke(event("GET", "/"))

    assert [said(each) for each in answers] == [
        (200, {"visits": 1}),
        (200, {"visits": 1}),
        (200, {"visits": 2}),
    ]
    assert said(read) == (200, {"visits": 2})
    assert answers[0]["headers"]["access-control-allow-origin"] == "*"


def test_the_safe_recipe_says_what_to_do(
    store: Store, endpoint: str, tmp_path: Path
) -> None:
    """To the page: correct it, or send it again with the same id."""
    expired = Refusal("ExpiredTokenException", "The security token is expired")
    faults = Faults(only={"TransactWriteItems": [expired]})
    with (
        Proxy(endpoint, faults=faults) as proxy,
        function("lambda_counter", proxy.url, tmp_path / "log") as counter,
    ):
        refused = [counter.invoke(post(id)) for id in ("a", 1, "", "é")]
        refused.append(counter.invoke(event("POST", "/", b"[]")))
        refused.append(counter.invoke(event("POST", "/", b"not JSON")))
        counted = counter.invoke(post("a"))
        log = counter.output

    assert [each["statusCode"] for each in refused] == [503, 400, 400, 400, 400, 400]
    assert "same id" in refused[0]["body"]
    assert "expired" in log
    assert said(counted) == (200, {"visits": 1})


def test_the_whole_service_counts(store: Store, endpoint: str, tmp_path: Path) -> None:
    with function("lambda_service", endpoint, tmp_path / "log") as service:
        counted = service.invoke(visit("a", SITE + "cv"))
        badge = service.invoke(event("GET", f"/badge.json?site={SITE}"))

    assert said(counted)[1] == {"outcome": "counted", "site": SITE, "visits": 1}
    assert said(badge)[1]["message"] == "1"
