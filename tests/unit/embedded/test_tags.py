"""Tags of tables; DynamoDB Local has none, so these are the engine's alone."""

from collections.abc import Iterator
from typing import Any

import pytest

from footfall.embedded import EmbeddedClient
from tests.contract.requests import create_table


@pytest.fixture
def client() -> Iterator[EmbeddedClient]:
    with EmbeddedClient(":memory:") as client:
        create_table(client, "items", id="S")
        yield client


def arn(client: Any) -> str:
    return str(client.describe_table(TableName="items")["Table"]["TableArn"])


def test_tags_come_and_go(client: Any) -> None:
    """A key given again has its new value."""
    tags: Any = [{"Key": "team", "Value": "web"}, {"Key": "Größe", "Value": ""}]
    client.tag_resource(ResourceArn=arn(client), Tags=tags)
    client.tag_resource(
        ResourceArn=arn(client), Tags=[{"Key": "team", "Value": "data"}]
    )
    client.untag_resource(ResourceArn=arn(client), TagKeys=["Größe", "never there"])

    listed = client.list_tags_of_resource(ResourceArn=arn(client))["Tags"]
    assert listed == [{"Key": "team", "Value": "data"}]


def test_a_table_is_created_with_tags(client: Any) -> None:
    tags = [{"Key": "team", "Value": "web"}]
    client.create_table(
        TableName="tagged",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        Tags=tags,
    )
    tagged = client.describe_table(TableName="tagged")["Table"]["TableArn"]
    listed = client.list_tags_of_resource(ResourceArn=tagged)["Tags"]

    assert listed == tags


@pytest.mark.parametrize(
    "tags",
    [
        [],
        [{"Key": "", "Value": "x"}],
        [{"Key": "x" * 129, "Value": "x"}],
        [{"Key": "x", "Value": "x" * 257}],
        [{"Key": str(number), "Value": "x"} for number in range(51)],
    ],
    ids=["none", "no-key", "long-key", "long-value", "many"],
)
def test_tags_that_cannot_be_are_refused(client: Any, tags: Any) -> None:
    with pytest.raises(client.exceptions.ValidationException):
        client.tag_resource(ResourceArn=arn(client), Tags=tags)

    assert client.list_tags_of_resource(ResourceArn=arn(client))["Tags"] == []


def test_tags_of_a_table_that_is_not_there_are_refused(client: Any) -> None:
    none: Any = {"ResourceArn": f"{arn(client)}x"}
    for method, request in (
        ("list_tags_of_resource", none),
        ("tag_resource", {**none, "Tags": [{"Key": "k", "Value": "v"}]}),
        ("untag_resource", {**none, "TagKeys": ["k"]}),
    ):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            getattr(client, method)(**request)


@pytest.mark.parametrize("resource", ["items", "arn:aws:s3:::items"])
def test_what_is_no_table_has_no_tags(client: Any, resource: str) -> None:
    with pytest.raises(client.exceptions.ValidationException, match="Invalid TableArn"):
        client.list_tags_of_resource(ResourceArn=resource)


def test_an_index_has_no_tags_of_its_own(client: Any) -> None:
    with pytest.raises(client.exceptions.ValidationException, match="ResourceArn"):
        client.list_tags_of_resource(ResourceArn=f"{arn(client)}/index/by-city")
