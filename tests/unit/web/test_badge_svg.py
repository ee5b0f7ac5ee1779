"""Badges as pictures: any text, in any script, in boxes that fit it."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footfall.web.badge_query import COLORS, LABEL_LENGTH_MAX, written
from footfall.web.badge_svg import STYLES, draw, text_width

SVG = "{http://www.w3.org/2000/svg}"
PRINTABLE = st.text(max_size=LABEL_LENGTH_MAX).filter(str.isprintable)


def drawn(
    label: str,
    message: str = "7",
    color: str = "#4c1",
    label_color: str = "#555",
    style: str = "flat",
) -> ElementTree.Element:
    return ElementTree.fromstring(draw(label, message, color, label_color, style))


@pytest.mark.parametrize("style", STYLES)
@given(label=PRINTABLE, message=PRINTABLE)
def test_any_text_stays_text_and_fits_its_box(
    style: str, label: str, message: str
) -> None:
    """Escaped, since it is a stranger's; and no font can make it overflow."""
    picture = drawn(label, message, style=style)

    whole = float(picture.attrib["width"])
    assert {child.tag for child in picture.iter()} <= {
        *(SVG + name for name in ("svg", "title", "path", "g", "text", "rect")),
        *(SVG + name for name in ("linearGradient", "stop")),
    }
    texts = [text for text in picture.iter(SVG + "text") if text.get("fill-opacity")]
    for text in texts or picture.iter(SVG + "text"):
        middle, length = float(text.attrib["x"]), float(text.attrib["textLength"])
        assert 0 <= middle - length / 2
        assert middle + length / 2 <= whole
    if style != "for-the-badge":
        shown = f"{label}: {message}" if label else message
        assert picture.attrib["aria-label"] == shown
        assert picture.findtext(SVG + "title") == shown


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("iiii", "WWWW"),
        ("visits", "訪問数訪問数"),
        ("e", "é\u0301é"),
        ("👨", "👨👩"),
    ],
)
def test_wider_text_has_a_wider_box(narrow: str, wide: str) -> None:
    assert text_width(narrow) < text_width(wide)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("é", "e\u0301"),
        ("über", "uber"),
        ("👨", "👨\u200d👩\u200d👧"),  # a family is one picture
        ("👍", "👍🏽"),  # whatever its skin
    ],
)
def test_what_takes_no_room_adds_none(text: str, same: str) -> None:
    assert text_width(text) == text_width(same)


def test_a_flag_is_about_as_wide_as_another_emoji() -> None:
    """It is two letters to Unicode."""
    assert abs(text_width("🇩🇪") - text_width("👀")) <= 1


def test_a_badge_without_a_label_is_one_box() -> None:
    assert len(drawn("").findall(SVG + "path")) == 1
    assert len(drawn("visits").findall(SVG + "path")) == 2


@pytest.mark.parametrize(("color", "ink"), [("#fff", "#333"), ("#e05d44", "#fff")])
def test_text_is_dark_on_light_boxes(color: str, ink: str) -> None:
    texts = drawn("", "7", color).iter(SVG + "text")

    assert ink in [text.get("fill") for text in texts]


@pytest.mark.parametrize(
    ("label", "direction"),
    [("ביקורים today", "rtl"), ("7 زيارات", "rtl"), ("visits", None), ("77", None)],
)
def test_a_label_reads_in_its_own_direction(label: str, direction: str | None) -> None:
    """By its first letter that has one."""
    label_text = next(drawn(label, "7").iter(SVG + "text"))

    assert label_text.get("direction") == direction


@pytest.mark.parametrize("name", COLORS)
def test_every_colour_draws(name: str) -> None:
    assert drawn("a", "b", COLORS[name], COLORS[name]).get("width")


@pytest.mark.parametrize(
    ("number", "grouped", "compact"),
    [
        (0, "0", "0"),
        (999, "999", "999"),
        (1_000, "1,000", "1k"),
        (1_299, "1,299", "1.2k"),
        (12_345, "12,345", "12.3k"),
        (999_999, "999,999", "999k"),
        (1_234_567, "1,234,567", "1.2M"),
        (10**20, "100,000,000,000,000,000,000", "100E"),
        (10**24, f"{10**24:,}", "1,000,000E"),
        (-1_500, "-1,500", "-1.5k"),
    ],
)
def test_numbers_are_written_as_asked(number: int, grouped: str, compact: str) -> None:
    """Compact never says more than was counted."""
    assert written(number, "grouped") == grouped
    assert written(number, "compact") == compact
    assert written(number, "plain") == str(number)
