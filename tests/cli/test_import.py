"""`footfall import` as a user runs it: killed, repeated, followed, refused."""

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.load import SITE, footfall
from tests.processes import FOOTFALL

LINES = 30_000
KILLS = 4
FOLLOW_SECONDS = 30
NOW = datetime.now(UTC)
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Chrome/142.0.0.0 Safari/537.36"


def line(ago: timedelta, page: str) -> str:
    time = (NOW - ago).strftime("%d/%b/%Y:%H:%M:%S +0000")
    return f'192.0.2.7 - - [{time}] "GET {page} HTTP/1.1" 200 5 "-" "{AGENT}"\n'


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a site."""
    path = tmp_path / "visits.db"
    footfall("sites", "add", SITE, "--visits", "12", "--store", path)
    return path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three days, the last of them today."""
    path = tmp_path / "access.log"
    path.write_text(
        "".join(
            line(timedelta(seconds=9 * (LINES - number)), f"/page-{number % 97}")
            for number in range(LINES)
        )
    )
    return path


def total(store: Path) -> int:
    _, visits, *_ = footfall("sites", "list", "--store", store).split("\t")
    return int(visits)


def test_an_import_that_is_killed_goes_on_and_counts_once(
    store: Path, log: Path
) -> None:
    """At any moment, also while a live visit counts; and again, it counts nothing."""
    for _ in range(KILLS):
        process = subprocess.Popen(
            [FOOTFALL, "import", log, "--site", SITE, "--store", store],
            stdout=subprocess.DEVNULL,
        )
        time.sleep(random.uniform(0.3, 1.2))
        process.kill()
        process.wait()
        assert "agrees" in footfall("verify", "--store", store)
    footfall("hit", f"{SITE}live", "--store", store)

    footfall("import", log, "--site", SITE, "--store", store)

    assert total(store) == 12 + 1 + LINES
    assert "agrees" in footfall("verify", "--store", store)
    again = footfall(
        "import", "-", "--site", SITE, "--store", store, input=log.read_text()
    )
    assert again == f"counted\t0\nimported before\t{LINES}\n"


def test_what_became_of_every_line_is_said(store: Path, tmp_path: Path) -> None:
    """The first that cannot be read by their numbers, the others by how many."""
    path = tmp_path / "mixed.log"
    path.write_text(
        line(timedelta(hours=2), "/")
        + line(timedelta(hours=2), "/a.css")
        + line(timedelta(hours=2), "/a.html")
        + "\x1b[31mhello\n" * 25
    )
    done = subprocess.run(
        [
            *(FOOTFALL, "import", str(path), "--site", SITE),
            *("--assets", ".CSS, js", "--store", str(store)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0
    assert done.stdout == "counted\t2\nfiltered: asset\t1\nrefused\t25\n"
    notes = done.stderr.splitlines()
    assert notes[0] == "line 4 is no line of a common or combined log"
    assert notes[20:] == ["and 5 lines more"]
    nothing = subprocess.run(
        [
            FOOTFALL,
            "import",
            "-",
            "--format",
            "jsonl",
            "--site",
            SITE,
            "--store",
            store,
        ],
        input="hello\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert nothing.returncode == 1


@pytest.fixture
def following(store: Path, log: Path) -> Iterator["subprocess.Popen[str]"]:
    """An import that follows a log."""
    process = subprocess.Popen(
        [FOOTFALL, "import", log, "--site", SITE, "--store", store, "--follow"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.wait()


def wait_for(store: Path, visits: int) -> None:
    deadline = time.monotonic() + FOLLOW_SECONDS
    while total(store) != visits:
        assert time.monotonic() < deadline, total(store)
        time.sleep(0.2)


def test_a_log_is_followed_until_somebody_stops_it(
    store: Path, log: Path, following: "subprocess.Popen[str]"
) -> None:
    """Through its rotation; what is there is counted while it waits."""
    wait_for(store, 12 + LINES)
    with log.open("a") as more:
        more.write(line(timedelta(seconds=2), "/new"))
    wait_for(store, 12 + LINES + 1)
    log.rename(log.with_suffix(".1"))
    log.write_text(line(timedelta(seconds=1), "/newer"))
    wait_for(store, 12 + LINES + 2)

    following.send_signal(signal.SIGTERM)
    out, err = following.communicate(timeout=FOLLOW_SECONDS)

    assert following.returncode == 0, err
    assert out == f"counted\t{LINES + 2}\n"
    assert "agrees" in footfall("verify", "--store", store)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{log}"], "--site URL"),
        (["-", "--site", SITE, "--follow"], "needs a file that has a name"),
        (["{csv}", "--site", SITE, "--follow"], "only logs can be followed"),
        (["{text}", "--site", SITE], "say --format"),
        (["{missing}", "--site", SITE], "No such file"),
    ],
)
def test_what_cannot_be_imported_is_said_in_a_line(
    store: Path, log: Path, tmp_path: Path, arguments: list[str], words: str
) -> None:
    files = {"log": log}
    for name, content in (("csv", "date,visits\n"), ("text", "hello\n")):
        files[name] = tmp_path / name
        files[name].write_text(content)
    files["missing"] = tmp_path / "missing"
    done = subprocess.run(
        [
            *(FOOTFALL, "import", "--store", str(store)),
            *(argument.format(**files) for argument in arguments),
        ],
        input="",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
