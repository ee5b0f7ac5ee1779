"""The endpoint over real HTTP: boto3 and plain requests against uvicorn."""

import asyncio
import contextlib
import http.client
import json
import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import uvicorn
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from footfall.embedded import server
from footfall.embedded.client import EmbeddedClient

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SITE = "https://www.fernandomc.com/"
KEY: Any = {"siteUrl": {"S": SITE}}
TABLE: Any = {
    "TableName": "siteVisits",
    "AttributeDefinitions": [{"AttributeName": "siteUrl", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "siteUrl", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
INCREMENT: Any = {
    "TableName": "siteVisits",
    "Key": KEY,
    "UpdateExpression": "SET visits = visits + :inc",
    "ExpressionAttributeValues": {":inc": {"N": "1"}},
    "ReturnValues": "UPDATED_NEW",
}
JSON = "application/x-amz-json-1.0"


class Endpoint:
    """A uvicorn in a thread that serves one embedded client."""

    def __init__(self, path: str, **settings: Any) -> None:
        """Start, and return when requests are taken."""
        self.client = EmbeddedClient(path)
        self.uvicorn = uvicorn.Server(
            uvicorn.Config(
                server.create_app(self.client, **settings),
                port=0,
                log_level="warning",
                access_log=False,
                timeout_graceful_shutdown=10,
            )
        )
        self.thread = threading.Thread(target=self.uvicorn.run)
        self.thread.start()
        while not self.uvicorn.started:
            time.sleep(0.005)
        self.port = self.uvicorn.servers[0].sockets[0].getsockname()[1]

    def boto3(self, **config: Any) -> "DynamoDBClient":
        """Return a boto3 client that does not retry."""
        return boto3.client(
            "dynamodb",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="any",
            aws_secret_access_key="any",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    def send(
        self,
        body: bytes = b"{}",
        target: str = "DynamoDB_20120810.ListTables",
        method: str = "POST",
        **headers: str,
    ) -> tuple[int, bytes]:
        """Send one plain request; return its status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {"X-Amz-Target": target, "Content-Type": JSON, **headers}
        try:
            connection.request(method, "/", body, given)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop as on SIGTERM: what was accepted is answered."""
        self.uvicorn.should_exit = True
        self.thread.join()

    def close(self) -> None:
        """Stop, and close the client."""
        self.stop()
        self.client.close()


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Endpoint]:
    """An endpoint on an empty store on disk."""
    with contextlib.closing(Endpoint(str(tmp_path / "store.db"))) as endpoint:
        yield endpoint


@pytest.fixture
def dynamodb(endpoint: Endpoint) -> "DynamoDBClient":
    """A boto3 client with the recipe's table, and no item in it."""
    dynamodb = endpoint.boto3(max_pool_connections=40)
    dynamodb.create_table(**TABLE)
    dynamodb.get_waiter("table_exists").wait(TableName="siteVisits")
    return dynamodb


def _put(dynamodb: "DynamoDBClient", visits: Any) -> None:
    dynamodb.put_item(TableName="siteVisits", Item={**KEY, "visits": visits})


def test_the_recipe_counts(dynamodb: "DynamoDBClient") -> None:
    """The update_item that Footfall began with, over the wire."""
    _put(dynamodb, {"N": "0"})

    for count in ("1", "2"):
        assert dynamodb.update_item(**INCREMENT)["Attributes"] == {
            "visits": {"N": count}
        }


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (
            {},
            "ValidationException",
            "The provided expression refers to an attribute that does not exist in the"
            " item",
        ),
        (
            {"TableName": "siteVisit"},
            "ResourceNotFoundException",
            "Requested resource not found",
        ),
        (
            {"Key": {"site": {"S": SITE}}},
            "ValidationException",
            "The provided key element does not match the schema",
        ),
        (
            {"Key": {"siteUrl": {"N": "1"}}},
            "ValidationException",
            "The provided key element does not match the schema",
        ),
        (
            {"UpdateExpression": "SET visits = visits * :inc"},
            "ValidationException",
            'Invalid UpdateExpression: Syntax error; token: "*", near: "visits * :inc"',
        ),
        (
            {"ExpressionAttributeValues": {":inc": {"N": "one"}}},
            "ValidationException",
            "ExpressionAttributeValues contains invalid value: The parameter cannot be"
            " converted to a numeric value: one for key :inc",
        ),
    ],
)
def test_the_recipes_mistakes_have_dynamodbs_words(
    dynamodb: "DynamoDBClient", change: Any, code: str, message: str
) -> None:
    """A search for the words finds AWS's own documentation."""
    with pytest.raises(ClientError) as caught:
        dynamodb.update_item(**{**INCREMENT, **change})

    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["Error"]["Message"].startswith(message)


def test_a_string_of_visits_is_not_counted_up(dynamodb: "DynamoDBClient") -> None:
    """The recipe's own listing has it, and it must not pass as success."""
    _put(dynamodb, {"S": "0"})

    with pytest.raises(ClientError) as caught:
        dynamodb.update_item(**INCREMENT)

    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "An operand in the update expression has an incorrect data type",
    }
    assert "Item" in dynamodb.get_item(TableName="siteVisits", Key=KEY)


