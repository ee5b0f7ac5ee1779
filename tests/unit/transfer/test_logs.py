"""Lines of logs and rows of exports: what each counts, and why others do not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import InvalidInputError
from footfall.transfer import ledger
from footfall.transfer.access_logs import parse_json_line, parse_log_line, time_ms
from footfall.transfer.day_totals import columns_of as day_columns
from footfall.transfer.day_totals import parse_day, rows_of
from footfall.transfer.entries import Entry, PageViews
from footfall.transfer.formats import FORMATS, format_of
from footfall.transfer.goatcounter import columns_of, parse_row
from footfall.transfer.ledger import Names
from footfall.transfer.lines import LINE_BYTES_MAX, TOO_LONG, followed, lines_of
from footfall.visits.site import Site

SITE = Site("https://a.example/", aliases=("http://a.example",))
VIEWS = PageViews(SITE)
AT_MS = 1795614936_000
CHROME = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36"
)
ROBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


def line(
    request: str = "GET /blog/?utm_source=mail HTTP/1.1",
    status: int = 200,
    referrer: str = "https://www.google.com/",
    agent: str = CHROME,
    host: str = "192.0.2.7",
    time: str = "25/Nov/2026:14:55:36 +0100",
) -> str:
    return f'{host} - - [{time}] "{request}" {status} 512 "{referrer}" "{agent}"'


def test_a_line_of_a_combined_log_is_a_view() -> None:
    """With all that its site is broken down by and a log tells."""
    entry = parse_log_line(line(), VIEWS)

    assert isinstance(entry, Entry)
    assert (entry.at_ms, entry.kind) == (AT_MS, "view")
    assert dict(entry.values) == {
        "page": "/blog/",
        "referrer": "Google",
        "campaign": "mail",
        "browser": "Chrome",
        "system": "Linux",
    }


def test_nothing_of_an_address_is_in_a_lines_identity() -> None:
    """Neither the reader's nor what a proxy forwarded behind the agent."""
    one = parse_log_line(line(host="192.0.2.7") + ' "198.51.100.1"', VIEWS)
    other = parse_log_line(line(host="a.example:80 203.0.113.9"), VIEWS)

    assert isinstance(one, Entry)
    assert one == other
    assert b"192.0.2" not in one.identity


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (line("POST / HTTP/1.1"), "method"),
        (line("HEAD / HTTP/1.1"), "method"),
        (line(status=404), "status"),
        (line(status=301), "status"),
        (line(r"\x16\x03\x01", status=400), "status"),
        (line("GET /style.css?v=2 HTTP/1.1"), "asset"),
        (line("GET /Photo.JPG HTTP/1.1"), "asset"),
        (line("GET http://b.example/ HTTP/1.1"), "elsewhere"),
    ],
)
def test_a_line_that_is_no_view_of_a_page_is_filtered(
    written: str, reason: str
) -> None:
    assert parse_log_line(written, VIEWS) == reason


def test_what_is_no_page_is_the_owners_to_say() -> None:
    views = PageViews(SITE, ["html"])

    assert parse_log_line(line("GET /a.html HTTP/1.1"), views) == "asset"
    assert isinstance(parse_log_line(line("GET /a.css HTTP/1.1"), views), Entry)


def test_a_site_within_a_host_counts_its_own_pages() -> None:
    """By whole segments, as everywhere."""
    views = PageViews(Site("https://a.example/blog/"))

    assert isinstance(parse_log_line(line("GET /blog/x HTTP/1.1"), views), Entry)
    assert parse_log_line(line("GET /blogs HTTP/1.1"), views) == "elsewhere"
    by_hand = PageViews(Site("a.example"))
    assert isinstance(parse_log_line(line("GET /x HTTP/1.1"), by_hand), Entry)


def test_a_robot_is_counted_apart() -> None:
    entry = parse_log_line(line(agent=ROBOT), VIEWS)

    assert isinstance(entry, Entry)
    assert (entry.kind, entry.values) == ("robot", (("robot", "Googlebot"),))


def test_a_common_log_has_neither_referrer_nor_agent() -> None:
    entry = parse_log_line(
        '192.0.2.7 - frank [25/Nov/2026:14:55:36 +0100] "GET / HTTP/1.0" 200 -', VIEWS
    )

    assert isinstance(entry, Entry)
    assert dict(entry.values)["page"] == "/"
    assert dict(entry.values)["referrer"] == "direct"


