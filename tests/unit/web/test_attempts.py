"""How long whoever signs in must wait: the numbers, without a clock."""

from footfall.web.attempts import (
    FORGOTTEN_SECONDS,
    FREE_FAILURES,
    FREE_FAILURES_OF_ALL,
    REMEMBERED_MAX,
    WAIT_SECONDS_MAX,
    WAIT_SECONDS_MAX_OF_ALL,
    Attempts,
)


def fail(attempts: Attempts, number: int) -> float:
    """Be wrong so often from one address, as soon as it may be; when that was."""
    now = 0.0
    for _ in range(number):
        while wait := attempts.begin("a", None, now):
            now += wait
    return now


def test_an_address_waits_twice_as_long_each_time_to_a_bound() -> None:
    attempts, now = Attempts(), 0.0
    waits = []
    for _ in range(FREE_FAILURES + 10):
        waits.append(attempts.begin("a", None, now))
        if waits[-1]:
            now += waits[-1]
            assert attempts.begin("a", None, now) == 0

    assert waits[:FREE_FAILURES] == [0] * FREE_FAILURES
    assert waits[FREE_FAILURES : FREE_FAILURES + 3] == [2, 4, 8]
    assert waits[-1] == WAIT_SECONDS_MAX
    assert attempts.begin("b", None, now) == 0


def test_a_wait_is_not_longer_for_asking() -> None:
    """Or whoever asks all the time would keep an address out for ever."""
    attempts = Attempts()
    now = fail(attempts, FREE_FAILURES)
    waits = [attempts.begin("a", None, now + 0.5 * number) for number in range(4)]

    assert waits == [2.0, 1.5, 1.0, 0.5]


def test_many_addresses_wait_together_and_a_known_browser_does_not() -> None:
    """A thousand machines guess no quicker than one each ten seconds."""
    attempts, tried = Attempts(), 0
    for number in range(1_000):
        tried += attempts.begin(f"address {number}", None, now=0.0) == 0

    assert tried == FREE_FAILURES_OF_ALL
    assert 0 < attempts.begin("another", None, now=0.0) <= WAIT_SECONDS_MAX_OF_ALL
    assert attempts.begin("another", "browser", now=0.0) == 0


def test_a_right_password_takes_its_attempt_back() -> None:
    attempts = Attempts()
    for _ in range(3 * FREE_FAILURES_OF_ALL):
        assert attempts.begin("a", None, 0.0) == 0
        attempts.succeeded("a", None)


def test_failures_are_forgotten() -> None:
    """All together's one by one; an address's an hour after its last."""
    attempts = Attempts()
    now = fail(attempts, FREE_FAILURES + 4)
    for number in range(FREE_FAILURES_OF_ALL):
        attempts.begin(f"address {number}", None, now)
    later = now + FORGOTTEN_SECONDS + 1

    assert attempts.begin("a", None, now) > 0
    assert [attempts.begin("a", None, later) for _ in range(FREE_FAILURES)] == (
        [0.0] * FREE_FAILURES
    )


def test_what_is_remembered_is_bounded() -> None:
    """By known browsers, which nothing else holds up."""
    attempts = Attempts()
    for number in range(REMEMBERED_MAX + 10):
        attempts.begin("a", f"browser {number}", 0.0)

    assert len(attempts._of) == REMEMBERED_MAX