def test_modelled_errors_are_their_own_exceptions(dynamodb: "DynamoDBClient") -> None:
    """`client.exceptions` works because `__type` is DynamoDB's."""
    _put(dynamodb, {"N": "1"})

    with pytest.raises(dynamodb.exceptions.ConditionalCheckFailedException) as caught:
        dynamodb.update_item(
            **INCREMENT,
            ConditionExpression="visits < :inc",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )

    response: Any = caught.value.response
    assert response["Item"]["visits"] == {"N": "1"}


def test_every_type_comes_back(dynamodb: "DynamoDBClient") -> None:
    """Binary values pass through base64, whatever the attributes are called."""
    item: Any = {
        **KEY,
        "B": {"S": "not binary"},
        "b": {"B": b"\x00\xff"},
        "bs": {"BS": [b"\x00", b"\xff"]},
        "l": {"L": [{"B": b"x"}, {"N": "1.5"}, {"NULL": True}]},
        "m": {"M": {"B": {"B": b"y"}, "t": {"BOOL": False}}},
        "s": {"SS": ["\u00e9", "\U0001f600"]},
    }
    dynamodb.put_item(TableName="siteVisits", Item=item)

    assert dynamodb.get_item(TableName="siteVisits", Key=KEY)["Item"] == item


def test_times_reach_boto3(dynamodb: "DynamoDBClient") -> None:
    """A table's time of creation is a datetime again."""
    table = dynamodb.describe_table(TableName="siteVisits")["Table"]

    assert abs(table["CreationDateTime"].timestamp() - time.time()) < 60


def test_many_connections_count_exactly(
    endpoint: Endpoint, dynamodb: "DynamoDBClient"
) -> None:
    """Groups lose nothing and repeat nothing, and each caller gets its own answer."""
    _put(dynamodb, {"N": "0"})

    def count(_: int) -> str:
        return dynamodb.update_item(**INCREMENT)["Attributes"]["visits"]["N"]

    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(count, range(640)))

    assert sorted(map(int, answers)) == list(range(1, 641))
    stored = endpoint.client.get_item(TableName="siteVisits", Key=KEY)
    assert stored["Item"]["visits"] == {"N": "640"}


def test_one_bad_request_does_not_spoil_its_group(dynamodb: "DynamoDBClient") -> None:
    """Requests share an fsync and nothing else."""
    _put(dynamodb, {"N": "0"})

    def count(number: int) -> bool:
        change = {} if number % 2 else {"Key": {"siteUrl": {"S": "missing"}}}
        try:
            dynamodb.update_item(**{**INCREMENT, **change})
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        outcomes = list(pool.map(count, range(100)))

    assert outcomes == [number % 2 == 1 for number in range(100)]
    stored = dynamodb.get_item(TableName="siteVisits", Key=KEY)
    assert stored["Item"]["visits"] == {"N": "50"}


def test_stopping_answers_what_was_accepted(
    endpoint: Endpoint, dynamodb: "DynamoDBClient"
) -> None:
    """A visit that was answered is stored, and none is stored twice."""
    _put(dynamodb, {"N": "0"})
    answered = threading.Semaphore(0)

    def count(_: int) -> int:
        counted = 0
        with contextlib.suppress(BotoCoreError):
            while True:
                dynamodb.update_item(**INCREMENT)
                counted += 1
                answered.release()
        return counted

    with ThreadPoolExecutor(8) as pool:
        counts = pool.map(count, range(8))
        for _ in range(100):
            answered.acquire()
        endpoint.stop()
        total = sum(counts)

    stored = endpoint.client.get_item(TableName="siteVisits", Key=KEY)
    assert stored["Item"]["visits"] == {"N": str(total)}


