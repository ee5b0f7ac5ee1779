"""The fixtures that ship: what the guide says of them is run, as a project would."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

FRESH = """
import threading
import boto3
import pytest

TABLE = dict(
    TableName="items",
    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    BillingMode="PAY_PER_REQUEST",
)
seen = []

@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_begins_empty(dynamodb, dynamodb_endpoint, turn):
    for client in (dynamodb, boto3.client("dynamodb")):
        assert client.list_tables()["TableNames"] == []
        client.create_table(**TABLE)
    assert dynamodb_endpoint not in seen
    seen.append(dynamodb_endpoint)

def test_who_outlives_a_test_meets_nobody_elses_tables(dynamodb_endpoint):
    late = boto3.client("dynamodb", endpoint_url=seen[0])
    with pytest.raises(Exception, match="connect|closed"):
        late.list_tables()

def test_nothing_leads_elsewhere(dynamodb_endpoint):
    assert boto3.client("dynamodb").meta.endpoint_url == dynamodb_endpoint
    assert boto3.client("dynamodb", "eu-west-1").meta.endpoint_url == dynamodb_endpoint

def test_without_the_fixture_the_environment_is_as_it_was():
    assert "amazonaws.com" in boto3.client("dynamodb").meta.endpoint_url
"""


def run_pytest(folder: Path) -> str:
    """What pytest says of the tests in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


def test_the_guides_examples_pass(tmp_path: Path) -> None:
    """Three of them, below the line that asks for the fixtures."""
    conftest, *examples = PYTHON.findall((ROOT / "docs/guides/testing.md").read_text())
    (tmp_path / "conftest.py").write_text(conftest)
    for number, example in enumerate(examples):
        (tmp_path / f"test_example_{number}.py").write_text(example)

    assert "\n3 passed" in run_pytest(tmp_path)


def test_each_test_has_a_dynamodb_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["footfall.testing"]\n')
    (tmp_path / "test_fresh.py").write_text(FRESH)

    assert "\n5 passed" in run_pytest(tmp_path)
