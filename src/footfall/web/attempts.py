"""How long whoever signs in must wait, after passwords that were wrong. Pure.

Each address may be wrong a few times; from then on it waits twice as long after each, to
a bound. All addresses together may be wrong some dozens of times; from then on all wait a
little, so that many addresses guess no quicker than a few do.

Nobody can lock the owner out with it. A browser from which the owner signed in before
has a cookie that says so, and is counted alone, whatever others do (OWASP, "Device
cookies"); so is a browser on the server's own machine, which a tunnel reaches too.

An attempt counts as wrong when it begins, so that a hundred at once are a hundred. What
is remembered is bounded, in memory alone, and gone an hour after the last failure; an
address is a digest under a key of this process.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass

FREE_FAILURES = 5  # of one address, or of one known browser
WAIT_SECONDS_MAX = 300.0
FREE_FAILURES_OF_ALL = 50
WAIT_SECONDS_MAX_OF_ALL = 10.0
FORGIVEN_SECONDS = 10.0  # in which all together are forgiven one failure
FORGOTTEN_SECONDS = 3_600.0
REMEMBERED_MAX = 10_000


@dataclass(slots=True)
class _Failures:
    number: int = 0
    last_at: float = 0.0

    def wait_seconds(self, free: int, most: float, now: float) -> float:
        """How long the next attempt must wait."""
        if self.number < free:
            return 0.0
        delay = min(2.0 ** min(self.number - free + 1, 30), most)
        return max(0.0, self.last_at + delay - now)


class Attempts:
    """The failures that count still."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._of: OrderedDict[str, _Failures] = OrderedDict()
        self._of_all = _Failures()

    def begin(self, address: str, browser: str | None, now: float) -> float:
        """Begin an attempt, which counts as wrong until `succeeded`.

        Args:
            address: Where it comes from.
            browser: What tells the browser, if the owner signed in from it before.
            now: Seconds that only grow.

        Returns:
            0 if it may be tried; else the seconds to wait, and it has not begun.
        """
        who = self._who(address, browser)
        failures = self._of.get(who, _Failures())
        if now - failures.last_at > FORGOTTEN_SECONDS:
            failures = _Failures()
        wait_seconds = failures.wait_seconds(FREE_FAILURES, WAIT_SECONDS_MAX, now)
        if browser is None:
            self._forgive(now)
            of_all = self._of_all.wait_seconds(
                FREE_FAILURES_OF_ALL, WAIT_SECONDS_MAX_OF_ALL, now
            )
            wait_seconds = max(wait_seconds, of_all)
        if wait_seconds:
            return wait_seconds
        self._of[who] = _Failures(failures.number + 1, now)
        self._of.move_to_end(who)
        if len(self._of) > REMEMBERED_MAX:
            self._of.popitem(last=False)
        if browser is None:
            self._of_all = _Failures(self._of_all.number + 1, now)
        return 0.0

    def succeeded(self, address: str, browser: str | None) -> None:
        """The attempt was right: what it counted as is taken back."""
        self._of.pop(self._who(address, browser), None)
        if browser is None:
            self._of_all.number = max(0, self._of_all.number - 1)

    def _forgive(self, now: float) -> None:
        forgiven = int((now - self._of_all.last_at) / FORGIVEN_SECONDS)
        if forgiven > 0:
            number = max(0, self._of_all.number - forgiven)
            self._of_all = _Failures(number, now)

    def _who(self, address: str, browser: str | None) -> str:
        text = f"address {address}" if browser is None else f"browser {browser}"
        return hashlib.blake2b(text.encode(), key=self._key, digest_size=16).hexdigest()
