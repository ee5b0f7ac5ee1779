"""Errors look as botocore's do, so that code written for boto3 handles them."""

import pytest
from botocore.exceptions import ClientError as BotocoreClientError

from footfall.embedded.exceptions import (
    ClientError,
    ConditionalCheckFailedException,
    Exceptions,
    InternalServerError,
    ResourceNotFoundException,
    ValidationException,
)


def test_error_prints_as_botocore_prints_it() -> None:
    """Logs and messages stay the same when boto3 is exchanged for the engine."""
    ours = ValidationException("It is wrong").at("PutItem")
    theirs = BotocoreClientError(
        {"Error": {"Code": "ValidationException", "Message": "It is wrong"}}, "PutItem"
    )

    assert str(ours) == str(theirs)
    assert ours.operation_name == theirs.operation_name


def test_error_carries_botocores_response() -> None:
    """`error.response["Error"]["Code"]` is what most code looks at."""
    error = ConditionalCheckFailedException(Item={"a": {"N": "1"}}).at("PutItem", "ID")

    assert error.response["Error"] == {
        "Code": "ConditionalCheckFailedException",
        "Message": "The conditional request failed",
    }
    assert error.response["Item"] == {"a": {"N": "1"}}
    assert error.response["ResponseMetadata"]["RequestId"] == "ID"
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_only_a_failure_of_the_engine_is_a_500() -> None:
    """A 500 makes SDKs retry; everything else is the request's own fault."""
    assert (
        InternalServerError("x").response["ResponseMetadata"]["HTTPStatusCode"] == 500
    )
    assert ResourceNotFoundException().status == 400


@pytest.mark.parametrize("subclass", ClientError.__subclasses__())
def test_every_error_is_named_by_exceptions(subclass: type[ClientError]) -> None:
    """`client.exceptions.X` must exist for every X that can be raised."""
    assert getattr(Exceptions(), subclass.__name__) is subclass


def test_exceptions_has_the_common_base() -> None:
    """`except client.exceptions.ClientError` catches everything."""
    assert Exceptions().ClientError is ClientError
