"""An export's lines: read as they were written, and nothing else is taken for one."""

import csv
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.errors import InvalidInputError
from footfall.transfer.document import (
    Day,
    End,
    Header,
    Line,
    Note,
    Values,
    csv_rows,
    decode,
    encode,
    encode_csv,
    header_of,
)
from footfall.visits.dimensions import BROKEN_DOWN, HOUR_NAMES
from footfall.visits.site import DIMENSIONS, Site

HEADER = header_of(
    Site("https://a.example/", "Europe/Berlin", aliases=("http://a.example",)),
    "id-1",
    "2026-11-25T12:00:00.000Z",
    baseline=7,
    visits=10,
)

days = st.dates().filter(lambda day: 1970 <= day.year < 3000).map(str)
counts = st.integers(0, 10**12)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
lines: st.SearchStrategy[Line] = st.one_of(
    st.builds(
        Day,
        days,
        counts,
        st.dictionaries(st.sampled_from(HOUR_NAMES), counts),
        counts,
        counts,
        counts,
    ),
    st.builds(
        Values,
        days,
        st.sampled_from(BROKEN_DOWN),
        st.dictionaries(texts, counts),
        counts,
    ),
    st.builds(
        Note,
        st.sampled_from(["log 0498708#00000", "day 2019-05-01"]),
        st.binary(max_size=9).map(lambda name: name * 8),
        counts,
    ),
    st.builds(End, st.just(value=True), counts, counts, counts),
    st.just(HEADER),
)


@given(lines)
def test_a_line_is_read_as_it_was_written(line: Line) -> None:
    """Whatever strangers have put into values."""
    assert decode(encode(line), 1) == line


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=8,
)
near_lines = st.dictionaries(
    st.sampled_from(
        [
            *(*Header.__struct_fields__, *Day.__struct_fields__),
            *(*Values.__struct_fields__, *End.__struct_fields__, "else"),
            *Note.__struct_fields__,
        ]
    ),
    json_values,
)


@given(
    st.one_of(
        st.binary(max_size=200),
        json_values.map(lambda value: json.dumps(value).encode()),
        near_lines.map(lambda value: json.dumps(value).encode()),
    )
)
def test_what_is_no_line_is_refused_by_its_number(text: bytes) -> None:
    """Never with a traceback."""
    try:
        line = decode(text, 17)
    except InvalidInputError as error:
        field = error.field
    else:
        field = "line 17"
        assert decode(encode(line), 1) == line

    assert field == "line 17"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"version": 2}, "upgrade Footfall"),
        ({"timezone": "Moon/Base"}, "no IANA time zone"),
        ({"dimensions": ["moon"]}, "'moon' is none"),
        ({"private": True, "published": True}, "no public page"),
        ({"site": "a\nb"}, "no control characters"),
        ({"aliases": ["ftp://a"]}, "must be an absolute http or https URL"),
        ({"visits": "7"}, "Expected `int`"),
        ({"visits": 10**40}, "int"),
    ],
)
def test_a_header_that_is_not_valid_says_why(
    changed: dict[str, Any], words: str
) -> None:
    """A site that could not be served is never made."""
    text = json.dumps({**json.loads(encode(HEADER)), **changed}).encode()

    with pytest.raises(InvalidInputError, match="line 1") as refused:
        decode(text, 1)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"day":"2026-02-30","visits":1}', "no day"),
        ('{"day":"2026-02-01","visits":1,"hours":{"25":1}}', "'25' is no hour"),
        ('{"day":"2026-02-01","dimension":"moon","values":{}}', "'moon' is none"),
        ('{"day":"2026-02-01"}', "expected an export's"),
        ('{"note":"export","lines":""}', "'export' is none"),
        ('{"note":"log 0#0","lines":"YWI="}', "'log 0#0' is none"),
        ("[]", "no line of a Footfall export"),
        ("", "no line of a Footfall export"),
    ],
)
def test_a_line_that_is_not_valid_says_why(text: str, words: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        decode(text.encode(), 3)
    assert words in str(refused.value)


def test_the_flat_table_holds_each_number() -> None:
    """A spreadsheet's row each; what had no room of its own has no value."""
    day = Day("2026-11-24", 3, {"13": 3}, visitors=2)
    values = Values("2026-11-24", "page", {"/a,b": 2}, other=1)
    text = b"".join(encode_csv(csv_rows(line)) for line in (HEADER, day, values))

    assert list(csv.reader(io.StringIO(text.decode()))) == [
        ["", "baseline", "", "7"],
        ["2026-11-24", "day", "", "3"],
        ["2026-11-24", "visitor", "", "2"],
        ["2026-11-24", "hour", "13", "3"],
        ["2026-11-24", "page", "/a,b", "2"],
        ["2026-11-24", "page", "", "1"],
    ]


def test_no_spreadsheet_runs_what_a_stranger_wrote() -> None:
    """A referrer may begin as a formula does."""
    values = Values("2026-11-24", "event", {"=1+1": 1, "@x": 1, "-y": 1, "ok": 1})
    rows = [value for _, _, value, _ in csv_rows(values)]

    assert rows == ["'=1+1", "'@x", "'-y", "ok"]


def test_a_header_is_of_every_setting() -> None:
    """Else an import would lose it."""
    assert HEADER.as_site() == Site(
        "https://a.example/", "Europe/Berlin", aliases=("http://a.example",)
    )
    assert HEADER.dimensions == list(DIMENSIONS)
