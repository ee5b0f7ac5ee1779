"""What a person sees and types, on a real terminal of a known size."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from pathlib import Path

import pytest

from footfall import connect
from footfall.counters.port import Store
from footfall.visits.record import record
from footfall.visits.sites import add_site
from footfall.visits.visit import view
from tests.conftest import StartFootfall
from tests.processes import FOOTFALL

SITE = "https://a.example/"
DAY_MS = 86_400_000
PATIENCE_SECONDS = 2
AT_MS = 20_781 * DAY_MS  # 2026-11-24


class Terminal:
    """`footfall` on a terminal: what it shows, and how it ended."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.status: int | None = None

    def run(
        self,
        *arguments: str,
        columns: int = 80,
        typed: str = "",
        until: str | None = None,
        **environment: str,
    ) -> str:
        """Run a command and return what it shows, with line ends as in text.

        Args:
            arguments: The command's.
            columns: The terminal's width.
            typed: What a person types, at once.
            until: Press Ctrl+C when this is shown.
            environment: Further variables.
        """
        ours, theirs = pty.openpty()
        size = struct.pack("HHHH", 40, columns, 0, 0)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
        process = subprocess.Popen(
            [FOOTFALL, *arguments],
            cwd=self.folder,
            env={**os.environ, "TERM": "xterm-256color", **environment},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            # So that Ctrl+C reaches it, as in a shell
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        os.write(ours, typed.encode())
        shown = b""
        pressed = False
        while True:
            # A Ctrl+C just before Python waits for a line goes unseen: press it again.
            if pressed and not select.select([ours], [], [], PATIENCE_SECONDS)[0]:
                os.write(ours, b"\x03")
            if not (part := _read(ours)):
                break
            shown += part
            if until is not None and not pressed and until.encode() in shown:
                os.write(ours, b"\x03")
                pressed = True
        os.close(ours)
        self.status = process.wait(20)
        return shown.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the other end is closed
        return b""


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal in a folder without a store."""
    return Terminal(tmp_path)


@pytest.fixture
def counted(terminal: Terminal) -> Terminal:
    """A terminal in a folder whose store has 1,000 visits before, and three."""
    client = connect(str(terminal.folder / "footfall.db"))
    store = Store(client)
    site = add_site(store, SITE, visits=1_000)
    pages = ("/about", "/about", "/a-page-with-a-name-that-is-longer-than-its-column")
    record(store, [view(f"v{n}", site, page, AT_MS) for n, page in enumerate(pages)])
    client.close()  # type: ignore[attr-defined]
    return terminal


def plain(shown: str) -> list[str]:
    """The lines without colours and spaces at their ends."""
    return [line.rstrip() for line in re.sub(r"\x1b\[[\d;]*m", "", shown).split("\n")]


DAYS = ("--from", "2026-11-22", "--to", "2026-11-25")


def test_days_are_drawn_as_bars_and_the_top_pages_below(counted: Terminal) -> None:
    shown = plain(counted.run("stats", SITE, *DAYS))

    assert shown == [
        "https://a.example/: 1,003 visits in all",
        "2026-11-22 to 2026-11-25, UTC: 3 visits",
        "",
        "2026-11-22 0",
        "2026-11-23 0",
        "2026-11-24 3 " + "█" * 67,
        "2026-11-25 0",
        "",
        "Top pages",
        "/about                           2 " + "█" * 45,
        "/a-page-with-a-name-that-is-lon… 1 " + "█" * 22 + "▌",
        "",
    ]


@pytest.mark.parametrize("columns", [20, 40, 200])
def test_the_plot_fits_the_terminal(counted: Terminal, columns: int) -> None:
    """And the number is what stays when there is no room."""
    shown = plain(counted.run("stats", SITE, *DAYS, "--by", "page", columns=columns))

    drawn = [line for line in shown if line.startswith("/a")]
    assert [re.search(r" (\d+) █", line)[1] for line in drawn] == ["2", "1"]  # type: ignore[index]
    assert len(drawn[0]) == columns


def test_a_day_without_visits_is_a_day(counted: Terminal) -> None:
    shown = plain(counted.run("stats", SITE, "--to", "2026-11-01", "--by", "hour"))

    assert shown[1] == "2026-11-01 to 2026-11-01, UTC: 0 visits"
    assert shown[3] == "2026-11-01 00:00 0"
    assert len(shown) == 3 + 24 + 1


def test_one_visit_is_one_visit(terminal: Terminal) -> None:
    terminal.run("sites", "add", SITE)
    terminal.run("hit", SITE, "--id", "v1")

    assert plain(terminal.run("stats", SITE))[0] == "https://a.example/: 1 visit in all"


def test_colours_are_for_who_wants_them(counted: Terminal) -> None:
    assert "\x1b[32" in counted.run("stats", SITE, *DAYS)
    assert "\x1b[" not in counted.run("stats", SITE, *DAYS, NO_COLOR="1")
    assert "\x1b[" not in counted.run("stats", SITE, *DAYS, TERM="dumb")


def test_a_terminal_without_the_letters_gets_plain_lines(counted: Terminal) -> None:
    """A bar of escapes would be no plot; and a name must not end the command."""
    counted.run("hit", SITE + "日", "--id", "v9")

    shown = counted.run("stats", SITE, "--by", "page", PYTHONIOENCODING="latin-1")

    assert shown.endswith("\n/\\u65e5\t1\n")
    assert counted.status == 0


def test_tables_have_headings_and_whole_addresses(counted: Terminal) -> None:
    """An address that is cut off cannot be copied."""
    heading, *rows, _ = plain(counted.run("sites", "list", columns=34))

    assert heading.split() == ["site", "visits", "timezone"]
    assert rows[0].split()[1:] == ["1,003", "UTC"]
    assert "".join(row.split()[0] for row in rows) == SITE


def test_an_outcome_has_its_words(counted: Terminal) -> None:
    counted.run("counters", "create", "prize", "--value", "1", "--floor", "0")

    shown = plain(counted.run("hit", SITE, "--id", "v9"))
    assert [line.split() for line in shown[:2]] == [
        ["outcome", "site", "visits", "id"],
        ["counted", SITE, "1,004", "v9"],
    ]
    shown = plain(counted.run("counters", "claim", "prize", "a"))
    assert shown[1].split() == ["won", "place", "1", "0", "remaining"]


def test_names_cannot_move_the_cursor(counted: Terminal) -> None:
    """A page's name, which strangers choose, is shown and not obeyed."""
    client = connect(str(counted.folder / "footfall.db"))
    client.put_item(
        TableName="siteVisits",
        Item={"siteUrl": {"S": "a\x1b[2Jb\tc"}, "visits": {"N": "1"}},
    )
    client.close()  # type: ignore[attr-defined]

    assert "a\\x1b[2Jb\\tc" in counted.run("sites", "list")
    assert "\x1b[2J" not in counted.run("verify")
    assert "\x1b[2J" not in counted.run("stats", "\x1b[2J")


@pytest.mark.parametrize(
    ("typed", "status", "words"),
    [
        ("y\n", 0, "removed https://a.example/"),
        ("n\n", 1, "footfall: stopped; nothing was changed"),
        ("\n", 1, "footfall: stopped; nothing was changed"),
        ("\x04", 1, "footfall: stopped; nothing was changed"),
    ],
)
def test_what_cannot_be_undone_is_asked(
    counted: Terminal, typed: str, status: int, words: str
) -> None:
    shown = counted.run("sites", "remove", SITE, typed=typed)

    assert "Remove https://a.example/ and all that was counted for it? [y/N]" in shown
    assert words in shown
    assert counted.status == status
    assert (SITE in counted.run("sites", "list")) == (status != 0)


def test_a_question_can_be_interrupted(counted: Terminal) -> None:
    """With nothing done, and no traceback."""
    shown = counted.run("sites", "remove", SITE, until="[y/N]")

    assert "footfall: stopped; nothing was changed" in shown
    assert counted.status == 1
    assert SITE in counted.run("sites", "list")


@pytest.mark.parametrize("command", ["serve", "dynamodb"])
def test_ctrl_c_stops_a_server_cleanly(terminal: Terminal, command: str) -> None:
    started = {"serve": "stop with Ctrl+C", "dynamodb": "AWS_SECRET_ACCESS_KEY=local"}

    shown = terminal.run(command, "--port", "0", until=started[command])

    assert terminal.status == 0
    assert "Traceback" not in shown


def test_serve_offers_to_create_the_tables_on_dynamodb(
    terminal: Terminal, footfall_process: StartFootfall
) -> None:
    """It never makes one unasked."""
    dynamodb = footfall_process("dynamodb", "--data", ":memory:")
    serve = ("serve", "--store", f"dynamodb:{dynamodb.url}", "--port", "0")

    shown = terminal.run(*serve, typed="n\n")
    assert "The store has no siteVisits, visitRollups" in shown
    assert terminal.status == 1
    shown = terminal.run(*serve, typed="y\n", until="stop with Ctrl+C")
    assert "Dashboard  http://127.0.0.1:" in shown
    assert terminal.status == 0
    assert "Create them?" not in terminal.run(*serve, until="stop with Ctrl+C")
