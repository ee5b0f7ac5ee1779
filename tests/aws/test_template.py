"""The template of deploy/aws, held to the code that runs on what it makes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cfnlint.decode import cfn_yaml

from footfall.aws_lambda import DESTROY_SALTS, Function
from footfall.counters.port import Store
from footfall.counters.tables import Tables
from footfall.owners.password import set_password
from footfall.owners.secret import digest
from footfall.visits.sites import change_site, load_sites
from tests.aws.conftest import PREFIX, SITE
from tests.lambda_runtime import HANDLER, event, visit
from tests.proxy.faults import Faults
from tests.proxy.refusals import CONFLICT_REASON, NO_REASON, cancelled
from tests.proxy.server import Proxy
from tests.test_style import routes

TEMPLATE = Path(__file__).parents[2] / "deploy" / "aws" / "template.yaml"
TOKEN = "footfall_of-a-test"
PASSWORD = "correct horse battery staple"
HOST = "abc.execute-api.us-east-1.amazonaws.com"
OF_A_SITE = (
    *("/badge.svg", "/badge.json", "/badge.txt", "/embed.html"),
    *("/stats", "/v1/stats", "/v1/live"),
)
WITHOUT_A_SITE = (
    *(
        "/",
        "/sites",
        "/demo",
        "/healthz",
        "/readyz",
        "/metrics",
        "/beacon.js",
        "/docs",
        "/openapi.json",
    ),
    *("/beacon.json", f"/hit.svg?url={SITE}"),
)
CLAIMS = 251  # one more than a count-down's block holds

Permission = tuple[str, str]  # a table, and an action on it

# What a transaction needs is what its actions would (DynamoDB Developer Guide, "Using
# IAM with DynamoDB transactions").
IN_TRANSACTIONS = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
    "Get": "GetItem",
}


@pytest.fixture(scope="module")
def resources() -> Any:
    return cfn_yaml.load(str(TEMPLATE))["Resources"]


def of_type(resources: Any, kind: str) -> dict[str, Any]:
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == kind
    }


def tables_of(resources: Any) -> dict[str, Any]:
    """Each table's properties, by its name without the prefix."""
    return {
        properties["TableName"]["Fn::Sub"].removeprefix("${TablePrefix}"): properties
        for properties in of_type(resources, "AWS::DynamoDB::Table").values()
    }


def test_the_tables_are_those_that_the_code_makes(resources: Any) -> None:
    made = tables_of(resources)
    wanted = {each["TableName"]: each for each in Tables().create_requests()}

    assert made.keys() == wanted.keys()
    for name, request in wanted.items():
        for said in ("KeySchema", "AttributeDefinitions", "BillingMode"):
            assert made[name][said] == request[said], name
    expiring = {
        name: properties["TimeToLiveSpecification"]
        for name, properties in made.items()
        if "TimeToLiveSpecification" in properties
    }
    assert expiring == {
        request["TableName"]: request["TimeToLiveSpecification"]
        for request in Tables().time_to_live_requests()
    }


def test_what_was_counted_is_kept_and_what_holds_salts_is_not(resources: Any) -> None:
    """A backup of a destroyed salt would tell again who came twice."""
    recovered = {
        name
        for name, properties in tables_of(resources).items()
        if properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    }
    tables = [
        resource
        for resource in resources.values()
        if resource["Type"] == "AWS::DynamoDB::Table"
    ]

    assert recovered == {"siteVisits", "visitRollups", "counters"}
    assert {each["DeletionPolicy"] for each in tables} == {"Retain"}
    assert all(each["Properties"]["DeletionProtectionEnabled"] for each in tables)


def test_no_address_is_logged_and_logs_are_short(resources: Any) -> None:
    """API Gateway's access log would hold readers' addresses."""
    (api,) = of_type(resources, "AWS::Serverless::HttpApi").values()
    (log,) = of_type(resources, "AWS::Logs::LogGroup").values()

    assert "AccessLogSettings" not in api
    assert log["RetentionInDays"] == 14


def test_the_cost_is_bounded(resources: Any) -> None:
    (function,) = of_type(resources, "AWS::Serverless::Function").values()
    (api,) = of_type(resources, "AWS::Serverless::HttpApi").values()
    (budget,) = of_type(resources, "AWS::Budgets::Budget").values()

    assert "ReservedConcurrentExecutions" in function
    assert "ThrottlingRateLimit" in api["DefaultRouteSettings"]
    assert budget["Budget"]["BudgetLimit"]["Unit"] == "USD"


def test_the_function_is_ours(resources: Any) -> None:
    (function,) = of_type(resources, "AWS::Serverless::Function").values()
    events = function["Events"]

    assert function["Handler"] == HANDLER
    assert events["Api"]["Properties"]["PayloadFormatVersion"] == "2.0"
    assert json.loads(events["Salts"]["Properties"]["Input"]) == DESTROY_SALTS


def test_the_policy_is_what_the_function_calls(
    resources: Any, store: Store, dynamodb_local_endpoint: str
) -> None:
    """No less, or a visit is refused; no more, or a fault of ours reaches further."""
    (function,) = of_type(resources, "AWS::Serverless::Function").values()
    logical = {
        name: properties["TableName"]["Fn::Sub"].removeprefix("${TablePrefix}")
        for name, properties in of_type(resources, "AWS::DynamoDB::Table").items()
    }
    granted = {
        (logical[statement["Resource"]["Fn::GetAtt"][0]], action.partition(":")[2])
        for policy in function["Policies"]
        for statement in policy["Statement"]
        for action in statement["Action"]
    }

    used = permissions_used(store, dynamodb_local_endpoint)

    asked = {each["rawPath"] for each in everything()}
    by_a_browser = {"/login", "/logout", "/sites/remove"}
    assert {path for path in routes() if "{" not in path} <= asked | by_a_browser
    assert used - granted == set()
    assert granted - used == set()


