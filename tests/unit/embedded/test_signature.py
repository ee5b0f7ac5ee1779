"""Signatures, made by botocore's own signer and by hand, over real HTTP."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from footfall.embedded import exceptions
from footfall.embedded.signature import claim_of
from tests.unit.embedded.test_server import Endpoint

ID, SECRET = "AKIAOURS", "a secret of more than sixteen letters"
KEYS = {ID: SECRET}
BODY = b'{"Limit":1}'
ANSWER = b'{"TableNames":[]}'

Headers = dict[str, str]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    """An endpoint that asks for signatures."""
    with closing(Endpoint(":memory:", keys=KEYS)) as endpoint:
        yield endpoint


def signed(
    port: int,
    body: bytes = BODY,
    *,
    id: str = ID,
    secret: str = SECRET,
    token: str | None = None,
    service: str = "dynamodb",
    query: str = "",
    more: Headers | None = None,
) -> Headers:
    """The headers of a request, as botocore signs it."""
    request = AWSRequest(
        "POST",
        f"http://127.0.0.1:{port}/{query}",
        data=body,
        headers={
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
            **(more or {}),
        },
    )
    credentials = Credentials(id, secret, token)
    SigV4Auth(credentials, service, "eu-central-1").add_auth(request)
    return dict(request.headers.items())


def send(
    port: int, headers: Headers, body: bytes = BODY, path: str = "/"
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def boto3_client(endpoint: Endpoint, secret: str, **more: Any) -> Any:
    return boto3.client(
        "dynamodb",
        "us-west-2",
        endpoint_url=f"http://127.0.0.1:{endpoint.port}",
        aws_access_key_id=ID,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
        **more,
    )


def test_boto3_with_the_secret_is_answered(endpoint: Endpoint) -> None:
    """In whatever region, and whatever is in the item."""
    client = boto3_client(endpoint, SECRET)
    client.create_table(
        TableName="items",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    item = {"id": {"S": "ü\n"}, "b": {"B": b"\xff"}}
    client.put_item(TableName="items", Item=item)

    assert client.get_item(TableName="items", Key={"id": item["id"]})["Item"] == item
    client.delete_table(TableName="items")


def test_boto3_without_it_is_refused(endpoint: Endpoint) -> None:
    with pytest.raises(ClientError, match="does not match") as caught:
        boto3_client(endpoint, "another").list_tables()
    assert caught.value.response["Error"]["Code"] == "InvalidSignatureException"

    with pytest.raises(ClientError, match="token included in the request is invalid"):
        boto3_client(endpoint, SECRET, aws_session_token="temporary").list_tables()


# What a signed request may become on its way, and still be the same.
INNOCENT: dict[str, Callable[[Headers], Headers]] = {
    "as it was": lambda headers: headers,
    "in another order": lambda headers: dict(reversed(headers.items())),
    "other capitals": lambda headers: {k.swapcase(): v for k, v in headers.items()},
    "spaces inside": lambda headers: headers | {"Meerkat": "one    two"},
    "spaces around": lambda headers: headers | {"Meerkat": "one two    "},
    "commas alone": lambda headers: (
        headers | {"Authorization": headers["Authorization"].replace(", ", ",")}
    ),
    "more headers": lambda headers: headers | {"X-Forwarded-For": "10.0.0.1"},
}


@pytest.mark.parametrize("how", INNOCENT)
def test_what_proxies_may_change_changes_nothing(endpoint: Endpoint, how: str) -> None:
    headers = signed(endpoint.port, more={"Meerkat": "one two"})

    assert send(endpoint.port, INNOCENT[how](headers)) == (200, ANSWER)


def test_a_host_of_any_name_is_answered_if_it_is_signed(endpoint: Endpoint) -> None:
    """As in a container's network; no web page can sign."""
    headers = signed(endpoint.port, more={"Host": "dynamodb.internal:8000"})

    assert send(endpoint.port, headers)[0] == 200


def test_a_query_is_signed_in_its_canonical_form(endpoint: Endpoint) -> None:
    headers = signed(endpoint.port, query="?b=2&a=%20x&a=1&c")

    assert send(endpoint.port, headers, path="/?c=&a=1&a=%20x&b=2")[0] == 200


def at(moment: datetime) -> dict[str, str]:
    return {"X-Amz-Date": f"{moment:%Y%m%dT%H%M%SZ}"}


def changed(name: str, before: str, after: str) -> Callable[[int], Headers]:
    def change(port: int) -> Headers:
        headers = signed(port)
        return headers | {name: headers[name].replace(before, after)}

    return change


