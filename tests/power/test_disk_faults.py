"""A disk that is full, or fails to sync: nothing is acknowledged that is not there."""

import http.client
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartFootfall
from tests.power.conftest import Recorded
from tests.processes import FOOTFALL, Server

SITE = "https://a.example/"


@pytest.fixture
def server(recorded: Recorded, footfall_process: StartFootfall) -> Server:
    """A server with a site, on a disk that fails when told."""
    added = recorded.run(FOOTFALL, "sites", "add", SITE, "--store", recorded.store)
    assert added.returncode == 0
    return footfall_process(
        "serve", "--store", recorded.store, environment=recorded.environment
    )


def ask(server: Server, method: str, path: str, body: object = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    data = None if body is None else json.dumps(body)
    connection.request(method, path, data, {"Content-Type": "text/plain"})
    response = connection.getresponse()
    answer = json.loads(response.read())
    if response.status == 503:
        assert int(response.headers["Retry-After"]) >= 1
    connection.close()
    return response.status, answer


def visit(server: Server, id: str) -> tuple[int, Any]:
    return ask(server, "POST", "/v1/visits", {"id": id, "url": SITE})


def verified(store: Path) -> str:
    """What `footfall verify` says, by a process without the recorder."""
    done = subprocess.run(
        [FOOTFALL, "verify", "--store", store],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(
    recorded: Recorded, server: Server
) -> None:
    """Nothing is written, and the same ids count once afterwards."""
    assert visit(server, "before")[1]["outcome"] == "counted"
    recorded.fail("full")

    refused = [visit(server, f"full-{number}") for number in range(5)]

    assert [status for status, _ in refused] == [503] * 5
    assert {problem["written"] for _, problem in refused} == {"no"}
    assert all("free some space" in problem["detail"] for _, problem in refused)
    recorded.fail("")
    for number in range(5):
        assert visit(server, f"full-{number}")[1]["outcome"] == "counted"
    assert visit(server, "before")[1]["outcome"] == "duplicate"
    server.terminate()
    assert "agrees" in verified(recorded.store)
    assert "\t6 visits" in verified(recorded.store)


def test_a_failed_sync_stops_counting_until_a_restart(
    recorded: Recorded, server: Server
) -> None:
    """Nobody knows what is on the disk, and a later sync may lie."""
    for number in range(10):
        assert visit(server, f"before-{number}")[1]["outcome"] == "counted"
    assert ask(server, "GET", "/readyz")[0] == 200
    recorded.fail("syncs")

    status, problem = visit(server, "unknown")
    assert (status, problem["written"]) == (503, "unknown")
    recorded.fail("")
    # The disk seems well again, and is not trusted.
    status, problem = visit(server, "after")
    assert (status, problem["written"]) == (503, "no")
    assert "start the program again" in problem["detail"]
    assert ask(server, "GET", "/readyz")[0] == 503
    assert ask(server, "GET", "/healthz")[0] == 200

    server.kill()
    server.start()
    assert ask(server, "GET", "/readyz")[0] == 200
    for number in range(10):
        assert visit(server, f"before-{number}")[1]["outcome"] == "duplicate"
    assert visit(server, "after")[1]["outcome"] == "counted"
    assert visit(server, "unknown")[1]["outcome"] in {"counted", "duplicate"}
    server.terminate()
    assert "\t12 visits" in verified(recorded.store)


@pytest.mark.parametrize(
    ("how", "says"), [("full", "free some space"), ("syncs", "disk")]
)
def test_a_command_says_what_is_wrong_with_the_disk(
    recorded: Recorded, how: str, says: str
) -> None:
    """In a line, with a status."""
    recorded.fail(how)

    done = recorded.run(FOOTFALL, "sites", "add", SITE, "--store", recorded.store)

    assert done.returncode == 1
    assert done.stderr.startswith("footfall: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
