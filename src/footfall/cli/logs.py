"""A server's log: lines on standard error, as text or as JSON.

Text is for a person: warnings and errors, while what is said at the start and the end
stands on standard output. JSON is for a program, which reads nothing else: one object a
line for all of it, on standard error.

    {"time": "2026-11-25T20:31:07.412Z", "level": "warning", "logger": "footfall.web",
     "message": "visits are counted again"}

Further fields are what the line's `extra` has; a traceback is one field, `exception`.
What came from outside is escaped: a line of the log is a line. No line has an address,
a password or a token; the code that logs sees to it, and tests look.
"""

import json
import logging
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from footfall.cli.output import escaped, note, say

FORMATS = ("text", "json")

_log = logging.getLogger("footfall.cli")
# What every record has; the rest is its `extra`.
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {
    "asctime",
    "message",
    "color_message",
}

F = TypeVar("F", bound=Callable[..., Any])


def log_format_option(envvar: str | None) -> Callable[[F], F]:
    """The option of a command that serves."""
    return click.option(
        "--log-format",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        envvar=envvar,
        show_envvar=envvar is not None,
        help="How the log is written: lines for a person, or JSON.",
    )


class Log:
    """The log of a command that serves, and what it says of itself.

    Args:
        format: One of `FORMATS`.
    """

    def __init__(self, format: str) -> None:
        self._is_json = format == "json"
        handler = logging.StreamHandler()
        handler.setFormatter(JsonLines() if self._is_json else TextLines())
        root = logging.getLogger()
        root.handlers = [handler]
        root.setLevel(logging.WARNING)
        logging.getLogger("footfall").setLevel(
            logging.INFO if self._is_json else logging.WARNING
        )
        logging.captureWarnings(True)

    def say(self, event: str, *lines: str, **fields: str | int) -> None:
        """Say what happens: lines for a person, or one event with fields.

        Args:
            event: What happens, "serving".
            lines: The same in words, on standard output.
            fields: The same for a program.
        """
        if self._is_json:
            _log.info(event, extra=fields)
        else:
            for line in lines:
                say(line)

    def note(self, text: str) -> None:
        """Tell what the owner should know."""
        if self._is_json:
            _log.warning(text)
        else:
            note(f"footfall: {text}")


class TextLines(logging.Formatter):
    """A line a record; a traceback follows, each of its lines indented."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, its control characters escaped."""
        line = (
            f"{_time(record)} {record.levelname} {record.name}:"
            f" {escaped(record.getMessage())}"
        )
        for name, value in _fields(record).items():
            line += f" {name}={escaped(str(value))}"
        for below in _exception(record).splitlines():
            line += f"\n    {escaped(below)}"
        return line


class JsonLines(logging.Formatter):
    """An object a record, on one line; all of ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        fields: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= _fields(record)
        if exception := _exception(record):
            fields["exception"] = exception
        return json.dumps(fields, default=str)


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in record.__dict__.items() if name not in _OWN}


def _exception(record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    return "".join(traceback.format_exception(*record.exc_info)).rstrip()
