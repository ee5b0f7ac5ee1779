"""The password and tokens, set by the program itself, and a server that asks for them."""

import re
from pathlib import Path

import pytest

from tests.cli.test_commands import SITE, Run, run
from tests.conftest import StartFootfall
from tests.terminal import Terminal

__all__ = ["run"]  # a fixture

PASSWORD = "correct horse battery staple"


def test_a_password_is_asked_for_twice_on_a_terminal(tmp_path: Path) -> None:
    """It is not shown, and two that differ change nothing."""
    terminal = Terminal(tmp_path)
    differing = terminal.run(
        "password", steps=[("Password", f"{PASSWORD}\n"), ("again", "another one..\n")]
    )
    same = terminal.run(
        "password", steps=[("Password", f"{PASSWORD}\n"), ("again", f"{PASSWORD}\n")]
    )
    short = terminal.run("password", steps=[("Password", "short\n")])

    assert "the two are not the same" in differing
    assert "set the password" in same
    assert "must have at least 12 characters" in short
    assert PASSWORD not in differing + same


def test_a_password_is_read_from_standard_input(run: Run) -> None:
    """One line; nothing that is wrong with it tells any of it."""
    set_ = run("password", input=f"{PASSWORD}\r\n")
    refused = [
        run("password", input=text)
        for text in ("", "a-secret", f"{PASSWORD}\nmore\n", "x" * 2_000)
    ]
    removed, again = run("password", "--remove"), run("password", "--remove")

    assert (set_.returncode, set_.stdout[:16]) == (0, "set the password")
    assert {each.returncode for each in refused} == {2}
    assert all("password: m" in each.stderr for each in refused)
    assert not any(
        "secret" in each.stderr or "x" * 9 in each.stderr for each in refused
    )
    assert removed.stdout.startswith("removed the password")
    assert again.stdout.startswith("no password was set")


def test_tokens_are_made_listed_and_revoked(run: Run) -> None:
    """The secret is shown once, alone on standard output."""
    run("sites", "add", SITE)
    made = run(
        "token", "create", "--scope", "read", "--scope", "count", "--label", "ci"
    )
    narrow = run("token", "create", "--scope", "read", "--site", "a.example")
    listed = run("token", "list")
    nobody = run("token", "create", "--scope", "read", "--site", "nobody.example")
    unknown = run("token", "revoke", "nobody's")
    revoked = run("token", "revoke", "ci")

    secret = made.stdout.strip()
    assert re.fullmatch(r"footfall_[\w-]{43}", secret)
    assert "it is not shown again" in made.stderr
    assert secret not in listed.stdout + made.stderr
    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    assert sorted(row[1:4] for row in rows) == [
        ["", "read", SITE],
        ["ci", "read, count", ""],
    ]
    assert (narrow.returncode, nobody.returncode, unknown.returncode) == (0, 1, 1)
    assert revoked.stdout.endswith("(ci)\n")
    assert len(run("token", "list").stdout.splitlines()) == 1


def test_a_server_beyond_this_machine_asks_for_a_password(
    run: Run, tmp_path: Path, footfall_process: StartFootfall
) -> None:
    """It starts once there is one: stored, in a file, or in the environment."""
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    refused = run("serve", "--host", "0.0.0.0", "--port", "0")
    both = run(
        *("serve", "--port", "0", "--password-file", str(secret)),
        FOOTFALL_PASSWORD=PASSWORD,
    )
    missing = run("serve", "--port", "0", "--password-file", str(tmp_path / "none"))
    short = run("serve", "--port", "0", FOOTFALL_PASSWORD="a-secret")
    store = ("--store", str(tmp_path / "a.db"))
    serve = ("serve", "--host", "0.0.0.0", *store)
    first = footfall_process(
        *serve, environment={"FOOTFALL_PASSWORD_FILE": str(secret)}
    )
    first.terminate()
    again = footfall_process(
        *serve, environment={"FOOTFALL_PASSWORD": "another one..."}
    )
    printed = first.output + again.output

    assert refused.returncode == 2
    assert "no password is set; run `" in refused.stderr
    assert "give one of the two" in both.stderr
    assert "cannot be read: No such file" in missing.stderr
    assert "secret" not in short.stderr
    assert "set the owner's password" in first.output
    assert "a password is set already" in again.output
    assert "No password is set" not in printed
    assert f"Dashboard  http://127.0.0.1:{again.port}/" in again.output
    assert "reverse proxy with https" in printed
    assert PASSWORD not in printed
    assert "another one" not in printed


@pytest.mark.parametrize("arguments", [("token", "list"), ("password", "--remove")])
def test_what_only_reads_or_removes_makes_no_store(
    run: Run, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    assert run(*arguments).returncode == 1
    assert list(tmp_path.iterdir()) == []
