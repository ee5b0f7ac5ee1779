r"""Web servers' access logs: lines in, entries out. Pure.

    common    HOST - USER [25/Nov/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 512
    combined  the same, and "REFERRER" "AGENT"
    jsonl     a JSON document a line, as Caddy, Traefik and nginx write it

What stands before the time is the reader's address and name, and what stands behind the
agent may be an address that a proxy forwarded. A line's identity is what is between, so
that nothing of an address is kept, not even in a hash.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import msgspec

from footfall.transfer.entries import PageViews, Parsed, refuse

# Apache and nginx escape quotation marks in what a reader sent (Apache HTTP Server
# documentation, mod_log_config, "Format Notes").
_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
_LINE = re.compile(
    rf"[^\[]{{0,2000}}(\[([^\]]{{20,40}})\] {_QUOTED} (\d{{3}}) (?:\d+|-)"
    rf"(?: {_QUOTED} {_QUOTED})?)"
)
_TIME_FORM = "%d/%b/%Y:%H:%M:%S %z"
_MINUTES_MAX = 4_096  # remembered; parsing a date is what costs

# Where the fields are, by those who write them: Caddy; nginx by its variables' names;
# Traefik; everybody else.
_TIME = ("ts", "time", "timestamp", "@timestamp", "time_iso8601", "time_local", "msec")
_METHOD = ("request.method", "method", "request_method", "RequestMethod")
_TARGET = ("request.uri", "uri", "request_uri", "RequestPath", "url", "path")
_STATUS = ("status", "DownstreamStatus", "status_code")
_REFERRER = (
    *("request.headers.Referer", "referer", "referrer", "http_referer"),
    "request_Referer",
)
_AGENT = (
    *("request.headers.User-Agent", "user_agent", "http_user_agent", "agent"),
    *("request_User-Agent", "userAgent"),
)
_MILLISECONDS_FROM = 10**11  # a time past the year 5000 in seconds is in milliseconds
_AT_MS_MAX = 10**14

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def is_log_line(line: str) -> bool:
    """Whether it has the form of a common or combined log's line."""
    return _LINE.match(line) is not None


def parse_log_line(line: str, views: PageViews) -> Parsed:
    """A line of a common or combined log.

    Raises:
        InvalidInputError: It is none.
    """
    found = _LINE.match(line)
    if found is None:
        raise refuse("is no line of a common or combined log")
    identity, time, request, status, referrer, agent = found.groups()
    words = request.split(" ")
    if len(words) < 2:
        # A handshake that was meant for another port; it was answered with an error.
        if status in ("200", "304"):
            raise refuse(f"asks for nothing: {request[:40]!r}")
        return "status"
    return views.entry(
        _minute_ms(time[:17], time[20:]) + _second_ms(time),
        words[0],
        words[1],
        status,
        "" if referrer in (None, "-") else referrer,
        "" if agent in (None, "-") else agent,
        identity.encode("utf-8", "replace"),
    )


def parse_json_line(line: str, views: PageViews) -> Parsed:
    """A line of a log in JSON.

    Raises:
        InvalidInputError: It is none, or lacks the time, the target or the status.
    """
    try:
        fields = _decode(line.encode("utf-8", "replace"))
    except (msgspec.DecodeError, RecursionError) as error:
        raise refuse(f"is no JSON document: {error}") from None
    time = _first(fields, _TIME)
    status = _text(_first(fields, _STATUS))
    method = _text(_first(fields, _METHOD)) or "GET"
    target = _text(_first(fields, _TARGET))
    request = fields.get("request")
    if isinstance(request, str) and request.count(" ") >= 1:
        method, target = request.split(" ")[:2]
    for name, value in (("time", time), ("target", target), ("status", status)):
        if not value:
            raise refuse(f"has no {name} under a name that is known")
    referrer = _text(_first(fields, _REFERRER)).removeprefix("-")
    agent = _text(_first(fields, _AGENT)).removeprefix("-")
    told = (_text(time), method, target, status, referrer, agent)
    identity = "\n".join(told).encode("utf-8", "replace")
    return views.entry(time_ms(time), method, target, status, referrer, agent, identity)


def time_ms(time: object) -> int:
    """A time as logs write it: RFC 3339, a common log's, seconds or milliseconds.

    Raises:
        InvalidInputError: It is none.
    """
    match time:
        case bool():
            pass
        case int() | float() if 0 < time < _AT_MS_MAX:
            return round(time if time > _MILLISECONDS_FROM else time * 1000)
        case str() if re.fullmatch(r"[0-9]{1,14}(\.[0-9]{1,9})?", time):
            return time_ms(float(time))
        case str():
            for parse in (_rfc3339, _common):
                try:
                    at = parse(time)
                except ValueError:
                    continue
                return round(at.timestamp() * 1000)
    raise refuse(f"has a time that cannot be read: {str(time)[:40]!r}")


def _rfc3339(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _common(text: str) -> datetime:
    return datetime.strptime(text, _TIME_FORM)


@lru_cache(_MINUTES_MAX)
def _minute_ms(minute: str, zone: str) -> int:
    return time_ms(f"{minute}:00{zone}")


def _second_ms(time: str) -> int:
    seconds = time[18:20]
    if not seconds.isascii() or not seconds.isdigit():
        raise refuse(f"has a time that cannot be read: {time[:40]!r}")
    return int(seconds) * 1000


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """The first field that is there; a dot leads into a document within."""
    for name in names:
        value: Any = fields.get(name)
        if value is None and "." in name:
            value = fields
            for step in name.split("."):
                value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, list) and value:  # Caddy's headers
            value = value[0]
        if value is not None and not isinstance(value, dict | list):
            return value
    return None


def _text(value: object) -> str:
    return "" if value is None else str(value)


Parse = Callable[[str, PageViews], Parsed]
