"""Every command, as the program itself: what it prints, and its exit status."""

import json
import os
import sqlite3
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from footfall.embedded import EmbeddedClient
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL

Run = Callable[..., "subprocess.CompletedProcess[str]"]
SITE = "https://a.example/"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs `footfall` in an empty folder, with its default store there."""

    def run(
        *arguments: str, input: str = "", **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [FOOTFALL, *arguments],
            cwd=tmp_path,
            env={**os.environ, **environment},
            input=input,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run


@pytest.fixture
def site(run: Run) -> str:
    assert run("sites", "add", SITE).returncode == 0
    return SITE


def test_a_site_is_added_hit_and_shown(run: Run) -> None:
    """From nothing to a number."""
    added = run("sites", "add", "A.example", "--visits", "5")
    assert added.stdout.startswith(f"added {SITE} with 5 visits")

    first = run("hit", "https://www.a.example/x", "--id", "v1")
    again = run("hit", "https://www.a.example/x", "--id", "v1")
    assert first.stdout == f"counted\t{SITE}\t6\tv1\n"
    assert again.stdout == f"duplicate\t{SITE}\t6\tv1\n"
    fresh = run("hit", SITE).stdout.split("\t")
    assert fresh[:3] == ["counted", SITE, "7"]
    assert len(fresh[3].strip()) == 36

    assert run("sites", "list").stdout == f"{SITE}\t7\tUTC\t\n"
    days = run("stats", "a.example").stdout.splitlines()
    assert len(days) == 30
    assert days[-1].split("\t")[1:] == ["2", "0"]
    assert run("stats", SITE, "--by", "page").stdout == "/\t1\n/x\t1\n"
    verified = run("verify")
    assert verified.returncode == 0
    assert "7 visits = 5 before + 2 in days; 2 receipts" in verified.stdout


def test_stats_are_json_for_programs(run: Run, site: str) -> None:
    """With the range that was asked for."""
    run("hit", SITE, "--id", "v1")
    days = ("--from", "2026-10-25", "--to", "2026-10-25")

    shown = json.loads(run("stats", SITE, *days, "--by", "hour", "--json").stdout)

    assert shown["visits"] == 1
    assert (shown["from"], shown["to"]) == ("2026-10-25", "2026-10-25")
    assert len(shown["values"]) == 24
    assert shown["values"][3] == {"hour": "2026-10-25 03:00", "visits": 0}


def test_stats_json_has_the_period_and_the_first_values(run: Run, site: str) -> None:
    """One document tells what a terminal draws."""
    run("hit", SITE + "about", "--id", "v1")

    shown = json.loads(run("stats", SITE, "--json").stdout)

    assert shown["values"][-1].keys() == {"day", "visits", "visitors"}
    assert shown["period"]["visits"]["value"] == 1
    assert shown["period"]["visits"]["before"] is None  # the site is younger
    assert shown["period"]["compared_with"] is None
    assert shown["top"]["page"] == [{"page": "/about", "visits": 1}]
    assert shown["top"]["robot"] == []


@pytest.mark.parametrize(
    ("by", "days", "lines"),
    [
        (
            "week",  # the first is cut where the days are
            ("2026-11-12", "2026-11-24"),
            ["2026-11-12\t0\t0", "2026-11-16\t0\t0", "2026-11-23\t0\t0"],
        ),
        (
            "month",
            ("2026-01-31", "2026-03-01"),
            ["2026-01-31\t0\t0", "2026-02-01\t0\t0", "2026-03-01\t0\t0"],
        ),
        ("day", ("2026-11-24", "2026-11-24"), ["2026-11-24\t0\t0"]),
    ],
)
def test_stats_have_weeks_and_months(
    run: Run, site: str, by: str, days: tuple[str, str], lines: list[str]
) -> None:
    """Each is named by its first day."""
    shown = run("stats", SITE, "--by", by, "--from", days[0], "--to", days[1])

    assert shown.stdout.splitlines() == lines


def test_stats_tell_no_visitors_where_they_are_not_counted(run: Run) -> None:
    """A nought would be a lie."""
    run("sites", "add", SITE, "--totals-only")

    assert run("stats", SITE).stdout.splitlines()[-1].count("\t") == 1
    days = ("--from", "2026-11-24", "--to", "2026-11-24")
    shown = json.loads(run("stats", SITE, *days, "--json").stdout)
    assert shown["values"] == [{"day": "2026-11-24", "visits": 0}]
    assert shown["period"]["visitors"] is None


def test_counters_live_by_name(run: Run) -> None:
    """A counter moves; each id once."""
    assert run("counters", "create", "likes", "--value", "10").returncode == 0
    assert run("counters", "add", "likes", "5", "--id", "a").stdout == (
        "counted\tlikes\t15\n"
    )
    assert run("counters", "add", "likes", "5", "--id", "a").stdout == (
        "duplicate\tlikes\t15\n"
    )
    assert run("counters", "add", "likes", "-1").stdout == "counted\tlikes\t14\n"
    assert run("counters", "show", "likes").stdout == "likes\t14\tcounter\t\t\n"
    assert run("counters", "delete", "likes", input="n\n").returncode == 1
    assert run("counters", "delete", "likes", input="y\n").returncode == 0
    run("counters", "create", "likes", "--value", "10")
    assert run("counters", "delete", "likes", "--yes").stdout == "deleted likes\n"
    assert run("counters", "show", "likes").returncode == 1


@pytest.mark.parametrize("floor", ["5", "6", "-99996"])
def test_a_contest_has_one_place_to_a_hundred_thousand(run: Run, floor: str) -> None:
    refused = run("counters", "create", "prize", "--value", "5", "--floor", floor)

    assert refused.returncode == 2
    assert "start: must be 1 to 100000 above the floor" in refused.stderr
    assert run("counters", "list").stdout == ""


def test_a_contest_has_as_many_winners_as_places(run: Run) -> None:
    """And each keeps the place."""
    run("counters", "create", "prize", "--value", "1", "--floor", "0")

    assert (
        run("counters", "claim", "prize", "a").stdout == "won\tplace 1\t0 remaining\n"
    )
    assert (
        run("counters", "claim", "prize", "b").stdout == "lost\tno place\t0 remaining\n"
    )
    assert (
        run("counters", "claim", "prize", "a").stdout == "won\tplace 1\t0 remaining\n"
    )
    assert run("counters", "list").stdout == "prize\t0\tcountdown\t1\t0\n"


def test_a_site_is_removed_when_somebody_says_yes(run: Run, site: str) -> None:
    """With all that was counted."""
    run("hit", SITE)
    assert run("sites", "remove", SITE, input="n\n").returncode == 1
    assert SITE in run("sites", "list").stdout

    assert run("sites", "remove", "a.example", "--yes").returncode == 0
    listed = run("sites", "list")
    assert listed.stdout == ""
    assert "no site yet; add one with" in listed.stderr
    assert run("sites", "remove", SITE, "--yes").returncode == 1
    assert run("sites", "remove", "no url", "--yes").returncode == 2


def test_a_string_is_repaired_once(run: Run, site: str, tmp_path: Path) -> None:
    """The recipe's own listing has it wrong."""
    with EmbeddedClient(str(tmp_path / "footfall.db")) as client:
        client.put_item(
            TableName="siteVisits",
            Item={"siteUrl": {"S": SITE}, "visits": {"S": "41"}},
        )
    assert run("sites", "list").stdout == (
        f"{SITE}\tno number\tUTC\trun `footfall sites repair {SITE}`\n"
    )
    hit = run("hit", SITE)
    assert hit.returncode == 1
    assert f"footfall sites repair {SITE}" in hit.stderr

    assert "was S '41' and is the number 41" in run("sites", "repair", SITE).stdout
    assert "left as it is" in run("sites", "repair", SITE).stdout
    # The number is not what was counted: verify says so, and mends it.
    assert run("verify", SITE).returncode == 1
    mended = run("verify", SITE, "--repair")
    assert mended.returncode == 0
    assert mended.stdout.startswith(f"repaired\t{SITE}\tthe baseline was 0 and is 41")


