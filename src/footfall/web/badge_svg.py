"""Draws a badge: two boxes, a label and a message, as SVG. Pure.

Nobody knows the reader's fonts, and an image may load none. So the boxes are measured
with a table of the widths of Verdana, whose free twin, DejaVu Sans, has the same ones,
and `textLength` then fits the text to its box in whichever font it is drawn.

Text is a stranger's: it is escaped, and nothing in the picture is a link, a script or
a style. Ids are the same in every badge that has them, with the same meaning, so that
several may stand inline in one page.
"""

import unicodedata
from dataclasses import dataclass
from html import escape

DEFAULT_STYLE = "flat"

_LIGHT_FROM = 0.69  # the brightness, of 1, from which text is dark
_ZERO_WIDTH_JOINER = "\u200d"
_RIGHT_TO_LEFT = ("R", "AL")  # Unicode Standard Annex 9: Hebrew's class, and Arabic's

# Widths of the letters from space to tilde, in hundredths of the font's size, as
# Chromium measures DejaVu Sans, and its bold.
# fmt: off
_WIDTHS = (
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77,
    75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39,
    34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61,
    63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84,
)
_BOLD_WIDTHS = (
    35, 46, 52, 84, 70, 100, 87, 31, 46, 46, 52, 84, 38, 42, 38, 37, 70, 70, 70, 70,
    70, 70, 70, 70, 70, 70, 40, 40, 84, 84, 84, 58, 100, 77, 76, 73, 83, 68, 68, 82,
    84, 37, 37, 77, 64, 100, 84, 85, 73, 85, 77, 72, 68, 81, 77, 110, 77, 72, 73, 46,
    37, 46, 84, 50, 50, 67, 72, 59, 72, 68, 44, 72, 71, 34, 34, 67, 34, 104, 71, 69,
    72, 72, 49, 60, 48, 71, 65, 92, 65, 65, 58, 71, 37, 71, 84,
)
# fmt: on
_OTHER_WIDTH = 63  # of a letter of another alphabet, about
_RIGHT_TO_LEFT_WIDTH = 46  # Hebrew's are narrow, Arabic's joined
_WIDE_WIDTH = 100  # of an ideograph: a square
_EMOJI_WIDTH = 125


@dataclass(frozen=True, slots=True)
class Style:
    """The measures of a style, in pixels.

    Attributes:
        height: Of the badge.
        radius: Of its corners.
        font: The letters' size.
        baseline: Where they stand.
        padding: Between the text and each side of its box.
        spacing: Between letters.
        is_raised: Whether it has a gradient, and its letters a shadow.
        is_loud: Whether it is in capitals, its message in bold.
    """

    height: int
    radius: int
    font: int
    baseline: int
    padding: int
    spacing: float = 0
    is_raised: bool = False
    is_loud: bool = False


# By shields.io's names, so that a badge stands well among others.
STYLES = {
    "flat": Style(20, 3, 11, 14, 6, is_raised=True),
    "flat-square": Style(20, 0, 11, 14, 6),
    "for-the-badge": Style(28, 0, 10, 18, 10, spacing=1.25, is_loud=True),
}


def draw(
    label: str, message: str, color: str, label_color: str, style_name: str
) -> str:
    """A badge as an SVG document.

    Args:
        label: The text at the left; without one there is no left box.
        message: The text at the right.
        color: The right box's, "#4c1" or "#44cc11".
        label_color: The left box's.
        style_name: One of `STYLES`.
    """
    style = STYLES[style_name]
    if style.is_loud:
        label, message = label.upper(), message.upper()
    left = _box_width(label, style, bold=False) if label else 0
    right = _box_width(message, style, bold=style.is_loud)
    whole, height = left + right, style.height
    title = escape(f"{label}: {message}" if label else message)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{height}"'
        f' role="img" aria-label="{title}"><title>{title}</title>'
    ]
    if left:
        parts.append(_box(0, left, style, label_color, left=True, right=False))
    parts.append(_box(left, right, style, color, left=not left, right=True))
    if style.is_raised:
        parts.append(
            '<linearGradient id="footfall-shade" x2="0" y2="100%">'
            '<stop offset="0" stop-color="#bbb" stop-opacity=".1"/>'
            '<stop offset="1" stop-opacity=".1"/></linearGradient>'
            f'<rect width="{whole}" height="{height}" rx="{style.radius}"'
            ' fill="url(#footfall-shade)"/>'
        )
    parts.append(
        f'<g text-anchor="middle" font-size="{style.font}"'
        ' font-family="Verdana,Geneva,DejaVu Sans,sans-serif"'
        ' text-rendering="geometricPrecision">'
    )
    if left:
        parts.append(_text(label, 0, left, style, label_color, bold=False))
    parts.append(_text(message, left, right, style, color, bold=style.is_loud))
    return "".join([*parts, "</g></svg>"])


