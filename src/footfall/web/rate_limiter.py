"""A limit on how often each key may do something, in bounded memory. Pure.

The generic cell rate algorithm (ITU-T I.371, a leaky bucket kept as one number): a key
has the time at which all that it did is paid off. What it does next may be ahead of now
by its burst at most. A key whose time has passed is as one that was never seen, so it
can be forgotten without giving anything away.

Memory is bounded whoever asks. Keys stand in two generations, each as long as a whole
burst takes to pay off: what stands in the older one when a third begins is paid off.
Past `KEYS_MAX` of one generation the keys that are new share `SHARED` buckets by their
hash: a flood of made-up addresses then limits strangers together, and no more memory is
taken. What is kept of a key is its hash, under Python's random seed of this process: no
address is held.

No lock: an event loop's thread alone asks.
"""

BURST_SECONDS = 10.0  # of its rate: what a key may do at once
KEYS_MAX = 100_000  # in a generation; some 12 MB each
SHARED = 1_024
_ROUNDING = 1e-6  # seconds; sums of 1 / rate are not exact


class RateLimiter:
    """Takes so much a second from each key, with a burst of `BURST_SECONDS` of it.

    Args:
        rate: How many a second, at least one in `burst_seconds`; 0 is no limit.
        keys_max: How many keys have a bucket of their own in a generation.
        burst_seconds: How many seconds' worth a key may take at once.
    """

    __slots__ = (
        "_burst_seconds",
        "_generation_ends",
        "_keys_max",
        "_newer",
        "_older",
        "_shared",
        "rate",
    )

    def __init__(
        self,
        rate: float,
        *,
        keys_max: int = KEYS_MAX,
        burst_seconds: float = BURST_SECONDS,
    ) -> None:
        self.rate = rate
        self._burst_seconds = burst_seconds
        self._keys_max = keys_max
        self._newer: dict[int, float] = {}
        self._older: dict[int, float] = {}
        self._shared = [0.0] * SHARED
        self._generation_ends = 0.0

    def take(self, key: object, now: float, rate: float | None = None) -> float:
        """Take one for a key, if it may.

        Args:
            key: Whose; anything hashable.
            now: Seconds of a clock that only rises.
            rate: Another rate than the limiter's own, for this key.

        Returns:
            0.0 if it was taken; else the seconds until it can be, and nothing is
            taken.
        """
        rate = self.rate if rate is None else rate
        if not rate:
            return 0.0
        if now >= self._generation_ends:
            self._turn(now)
        own = hash(key)
        newer = self._newer
        paid_off = newer.get(own)
        if paid_off is None:
            paid_off = self._older.get(own, 0.0)
            if not paid_off and len(newer) >= self._keys_max:
                return self._take_shared(own, now, rate)
        wait = self._wait(paid_off, now, rate)
        if not wait:
            newer[own] = max(paid_off, now) + 1 / rate
        return wait

    def _take_shared(self, own: int, now: float, rate: float) -> float:
        place = own % SHARED
        wait = self._wait(self._shared[place], now, rate)
        if not wait:
            self._shared[place] = max(self._shared[place], now) + 1 / rate
        return wait

    def _wait(self, paid_off: float, now: float, rate: float) -> float:
        """The seconds until one more is no more than a burst ahead; 0.0 if it is not."""
        allowed = self._burst_seconds - 1 / rate + _ROUNDING
        return max(paid_off - now - allowed, 0.0)

    def _turn(self, now: float) -> None:
        """Begin a generation; forget those that are paid off."""
        is_next = now < self._generation_ends + self._burst_seconds
        self._older = self._newer if is_next else {}
        self._newer = {}
        self._generation_ends = now + self._burst_seconds
