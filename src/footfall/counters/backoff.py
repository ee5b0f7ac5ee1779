"""Pauses between tries: the one place where Footfall waits for a store to recover.

A pause is drawn between nothing and a bound that doubles with each try ("full
jitter"): whoever was refused together must not come back together. Only a store's
refusal or silence is answered with a pause; nothing else sleeps.
"""

import time
from collections.abc import Callable
from random import uniform

# A simulated world puts its own clock here, and only here.
sleep: Callable[[float], None] = time.sleep


def pause(attempt: int, *, first_seconds: float, seconds_max: float) -> None:
    """Wait before another try.

    Args:
        attempt: How many tries have failed so far, 1 or more.
        first_seconds: The bound of the first pause.
        seconds_max: What the bound never passes.
    """
    bound = min(first_seconds * 2 ** (attempt - 1), seconds_max)
    sleep(uniform(0, bound))
