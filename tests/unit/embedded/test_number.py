"""Numbers: their one form, their range, and exact arithmetic."""

import pytest

from footfall.embedded.attribute import validate
from footfall.embedded.exceptions import ValidationException
from footfall.embedded.number import add_numbers, canonical_number, subtract_numbers

OVERFLOW = "Number overflow"
UNDERFLOW = "Number underflow"
NOT_NUMERIC = "The parameter cannot be converted to a numeric value"
TOO_PRECISE = "Attempting to store more than 38 significant digits in a Number"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("1", "1"),
        ("0", "0"),
        ("-0", "0"),
        ("0e1000", "0"),
        ("0.000", "0"),
        ("+3", "3"),
        ("007", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.50", "1.5"),
        ("-7.1234", "-7.1234"),
        ("1e20", "100000000000000000000"),
        ("1e+5", "100000"),
        ("-17.4E3", "-17400"),
        ("1e-3", "0.001"),
        ("9" * 38, "9" * 38),
        ("1" + "0" * 125, "1" + "0" * 125),
        ("1E-130", "0." + "0" * 129 + "1"),
        ("0" * 1000 + "1", "1"),
        ("1." + "0" * 1000, "1"),
    ],
)
def test_number_is_kept_in_canonical_form(given: str, kept: str) -> None:
    """DynamoDB gives numbers back in plain notation without needless zeros."""
    assert canonical_number(given) == kept
    assert validate({"N": given}) == {"N": kept}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("", NOT_NUMERIC),
        ("dog", NOT_NUMERIC + ": dog"),
        (" 1", NOT_NUMERIC + ":  1"),
        ("1_000", NOT_NUMERIC),
        ("NaN", NOT_NUMERIC),
        ("Infinity", NOT_NUMERIC),
        ("\u0661", NOT_NUMERIC),
        ("1e126", OVERFLOW),
        ("-1e126", OVERFLOW),
        ("1e-131", UNDERFLOW),
        ("1e100000000", OVERFLOW),
        ("1e-" + "9" * 30, UNDERFLOW),
        ("1e" + "9" * 30, OVERFLOW),
        ("1" * 39, TOO_PRECISE),
        ("3.14159265358979323846264338327950288419", TOO_PRECISE),
    ],
)
def test_number_out_of_range_is_refused(given: str, problem: str) -> None:
    """The words are DynamoDB's."""
    with pytest.raises(ValidationException) as caught:
        canonical_number(given)

    assert caught.value.message.startswith(problem)


@pytest.mark.parametrize(
    ("left", "right", "total"),
    [
        ("1", "1", "2"),
        ("-1", "1", "0"),
        ("0.1", "0.2", "0.3"),
        ("10000000000000000000000", "1", "10000000000000000000001"),
        ("9" * 18, "1", "1" + "0" * 18),
        ("1.5", "-1.5", "0"),
        ("-5", "-5", "-10"),
    ],
)
def test_sum_is_exact(left: str, right: str, total: str) -> None:
    """A counter must not lose visits to floating point."""
    assert add_numbers(left, right) == total


@pytest.mark.parametrize(
    ("left", "right", "rest"),
    [("7", "2", "5"), ("2", "-7", "9"), ("0", "0", "0"), ("0.3", "0.1", "0.2")],
)
def test_difference_is_exact(left: str, right: str, rest: str) -> None:
    """Count-downs subtract."""
    assert subtract_numbers(left, right) == rest


@pytest.mark.parametrize(
    ("left", "right"),
    [("9" + "0" * 125, "9" + "0" * 125), ("1" + "0" * 50, "1")],
)
def test_sum_beyond_38_digits_is_an_overflow(left: str, right: str) -> None:
    """DynamoDB rounds nothing; it says overflow even for too many digits."""
    with pytest.raises(ValidationException, match=OVERFLOW):
        add_numbers(left, right)
