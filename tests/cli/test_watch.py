"""`footfall watch`: drawn on a terminal, lines elsewhere, on every store."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from footfall import connect
from footfall.counters.port import Store
from footfall.visits.record import record
from footfall.visits.site import Site
from footfall.visits.sites import add_site, remove_site
from footfall.visits.visit import view
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL
from tests.terminal import CTRL_C, Terminal, plain

SITE = "https://a.example/"
WATCH = ("watch", SITE, "--interval", "0.1")
ENTER_SCREEN, LEAVE_SCREEN = "\x1b[?1049h", "\x1b[?1049l"

Count = Callable[..., None]
Watching = subprocess.Popen[str]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store on disk, open in this process, whose site has 1,000 visits before."""
    client = connect(str(tmp_path / "footfall.db"))
    store = Store(client)
    add_site(store, SITE, visits=1_000)
    yield store
    client.close()  # type: ignore[attr-defined]


@pytest.fixture
def count(store: Store) -> Count:
    """Counts visits to some pages: not in the process that watches."""
    ids = iter(range(1_000_000))

    def count(*pages: str) -> None:
        now_ms = time.time_ns() // 1_000_000
        record(
            store, [view(f"v{next(ids)}", Site(SITE), page, now_ms) for page in pages]
        )

    return count


@pytest.fixture
def terminal(tmp_path: Path, store: Store) -> Terminal:
    return Terminal(tmp_path)


