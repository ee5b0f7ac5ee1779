"""Footfall counts visits to websites, each exactly once, with DynamoDB atomic counters.

The library is here: `connect` opens a store, `Counter` and `Countdown` count on it, or
on `boto3.client("dynamodb")` as it is. Importing it imports neither boto3 nor a web
framework.
"""

from footfall.connect import connect
from footfall.counters.countdown import Claim, Countdown
from footfall.counters.counter import Counter
from footfall.errors import (
    AlreadyExistsError,
    CounterNotFoundError,
    FootfallError,
    IdReusedError,
    IndeterminateError,
    InvalidInputError,
    NotANumberError,
    NotFoundError,
    OverloadedError,
    SiteNotFoundError,
    StoreError,
    TableNotFoundError,
    ThrottledError,
    UnavailableError,
)

__version__ = "0.1.0"

__all__ = [
    "AlreadyExistsError",
    "Claim",
    "Countdown",
    "Counter",
    "CounterNotFoundError",
    "FootfallError",
    "IdReusedError",
    "IndeterminateError",
    "InvalidInputError",
    "NotANumberError",
    "NotFoundError",
    "OverloadedError",
    "SiteNotFoundError",
    "StoreError",
    "TableNotFoundError",
    "ThrottledError",
    "UnavailableError",
    "__version__",
    "connect",
]
