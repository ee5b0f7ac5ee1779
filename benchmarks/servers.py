"""The servers that are measured, each started alone, bound to the first core.

Ours is `footfall`, as anybody starts it. Beside it stand DynamoDB Local (Java, on
disk and in memory) and dynalite (Node.js, in memory).
"""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from benchmarks.load import on_core

ROOT = Path(__file__).parent.parent
START_SECONDS_MAX = 30

TABLE = "siteVisits"
URL = "https://www.fernandomc.com/"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers: its address, its process, and how long it took to."""

    url: str
    pid: int
    start_seconds: float

    def memory_mb(self) -> float:
        """The process's resident memory, in MB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise RuntimeError(f"process {self.pid} has no resident memory")

    def cpu_seconds(self) -> tuple[float, float]:
        """What the process has used of the CPU: its first thread, and all others.

        Threads that have ended are not in it; the servers' live as long as they do.
        """
        used = {
            int(task.name): int((task / "schedstat").read_text().split()[0]) / 1e9
            for task in Path(f"/proc/{self.pid}/task").iterdir()
        }
        first = used.pop(self.pid)
        return first, sum(used.values())


@contextlib.contextmanager
def started(command: list[str], port: int, core: int | None = 0) -> Iterator[Server]:
    """Run a server until the block ends.

    Args:
        command: What to run.
        port: Where it will answer.
        core: The core that it is bound to; None binds it to none.

    Raises:
        RuntimeError: It did not answer within `START_SECONDS_MAX`.
    """
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        begun = time.monotonic()
        process = subprocess.Popen(
            command if core is None else on_core(command, core),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            while not _answers(url):
                if (
                    process.poll() is not None
                    or time.monotonic() - begun > START_SECONDS_MAX
                ):
                    log.seek(0)
                    raise RuntimeError(f"{command[0]} did not start: {log.read()!r}")
                time.sleep(0.005)
            yield Server(url, process.pid, time.monotonic() - begun)
        finally:
            process.kill()
            process.wait()


def footfall_dynamodb(port: int, data: str) -> list[str]:
    """`footfall dynamodb`; `data` is a file or ":memory:"."""
    return [
        *(sys.executable, "-m", "footfall", "dynamodb"),
        *("--data", data, "--port", str(port)),
    ]


def dynalite(port: int) -> list[str]:
    """Dynalite in memory.

    Raises:
        RuntimeError: It is not installed.
    """
    cli = ROOT / "benchmarks" / "node_modules" / "dynalite" / "cli.js"
    if not cli.exists():
        raise RuntimeError("dynalite is not installed; run `make bench`")
    return ["node", str(cli), "--port", str(port), "--createTableMs", "0"]


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def client_of(url: str) -> Any:
    """boto3's client of a DynamoDB endpoint on loopback."""
    return boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


def make_hot_item(client: Any) -> None:
    """The recipe's table with one item at zero."""
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "siteUrl", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "siteUrl", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.get_waiter("table_exists").wait(
        TableName=TABLE, WaiterConfig={"Delay": 1, "MaxAttempts": 20}
    )
    client.put_item(TableName=TABLE, Item={"siteUrl": {"S": URL}, "visits": {"N": "0"}})


def hot_value(client: Any) -> int:
    """The hot item's number."""
    item = client.get_item(TableName=TABLE, Key={"siteUrl": {"S": URL}})["Item"]
    return int(item["visits"]["N"])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True  # any answer is one
    except OSError:
        return False


def commit() -> str:
    """The commit that is measured, and whether files differ from it."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(ROOT), *arguments],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()

    return git("rev-parse", "--short", "HEAD") + (
        " and changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    )


def cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0))