def test_tables_are_there_on_the_embedded_engine(run: Run) -> None:
    """The command says so, and changes nothing."""
    assert run("tables", "create").stdout == "all tables are there\n"


def test_settings_come_from_the_environment_and_flags_win(
    run: Run, tmp_path: Path
) -> None:
    """Before the command or behind it."""
    run("sites", "add", SITE, FOOTFALL_STORE="env.db")
    run("--store", "before.db", "sites", "add", SITE, FOOTFALL_STORE="env.db")
    run(
        "--store",
        "before.db",
        "sites",
        "add",
        "b.example",
        "--store",
        "behind.db",
        FOOTFALL_STORE="env.db",
    )

    assert {path.name for path in tmp_path.glob("*.db")} == {
        "env.db",
        "before.db",
        "behind.db",
    }
    assert run("sites", "list", "--store", "before.db").stdout.startswith(SITE)


def test_a_variable_that_is_wrong_is_named(run: Run) -> None:
    """Who set it long ago must find it."""
    wrong = run("serve", FOOTFALL_PORT="http")

    assert wrong.returncode == 2
    assert "(env var: 'FOOTFALL_PORT'): 'http' is not a port" in wrong.stderr
    assert "no password is set" in run("serve", FOOTFALL_HOST="0.0.0.0").stderr
    assert run("serve", "--port", "x", FOOTFALL_PORT="0").returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["sites", "list"],
        ["stats", SITE],
        ["verify"],
        ["hit", SITE],
        ["counters", "list"],
        ["counters", "show", "x"],
    ],
)
def test_what_only_reads_makes_no_file(
    run: Run, tmp_path: Path, arguments: list[str]
) -> None:
    """A typing error in the store's name must not look like an empty store."""
    done = run(*arguments)

    assert done.returncode == 1
    assert "there is no store 'footfall.db'" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command"),
        (["sites", "add", "no url"], "site: must have no spaces"),
        (["sites", "add", "ftp://a.example"], "must be an absolute http or https URL"),
        (["sites", "add", SITE, "--timezone", "Mars"], "is no IANA time zone"),
        (["sites", "add", SITE, "--visits", "1.5"], "is not a whole number"),
        (["sites", "add", SITE, "--visits", "-1"], "visits: must be 0 or more"),
        (["sites", "add", SITE, "--rate-limit", "-1"], "rate_limit: must be 0"),
        (["sites", "add", SITE, "--retention", "1"], "retention_days: must be 0"),
        (
            ["sites", "add", SITE, "--origin", "a.example/x"],
            "must be a scheme and a host",
        ),
        (
            ["sites", "change", SITE, "--origin", "a.example", "--any-origin"],
            "exclude one another",
        ),
        (["sites", "add", SITE, "--visits", "1_000"], "is not a whole number"),
        (["sites", "add", SITE, "--visits", "1" * 40], "visits: must be between"),
        (["sites", "add", SITE, "--visits", "1" * 5000], "is not a whole number"),
        (["sites", "add", "\udcff.example"], "site: must have no spaces"),
        (["sites", "change", SITE], "nothing to change; say --private"),
        (
            ["sites", "change", SITE, "--with", "size", "--without", "size"],
            "--with and --without both name size",
        ),
        (["counters", "create", "a\nb", "--value", "1"], "no control characters"),
        (["counters", "create", "a"], "Missing option '--value'"),
        (["counters", "create", "a", "--value", "-1.5"], "is not a whole number"),
        (["counters", "add", "a", "1.5"], "is not a whole number"),
        (["counters", "add", "a", "1", "--no"], "unexpected extra argument (--no)"),
        (["stats", SITE, "--from", "yesterday"], "is not a day from 1970-01-01 to"),
        (["stats", SITE, "--from", "2026-11-31"], "for example 2026-11-24"),
        (["stats", SITE, "--to", "0001-01-01"], "is not a day from 1970-01-01 to"),
        (
            ["stats", SITE, "--by", "moon"],
            "is not one of 'hour', 'day', 'week', 'month'",
        ),
        (["stats", SITE, "--\x1b[2J"], "No such option '--\\x1b[2J'"),
        (["hit"], "Missing argument 'URL'; see `footfall hit --help`"),
        (["serve", "--host", "0.0.0.0"], "no password is set; run `"),
        (["serve", "--host", ""], "is beyond this machine"),
        (["serve", "--port", "70000"], "is not a port: 0 to 65535"),
        (["serve", "--port", "http"], "is not a port: 0 to 65535"),
        (["dynamodb", "--host", "0.0.0.0"], "use 127.0.0.1"),
        (["sites", "list", "--store", ""], "'' is no store"),
        (["sites", "list", "--store", "redis://x"], "is no store"),
        (["sites", "list", "--store", "dynamodb:x"], "must be http://HOST:PORT"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_why(
    run: Run, tmp_path: Path, arguments: list[str], words: str
) -> None:
    """On standard error, without a traceback."""
    done = run(*arguments)

    assert done.returncode == 2
    assert done.stderr.startswith("footfall: ")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sites", "add", "a.example"], "exists already"),
        (["sites", "list", "--store", "x" * 300], "access to its folder"),
        (["hit", "https://b.example/"], "is not on a site that was added"),
        (["stats", "b.example"], "is not on a site that was added"),
        (["sites", "repair", "b.example"], "is not on a site that was added"),
        (["counters", "add", "nobody", "1"], "create it with a starting number"),
        (["counters", "claim", "nobody", "a"], "no counter at"),
        (["counters", "delete", "nobody", "--yes"], "no counter at"),
        (["verify", "b.example"], "is not on a site that was added"),
        (["sites", "remove", "b.example"], "is not on a site that was added"),
    ],
)
def test_what_cannot_be_done_ends_with_1_and_says_why(
    run: Run, site: str, arguments: list[str], words: str
) -> None:
    """One line, what to do in it."""
    done = run(*arguments)

    assert done.returncode == 1
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_no_store_is_refused(run: Run, tmp_path: Path) -> None:
    """And left as it is."""
    (tmp_path / "text.db").write_text("not a database, but long enough " * 40)
    (tmp_path / "folder.db").mkdir()
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE things (name TEXT)")
    other.close()
    with sqlite3.connect(tmp_path / "newer.db") as newer:
        newer.execute(f"PRAGMA application_id = {0x466F6F74}")
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = (tmp_path / "text.db").read_bytes()

    for name, words in {
        "text.db": "is not a database",
        "folder.db": "is a folder",
        "other.db": "another program's",
        "newer.db": "newer version",
        "missing/x.db": "its folder must exist",
    }.items():
        for command in (["sites", "add", SITE], ["serve", "--port", "0"]):
            done = run(*command, "--store", name)
            assert done.returncode == 1, done
            assert words in done.stderr
        done = run("dynamodb", "--data", name, "--port", "0")
        assert done.returncode == 1
        assert words in done.stderr
    assert (tmp_path / "text.db").read_bytes() == before


