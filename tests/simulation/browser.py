"""A browser: it sends a visit until it has a definite answer, over a bad network."""

from collections.abc import Callable

from footfall.errors import (
    FootfallError,
    IndeterminateError,
    StoreError,
    ThrottledError,
    UnavailableError,
)
from footfall.visits.reader import Reader
from footfall.visits.visit import Outcome, Submission
from tests.simulation.ledger import Ledger
from tests.simulation.server import Server
from tests.simulation.world import Promise, World

TIMEOUT_SECONDS = 8.0
PAUSE_SECONDS = 0.5
PAUSE_SECONDS_MAX = 20.0
LATENCY_SECONDS = (0.005, 0.2)
LOSS = 0.05  # of a request, and of an answer
TWICE = 0.02  # requests that a proxy on the way sends again
AWAY = 0.03  # pages that are left; their visit is sent again on the next load
AWAY_SECONDS = (30.0, 3_600.0)
ASLEEP = 0.02  # devices that sleep past the window
ASLEEP_SECONDS = (80_000.0, 100_000.0)

# After these the beacon tries again.
_NOT_DEFINITE = (IndeterminateError, StoreError, ThrottledError, UnavailableError)


class Browser:
    """One page's view, from its first request to a definite answer.

    Args:
        world: Where it runs.
        ledger: What notes what happens.
        choose: The server that the next request reaches.
        reader: Whose browser it is.
    """

    def __init__(
        self,
        world: World,
        ledger: Ledger,
        choose: Callable[[], Server],
        reader: Reader,
    ) -> None:
        self._world, self._ledger, self._choose = world, ledger, choose
        self._reader = reader

    def visit(self, site: str, id: str, page: str) -> None:
        """Send the visit until it is answered; then it is never sent again."""
        chance, made_at = self._world.random, self._world.now
        pause = PAUSE_SECONDS
        while not self._send(site, id, page, made_at):
            draw = chance.random()
            if draw < ASLEEP:
                self._world.sleep(chance.uniform(*ASLEEP_SECONDS))
            elif draw < ASLEEP + AWAY:
                self._world.sleep(chance.uniform(*AWAY_SECONDS))
            else:
                self._world.sleep(chance.uniform(0, pause))
                pause = min(2 * pause, PAUSE_SECONDS_MAX)

    def _send(self, site: str, id: str, page: str, made_at: float) -> bool:
        """One request; whether a definite answer came."""
        world, chance = self._world, self._world.random
        answered = world.promise()
        age_ms = round((world.now - made_at) * 1000)
        submission = Submission(id=id, url=site + page, age=age_ms)

        def arrive() -> None:
            server = self._choose()
            if server.runs:
                self._ledger.note_arrival(site, id, self._reader.told_apart)
                world.spawn(reply, server.submit(site, submission, self._reader))
            else:
                answered.keep(None)

        def reply(promise: Promise[object]) -> None:
            answer = promise.wait()
            if chance.random() >= LOSS:
                world.sleep(chance.uniform(*LATENCY_SECONDS))
                answered.keep(answer)

        for _ in range(2 if chance.random() < TWICE else 1):
            if chance.random() >= LOSS:
                world.after(chance.uniform(*LATENCY_SECONDS), arrive)
        answer = answered.wait(TIMEOUT_SECONDS)
        if isinstance(answer, FootfallError):
            assert isinstance(answer, _NOT_DEFINITE), f"{id}: {answer!r}"
        if not isinstance(answer, Outcome):
            return False
        if answer.outcome != "filtered":
            self._ledger.note_acknowledged(site, id, world.now)
        return True
