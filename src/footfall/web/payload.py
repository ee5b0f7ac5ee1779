"""Requests and answers as AWS hands them to a function: payload format 2.0. Pure.

HTTP APIs of API Gateway and Function URLs send the same event. It is turned into what
ASGI says of a request (the scope and the body), and an answer into what AWS expects.

Source: API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP
APIs"; Lambda Developer Guide, "Invoking Lambda function URLs". ASGI specification,
"HTTP & WebSocket ASGI Message Format".
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from footfall.errors import InvalidInputError
from footfall.web.bodies import Scope
from footfall.web.exchange import Reply

VERSION = "2.0"
_DEFAULT_STAGE = "$default"
_HTTPS_PORT = 443

Event = Mapping[str, Any]


def is_request(event: Event) -> bool:
    """Whether an event is a request in this format."""
    return event.get("version") == VERSION and "http" in event.get("requestContext", {})


def scope_of(event: Event) -> Scope:
    """A request as an ASGI scope, its headers' names in lower case."""
    context = event["requestContext"]
    http = context["http"]
    path: str = event["rawPath"]
    stage = context.get("stage", _DEFAULT_STAGE)
    if stage != _DEFAULT_STAGE and path.startswith(f"/{stage}/"):
        path = path.removeprefix(f"/{stage}")  # the path begins with it, then
    headers = [
        (name.lower().encode("latin-1"), value.encode("utf-8"))
        for name, value in event.get("headers", {}).items()
    ]
    if event.get("cookies"):  # they come by themselves
        headers.append((b"cookie", "; ".join(event["cookies"]).encode("utf-8")))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": http["method"],
        "scheme": "https",
        "path": unquote(path),
        "raw_path": path.encode("utf-8"),
        "root_path": "",
        "query_string": event.get("rawQueryString", "").encode("utf-8"),
        "headers": headers,
        "client": (http.get("sourceIp", ""), 0),
        "server": (context.get("domainName", ""), _HTTPS_PORT),
    }


def body_of(event: Event) -> bytes:
    """A request's body; AWS encodes what is no text, and some text too.

    Raises:
        InvalidInputError: It is not the base64 that it is said to be.
    """
    body: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError("body", f"is not base64: {error}") from error


def event_reply(reply: Reply) -> dict[str, Any]:
    """An answer as AWS expects it; a body that is no text goes as base64."""
    headers: dict[str, str] = {}
    cookies: list[str] = []
    for raw_name, raw_value in reply.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name == "set-cookie":
            cookies.append(value)  # the one header whose lines cannot be joined
        else:
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
    try:
        body, encoded = reply.body.decode("utf-8"), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(reply.body).decode("ascii"), True
    answer: dict[str, Any] = {
        "statusCode": reply.status,
        "headers": headers,
        "body": body,
        "isBase64Encoded": encoded,
    }
    return answer | {"cookies": cookies} if cookies else answer
