"""What a person sees and types, on a real terminal of a known size."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from footfall import connect
from footfall.counters.port import Store
from footfall.visits.record import record
from footfall.visits.sites import add_site, load_sites
from footfall.visits.visit import Visit, view
from tests.conftest import StartFootfall
from tests.terminal import Terminal, plain

SITE = "https://a.example/"
DAY_MS = 86_400_000
AT_MS = 20_781 * DAY_MS  # 2026-11-24


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


DAYS = ("--from", "2026-11-22", "--to", "2026-11-25")


def test_a_course_is_figures_a_plot_and_lists(counted: Terminal) -> None:
    shown = plain(counted.run("stats", SITE, *DAYS))

    assert shown == [
        "a.example" + "22 \N{EN DASH} 25 Nov 2026, UTC".rjust(71),
        "",
        "3 visits      0 visitors      1,003 in all",
        "",
        *("3 ┤                ███████", *["  │                ███████"] * 7),
        "0 └" + "─" * 32,
        "   22 Nov  23 Nov  24 Nov  25 Nov",
        "",
        "Pages",
        "/about                  2 ████████████",
        "/a-page-with-a-name-th… 1 ██████",
        "",
    ]


@pytest.mark.parametrize("columns", [20, 40, 79, 200])
def test_a_course_fits_the_terminal(counted: Terminal, columns: int) -> None:
    """Numbers are whole, whatever has no room."""
    shown = plain(counted.run("stats", SITE, *DAYS, columns=columns))

    assert max(map(len, shown)) <= columns
    assert any("1,003 in all" in line for line in shown)
    about = next(line for line in shown if line.startswith("/about"))
    assert re.search(r" 2 █+$", about)


@pytest.mark.parametrize("columns", [20, 40, 200])
def test_values_are_drawn_as_bars(counted: Terminal, columns: int) -> None:
    """And the number is what stays when there is no room."""
    shown = plain(counted.run("stats", SITE, *DAYS, "--by", "page", columns=columns))

    drawn = [line for line in shown if line.startswith("/a")]
    assert [re.search(r" (\d+) █", line)[1] for line in drawn] == ["2", "1"]  # type: ignore[index]
    assert len(drawn[0]) == columns


def test_lists_stand_side_by_side_where_there_is_room(counted: Terminal) -> None:
    """Robots too, which are counted apart."""
    client = connect(str(counted.folder / "footfall.db"))
    store = Store(client)
    site = load_sites(store).named(SITE)
    robot = Visit("r1", site, "/", AT_MS, "robot", (("robot", "Googlebot"),))
    record(store, [robot])
    client.close()  # type: ignore[attr-defined]

    wide = plain(counted.run("stats", SITE, *DAYS, columns=120))
    narrow = plain(counted.run("stats", SITE, *DAYS, columns=60))

    assert any(re.fullmatch(r"Pages +Robots", line) for line in wide)
    assert any(re.match(r"/about .*Googlebot +1 █", line) for line in wide)
    assert narrow.index("Robots") > narrow.index("Pages")


@pytest.mark.parametrize(
    ("by", "labels"),
    [
        ("hour", ["20:00", "23:00"]),
        ("week", ["9 Nov", "23 Nov"]),
        ("month", ["Oct", "Nov"]),
    ],
)
def test_a_course_has_other_units(
    counted: Terminal, by: str, labels: list[str]
) -> None:
    shown = plain(counted.run("stats", SITE, "--to", "2026-11-24", "--by", by))

    ticks = next(
        after for line, after in pairwise(shown) if line.strip().startswith("0 └")
    )
    assert [label for label in labels if label in ticks] == labels


def test_too_many_points_share_columns(counted: Terminal) -> None:
    """And how many is said."""
    days = ("--from", "2016-11-25", "--to", "2026-11-24")

    shown = plain(counted.run("stats", SITE, *days))

    assert any(re.fullmatch(r"each column is \d+ days", line) for line in shown)
    assert any(re.search(r"\d \w{3} 2026$", line) for line in shown[1:])


def test_a_course_is_compared_with_the_one_before(counted: Terminal) -> None:
    """The same part of it, if it is not over yet."""
    client = connect(str(counted.folder / "footfall.db"))
    store = Store(client)
    site = load_sites(store).named(SITE)
    early = [view(f"w{n}", site, "/", AT_MS - 2 * DAY_MS) for n in range(2)]
    record(store, [*early, view("w9", site, "/", AT_MS - 3 * DAY_MS)])
    client.close()  # type: ignore[attr-defined]
    days = ("--from", "2026-11-23", "--to", "2026-11-24")

    shown = plain(counted.run("stats", SITE, *days))

    assert shown[2] == "3 visits ±0%      0 visitors      1,006 in all"
    assert shown[3] == "against 21 \N{EN DASH} 22 Nov 2026"


def test_days_without_visits_say_so(counted: Terminal) -> None:
    shown = plain(counted.run("stats", SITE, "--to", "2026-11-01", "--by", "hour"))

    assert shown[2] == "0 visits      0 visitors      1,003 in all"
    assert "No visits in these days." in shown
    pages = plain(counted.run("stats", SITE, "--to", "2026-11-01", "--by", "page"))
    assert "No page was seen." in pages


def test_one_visit_is_one_visit(terminal: Terminal) -> None:
    terminal.run("sites", "add", SITE)
    terminal.run("hit", SITE, "--id", "v1")

    shown = plain(terminal.run("stats", SITE))[2]
    assert shown == "1 visit      0 visitors      1 in all"


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