def test_get_is_a_health_check(endpoint: Endpoint) -> None:
    """Load balancers and people ask so."""
    healthy = f"healthy: 127.0.0.1:{endpoint.port}\n".encode()
    assert endpoint.send(method="GET") == (200, healthy)


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"target": "DynamoDB_20120810.NoSuch"}, 400, "UnknownOperationException"),
        ({"target": ""}, 400, "UnknownOperationException"),
        ({"body": b""}, 400, "SerializationException"),
        ({"body": b"{"}, 400, "SerializationException"),
        ({"body": b"7"}, 400, "SerializationException"),
        ({"method": "PUT"}, 404, "UnknownOperationException"),
        ({"method": "OPTIONS"}, 404, "UnknownOperationException"),
        ({"Content-Type": "text/plain"}, 404, "UnknownOperationException"),
        ({"Host": "example.com"}, 403, "AccessDeniedException"),
        ({"Host": "127.0.0.1.example.com:8000"}, 403, "AccessDeniedException"),
        ({"Host": ""}, 403, "AccessDeniedException"),
    ],
)
def test_what_is_no_request_is_refused(
    endpoint: Endpoint, sent: Any, status: int, code: str
) -> None:
    """With DynamoDB's error where it has one, and never a 500."""
    answer = endpoint.send(**sent)

    assert answer[0] == status
    assert code in answer[1].decode()


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.9.9.9:1", "[::1]:1"])
def test_loopback_names_are_answered(endpoint: Endpoint, host: str) -> None:
    """Whatever port a proxy or a container shows."""
    assert endpoint.send(Host=host) == (200, b'{"TableNames":[]}')


def test_largest_body_is_read(endpoint: Endpoint) -> None:
    """16 MB is DynamoDB's limit."""
    start = b'{"Limit": 1'
    body = start + b" " * (16 * 1024 * 1024 - len(start) - 1) + b"}"

    assert endpoint.send(body)[0] == 200


@pytest.mark.parametrize("size", [16 * 1024 * 1024 + 1, 20 * 1024 * 1024])
def test_larger_body_is_refused(endpoint: Endpoint, size: int) -> None:
    """The answer reaches a client that sends all of it before it reads."""
    status, body = endpoint.send(b" " * size)

    assert status == 413
    assert json.loads(body)["__type"].endswith("RequestEntityTooLargeException")


def test_expired_items_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time to live needs no request to happen."""
    monkeypatch.setattr(server, "EXPIRY_PAUSE_SECONDS", 0.01)
    with contextlib.closing(Endpoint(str(tmp_path / "store.db"))) as endpoint:
        client = endpoint.client
        client.create_table(**TABLE)
        client.update_time_to_live(
            TableName="siteVisits",
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"},
        )
        past = str(int(time.time()) - 60)
        client.put_item(TableName="siteVisits", Item={**KEY, "expires": {"N": past}})
        deadline = time.monotonic() + 10
        while "Item" in client.get_item(TableName="siteVisits", Key=KEY):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("store.db", "DynamoDB_20120810.CreateTable"),
        (":memory:", "DynamoDB_20120810.ListTables"),
    ],
)
def test_failure_of_the_engine_is_a_500_and_logged(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
    target: str,
) -> None:
    """Nobody waits for ever for an engine that is broken."""
    monkeypatch.chdir(tmp_path)
    body = json.dumps(TABLE).encode() if "Create" in target else b"{}"
    with contextlib.closing(Endpoint(path)) as endpoint:
        endpoint.client.close()
        with caplog.at_level(logging.ERROR):
            status, answer = endpoint.send(body, target)

    assert status == 500
    assert b"InternalServerError" in answer
    assert "A group of requests failed" in caplog.text


def test_failure_to_expire_is_logged_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that is full for a moment must not end time to live for ever."""
    monkeypatch.setattr(server, "EXPIRY_PAUSE_SECONDS", 0.01)
    with (
        caplog.at_level(logging.ERROR),
        contextlib.closing(Endpoint(str(tmp_path / "store.db"))) as endpoint,
    ):
        endpoint.client.close()
        deadline = time.monotonic() + 10
        while caplog.text.count("Expired items were not deleted") < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)


def _ask(messages: list[Any], scope: Any) -> list[Any]:
    """Run the application on one scope without a server; return what it sent."""
    sent: list[Any] = []

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    with EmbeddedClient(":memory:") as client:
        asyncio.run(server.create_app(client)(scope, receive, send))
    return sent


