"""What the tests of the operations share: tables of any key, and refusals."""

import re
from typing import Any

import pytest

from footfall.embedded import EmbeddedClient

# What DynamoDB Local says otherwise than AWS: AWS's words, then Local's for them.
# The tests and the engine follow AWS.
_MISMATCH = "The provided key element does not match the schema"
_LOCAL_WORDS = [
    (r"Requested resource not found", r"Cannot do operations on a non-existent table"),
    (_MISMATCH, r"One of the required keys was not given a value"),
    (_MISMATCH, r"One or more parameter values .*: Type mismatch for key"),
    (_MISMATCH, r"The number of conditions on the keys is invalid"),
    (r".*: Missing the key \w+ in the item", r"One of the required keys was not .*"),
    (r".*: Type mismatch for key \w+ expected: . actual: .*", r".* mismatch for key"),
    (r".*Input collection .* contains duplicates\.", r".*Input .* duplicates"),
    (r"(.*)The parameter cannot be converted .*", r"(.*)A value provided cannot be .*"),
    (r".*not found: Table: .* not found", r"Cannot do operations on a non-existent.*"),
    (
        r".*(hashkey has|range keys has) exceeded the .* limit .*",
        r"Hash primary key .*",
    ),
    (r"(Nesting Levels have exceeded .*) Attributes can .*", r"Nesting Levels .*"),
    (r".* at 'limit' .* greater than or equal to 1", r"Limit must be .* equal to 1"),
    (r"1 validation error detected: .*", r"Value .* failed to satisfy constraint: .*"),
    (r".* at 'requestItems' .*", r"Batch(Get|Write)Item .* requests set"),
    (r"The provided starting key is invalid: .*", r"Exclusive Start Key must have .*"),
    (r"The provided starting key is outside .*", r"The provided starting key does .*"),
    (r".*: ALL_PROJECTED_ATTRIBUTES can be used .*", r"ALL_PROJECTED_ATTRIBUTES .*"),
    (r".*: (Must|Cannot) specify the .*", r"(Must|Cannot) specify the .*"),
    (r"The TotalSegments parameter is required .*", r"If segment is specified, .*"),
    (r"The Segment parameter is required .*", r"If total segments is specified, .*"),
    (r"The Segment parameter is zero-based .*", r".* at 'segment' failed .*"),
    (r".* first KeySchemaElement is not a HASH .*", r"No Hash Key specified .*"),
    (r".* second KeySchemaElement is not a RANGE .*", r"Too many hash keys .*"),
    (r"Both the Hash Key and the Range Key .*", r"Two keys can not have the same name"),
    (r".*: Some index key attributes are not defined .*", r"Hash Key not specified .*"),
    (r".*: Number of attributes in KeySchema .*", r"The number of attributes in .*"),
    (r".*: Duplicate AttributeName .*", r"Cannot have two attributes with the same.*"),
    (r".*: Type mismatch for Index Key .*", r".*: Type mismatch for Index Key"),
    (r".*: Type mismatch for Index Key .*", r"Invalid attribute value type"),
    (r".* hashkey has exceeded the maximum .*", r".*: Size limit exceeded"),
    (r"Consistent reads are not supported .*", r"Consistent read cannot be true .*"),
    (r".*: Duplicate index name: .*", r"Two global .* same name"),
    (
        r".*: Some index key attributes are .*",
        r"Global Secondary Index hash key not .*",
    ),
    (r".*: Unknown ProjectionType: null", r"Indexes must have a projection specified"),
    (r".* but NonKeyAttributes is not .*", r"If Projection type INCLUDE is .*"),
    (r".* but NonKeyAttributes is specified", r"No attributes should be specified .*"),
    (r".*: List of GlobalSecondaryIndexes is .*", r"GSI list is empty/invalid"),
    (r".* not have the same leading hash key .*", r"Local Secondary indices must .*"),
    (
        r".*: Index KeySchema does not have a .*",
        r"Local secondary indices must have .*",
    ),
    (r".*: LocalSecondaryIndex count exceeds .*", r"Cannot have more than 5 local .*"),
    (r"At least one of ProvisionedThroughput, .*", r"Nothing to update"),
    (r".*: One of GlobalSecondaryIndexUpdate.*", r"Update global secondary index .*"),
    (r".*: Some index key attributes are .*", r"No Attribute Schema Defined"),
    (r".*: ReadCapacityUnits and .* be specified .*", r"No provisioned throughput .*"),
    (r".*: Duplicate value in attribute name.*", r"Cannot have two attributes with .*"),
    (r"Attempted conditional constraint is .*", r"Query key condition not supported"),
    (r"Attempting to store more than 38 .*", r"DynamoDB only supports .* 38 digits"),
]


def create_table(client: Any, name: str, **keys: str) -> None:
    """Create a table on demand; `keys` are the names and types of its key."""
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": kind} for key, kind in keys.items()
        ],
        KeySchema=[
            {"AttributeName": key, "KeyType": key_type}
            for key, key_type in zip(keys, ("HASH", "RANGE"), strict=False)
        ],
    )


def assert_refused(
    client: Any, refusal: tuple[str, str], method: str, **request: Any
) -> None:
    """Assert that a request is refused with this code and AWS's words for it."""
    with pytest.raises(client.exceptions.ClientError) as caught:
        getattr(client, method)(**request)
    error = caught.value.response["Error"]

    refused = error["Code"], error["Message"]
    if not isinstance(client, EmbeddedClient):
        refused = refused[0], as_aws_says(refused[1], refusal[1])
    assert refused == refusal, f"{refused} is not {refusal}"


def as_aws_says(said: str, words: str) -> str:
    """AWS's words for what DynamoDB Local said, if these are they."""
    for aws, local in _LOCAL_WORDS:
        if re.fullmatch(aws, words, re.DOTALL) and re.fullmatch(local, said, re.DOTALL):
            return words
    return said


def invalid(words: str) -> tuple[str, str]:
    """The refusal of a request that is not valid."""
    return "ValidationException", words


NO_TABLE = ("ResourceNotFoundException", "Requested resource not found")
