"""A limiter: so much a second from each key, in bounded memory. No clock is real."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from footfall.web.rate_limiter import RateLimiter

RATE = 10
BURST = 100  # of the default 10 seconds


def taken(limiter: RateLimiter, key: object, now: float, tries: int) -> int:
    return sum(limiter.take(key, now) == 0 for _ in range(tries))


def test_a_key_may_take_a_burst_and_then_its_rate() -> None:
    """A page with many readers opens at once, and goes on."""
    limiter = RateLimiter(RATE)

    assert taken(limiter, "a", 50.0, 2 * BURST) == BURST
    assert taken(limiter, "a", 51.01, 2 * BURST) == RATE
    assert taken(limiter, "b", 51.01, 2 * BURST) == BURST


def test_the_wait_that_is_told_is_enough() -> None:
    """And nothing less is: who waits so long need not ask twice."""
    limiter = RateLimiter(RATE)
    taken(limiter, "a", 50.0, BURST)
    wait = limiter.take("a", 50.0)

    assert limiter.take("a", 50.0 + wait * 0.9) > 0
    assert limiter.take("a", 50.0 + wait * 1.01) == 0


def test_a_refusal_takes_nothing() -> None:
    """Whoever asks again and again is let in as soon as one who waits."""
    limiter = RateLimiter(RATE)
    taken(limiter, "a", 50.0, 1_000)

    assert taken(limiter, "a", 50.11, 10) == 1


def test_no_rate_is_no_limit() -> None:
    """0 switches it off, and nothing is remembered."""
    assert taken(RateLimiter(0), "a", 50.0, 10_000) == 10_000


def test_a_key_may_have_a_rate_of_its_own() -> None:
    """As each site has."""
    limiter = RateLimiter(0)

    assert sum(limiter.take("a", 50.0, 2) == 0 for _ in range(100)) == 20


def test_a_flood_of_keys_is_limited_in_bounded_memory() -> None:
    """New keys past the bound share buckets; who had one of its own keeps it."""
    limiter = RateLimiter(RATE, keys_max=100)
    taken(limiter, "a", 50.0, BURST)
    let_in = sum(limiter.take(f"made up {n}", 50.0) == 0 for n in range(500_000))

    assert len(limiter._newer) == 100
    assert let_in <= 100 + 1_024 * BURST
    assert limiter.take("a", 50.0) > 0
    assert limiter.take("a", 50.2) == 0


@given(
    st.lists(st.floats(0.0, 5.0), min_size=1, max_size=60),
    st.integers(1, 50),
)
def test_no_time_holds_more_than_the_burst_and_the_rate(
    pauses: list[float], rate: int
) -> None:
    """Over any stretch, also where generations turn within it."""
    limiter = RateLimiter(rate)
    now, times = 100.0, []
    for pause, _ in zip(pauses, count(), strict=False):
        now += pause
        times += [now] * taken(limiter, "a", now, 3 * rate)

    for first in range(0, len(times), 7):
        for last in range(first, len(times), 7):
            most = rate * (10 + times[last] - times[first])
            assert last - first + 1 <= most + 1e-6
