"""What AWS asks: the published prices of us-east-1, in dollars.

Sources, as published since November 2024 and studied on 2026-11-23:

    Amazon DynamoDB pricing, on-demand capacity, standard table class
    Amazon API Gateway pricing, HTTP APIs, the first 300 million a month
    AWS Lambda pricing, arm64, without the free tier

Prices change, and differ by region: each can be given to the command.
"""

from dataclasses import dataclass

STUDIED = "2026-11-23"
REGION = "us-east-1"

# What a visit takes of the function that deploy/aws makes. The time is a guess, most of
# it waiting for DynamoDB: 3 to 4 requests of some 5 to 10 ms. Your function's log knows.
FUNCTION_GB = 0.5
FUNCTION_MS = 40.0


@dataclass(frozen=True, slots=True)
class Prices:
    """Dollars.

    Attributes:
        write: A million write request units.
        read: A million read request units.
        api: A million requests to an HTTP API.
        invocation: A million requests to a function.
        gb_second: A GB of a function's memory for a second.
    """

    write: float = 0.625
    read: float = 0.125
    api: float = 1.00
    invocation: float = 0.20
    gb_second: float = 0.0000133334