@pytest.fixture
def piped(tmp_path: Path, store: Store) -> Iterator[Callable[..., Watching]]:
    """Starts `footfall watch` with its output in a pipe."""
    started: list[Watching] = []

    def start(*arguments: str) -> Watching:
        process = subprocess.Popen(
            [FOOTFALL, *WATCH, *arguments],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def next_line(watching: Watching) -> str:
    assert watching.stdout is not None
    return watching.stdout.readline()


def test_the_number_moves_while_it_is_watched(terminal: Terminal, count: Count) -> None:
    """Drawn in place, with the pages that moved; q ends it, and what was seen stays."""
    shown = terminal.run(
        *WATCH,
        steps=[
            ("Nothing yet", lambda: count("/about", "/about", "/x")),
            ("+2", lambda: count("/y")),
            ("/y", "q"),
        ],
    )

    assert terminal.status == 0
    drawn, _, left = shown.partition(LEAVE_SCREEN)
    assert ENTER_SCREEN in drawn
    assert "▄█      █▀█ █▀█ █▀█" in drawn  # 1,000 in large digits
    assert "▄█      █▀█ █▀█ █ █" in drawn  # and 1,004
    assert any(
        line.startswith("a.example: 1,004 visits, 4 since ") for line in plain(left)
    )


@pytest.mark.parametrize("key", ["q", "Q", "\x1b", CTRL_C])
def test_a_key_ends_it_cleanly(terminal: Terminal, key: str) -> None:
    """With status 0, and the terminal as it was."""
    shown = terminal.run(*WATCH, steps=[("q ends", key)])

    assert terminal.status == 0
    assert "Traceback" not in shown
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")  # the cursor is back


def test_other_keys_do_nothing(terminal: Terminal, count: Count) -> None:
    """An arrow begins with Escape, which would end it, and F2 ends in a Q."""
    shown = terminal.run(
        *WATCH,
        steps=[
            ("q ends", "x\r\x1b[A"),
            ("q ends", "\x1bOQ"),
            ("q ends", lambda: count("/after")),
            ("/after", "q"),
        ],
    )

    assert "1 since" in shown


@pytest.mark.parametrize("columns", [20, 40, 120])
def test_every_line_fits_the_terminal(
    terminal: Terminal, count: Count, columns: int
) -> None:
    """A line that wrapped would push the others off the screen."""
    count("/a-page-with-a-name-that-is-much-longer-than-a-narrow-terminal-has-room")
    shown = terminal.run(*WATCH, columns=columns, steps=[("q ends", "q")])

    drawn = shown.partition(LEAVE_SCREEN)[0]
    text = [line for line in plain(drawn) if "\x1b" not in line]
    assert max(map(len, text)) <= columns
    large = "▄█      █▀█ █▀█ ▄█" in drawn
    assert large == (columns > 20)
    assert large or "1,001" in drawn


def test_names_cannot_move_the_cursor_while_watched(
    terminal: Terminal, count: Count
) -> None:
    """A page's name is a stranger's."""
    shown = terminal.run(
        *WATCH,
        steps=[("Nothing yet", lambda: count("/\x1b[2J")), ("\\x1b[2J", "q")],
    )

    assert "/\\x1b[2J" in shown
    assert "/\x1b[2J" not in shown


def test_a_terminal_that_cannot_draw_gets_lines(
    terminal: Terminal, count: Count
) -> None:
    shown = terminal.run(
        *WATCH,
        TERM="dumb",
        steps=[("\t1000\t", lambda: count("/x")), ("\t1001\t+1\t/x", CTRL_C)],
    )

    assert terminal.status == 0
    assert "\x1b" not in shown


def test_a_pipe_gets_a_line_for_each_page_that_moved(
    piped: Callable[..., Watching], count: Count
) -> None:
    """At once, and first the number as it stands."""
    watching = piped()

    first = next_line(watching).rstrip("\n").split("\t")
    assert first[1:] == ["1000", "+0", ""]
    count("/b", "/b", "/a")
    lines = [next_line(watching).rstrip("\n").split("\t")[1:] for _ in range(2)]
    assert lines == [["1003", "+2", "/b"], ["1003", "+1", "/a"]]
    watching.send_signal(signal.SIGTERM)
    assert watching.wait(20) == 0


def test_json_is_a_line_for_each_change(
    piped: Callable[..., Watching], count: Count
) -> None:
    """For programs."""
    watching = piped("--json")

    first = json.loads(next_line(watching))
    assert (first["visits"], first["added"], first["pages"]) == (1_000, 0, [])
    count("/b", "/b", "/a")
    change = json.loads(next_line(watching))
    assert change["time"].endswith("+00:00")
    del change["time"]
    assert change == {
        "visits": 1_003,
        "today": 3,
        "added": 3,
        "pages": [{"page": "/b", "visits": 2}, {"page": "/a", "visits": 1}],
    }
    watching.send_signal(signal.SIGINT)
    assert watching.wait(20) == 0


def test_a_reader_that_goes_ends_it(
    piped: Callable[..., Watching], count: Count
) -> None:
    """`footfall watch … | head -1`, without a traceback."""
    watching = piped()
    next_line(watching)
    assert watching.stdout is not None
    assert watching.stderr is not None
    watching.stdout.close()

    count("/a")
    complaint = watching.stderr.read()
    watching.wait(20)

    assert "Traceback" not in complaint


def test_a_site_that_is_removed_ends_it(
    piped: Callable[..., Watching], store: Store
) -> None:
    watching = piped()
    next_line(watching)

    remove_site(store, Site(SITE))

    assert watching.stderr is not None
    assert "is not on a site that was added" in watching.stderr.read()
    assert watching.wait(20) == 1


def test_it_watches_a_store_that_others_serve(
    footfall_process: StartFootfall, tmp_path: Path
) -> None:
    """On DynamoDB's protocol, and through a time without it."""
    dynamodb = footfall_process("dynamodb", "--data", tmp_path / "data.db")
    location = ("--store", f"dynamodb:{dynamodb.url}")
    for command in (["tables", "create"], ["sites", "add", SITE, "--totals-only"]):
        subprocess.run([FOOTFALL, *command, *location], check=True, timeout=60)
    watching = subprocess.Popen(
        [FOOTFALL, *WATCH, *location],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert next_line(watching).split("\t")[1] == "0"
    assert watching.stderr is not None

    dynamodb.terminate()
    assert "watching on" in watching.stderr.readline()
    dynamodb.start()
    subprocess.run([FOOTFALL, "hit", SITE, *location], check=True, timeout=60)

    assert next_line(watching).rstrip("\n").split("\t")[1:] == ["1", "+1", ""]
    watching.send_signal(signal.SIGTERM)
    assert watching.wait(20) == 0
    watching.communicate()


@pytest.mark.parametrize("interval", ["0", "-1", "x", "4000"])
def test_an_interval_is_a_tenth_of_a_second_to_an_hour(
    terminal: Terminal, interval: str
) -> None:
    shown = terminal.run("watch", SITE, "--interval", interval)

    assert terminal.status == 2
    assert "--interval" in shown
