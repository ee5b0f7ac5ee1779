"""`footfall dynamodb` as a process: its keys, its log, and what it is started with."""

import json
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from footfall import cli
from tests.conftest import StartFootfall
from tests.processes import Server

SECRET = "correct-horse-battery"
TABLE: Any = {
    "TableName": "items",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def client_of(server: Server, secret: str = SECRET) -> Any:
    return boto3.client(
        "dynamodb",
        endpoint_url=server.url,
        aws_access_key_id="app",
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_each_request_is_a_line(footfall_process: StartFootfall) -> None:
    """Nothing of an item, and no control character, whoever sends it."""
    server = footfall_process("dynamodb", "--data", ":memory:", "--verbose")
    client = client_of(server)
    client.create_table(**TABLE)
    client.put_item(TableName="items", Item={"id": {"S": "personal"}})
    with pytest.raises(ClientError):
        client.put_item(TableName="items", Item={"id": {"N": "personal"}})
    server.terminate()

    lines = [
        re.sub(r"^\S+T\S+Z|[\d.]+ ms$", "", line).strip()
        for line in server.output.splitlines()
        if line.endswith(" ms")
    ]
    assert lines[-3:] == [
        "CreateTable items 200",
        "PutItem items 200",
        "PutItem items 400 ValidationException",
    ]
    assert "personal" not in server.output


def test_a_seed_is_loaded_once(footfall_process: StartFootfall, tmp_path: Path) -> None:
    """Started again, the server keeps what it has."""
    seed, data = tmp_path / "seed.json", tmp_path / "dynamo.db"
    item = {"id": {"S": "a"}}
    seed.write_text(json.dumps({"Tables": [{**TABLE, "Items": [item]}]}))

    server = footfall_process("dynamodb", "--data", data, "--seed", seed)
    assert "# items is made, with items: 1\n" in server.output
    client_of(server).delete_item(TableName="items", Key=item)
    server.terminate()
    server.start()

    assert "# items was there and stays as it is\n" in server.output
    assert client_of(server).scan(TableName="items")["Count"] == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "seed.json cannot be read: No such file"),
        ('{"Tables":\n[}', "seed.json: line 2, column 2: "),
        (
            json.dumps({"Tables": [{**TABLE, "Items": [{"id": {"S": ""}}]}]}),
            "seed.json: Tables[0].Items[0]: ",
        ),
    ],
)
def test_a_bad_seed_is_refused(
    content: str | None,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("seed.json").write_text(content)

    assert cli.run(["dynamodb", "--seed", "seed.json"]) == cli.WRONG_USAGE
    assert says in capsys.readouterr().err


def test_requests_must_be_signed_by_the_key(
    footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """And then others may reach it; the secret is never shown."""
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    server = footfall_process(
        *("dynamodb", "--data", ":memory:", "--host", "0.0.0.0"),
        *("--access-key-id", "app", "--secret-key-file", secret),
    )

    assert client_of(server).list_tables()["TableNames"] == []
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client_of(server, "another").list_tables()
    assert "export AWS_ACCESS_KEY_ID=app" in server.output
    assert SECRET not in server.output


def test_the_environment_may_hold_the_key(footfall_process: StartFootfall) -> None:
    server = footfall_process(
        *("dynamodb", "--data", ":memory:"),
        environment={
            "FOOTFALL_ACCESS_KEY_ID": "app",
            "FOOTFALL_SECRET_ACCESS_KEY": SECRET,
        },
    )

    assert client_of(server).list_tables()["TableNames"] == []
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        client_of(server, "another").list_tables()


@pytest.mark.parametrize(
    ("arguments", "secret", "says"),
    [
        (["--host", "0.0.0.0"], "", "or give --access-key-id and FOOTFALL_SECRET"),
        (["--access-key-id", "app"], "", "no secret is given; set FOOTFALL_SECRET_"),
        ([], SECRET, "a secret is given and no id"),
        (["--access-key-id", "a/b"], SECRET, "must be 1 to 128 letters"),
        (["--access-key-id", "app"], "short", "a secret is 16 to 128 printable"),
        (["--access-key-id", "app"], "with a space in it", "without spaces"),
        (
            ["--access-key-id", "app", "--secret-key-file", "none"],
            "",
            "none cannot be read: No such file",
        ),
    ],
)
def test_a_key_that_is_not_whole_is_refused(
    arguments: list[str],
    secret: str,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Before anything is made; no secret is told."""
    monkeypatch.chdir(tmp_path)
    if secret:
        monkeypatch.setenv("FOOTFALL_SECRET_ACCESS_KEY", secret)

    assert cli.run(["dynamodb", *arguments]) == cli.WRONG_USAGE
    said = capsys.readouterr().err
    assert says in said
    assert not secret or secret not in said
    assert list(tmp_path.iterdir()) == []