@pytest.mark.parametrize(
    "document",
    [
        {  # Caddy
            "ts": 1795614936.0,
            "request": {
                "remote_ip": "192.0.2.7",
                "method": "GET",
                "uri": "/blog/",
                "headers": {
                    "User-Agent": [CHROME],
                    "Referer": ["https://www.google.com/"],
                },
            },
            "status": 200,
        },
        {  # Traefik
            "time": "2026-11-25T14:55:36+01:00",
            "RequestMethod": "GET",
            "RequestPath": "/blog/",
            "DownstreamStatus": 200,
            "request_User-Agent": CHROME,
            "request_Referer": "https://www.google.com/",
        },
        {  # nginx, by its variables
            "time_local": "25/Nov/2026:14:55:36 +0100",
            "request": "GET /blog/ HTTP/1.1",
            "status": "200",
            "http_referer": "https://www.google.com/",
            "http_user_agent": CHROME,
        },
    ],
)
def test_a_document_of_each_server_is_a_view(document: dict[str, object]) -> None:
    entry = parse_json_line(json.dumps(document), VIEWS)

    assert isinstance(entry, Entry)
    assert entry.at_ms == AT_MS
    assert dict(entry.values) == {
        "page": "/blog/",
        "referrer": "Google",
        "browser": "Chrome",
        "system": "Linux",
    }
    assert b"192.0.2" not in entry.identity


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("hello", "is no line of"),
        (line(time="25/Foo/2026:14:55:36 +0100"), "a time that cannot be read"),
        (line(time="25/Nov/2026:14:55:xx +0100"), "a time that cannot be read"),
        (line("GET"), "asks for nothing"),
        (line("GET foo HTTP/1.1"), "must be an absolute http"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(written: str, words: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_log_line(written, VIEWS)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("[1]", "is no JSON document"),
        ("{", "is no JSON document"),
        ("{}", "has no time"),
        ('{"ts": 1, "uri": "/"}', "has no status"),
        ('{"ts": 1, "status": 200}', "has no target"),
        ('{"ts": true, "status": 200, "uri": "/"}', "a time that cannot be read"),
        ('{"ts": 1e300, "status": 200, "uri": "/"}', "a time that cannot be read"),
        ('{"time": "noon", "status": 200, "uri": "/"}', "a time that cannot be read"),
    ],
)
def test_a_document_that_cannot_be_read_says_why(document: str, words: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        parse_json_line(document, VIEWS)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "time",
    [
        "2026-11-25T13:55:36Z",
        "2026-11-25T14:55:36.000+01:00",
        "2026-11-25 13:55:36",
        "1795614936",
        "1795614936.00",
        1795614936.0,
        1795614936000,
    ],
)
def test_a_time_is_read_in_any_form(time: object) -> None:
    assert time_ms(time) == AT_MS


HEADER = (
    "2Path,Title,Event,UserAgent,Browser,System,Session,Bot,Referrer,Referrer scheme,"
    "Screen size,Location,FirstVisit,Date"
).split(",")


def row(**fields: str) -> list[str]:
    told = {
        "2Path": "/blog/",
        "Event": "false",
        "Browser": "Firefox 145",
        "System": "Android 16",
        "Session": "1a",
        "Bot": "0",
        "Referrer": "www.google.com",
        "Referrer scheme": "h",
        "Screen size": "390,844,2",
        "Location": "DE-BE",
        "FirstVisit": "true",
        "Date": "2026-11-25T13:55:36Z",
        **fields,
    }
    return [told.get(name, "") for name in HEADER]


def test_a_row_of_goatcounters_export_is_a_view() -> None:
    entry = parse_row(row(), columns_of(HEADER), SITE)

    assert isinstance(entry, Entry)
    assert (entry.at_ms, entry.kind) == (AT_MS, "view")
    assert dict(entry.values) == {
        "page": "/blog/",
        "referrer": "Google",
        "country": "DE",
        "browser": "Firefox",
        "system": "Android",
        "size": "phone",
    }


@pytest.mark.parametrize(
    ("fields", "kind", "values"),
    [
        ({"Bot": "3"}, "robot", {"robot": "Firefox"}),
        ({"Event": "true", "2Path": "signup"}, "event", {"event": "signup"}),
        (
            {"Referrer": "Hacker News", "Referrer scheme": "g"},
            "view",
            {"referrer": "Hacker News"},
        ),
        (
            {"Referrer": "spring-sale", "Referrer scheme": "c"},
            "view",
            {"campaign": "spring-sale", "referrer": "direct"},
        ),
        ({"Referrer": "", "2Path": "blog"}, "view", {"page": "/blog"}),
        ({"Browser": CHROME, "System": ""}, "view", {"browser": "Chrome"}),
    ],
)
def test_a_row_of_each_kind(
    fields: dict[str, str], kind: str, values: dict[str, str]
) -> None:
    entry = parse_row(row(**fields), columns_of(HEADER), SITE)

    assert isinstance(entry, Entry)
    assert entry.kind == kind
    assert values.items() <= dict(entry.values).items()


@pytest.mark.parametrize(
    "header",
    [["3Path", *HEADER[1:]], ["Path", "Title"], [""], ["1Path", "Title", "Event"]],
)
def test_a_header_of_another_version_is_refused(header: list[str]) -> None:
    """What its columns mean, nobody knows yet."""
    with pytest.raises(InvalidInputError):
        columns_of(header)


