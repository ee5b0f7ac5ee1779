"""DynamoDB's numbers: exact decimals of 38 digits, kept as text.

A number has up to 38 significant digits and a magnitude from 1E-130 to
9.99...E+125 (Amazon DynamoDB Developer Guide, "Data types"). It is kept in one
form, plain notation without needless zeros: 1e20 is "100000000000000000000", 1.50
is "1.5", -0 is "0". Most numbers here are short whole numbers, so those take
Python's `int`, and the rest `decimal`.
"""

import re
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache

from footfall.embedded.exceptions import ValidationException

DIGITS_MAX = 38
EXPONENT_MAX = 125
EXPONENT_MIN = -130

_OVERFLOW = (
    "Number overflow. Attempting to store a number with magnitude larger than"
    " supported range"
)
_UNDERFLOW = (
    "Number underflow. Attempting to store a number with magnitude smaller than"
    " supported range"
)
_TOO_PRECISE = "Attempting to store more than 38 significant digits in a Number"

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
WHOLE = re.compile(r"-?[1-9][0-9]{0,17}|0")
INT_LENGTH_MAX = 18  # characters; longer numbers may be beyond 38 digits when added
_REMEMBERED_MAX = 8_192  # numbers' sizes, some 150 bytes each
# Room for 1E+125 and 1E-130 in one sum, exactly
_EXACT = Context(prec=400, Emax=999_999, Emin=-999_999)


def canonical_number(text: str) -> str:
    """Return a number as DynamoDB gives it back: plain, without needless zeros.

    Raises:
        ValidationException: Not a number, or out of DynamoDB's range.
    """
    if not _NUMBER.fullmatch(text):
        suffix = f": {text}" if text else ""
        raise ValidationException(
            "The parameter cannot be converted to a numeric value" + suffix
        )
    try:
        number = Decimal(text)
    except InvalidOperation:  # the exponent alone is beyond what `decimal` holds
        raise ValidationException(
            _UNDERFLOW if "e-" in text.lower() else _OVERFLOW
        ) from None
    return _canonical(number, _TOO_PRECISE)


def _canonical(number: Decimal, too_precise: str) -> str:
    """Return the canonical text of a number that was computed exactly."""
    if not number:
        return "0"
    exponent = number.adjusted()
    if exponent > EXPONENT_MAX:
        raise ValidationException(_OVERFLOW)
    if exponent < EXPONENT_MIN:
        raise ValidationException(_UNDERFLOW)
    digits = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    if len(digits) > DIGITS_MAX:
        raise ValidationException(too_precise)
    return f"{number.normalize(_EXACT):f}"


def add_numbers(left: str, right: str) -> str:
    """Return the sum of two canonical numbers, exactly.

    Raises:
        ValidationException: The sum has no place in 38 digits or in the range.
    """
    if len(left) <= INT_LENGTH_MAX and len(right) <= INT_LENGTH_MAX:
        if "." not in left and "." not in right:
            return str(int(left) + int(right))
    # DynamoDB says overflow for a sum that needs more than 38 digits, too
    return _canonical(_EXACT.add(Decimal(left), Decimal(right)), _OVERFLOW)


def subtract_numbers(left: str, right: str) -> str:
    """Return the difference of two canonical numbers, as `add_numbers` does."""
    if right.startswith("-"):
        return add_numbers(left, right[1:])
    return add_numbers(left, f"-{right}")


@lru_cache(maxsize=4096)
def number_key(text: str) -> bytes:
    """Return a number as bytes: sign, exponent, then two digits a byte.

    A negative number has each byte inverted and ends with the highest byte, so that
    of two with a common beginning the longer one, which is the lesser, sorts first.
    """
    if text == "0":
        return b"\x01"
    number = Decimal(text)
    sign, digits, _ = number.normalize(_EXACT).as_tuple()
    pairs = [
        digits[at] * 10 + (digits[at + 1] if at + 1 < len(digits) else 0)
        for at in range(0, len(digits), 2)
    ]
    magnitude = bytes([number.adjusted() - EXPONENT_MIN, *pairs])
    if sign:
        return b"\x00" + bytes(255 - byte for byte in magnitude) + b"\xff"
    return b"\x02" + magnitude


@lru_cache(maxsize=_REMEMBERED_MAX)
def number_size(text: str) -> int:
    """Return a canonical number's size in bytes as DynamoDB counts it."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return 1 + (len(digits) + 1) // 2 + text.startswith("-")
