"""The recipe's script, unmodified, against `footfall dynamodb`."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import StartFootfall

SCRIPT = Path(__file__).parents[2] / "examples" / "atomic_counter.py"


def run_recipe(printed: str) -> str:
    """Run the script with the variables that the server printed."""
    variables = dict(re.findall(r"^export (\w+)=(\S+)$", printed, re.MULTILINE))
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert len(variables) == 4
    return done.stdout.strip()


def test_the_recipe_counts_and_survives_a_kill(
    footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """What was answered is in the file, whatever happens to the process."""
    server = footfall_process("dynamodb", "--data", tmp_path / "dynamo.db")

    assert run_recipe(server.output) == "{'visits': {'N': '1'}}"
    assert run_recipe(server.output) == "{'visits': {'N': '2'}}"
    server.kill()
    server.start()
    assert run_recipe(server.output) == "{'visits': {'N': '3'}}"


def test_nothing_is_kept_in_memory(
    footfall_process: StartFootfall, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--data :memory:` leaves no file."""
    monkeypatch.chdir(tmp_path)
    server = footfall_process("dynamodb", "--data", ":memory:")

    assert run_recipe(server.output) == "{'visits': {'N': '1'}}"
    assert [path.name for path in tmp_path.iterdir()] == ["footfall-1.log"]


@pytest.mark.parametrize(
    ("key", "code", "words"),
    [
        (
            {"siteUrl": {"S": "text"}},
            "ValidationException",
            "An operand in the update expression has an incorrect data type",
        ),
        (
            {"siteUrl": {"S": "nobody added it"}},
            "ValidationException",
            "The provided expression refers to an attribute that does not exist in"
            " the item",
        ),
        (
            {"url": {"S": "text"}},
            "ValidationException",
            "The provided key element does not match the schema",
        ),
        (None, "ResourceNotFoundException", "Requested resource not found"),
    ],
)
def test_the_recipes_faults_get_dynamodbs_words(
    footfall_process: StartFootfall,
    key: Any,
    code: str,
    words: str,
) -> None:
    """Whoever searches for the message finds what others wrote about it."""
    server = footfall_process("dynamodb", "--data", ":memory:")
    run_recipe(server.output)
    client = boto3.client("dynamodb", endpoint_url=server.url)
    client.put_item(
        TableName="siteVisits", Item={"siteUrl": {"S": "text"}, "visits": {"S": "0"}}
    )

    with pytest.raises(client.exceptions.ClientError) as caught:
        client.update_item(
            TableName="siteVisits" if key else "nowhere",
            Key=key or {"siteUrl": {"S": "text"}},
            UpdateExpression="SET visits = visits + :inc",
            ExpressionAttributeValues={":inc": {"N": "1"}},
        )

    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == (code, words)
