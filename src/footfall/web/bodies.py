"""Requests' bodies: bounded, of a known type, decoded into what they should be."""

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qs

import msgspec

from footfall.errors import InvalidInputError
from footfall.web.problems import HttpError

if TYPE_CHECKING:  # a function on Lambda counts without it
    from starlette.requests import Request

BODY_BYTES_MAX = 8 * 1024

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Decoded = TypeVar("Decoded")

_FORM_TYPE = "application/x-www-form-urlencoded"
_FIELDS_MAX = 50
_JSON_TYPES = frozenset({b"application/json", b"text/plain"})
_PLACE = re.compile(r"(.*?)(?: - at `\$?\.?(.*)`)?", re.DOTALL)
_FIELD = re.compile(r"field `(\w+)`")


class DisconnectedError(Exception):
    """The other side has gone before its request was whole."""


async def read_body(receive: Receive) -> bytes:
    """The request's whole body.

    Raises:
        HttpError: It is larger than `BODY_BYTES_MAX`.
        DisconnectedError: The other side has gone.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body") and len(body) <= BODY_BYTES_MAX:
        message = await receive()
        body += message.get("body", b"")
    if message["type"] == "http.disconnect":
        raise DisconnectedError
    check_size(body)
    return body


async def form_of(request: "Request") -> dict[str, list[str]]:
    """The fields of a form that a page sent; a field may have several values.

    Raises:
        HttpError: It is none, is larger than `BODY_BYTES_MAX`, or has too many fields.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM_TYPE:
        raise HttpError(415, "Not a form", f"send it with Content-Type: {_FORM_TYPE}")
    body = b""
    async for part in request.stream():
        body += part
        check_size(body)
    try:
        return parse_qs(
            body.decode("latin-1"), keep_blank_values=True, max_num_fields=_FIELDS_MAX
        )
    except ValueError as error:
        raise HttpError(
            400, "Not valid", f"a form may have {_FIELDS_MAX} fields"
        ) from error


async def json_body(request: "Request") -> bytes:
    """A Starlette request's whole body, which says that it is JSON.

    Raises:
        HttpError: It is of another type, or larger than `BODY_BYTES_MAX`.
        ClientDisconnect: The other side has gone; Starlette ends the request.
    """
    check_json_type(request.scope["headers"])
    return await whole_body(request)


async def whole_body(request: "Request") -> bytes:
    """A Starlette request's whole body, of any type.

    Raises:
        HttpError: It is larger than `BODY_BYTES_MAX`.
        ClientDisconnect: The other side has gone; Starlette ends the request.
    """
    body = b""
    async for part in request.stream():
        body += part
        check_size(body)
    return body


def check_size(body: bytes) -> None:
    """Refuse a body that is too large.

    Raises:
        HttpError: It is larger than `BODY_BYTES_MAX`.
    """
    if len(body) > BODY_BYTES_MAX:
        raise HttpError(
            413, "Too large", f"a body may have {BODY_BYTES_MAX} bytes; send less"
        )


def check_json_type(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Refuse a body that does not say it is JSON, or plain text.

    Plain text is what a page may send to another origin without a preflight.

    Raises:
        HttpError: The Content-Type is another.
    """
    for name, value in headers:
        if name == b"content-type":
            # RFC 9110, 8.3.1: types are compared without case.
            if value.partition(b";")[0].strip().lower() in _JSON_TYPES:
                return
            break
    raise HttpError(
        415,
        "Not JSON",
        "send a JSON object with Content-Type: application/json, or text/plain",
    )


def decode(decoder: msgspec.json.Decoder[Decoded], body: bytes) -> Decoded:
    """The body as what the decoder makes of it.

    Raises:
        InvalidInputError: It is not JSON, or a field is missing, unknown or wrong; the
            field is named.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        matched = _PLACE.fullmatch(str(error))
        problem, place = matched.groups() if matched else (str(error), None)
        named = _FIELD.search(problem)
        field = place or (named.group(1) if named else "body")
        raise InvalidInputError(field, problem) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError("body", f"is not JSON: {error}") from error
