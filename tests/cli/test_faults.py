"""What a person learns when a command cannot know, is interrupted, or finds damage."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from footfall.embedded import EmbeddedClient
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL, Server
from tests.proxy.faults import Faults
from tests.proxy.refusals import Refusal
from tests.proxy.server import Proxy

SITE = "https://a.example/"
OTHER = "https://b.example/"


@pytest.fixture
def dynamodb(footfall_process: StartFootfall) -> Server:
    """A DynamoDB with Footfall's tables, and a site."""
    server = footfall_process("dynamodb", "--data", ":memory:")
    for arguments in (["tables", "create"], ["sites", "add", SITE]):
        assert run(f"dynamodb:{server.url}", *arguments).returncode == 0
    return server


def run(store: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [FOOTFALL, "--store", store, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def interrupt(dynamodb: Server, operation: str, *arguments: str) -> tuple[int, str]:
    """Press Ctrl+C while an operation's answer is out; the status and what was said."""
    faults = Faults(always={operation: "slow"})
    with (
        Proxy(dynamodb.url, faults=faults, delay_seconds=60) as proxy,
        subprocess.Popen(
            [FOOTFALL, "--store", f"dynamodb:{proxy.url}", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process,
    ):
        assert proxy.wait_for("slow")
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=30)
    return process.returncode, said.strip()


def test_a_hit_whose_end_nobody_saw_is_repeated_with_its_id(dynamodb: Server) -> None:
    """The id was made by the command, so the command must name it."""
    status, said = interrupt(dynamodb, "TransactWriteItems", "hit", SITE + "x")
    # The baseline is there already, so what was held is the visit itself.
    found = re.fullmatch(
        r"footfall: hit: outcome unknown \(interrupted\); retry with id '(\S+)'", said
    )
    assert status == 1
    assert found

    again = run(f"dynamodb:{dynamodb.url}", "hit", SITE + "x", "--id", found[1])

    assert again.stdout == f"duplicate\t{SITE}\t1\t{found[1]}\n"


def test_a_hit_without_an_answer_names_its_id(dynamodb: Server) -> None:
    """Nobody can know whether it was counted; the id finds out."""
    # With 400, since boto3 would retry a 500 for half a minute
    faults = Faults(always={"TransactWriteItems": Refusal("InternalServerError")})
    with Proxy(dynamodb.url, faults=faults) as proxy:
        done = run(f"dynamodb:{proxy.url}", "hit", SITE)

    assert done.returncode == 1
    assert re.fullmatch(
        r"footfall: TransactWriteItems: outcome unknown \(InternalServerError\);"
        r" retry with id '[0-9a-f-]{36}'\n",
        done.stderr,
    )


def test_an_interrupted_command_says_that_it_may_be_half_done(
    dynamodb: Server,
) -> None:
    status, said = interrupt(
        dynamodb, "PutItem", "counters", "create", "a", "--value", "1"
    )

    assert status == 1
    assert said == (
        "footfall: interrupted, perhaps half-way; look before you run it again"
    )


def test_serve_goes_on_without_a_demo(
    dynamodb: Server, footfall_process: StartFootfall
) -> None:
    """Counting must not depend on a page for newcomers."""
    store = f"dynamodb:{dynamodb.url}"
    assert run(store, "sites", "remove", SITE, "--yes").returncode == 0
    faults = Faults(always={"TransactWriteItems": Refusal("AccessDeniedException")})
    with Proxy(dynamodb.url, faults=faults) as proxy:
        server = footfall_process("serve", "--store", f"dynamodb:{proxy.url}")

        assert "footfall: no demo: TransactWriteItems on table" in server.output
        assert f"Dashboard  {server.url}/" in server.output
        assert "Demo " not in server.output
        server.terminate()


def test_a_stop_answers_what_a_store_that_hangs_did_not(
    dynamodb: Server, footfall_process: StartFootfall
) -> None:
    """Within ten seconds, with what is known; the same id finds out."""
    faults = Faults(always={"TransactWriteItems": "slow"})
    with Proxy(dynamodb.url, faults=faults, delay_seconds=60) as proxy:
        server = footfall_process("serve", "--store", f"dynamodb:{proxy.url}")
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        body = json.dumps({"id": "v", "url": SITE})
        connection.request("POST", "/v1/visits", body, {"Content-Type": "text/plain"})
        assert proxy.wait_for("slow")
        server.terminate()
        answer = connection.getresponse()
        problem = json.loads(answer.read())
        connection.close()

    assert (answer.status, problem["written"]) == (503, "unknown")
    assert answer.headers["Retry-After"] == "1"
    again = run(f"dynamodb:{dynamodb.url}", "hit", SITE, "--id", "v")
    assert again.stdout == f"duplicate\t{SITE}\t1\tv\n"


def test_a_store_that_is_away_is_said(dynamodb: Server) -> None:
    """Before anything else is done."""
    with Proxy(dynamodb.url) as proxy:
        gone = proxy.url
    for arguments in (["sites", "list"], ["serve", "--port", "0"], ["hit", SITE]):
        done = run(f"dynamodb:{gone}", *arguments)

        assert done.returncode == 1
        assert "the store is not available (EndpointConnectionError)" in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.fixture
def embedded(tmp_path: Path) -> tuple[str, EmbeddedClient]:
    """A store with two sites, and its own client."""
    store = str(tmp_path / "a.db")
    for site in (SITE, OTHER):
        assert run(store, "sites", "add", site).returncode == 0
    return store, EmbeddedClient(store)


def set_visits(client: Any, site: str, value: dict[str, str] | None) -> None:
    key = {"siteUrl": {"S": site}}
    if value is None:
        client.delete_item(TableName="siteVisits", Key=key)
    else:
        client.put_item(TableName="siteVisits", Item={**key, "visits": value})


def test_verify_goes_on_past_a_site_whose_number_is_none(
    embedded: tuple[str, EmbeddedClient],
) -> None:
    """One broken site must not hide another."""
    store, client = embedded
    set_visits(client, SITE, {"S": "0"})
    set_visits(client, OTHER, {"N": "5"})
    client.close()

    done = run(store, "verify")

    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first.startswith(f"differs\t{SITE}\tthe attribute 'visits' of siteVisits")
    assert first.endswith(f"run `footfall sites repair {SITE}`")
    assert second == (
        f"differs\t{OTHER}\tvisits is 5, but the baseline 0 and the days 0 make 0"
    )


def test_verify_of_nothing_says_so(tmp_path: Path) -> None:
    store = str(tmp_path / "a.db")
    assert run(store, "tables", "create").returncode == 0

    done = run(store, "verify")

    assert (done.returncode, done.stdout) == (0, "")
    assert "no site yet" in done.stderr
    assert "no counter yet" in run(store, "counters", "list").stderr


@pytest.mark.parametrize("key", [SITE, "a.example/blog", "by hand"])
def test_a_removal_that_stopped_half_way_is_finished(
    embedded: tuple[str, EmbeddedClient], key: str
) -> None:
    """Under the key that the site had, whoever made it."""
    store, client = embedded
    set_visits(client, key, {"N": "1"})
    setting = client.get_item(
        TableName="footfallSettings", Key={"kind": {"S": "site"}, "name": {"S": SITE}}
    )["Item"]
    client.put_item(TableName="footfallSettings", Item={**setting, "name": {"S": key}})
    set_visits(client, key, None)
    client.close()

    done = run(store, "sites", "remove", key, "--yes")

    assert done.stdout == f"removed {key}\n"
    assert run(store, "sites", "remove", key, "--yes").returncode != 0


def test_output_that_nobody_reads_is_no_failure_to_explain(tmp_path: Path) -> None:
    """`footfall stats … | head -1` ends the reader first."""
    store = str(tmp_path / "a.db")
    assert run(store, "sites", "add", SITE).returncode == 0
    arguments = ["stats", SITE, "--from", "2020-01-01", "--to", "2029-12-31"]
    with subprocess.Popen(
        [FOOTFALL, "--store", store, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        process.stdout.close()
        _, said = process.communicate(timeout=30)

    assert process.returncode == 1
    assert said == b""


def test_a_command_closes_its_store(tmp_path: Path) -> None:
    """Whatever it did; Python 3.13 complains of a database that is left open."""
    program = [sys.executable, "-X", "dev", "-m", "footfall", "--store"]
    for arguments in (["sites", "add", SITE], ["sites", "list"], ["hit", OTHER]):
        done = subprocess.run(
            [*program, tmp_path / "a.db", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

        assert "Warning" not in done.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


def test_the_module_is_the_program() -> None:
    for arguments in (["--version"], []):
        done = [
            subprocess.run(
                [*program, *arguments], capture_output=True, text=True, check=False
            )
            for program in ([FOOTFALL], [sys.executable, "-m", "footfall"])
        ]

        assert done[0].returncode == done[1].returncode
        assert done[0].stdout == done[1].stdout
        assert done[0].stderr == done[1].stderr


def test_without_a_command_the_help_is_shown() -> None:
    done = subprocess.run([FOOTFALL], capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("Usage: footfall [OPTIONS] COMMAND")


def test_boto3_without_a_region_is_explained(tmp_path: Path) -> None:
    """What to set is in the message."""
    environment = {
        name: text for name, text in os.environ.items() if not name.startswith("AWS_")
    }
    done = subprocess.run(
        [FOOTFALL, "sites", "list", "--store", "dynamodb:"],
        env={**environment, "AWS_CONFIG_FILE": os.devnull},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert "set AWS_DEFAULT_REGION and credentials" in done.stderr