def permissions_used(store: Store, endpoint: str) -> set[Permission]:
    """What a function calls when it is asked for everything that it can do."""
    used: set[Permission] = set()

    def note(params: Mapping[str, Any], model: Any, **_: object) -> None:
        used.update(permissions(model.name, params))

    prepare(store)
    conflict = cancelled([NO_REASON, CONFLICT_REASON])
    faults = Faults(only={"TransactWriteItems": ["none", "none", conflict]})
    with (
        Proxy(endpoint, faults=faults) as proxy,
        closing(
            Function(
                {
                    "FOOTFALL_STORE": f"dynamodb:{proxy.url}",
                    "FOOTFALL_TABLE_PREFIX": PREFIX,
                    "FOOTFALL_BREAKDOWNS": "all",
                    "FOOTFALL_PUBLIC_CLAIMS": "1",
                }
            )
        ) as function,
    ):
        events: Any = function.store.client
        events.meta.events.register("provide-client-params.dynamodb", note)
        statuses = [function.answer(each)["statusCode"] for each in everything()]
        signed = [answer["statusCode"] for answer in signing_in(function)]
    assert signed == [303, 200, 303, 303]
    assert {status for status in statuses if status >= 500} == set(), statuses
    assert faults.tally["TransactionCanceledException"] == 1
    return used


def permissions(operation: str, params: Mapping[str, Any]) -> Iterator[Permission]:
    """The permissions that a call needs."""
    if operation in ("TransactWriteItems", "TransactGetItems"):
        for action in params["TransactItems"]:
            for kind, content in action.items():
                yield bare(content["TableName"]), IN_TRANSACTIONS[kind]
    elif operation in ("BatchGetItem", "BatchWriteItem"):
        for table in params["RequestItems"]:
            yield bare(table), operation
    else:
        yield bare(params["TableName"]), operation


def bare(table: str) -> str:
    return table.removeprefix(PREFIX)


def prepare(store: Store) -> None:
    """A published site, one made by hand, one whose number is none, an old salt.

    And the owner's password, and a token.
    """
    set_password(store, PASSWORD)
    store.client.put_item(
        TableName=store.tables.settings,
        Item={
            "kind": {"S": "token"},
            "name": {"S": digest(TOKEN)},
            "scopes": {"SS": ["administer"]},
            "label": {"S": ""},
            "createdAt": {"N": "1"},
            "siteUrl": {"S": ""},
        },
    )
    site = load_sites(store).named(SITE)
    change_site(store, site, published=True)
    for url, visits in (("https://hand.example/", "N"), ("https://text.example/", "S")):
        store.client.put_item(
            TableName=store.tables.site_visits,
            Item={"siteUrl": {"S": url}, "visits": {visits: "5"}},
        )
    store.client.put_item(
        TableName=store.tables.settings,
        Item={
            "kind": {"S": "salt"},
            "name": {"S": "UTC 2020-01-01"},
            "salt": {"B": b"0" * 16},
        },
    )


def everything() -> Iterator[dict[str, Any]]:
    """Every route, as a page, a reader or the owner would ask for it."""
    for number in range(4):  # the third meets a conflict, and moves to a shard
        yield visit(f"v{number}", SITE + "a", referrer="https://n.example/", width=390)
    yield visit("v0", SITE + "a")
    yield visit("v4", SITE, event="signup")
    yield visit("v5", "https://hand.example/")
    yield visit("v6", "https://text.example/")
    yield visit("v7", "https://nobody.example/")
    yield event("GET", f"/v1/pixel.gif?url={SITE}")
    for path in OF_A_SITE:
        yield owners("GET", f"{path}?site={SITE}")
    for path in WITHOUT_A_SITE:
        yield owners("GET", path)
    yield owners("GET", "/v1/sites")
    yield owners("GET", f"/v1/sites?site={SITE}")
    yield owners("POST", "/v1/sites", b'{"site": "https://new.example/"}')
    yield owners("PATCH", f"/v1/sites?site={SITE}", b'{"rate_limit": 9}')
    yield owners("DELETE", "/v1/sites?site=https://hand.example/")
    yield owners("PUT", "/v1/counters/a", b'{"value": 1}')
    yield owners("POST", "/v1/counters/a/add", b'{"amount": 2}')
    yield owners("POST", "/v1/counters/a/add", b'{"amount": 2, "id": "i1"}')
    yield owners("PUT", "/v1/counters/b", b'{"value": 300, "floor": 0}')
    for number in range(CLAIMS):
        yield owners("POST", "/v1/counters/b/claim", b'{"id": "c%d"}' % number)
    for name in "ab":
        yield owners("GET", f"/v1/counters/{name}")
        yield owners("DELETE", f"/v1/counters/{name}")


def owners(method: str, target: str, body: bytes | None = None) -> dict[str, Any]:
    """A request of the owner, or of a program of theirs that has a token."""
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"}
    return event(method, target, body, headers=headers)


def signing_in(function: Function) -> Iterator[dict[str, Any]]:
    """The owner's browser signs in, comes back a day later, and signs out."""
    form = urlencode({"password": PASSWORD, "next": "/sites"}).encode()
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "origin": f"https://{HOST}",
    }
    answer = function.answer(event("POST", "/login", form, headers=headers))
    yield answer
    cookies = [each.partition(";")[0] for each in answer["cookies"]]
    yield function.answer(event("GET", "/sites", cookies=cookies))
    yield function.answer(
        event("POST", "/logout", b"", headers=headers, cookies=cookies)
    )
    yield function.answer(event("GET", "/sites", cookies=cookies))