def test_a_port_in_use_is_named(
    run: Run, footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """With what to do."""
    server = footfall_process("serve", "--store", tmp_path / "a.db")
    port = str(server.port)

    for command in (["serve", "--store", "b.db"], ["dynamodb", "--data", ":memory:"]):
        done = run(*command, "--port", port)
        assert done.returncode == 2
        assert f"{port} on 127.0.0.1 is in use" in done.stderr


def test_serve_says_where_to_look(
    footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """The dashboard, the demo, the snippet."""
    server = footfall_process(
        "serve", "--store", tmp_path / "new.db", "--public-claims"
    )
    assert f"Dashboard  {server.url}/" in server.output
    assert f"Demo       {server.url}/demo" in server.output
    assert f'<script async src="{server.url}/beacon.js"></script>' in server.output
    assert "claims are open" in server.output
    server.terminate()
    assert "every visit that was accepted is answered" in server.output


def test_the_demo_counts_from_the_first_request(
    footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """It is what a newcomer opens at once."""
    server = footfall_process("serve", "--store", tmp_path / "new.db")
    visit = {"id": "first", "url": f"{server.url}/demo"}
    request = urllib.request.Request(
        f"{server.url}/v1/visits", json.dumps(visit).encode()
    )
    request.add_header("Content-Type", "text/plain")
    with urllib.request.urlopen(request, timeout=10) as answer:
        outcome = json.load(answer)

    assert (outcome["outcome"], outcome["visits"]) == ("counted", 1)


def test_a_store_with_sites_gets_no_demo(
    run: Run, site: str, footfall_process: StartFootfall, tmp_path: Path
) -> None:
    server = footfall_process("serve", "--store", tmp_path / "footfall.db")
    server.terminate()

    assert "Demo " not in server.output
    assert run("sites", "list").stdout == f"{SITE}\t0\tUTC\t\n"


def test_a_change_by_a_command_reaches_a_running_server(
    run: Run, footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """Within a second."""
    server = footfall_process("serve", "--store", tmp_path / "footfall.db")
    badge = f"{server.url}/badge.json?site=a.example"

    def status() -> int:
        try:
            with urllib.request.urlopen(badge, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert status() == 404
    run("sites", "add", SITE)
    time.sleep(1)
    assert status() == 200
    run("sites", "remove", SITE, "--yes")
    time.sleep(1)
    assert status() == 404


def test_a_stop_does_not_wait_for_who_listens(
    run: Run, footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """A stream of numbers never ends by itself; it is ended, not cut off."""
    run("sites", "add", SITE)
    server = footfall_process("serve", "--store", tmp_path / "footfall.db")
    request = urllib.request.Request(
        f"{server.url}/v1/live?site=a.example", headers={"Accept": "text/event-stream"}
    )
    with urllib.request.urlopen(request, timeout=30) as stream:
        assert stream.readline().startswith(b"retry:")
        server.terminate()
        rest = stream.read()

    assert b'"visits":0' in rest
    assert "timeout" not in server.output


def test_an_owner_changes_a_site(run: Run, site: str) -> None:
    """What is not named stays, and the list shows it."""
    changed = run("sites", "change", "a.example", "--publish", "--without", "size")
    assert changed.stdout == f"changed {site}: public page; without size\n"
    refused = run("sites", "change", site, "--private")
    assert refused.returncode == 2
    assert "one or the other" in refused.stderr

    run("sites", "change", site, "--private", "--no-publish", "--with", "size")

    assert run("sites", "list").stdout == f"{site}\t0\tUTC\tprivate\n"
    assert run("sites", "change", site, "--no-private").stdout == f"changed {site}\n"


def test_the_version_and_help_are_quick_to_find(run: Run) -> None:
    """Every command is in the help."""
    assert run("--version").stdout == "footfall 0.1.0\n"
    shown = run("--help").stdout
    for command in ("serve", "dynamodb", "sites", "hit", "stats", "watch", "verify"):
        assert f"\n  {command} " in shown
        assert "Usage: footfall" in run(command, "-h").stdout


def test_an_empty_file_is_no_store(run: Run, tmp_path: Path) -> None:
    """A mistyped path must not become one by being read."""
    (tmp_path / "empty").touch()
    done = run("verify", "--store", "empty")

    assert done.returncode == 1
    assert "is empty" in done.stderr
    assert (tmp_path / "empty").read_bytes() == b""