def _scope(**changes: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "method": "POST",
        "path": "/",
        "query_string": b"",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", JSON.encode()),
            (b"x-amz-target", b"DynamoDB_20120810.ListTables"),
        ],
        **changes,
    }


def test_websocket_is_closed() -> None:
    """DynamoDB has none."""
    assert _ask([], {"type": "websocket"}) == [{"type": "websocket.close"}]


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.disconnect"}],
        [
            {"type": "http.request", "body": b"{", "more_body": True},
            {"type": "http.disconnect"},
        ],
    ],
)
def test_request_that_breaks_off_is_not_done(messages: list[Any]) -> None:
    """Half a request is no request, and nobody is there to be answered."""
    assert _ask(messages, _scope()) == []


def test_body_in_pieces_is_one_body() -> None:
    """HTTP may cut it anywhere."""
    sent = _ask(
        [
            {"type": "http.request", "body": b"{", "more_body": True},
            {"type": "http.request", "more_body": True},
            {"type": "http.request", "body": b"}"},
        ],
        _scope(),
    )

    assert sent[0]["status"] == 200
    assert sent[1]["body"] == b'{"TableNames":[]}'


def test_endless_body_is_cut_off() -> None:
    """A body without end would be read for ever."""
    piece = {"type": "http.request", "body": b" " * 2**20, "more_body": True}

    sent = _ask([piece] * 66, _scope())

    assert sent[0]["status"] == 413


def test_body_that_comes_whole_is_bounded_too() -> None:
    """Servers differ in how they cut it."""
    sent = _ask([{"type": "http.request", "body": b" " * (16 * 2**20 + 1)}], _scope())

    assert sent[0]["status"] == 413


def test_a_caller_that_gives_up_leaves_its_group_alone() -> None:
    """The request is done; nobody is there for the answer."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def two_callers(client: EmbeddedClient) -> None:
        app = server.create_app(client)
        impatient = asyncio.create_task(app(_scope(), receive, send))
        await asyncio.sleep(0)
        impatient.cancel()
        await app(_scope(), receive, send)

    with EmbeddedClient(":memory:") as client:
        asyncio.run(two_callers(client))
    assert [message.get("status") for message in sent] == [200, None]


def test_more_requests_than_a_group_holds_are_all_answered() -> None:
    """A group is bounded; who does not fit comes next."""
    statuses: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"{}"}

    async def send(message: Any) -> None:
        if "status" in message:
            statuses.append(message["status"])

    async def callers(client: EmbeddedClient) -> None:
        app = server.create_app(client)
        await asyncio.gather(*(app(_scope(), receive, send) for _ in range(600)))

    with EmbeddedClient(":memory:") as client:
        asyncio.run(callers(client))
    assert statuses == [200] * 600


def test_the_endpoint_tells_its_own_address(endpoint: Endpoint) -> None:
    """An SDK with endpoint discovery goes on where it is."""
    (told,) = endpoint.boto3().describe_endpoints()["Endpoints"]

    assert told["Address"] == f"127.0.0.1:{endpoint.port}"


def test_a_null_in_a_batchs_write_is_as_if_it_were_not_there(
    endpoint: Endpoint,
) -> None:
    """Some clients send every field that they know."""
    endpoint.boto3().create_table(**TABLE)
    write = {"PutRequest": {"Item": KEY}, "DeleteRequest": None}
    body = json.dumps({"RequestItems": {"siteVisits": [write]}}).encode()
    status, _ = endpoint.send(body, "DynamoDB_20120810.BatchWriteItem")

    assert status == 200
    assert endpoint.boto3().scan(TableName="siteVisits")["Count"] == 1


def test_headers_beyond_16_kb_are_refused(endpoint: Endpoint) -> None:
    """As DynamoDB does, so that nobody fills the memory with them."""
    half: Any = {"X-One": "x" * 8_192}
    other_half: Any = {"X-Two": "x" * 8_192}

    assert endpoint.send(**half)[0] == 200
    assert endpoint.send(**half, **other_half)[0] == 400


def test_only_the_root_answers(endpoint: Endpoint) -> None:
    """Another path is a mistake in a client's endpoint."""
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=30)
    with contextlib.closing(connection):
        connection.request("GET", "/other")
        assert connection.getresponse().status == 404
