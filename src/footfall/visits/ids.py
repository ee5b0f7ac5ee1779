"""Ids of visits that nobody else gave one: UUIDv7, which grow with time.

Receipts are stored in the order of their ids; those that grow are appended, which is
several times faster than putting random ones in between (RFC 9562, section 5.7).
"""

import uuid

_RANDOM_BITS = 74


def uuid7(now_ms: int, randomness: int) -> str:
    """A UUIDv7 as text.

    Args:
        now_ms: Milliseconds since the epoch.
        randomness: 74 random bits.
    """
    high, low = divmod(randomness % (1 << _RANDOM_BITS), 1 << 62)
    number = (now_ms & (1 << 48) - 1) << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low
    return str(uuid.UUID(int=number))