def text_width(text: str, *, bold: bool = False) -> int:
    """How wide a text is, in hundredths of the font's size, about."""
    total, joined = 0, False
    for letter in text:
        if not joined:
            total += _letter_width(letter, bold)
        joined = letter == _ZERO_WIDTH_JOINER  # what follows is in the same picture
    return total


def _letter_width(letter: str, bold: bool) -> int:
    widths = _BOLD_WIDTHS if bold else _WIDTHS
    if " " <= letter <= "~":
        return widths[ord(letter) - ord(" ")]
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0  # an accent, a joiner: on or between other letters
    if unicodedata.category(letter) == "Sk" and letter > "\uffff":
        return 0  # an emoji's skin tone
    if "\U0001f1e6" <= letter <= "\U0001f1ff":
        return _EMOJI_WIDTH // 2  # half a flag
    if unicodedata.east_asian_width(letter) in "WF":
        return _EMOJI_WIDTH if letter > "\U0001f000" else _WIDE_WIDTH
    if unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT:
        return _RIGHT_TO_LEFT_WIDTH
    plain = unicodedata.normalize("NFKD", letter)[0]  # ü is as wide as u
    return widths[ord(plain) - ord(" ")] if " " <= plain <= "~" else _OTHER_WIDTH


def _text_pixels(text: str, style: Style, bold: bool) -> float:
    glyphs = text_width(text, bold=bold) * style.font / 100
    return max(1, round(glyphs + style.spacing * len(text), 1))


def _box_width(text: str, style: Style, *, bold: bool) -> int:
    # Whole pixels, so that the boxes' edge is sharp.
    return round(_text_pixels(text, style, bold)) + 2 * style.padding


def _box(
    x: int, width: int, style: Style, color: str, *, left: bool, right: bool
) -> str:
    """A box; its corners are round at the badge's own ends only."""
    radius, height = style.radius, style.height
    starts, ends = radius if left else 0, radius if right else 0
    return (
        f'<path fill="{color}" d="M{x + starts} 0h{width - starts - ends}'
        f"{_corner(ends, 1, 1)}v{height - 2 * ends}{_corner(ends, -1, 1)}"
        f"h{starts + ends - width}{_corner(starts, -1, -1)}"
        f'v{2 * starts - height}{_corner(starts, 1, -1)}z"/>'
    )


def _corner(radius: int, x: int, y: int) -> str:
    if not radius:
        return ""
    return f"a{radius} {radius} 0 0 1 {x * radius} {y * radius}"


def _text(
    text: str, x: int, width: int, style: Style, box_color: str, *, bold: bool
) -> str:
    ink, shadow = _inks(box_color)
    pixels = _text_pixels(text, style, bold)
    attributes = (
        f'x="{x + width / 2:g}" textLength="{pixels:g}" lengthAdjust="spacingAndGlyphs"'
    )
    if style.spacing:
        attributes += f' letter-spacing="{style.spacing:g}"'
    if bold:
        attributes += ' font-weight="bold"'
    if _reads_from_the_right(text):
        attributes += ' direction="rtl"'
    shown = escape(text)
    drawn = f'<text y="{style.baseline}" fill="{ink}" {attributes}>{shown}</text>'
    if not style.is_raised:
        return drawn
    # The same text a pixel lower is its shadow.
    return (
        f'<text y="{style.baseline + 1}" fill="{shadow}" fill-opacity=".3"'
        f' aria-hidden="true" {attributes}>{shown}</text>{drawn}'
    )


def _inks(box_color: str) -> tuple[str, str]:
    """The colours of the text on a box and of its shadow: dark on light boxes."""
    digits = box_color.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    red, green, blue = bytes.fromhex(digits)
    # W3C, Techniques For Accessibility Evaluation and Repair: perceived brightness.
    brightness = (red * 299 + green * 587 + blue * 114) / 255_000
    return ("#333", "#ccc") if brightness > _LIGHT_FROM else ("#fff", "#010101")


def _reads_from_the_right(text: str) -> bool:
    """Whether the first letter that has a direction reads from right to left."""
    for letter in text:
        direction = unicodedata.bidirectional(letter)
        if direction == "L" or direction in _RIGHT_TO_LEFT:
            return direction != "L"
    return False