REFUSED: list[tuple[str, Callable[[int], Headers], str, str]] = [
    (
        "no signature",
        lambda port: {**signed(port), "Authorization": ""},
        "MissingAuthenticationTokenException",
        "Request is missing Authentication Token",
    ),
    (
        "another algorithm",
        changed("Authorization", "AWS4-HMAC-SHA256", "AWS3-HTTPS"),
        "IncompleteSignatureException",
        "Unsupported AWS 'algorithm': 'AWS3-HTTPS'",
    ),
    (
        "no credential and no signature",
        lambda port: signed(port) | {"Authorization": "AWS4-HMAC-SHA256 X=1"},
        "IncompleteSignatureException",
        "requires 'Credential' parameter. Authorization header requires 'Signature'",
    ),
    (
        "no date",
        changed("X-Amz-Date", "20", ""),
        "IncompleteSignatureException",
        "Date must be in ISO-8601",
    ),
    (
        "none of both dates",
        lambda port: {k: v for k, v in signed(port).items() if k != "X-Amz-Date"},
        "IncompleteSignatureException",
        "either a 'X-Amz-Date' or a 'Date' header",
    ),
    (
        "an old one, though of nobody known",
        lambda port: (
            signed(port, id="nobody") | at(datetime.now(UTC) - timedelta(minutes=8))
        ),
        "InvalidSignatureException",
        "Signature expired: ",
    ),
    (
        "one of the future",
        lambda port: signed(port) | at(datetime.now(UTC) + timedelta(minutes=8)),
        "InvalidSignatureException",
        "Signature not yet current: ",
    ),
    (
        "somebody unknown",
        lambda port: signed(port, id="nobody"),
        "UnrecognizedClientException",
        "security token included in the request is invalid",
    ),
    (
        "another service",
        lambda port: signed(port, service="s3"),
        "InvalidSignatureException",
        "scoped to correct service: 'dynamodb'",
    ),
    (
        "another terminator",
        changed("Authorization", "aws4_request", "aws5_request"),
        "InvalidSignatureException",
        "valid terminator: 'aws4_request'",
    ),
    (
        "a scope of three parts",
        changed("Authorization", "/dynamodb/aws4_request", "/dynamodb"),
        "IncompleteSignatureException",
        "exactly 5 slash-delimited elements",
    ),
    (
        "another day's scope",
        lambda port: changed(
            "Authorization", f"/{datetime.now(UTC):%Y%m%d}/", "/20200101/"
        )(port),
        "InvalidSignatureException",
        "Date in Credential scope does not match",
    ),
    (
        "a target that is not signed",
        changed("Authorization", ";x-amz-target", ""),
        "InvalidSignatureException",
        "'X-Amz-Target' must be a 'SignedHeader'",
    ),
    (
        "a host that is not signed",
        changed("Authorization", "host;", ""),
        "InvalidSignatureException",
        "'Host' must be a 'SignedHeader'",
    ),
    (
        "another operation",
        changed("X-Amz-Target", "ListTables", "DescribeLimits"),
        "InvalidSignatureException",
        "does not match the signature",
    ),
    (
        "another body",
        lambda port: signed(port, b'{"Limit":2}'),
        "InvalidSignatureException",
        "does not match the signature",
    ),
    (
        "a body that is said not to be signed",
        lambda port: signed(port, more={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}),
        "InvalidSignatureException",
        "does not match the signature",
    ),
    (
        "a chunked signature",
        lambda port: signed(
            port, more={"X-Amz-Content-SHA256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"}
        ),
        "InvalidSignatureException",
        "does not match the signature",
    ),
    (
        "a signature in letters of no alphabet",
        changed("Authorization", "Signature=", "Signature=\xe9"),
        "InvalidSignatureException",
        "does not match the signature",
    ),
]


@pytest.mark.parametrize(
    ("make", "code", "says"),
    [case[1:] for case in REFUSED],
    ids=[c[0] for c in REFUSED],
)
def test_what_is_not_signed_as_it_must_be_is_refused(
    endpoint: Endpoint, make: Callable[[int], Headers], code: str, says: str
) -> None:
    """With AWS's codes and words, and its status 400."""
    status, body = send(endpoint.port, make(endpoint.port))

    answer = json.loads(body)
    assert (status, answer["__type"]) == (400, f"com.amazon.coral.service#{code}")
    assert says in answer["message" if "message" in answer else "Message"]


def test_a_signature_in_the_query_is_none(endpoint: Endpoint) -> None:
    """DynamoDB's requests are not presigned."""
    path = f"/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={ID}&X-Amz-Signature=1"
    headers = signed(endpoint.port)
    del headers["Authorization"]

    assert b"MissingAuthentication" in send(endpoint.port, headers, path=path)[1]


def test_the_date_header_will_do() -> None:
    """Where there is no X-Amz-Date."""
    headers = [
        (
            b"authorization",
            b"AWS4-HMAC-SHA256 Credential=AKIAOURS/20261125/x/dynamodb/aws4_request,"
            b"SignedHeaders=date;host,Signature=0",
        ),
        (b"date", b"Wed, 25 Nov 2026 20:00:00 GMT"),
    ]
    now = datetime(2026, 11, 25, 20, 1, tzinfo=UTC)

    assert claim_of(headers, KEYS, now).time == "20261125T200000Z"


HEADER = st.text(st.characters(max_codepoint=255), max_size=40)


@given(
    authorization=HEADER
    | st.builds(
        "AWS4-HMAC-SHA256 Credential={}, SignedHeaders={}, Signature={}".format,
        HEADER | st.just("AKIAOURS/20261125/x/dynamodb/aws4_request"),
        HEADER,
        HEADER,
    ),
    date=HEADER
    | st.sampled_from(["20261125T200000Z", "Fri, 31 Dec 9999 23:59:59 -1200"]),
    name=st.sampled_from([b"date", b"x-amz-date"]),
    query=st.binary(max_size=20),
    body=st.binary(max_size=20),
)
def test_any_headers_are_refused_with_one_of_awss_errors(
    authorization: str, date: str, name: bytes, query: bytes, body: bytes
) -> None:
    """Never with a failure of ours."""
    headers = [
        (b"authorization", authorization.encode("latin-1")),
        (name, date.encode("latin-1")),
    ]
    now = datetime(2026, 11, 25, 20, tzinfo=UTC)

    with pytest.raises(exceptions.ClientError):
        claim_of(headers, KEYS, now).verify("POST", "/", query, headers, body)
