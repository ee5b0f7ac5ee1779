"""Events of payload format 2.0 in, ASGI's words out, and answers back."""

import base64

import pytest

from footfall.errors import InvalidInputError
from footfall.web.exchange import Reply
from footfall.web.payload import body_of, event_reply, is_request, scope_of
from tests.lambda_runtime import event


def test_a_request_is_read() -> None:
    """The path without its stage and as it is meant, each header under its name."""
    made = event(
        "GET",
        "/v1/counters/caf%C3%A9?a=1&b=%20",
        headers={"X-Upper": "ä"},
        cookies=["a=1", "b=2"],
        stage="prod",
    )

    scope = scope_of(made)

    assert is_request(made)
    assert (scope["method"], scope["path"]) == ("GET", "/v1/counters/café")
    assert scope["query_string"] == b"a=1&b=%20"
    assert scope["client"] == ("203.0.113.7", 0)
    headers = dict(scope["headers"])
    assert headers[b"x-upper"] == "ä".encode()
    assert headers[b"cookie"] == b"a=1; b=2"


def test_a_path_that_begins_like_a_stage_is_left() -> None:
    """The default stage is not in the path."""
    assert scope_of(event("GET", "/prod/x"))["path"] == "/prod/x"


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        ({"body": "grüße", "isBase64Encoded": False}, "grüße".encode()),
        ({"body": "aGk=", "isBase64Encoded": True}, b"hi"),
        ({"isBase64Encoded": False}, b""),
        ({"body": None}, b""),
    ],
)
def test_a_body_is_read(sent: dict[str, object], body: bytes) -> None:
    """API Gateway encodes what is of a type that it does not know as text."""
    assert body_of({**event("POST", "/"), **sent}) == body


def test_a_body_that_is_no_base64_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="base64"):
        body_of({"body": "%", "isBase64Encoded": True})


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"version": "1.0", "httpMethod": "GET"},
        {"version": "2.0", "requestContext": {}},
        {"Records": []},
    ],
)
def test_what_is_no_request_is_told_apart(other: dict[str, object]) -> None:
    assert not is_request(other)


def test_an_answer_is_written() -> None:
    """Cookies apart, other headers of one name joined, what is no text as base64."""
    text = Reply(
        200,
        [
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2; Secure"),
            (b"vary", b"origin"),
            (b"vary", b"accept"),
        ],
        "grüße".encode(),
    )
    picture = Reply(200, [(b"content-type", b"image/gif")], b"GIF\x80")

    assert event_reply(text) == {
        "statusCode": 200,
        "headers": {"vary": "origin, accept"},
        "cookies": ["a=1", "b=2; Secure"],
        "body": "grüße",
        "isBase64Encoded": False,
    }
    written = event_reply(picture)
    assert written["isBase64Encoded"]
    assert base64.b64decode(written["body"]) == b"GIF\x80"
    assert "cookies" not in written
