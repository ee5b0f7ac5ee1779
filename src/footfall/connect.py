"""From a store's location to its client: the one place that knows both kinds.

    footfall.db, /var/lib/visits.db    the embedded engine on that file
    :memory:                           the embedded engine, gone when closed
    dynamodb:                          Amazon DynamoDB by boto3's own configuration
    dynamodb:http://127.0.0.1:8000     an endpoint that speaks its protocol

Each kind is imported when it is asked for: a file needs no boto3, whose import takes
longer than the rest of a start.
"""

from pathlib import Path
from typing import Any

from footfall.counters.port import (
    DynamoDBClient,
    Store,
    store_errors,
    translate,
    translate_read,
)
from footfall.counters.tables import Request, Tables
from footfall.errors import InvalidInputError, StoreError

MEMORY = ":memory:"
DYNAMODB = "dynamodb:"

# Two for each group that a server has in flight: one writes, and others read beside.
POOL_CONNECTIONS = 32
TABLE_WAIT_SECONDS = 60  # until a new table on AWS is active; it takes some 10 s


def connect(location: str, *, create: bool = True, prefix: str = "") -> DynamoDBClient:
    """Open a store.

    On the embedded engine the tables are there at once. On DynamoDB none is ever
    made here: `footfall tables create` does.

    Args:
        location: As in the table at the top of this file.
        create: Whether a missing file is made; commands that only read pass False.
        prefix: What the tables' names begin with.

    Raises:
        InvalidInputError: The location is none of these.
        StoreError: The file is missing, is no store, cannot be written, or was made
            by a newer version; or boto3 lacks a region or credentials.
    """
    if location.startswith(DYNAMODB):
        return _connect_dynamodb(location.removeprefix(DYNAMODB))
    if not location or "://" in location:
        raise InvalidInputError(
            "store",
            f"{location!r} is no store: give a file's path, {MEMORY}, {DYNAMODB} or"
            f" {DYNAMODB}http://HOST:PORT",
        )
    client = _open_file(location, create=create)
    create_tables(Store(client, Tables(prefix)))
    return client


def create_tables(store: Store) -> list[str]:
    """Make the tables that the store lacks, wait until each is active, name them.

    Raises:
        ThrottledError: Some may be missing still. Run it again after a pause.
        IndeterminateError: No answer came. Run it again.
        StoreError: The store refused.
    """
    missing = set(missing_tables(store))
    made = []
    for request in store.tables.create_requests():
        if request["TableName"] in missing:
            _create(store, request)
            made.append(request["TableName"])
    for request in store.tables.time_to_live_requests():
        _let_expire(store, request)
    return made


def missing_tables(store: Store) -> list[str]:
    """The names of the tables that the store lacks.

    Raises:
        UnavailableError: The store is away.
        StoreError: The store refused to tell.
    """
    missing = []
    for request in store.tables.create_requests():
        table = request["TableName"]
        try:
            # Tells as well whether the table is there, and need not count its items.
            store.client.describe_time_to_live(TableName=table)
        except store.client.exceptions.ResourceNotFoundException:
            missing.append(table)
        except store_errors(store.client) as error:
            raise translate_read(error, "DescribeTimeToLive", table) from error
    return missing


def _open_file(location: str, *, create: bool) -> DynamoDBClient:
    from footfall.embedded import EmbeddedClient, StoreFileError

    try:
        is_there = location == MEMORY or Path(location).exists()
    except OSError as error:
        raise StoreError(
            f"{location!r} cannot be looked for ({error.strerror}); give this user"
            f" access to its folder"
        ) from error
    if not create and not is_there:
        raise StoreError(
            f"there is no store {location!r}; `footfall serve` or `footfall sites add`"
            f" makes one, --store or FOOTFALL_STORE names another"
        )
    if not create and location != MEMORY and not Path(location).stat().st_size:
        raise StoreError(
            f"{location!r} is empty, so no store is in it; --store or FOOTFALL_STORE"
            f" names another"
        )
    try:
        return EmbeddedClient(location)
    except StoreFileError as error:
        raise StoreError(str(error)) from error


def _connect_dynamodb(endpoint: str) -> DynamoDBClient:
    try:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError
    except ImportError as error:
        raise StoreError("boto3 is not installed; run `pip install boto3`") from error
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise InvalidInputError(
            "store", f"{endpoint!r} must be http://HOST:PORT or https://HOST"
        )
    # A local endpoint checks no credentials, yet boto3 signs each request.
    local: dict[str, Any] = (
        {"endpoint_url": endpoint, **_credentials_if_none(boto3)} if endpoint else {}
    )
    config = Config(
        connect_timeout=5,
        read_timeout=10,
        max_pool_connections=POOL_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    try:
        client = boto3.client("dynamodb", config=config, **local)
    except (BotoCoreError, ValueError) as error:
        raise StoreError(
            f"boto3 cannot open DynamoDB: {error}; set AWS_DEFAULT_REGION and"
            f" credentials, or name a local endpoint"
        ) from error
    client.meta.events.register("after-call.dynamodb", _require_whole_answer)
    return client


def _require_whole_answer(http_response: Any, **_: Any) -> None:
    """Take an answer that was cut on its way for none at all.

    botocore does not compare its length. It sees that the checksum is wrong and tries
    again, but when it has no try left it takes half a body for an empty one: an item
    that is there would seem to be absent.
    """
    from botocore.exceptions import ResponseStreamingError

    length = http_response.headers.get("content-length")
    if length is not None and int(length) != len(http_response.content):
        raise ResponseStreamingError(error="the answer was cut")


def _credentials_if_none(boto3: Any) -> dict[str, str]:
    session = boto3.session.Session()
    settings = {}
    if session.region_name is None:
        settings["region_name"] = "us-east-1"
    if session.get_credentials() is None:
        settings |= {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    return settings


def _create(store: Store, request: Request) -> None:
    table = request["TableName"]
    try:
        store.client.create_table(**request)
    except store.client.exceptions.ResourceInUseException:
        return  # another process is making it
    except store_errors(store.client) as error:
        raise translate(error, "CreateTable", table) from error
    get_waiter = getattr(store.client, "get_waiter", None)
    if get_waiter is not None:
        get_waiter("table_exists").wait(
            TableName=table,
            WaiterConfig={"Delay": 1, "MaxAttempts": TABLE_WAIT_SECONDS},
        )


def _let_expire(store: Store, request: Request) -> None:
    table = request["TableName"]
    try:
        answer = store.client.describe_time_to_live(TableName=table)
        status = answer["TimeToLiveDescription"]["TimeToLiveStatus"]
        if status == "DISABLED":
            store.client.update_time_to_live(**request)
    except store_errors(store.client) as error:
        raise translate(error, "UpdateTimeToLive", table) from error
