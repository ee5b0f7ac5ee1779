"""`footfall password`: the one password of whoever owns the numbers."""

import sys
from pathlib import Path
from typing import Any

import click

from footfall.cli.options import open_store, store_options
from footfall.cli.output import note, say
from footfall.errors import InvalidInputError
from footfall.owners.password import check_password, remove_password, set_password

PASSWORD_VARIABLE = "FOOTFALL_PASSWORD"
_LINE_CHARACTERS_MAX = 10_000


@click.command(short_help="Set the password of the owner's pages.")
@click.option("--remove", is_flag=True, help="Remove the password.")
@store_options
def password(remove: bool, **settings: Any) -> None:
    """Set the password that opens the owner's pages, in place of any other.

    It is asked for twice on a terminal, and else read from standard input: one line. All
    sessions end. API tokens stay: `footfall token revoke` ends them.

    \b
    Examples:
      footfall password
      footfall password < password.txt
      footfall password --remove
    """
    if remove:
        store = open_store(settings, create=False)
        if remove_password(store):
            say("removed the password, and ended all sessions")
            note(
                "footfall: the owner's pages answer this machine alone from now on, and"
                " a server that listens beyond it will not start again"
            )
        else:
            say("no password was set; nothing was changed")
        return
    text = check_password(_asked() if sys.stdin.isatty() else _piped())
    set_password(open_store(settings, create=True), text)
    say("set the password, and ended all sessions; sign in at /login")


def read_password_file(path: str) -> str:
    """The password that a file holds: its one line.

    Raises:
        InvalidInputError: It cannot be read, or has more lines; nothing of it is told.
    """
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InvalidInputError(
            "password-file", f"{path} cannot be read: {why}"
        ) from None
    return _one_line(text, "password-file")


def _asked() -> str:
    text: str = click.prompt("Password", hide_input=True, err=True)
    check_password(text)
    again: str = click.prompt("The same again", hide_input=True, err=True)
    if again != text:
        raise InvalidInputError("password", "the two are not the same; nothing changed")
    return text


def _piped() -> str:
    try:
        text = sys.stdin.buffer.read(_LINE_CHARACTERS_MAX).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidInputError("password", "it is no UTF-8 text") from None
    return _one_line(text, "password")


def _one_line(text: str, field: str) -> str:
    """The text without its line end.

    Raises:
        InvalidInputError: There is another line: perhaps it is another file.
    """
    line, _, rest = text.partition("\n")
    if rest.strip():
        raise InvalidInputError(field, "must have one line, the password, and no more")
    return line.removesuffix("\r")
