"""What is shown while something takes its time: on a terminal a bar, in a pipe nothing."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.load import SITE, footfall
from tests.processes import FOOTFALL
from tests.terminal import Terminal

LINES = 3_000
LINE = '192.0.2.7 - - [24/Nov/2026:13:{:02d}:{:02d} +0000] "GET /{} HTTP/1.1" 200 5\n'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A folder's log, and a store with the site that it is of."""
    footfall("sites", "add", SITE, "--store", tmp_path / "footfall.db")
    path = tmp_path / "access.log"
    lines = (LINE.format(n // 60 % 60, n % 60, n % 50) for n in range(LINES))
    path.write_text("".join(lines))
    return path


def test_a_bar_shows_how_much_is_done(log: Path) -> None:
    """Of a file its bytes, of a copy its items, of a backup its pages."""
    terminal = Terminal(log.parent)

    imported = terminal.run("import", log.name, "--site", SITE)
    copied = terminal.run("copy", "footfall.db", "other.db")
    backed_up = terminal.run("backup", "backup.db")
    (log.parent / "export.jsonl").write_text(
        footfall("export", SITE, "--store", log.parent / "footfall.db")
    )
    loaded = terminal.run("--store", "third.db", "import", "export.jsonl")

    assert "MB" in imported or "kB" in imported
    assert f"{LINES:,}" in imported
    assert "items" in copied
    assert "pages" in backed_up
    assert f"imported {LINES} visits" in loaded
    for shown in (imported, copied, backed_up, loaded):
        assert "━" * 40 in shown


def test_a_pipe_has_no_bar(log: Path) -> None:
    """Standard error is for what a person must know."""
    done = subprocess.run(
        [FOOTFALL, "import", log.name, "--site", SITE],
        cwd=log.parent,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr == ""
    assert done.stdout == f"counted\t{LINES}\n"
