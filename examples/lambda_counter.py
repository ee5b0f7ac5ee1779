"""A visitor counter as one function on AWS Lambda, each visit counted once.

POST with {"id": "..."} counts and answers the number; GET answers it. The page makes the
id, and keeps it for whatever it sends again. Behind an HTTP API or a Function URL. The
package is this file and the folder src/footfall, whose library needs boto3 alone, which
Lambda has.

    SITE    the key of the site's item in siteVisits, "https://example.com/"

`footfall tables create` and `footfall sites add` make the tables and the item.
"""

import base64
import json
import os
from typing import Any

import boto3

import footfall

visits = footfall.Counter(
    boto3.client("dynamodb"),
    table="siteVisits",
    key={"siteUrl": os.environ["SITE"]},
    attribute="visits",
)


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """Answer one request."""
    try:
        if event["requestContext"]["http"]["method"] == "POST":
            visits.add_once(1, id=visit_id(event))
        return answer(200, {"visits": visits.value()})
    except (ValueError, footfall.InvalidInputError) as error:
        return answer(400, {"error": f'send {{"id": "..."}}: {error}'})
    except footfall.FootfallError as error:  # perhaps counted: the same id finds out
        print(f"refused: {error}")
        return answer(503, {"error": "send it again, with the same id"})


def visit_id(event: dict[str, Any]) -> str:
    """The id in the request's body; ValueError if there is none."""
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body)
    said = json.loads(body)
    if not isinstance(said, dict) or not isinstance(said.get("id"), str):
        raise ValueError("there is no id")
    return str(said["id"])


def answer(status: int, content: dict[str, Any]) -> dict[str, Any]:
    """An answer that every page may read. Set no CORS on the Function URL as well."""
    return {
        "statusCode": status,
        "headers": {
            "access-control-allow-origin": "*",
            "cache-control": "no-store",
            "content-type": "application/json",
        },
        "body": json.dumps(content),
    }
