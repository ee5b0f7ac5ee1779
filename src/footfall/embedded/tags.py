"""The tags of tables: TagResource, UntagResource, ListTagsOfResource.

Tags change nothing; tools that make tables, such as Terraform, set and read them.

Source: Amazon DynamoDB API Reference, TagResource; Developer Guide, "Tagging
restrictions".
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from footfall.embedded.definitions import table_arn
from footfall.embedded.exceptions import (
    ResourceNotFoundException,
    SerializationException,
    ValidationException,
)
from footfall.embedded.items import Answer
from footfall.embedded.schema import Table
from footfall.embedded.storage import Session
from footfall.embedded.validation import Form, Parameter, check_form

TAGS_MAX = 50

Request = Mapping[str, Any]

_TAG = Form(
    {
        "Key": Parameter(str, required=True, low=1, high=128),
        "Value": Parameter(str, required=True, low=0, high=256),
    }
)
_TEXT = re.compile(r"[\w\s.:/=+@-]*")  # letters and digits of any script
_ARN = re.compile(r"arn:aws:dynamodb:[^:]*:[^:]*:table/(?P<table>[^/]+)")
_INVALID = "One or more parameter values were invalid: "


def tag_resource(session: Session, request: Request) -> Answer:
    """TagResource: adds tags to a table, or gives those it has other values."""
    table = _table(session, request["ResourceArn"])
    if not request["Tags"]:
        raise ValidationException(f"{_INVALID}At least one tag must be given")
    tags = tags_of(request["Tags"], dict(table.tags))
    session.update_table(msgspec.structs.replace(table, tags=tags))
    return {}


def untag_resource(session: Session, request: Request) -> Answer:
    """UntagResource: takes tags from a table; those it has not are fine."""
    table = _table(session, request["ResourceArn"])
    gone = request["TagKeys"]
    if not gone:
        raise ValidationException(f"{_INVALID}At least one tag key must be given")
    if not all(isinstance(key, str) for key in gone):
        raise SerializationException("Unexpected field type")
    tags = tuple((key, value) for key, value in table.tags if key not in gone)
    session.update_table(msgspec.structs.replace(table, tags=tags))
    return {}


def list_tags_of_resource(session: Session, request: Request) -> Answer:
    """ListTagsOfResource; all of them in one page."""
    table = _table(session, request["ResourceArn"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in table.tags]}


def tags_of(
    given: list[Any], before: dict[str, str] | None = None
) -> tuple[tuple[str, str], ...]:
    """A table's tags, after a request gives it some more.

    Raises:
        ValidationException: A tag is not valid, or there are too many.
    """
    tags = dict(before or {})
    for number, tag in enumerate(given, 1):
        if not isinstance(tag, dict):
            raise SerializationException("Unexpected field type")
        check_form(tag, _TAG, f"tags.{number}.member.")
        key, value = tag["Key"], tag["Value"]
        if not _TEXT.fullmatch(key) or not _TEXT.fullmatch(value):
            raise ValidationException(
                f"{_INVALID}A tag may have letters, digits, blanks and . : / = + - @ _"
                f" only. Key: {key}, Value: {value}"
            )
        tags[key] = value
    if len(tags) > TAGS_MAX:
        raise ValidationException(
            f"{_INVALID}Too many tags: {len(tags)}. A table may have {TAGS_MAX} tags"
        )
    return tuple(tags.items())


def _table(session: Session, arn: str) -> Table:
    if not arn.startswith("arn:"):
        raise ValidationException(
            f"Invalid TableArn: ARNs must start with 'arn:': {arn}"
        )
    match = _ARN.fullmatch(arn)
    if match is None:
        raise ValidationException(
            f"Invalid TableArn: Invalid ResourceArn provided as input {arn}"
        )
    table = session.table(match["table"])
    if table is None or arn != table_arn(table.name):
        raise ResourceNotFoundException(
            f"Requested resource not found: ResourcArn: {arn} not found"
        )
    return table