def test_day_totals_are_read_by_their_columns() -> None:
    """Whatever stands between; of Footfall's own table, the days."""
    assert day_columns(["Date", "Visitors", "Pageviews"]) == (0, 2, None)
    assert day_columns(["date", "dimension", "value", "visits"]) == (0, 3, 1)
    assert day_columns(["name", "visits"]) is None
    columns = (0, 1, None)
    assert parse_day(["2026-11-24", "120"], columns) == ("2026-11-24", 120)
    assert parse_day(["2026-11-24", "page", "/", "3"], (0, 3, 1)) == "dimension"
    for wrong in (["2026-11-24"], ["2026-11-31", "1"], ["2026-11-24", "-1"], ["", "1"]):
        with pytest.raises(InvalidInputError):
            parse_day(wrong, columns)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b'{"footfall":"export","version":1}', "footfall"),
        (b'{"ts":1}', "jsonl"),
        (",".join(HEADER).encode(), "goatcounter"),
        (b"\xef\xbb\xbfDate,Visits", "csv"),
        (line().encode(), "combined"),
    ],
)
def test_a_format_is_seen_from_the_first_line(first: bytes, expected: str) -> None:
    assert format_of(first) == expected
    assert expected in FORMATS


def test_a_format_that_nobody_can_tell_is_asked_for() -> None:
    with pytest.raises(InvalidInputError, match="say --format"):
        format_of(b"hello")


texts = st.text(max_size=60) | st.sampled_from(
    ["GET / HTTP/1.1", "[25/Nov/2026:14:55:36 +0100]", '"', "\\", "http://[", "-"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["headers", "method", "uri", "x"]), inner)
    ),
    max_leaves=6,
)


@given(
    st.one_of(
        texts,
        st.builds(line, texts, st.integers(0, 999), texts, texts, texts, texts),
        st.dictionaries(
            st.sampled_from(["ts", "time", "request", "uri", "status", "method"]),
            json_values,
        ).map(json.dumps),
    )
)
def test_no_line_is_a_traceback(text: str) -> None:
    """It is counted, filtered or refused, whatever a stranger sent."""
    for parse in (parse_log_line, parse_json_line):
        try:
            parsed = parse(text, VIEWS)
        except InvalidInputError:
            continue
        assert isinstance(parsed, str) or all(
            value.isprintable() and value.encode() for _, value in parsed.values
        )


@given(st.lists(texts, max_size=16), st.booleans())
def test_no_row_is_a_traceback(fields: list[str], has_header: bool) -> None:
    for act in (
        lambda: columns_of(fields),
        lambda: parse_row(fields, columns_of(HEADER), SITE),
        lambda: parse_row([*fields, *row()][-14:], columns_of(HEADER), SITE),
        lambda: parse_day(fields, (0, 1, 2 if has_header else None)),
        lambda: list(rows_of(iter([",".join(fields) + "\n"]))),
        lambda: format_of(",".join(fields).encode("utf-8", "replace")),
    ):
        try:
            act()
        except InvalidInputError:
            continue


def test_equal_lines_have_names_of_their_own() -> None:
    """And the same ones in another copy of the file."""
    identities = [b"a", b"b", b"a", b"a"]
    first, again = Names(), Names()
    names = [first.name(each) for each in identities]

    assert len(set(names)) == 4
    assert [again.name(each) for each in identities] == names


def test_names_are_told_apart_in_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Equal lines stand near each other; those of long ago are let go."""
    monkeypatch.setattr(ledger, "_NEAR_MAX", 4)
    names = Names()
    found = [names.name(b"%d" % number) for number in [1, 2, 3, 4, 5, 1, 6, 7]]

    assert len(set(found)) == 8


def test_lines_are_bounded(tmp_path: Path) -> None:
    """One that is too long is told so, and those behind it are read."""
    path = tmp_path / "log"
    path.write_bytes(b"a\r\n\n" + b"x" * 3 * LINE_BYTES_MAX + b"\nb")

    with path.open("rb") as file:
        assert list(lines_of(file)) == [b"a", b" ", TOO_LONG, b"b"]


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def test_a_file_is_followed_through_its_rotation(tmp_path: Path) -> None:
    """Also when it is cut short, is missing for a while, or ends within a line."""
    path = tmp_path / "log"
    steps: Iterator[Callable[[], object]] = iter(
        [
            lambda: path.write_bytes(b"a\nb"),
            lambda: append(path, b"c\n"),
            lambda: append(path, b"last"),
            lambda: path.rename(tmp_path / "log.1"),
            lambda: path.write_bytes(b"d\n" + b"x" * 2 * LINE_BYTES_MAX + b"\n"),
            lambda: path.write_bytes(b"e\n"),
        ]
    )
    paused: list[int] = []
    stopped = False

    def sleep(_: float) -> None:
        nonlocal stopped
        step = next(steps, None)
        if step is None:
            stopped = True
        else:
            step()

    found = list(followed(path, lambda: stopped, lambda: paused.append(1), sleep=sleep))

    assert found == [b"a", b"bc", b"last", b"d", TOO_LONG, b"e"]
    assert len(paused) == 7
