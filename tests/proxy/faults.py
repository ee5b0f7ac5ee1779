"""What goes wrong on the way to DynamoDB and back; no I/O, no clock, seeded.

    fault          the store           the client
    lost_before    never hears of it   the connection ends without an answer
    cut_request    never hears of it   the connection ends while it still sends
    error_before   never hears of it   500 InternalServerError
    throttled      never hears of it   ThrottlingException
    throughput     never hears of it   ProvisionedThroughputExceededException
    in_progress    never hears of it   TransactionInProgressException
    lost_after     applies it          the connection ends without an answer
    cut_answer     applies it          the connection ends in the middle of the answer
    error_after    applies it          500 InternalServerError
    slow           applies it          an answer after its time-out
    twice          applies it, and     an answer
                   again up to 300 ms
                   later
    late           applies it 50 to    the connection ends at once, so that its retry
                   500 ms later        comes before the request

A fault is drawn for each request by its rate, or planned for the calls of an
operation. TransactionInProgressException is drawn for transactions only.
"""

import random
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tests.proxy.refusals import (
    IN_PROGRESS,
    INTERNAL_ERROR,
    THROTTLED,
    THROUGHPUT,
    Refusal,
)

TWICE_SECONDS = (0.0, 0.3)
LATE_SECONDS = (0.05, 0.5)


class Fault(StrEnum):
    """What goes wrong with one request; see the table at the top of this file."""

    NONE = "none"
    LOST_BEFORE = "lost_before"
    CUT_REQUEST = "cut_request"
    ERROR_BEFORE = "error_before"
    THROTTLED = "throttled"
    THROUGHPUT = "throughput"
    IN_PROGRESS = "in_progress"
    LOST_AFTER = "lost_after"
    CUT_ANSWER = "cut_answer"
    ERROR_AFTER = "error_after"
    SLOW = "slow"
    TWICE = "twice"
    LATE = "late"


# A refusal among a plan's faults is answered, and the store never hears of the request.
Planned = Fault | str | Refusal

_REFUSALS = {
    Fault.ERROR_BEFORE: INTERNAL_ERROR,
    Fault.ERROR_AFTER: INTERNAL_ERROR,
    Fault.THROTTLED: THROTTLED,
    Fault.THROUGHPUT: THROUGHPUT,
    Fault.IN_PROGRESS: IN_PROGRESS,
}
_PAUSES = {Fault.TWICE: TWICE_SECONDS, Fault.LATE: LATE_SECONDS}
_UNANSWERED = {Fault.LOST_BEFORE, Fault.CUT_REQUEST, Fault.LOST_AFTER, Fault.LATE}
_DELIVERED = {
    *{Fault.NONE, Fault.LOST_AFTER, Fault.CUT_ANSWER},
    *{Fault.ERROR_AFTER, Fault.SLOW, Fault.TWICE},
}


@dataclass(frozen=True, slots=True)
class Draw:
    """What happens to one request.

    Attributes:
        fault: The fault.
        refusal: What is answered instead of the store's answer.
        pause_seconds: How much later it is delivered again, or at all.
    """

    fault: Fault
    refusal: Refusal | None = None
    pause_seconds: float | None = None

    @property
    def name(self) -> str | None:
        """What it is counted as; None if nothing goes wrong."""
        if self.fault is not Fault.NONE:
            return self.fault.value
        return self.refusal.code if self.refusal is not None else None

    @property
    def delivered(self) -> bool:
        """Whether the store gets the request at once."""
        planned = self.fault is Fault.NONE and self.refusal is not None
        return self.fault in _DELIVERED and not planned

    @property
    def answered(self) -> bool:
        """Whether the client gets an answer, whole or in part."""
        return self.fault not in _UNANSWERED


class Faults:
    """A plan of faults: by rate, or for certain calls.

    Attributes:
        tally: How often each fault was done, by its name; a refusal's by its code.
    """

    def __init__(
        self,
        rates: Mapping[str, float] | None = None,
        *,
        only: Mapping[str, Iterable[Planned]] | None = None,
        always: Mapping[str, Planned] | None = None,
        seed: int = 0,
    ) -> None:
        """Make a plan.

        Args:
            rates: Each fault's probability; what is left of 1 goes through.
            only: For an operation, the faults of its first calls; they come before
                those that are drawn.
            always: For an operation, the fault of every call after those.
            seed: What the draws follow from.

        Raises:
            ValueError: A fault is none, or the rates' sum is above 1.
        """
        self.tally: Counter[str] = Counter()
        self.change(rates or {})
        self._only = {
            operation: deque(map(_planned, planned))
            for operation, planned in (only or {}).items()
        }
        self._always = {
            operation: _planned(planned)
            for operation, planned in (always or {}).items()
        }
        self._random = random.Random(seed)

    def change(self, rates: Mapping[str, float]) -> None:
        """Draw by other rates from now on: while a network is cut, say.

        Raises:
            ValueError: A fault is none, or the rates' sum is above 1.
        """
        self._rates = [(Fault(name), rate) for name, rate in rates.items()]
        if sum(rates.values()) > 1:
            raise ValueError(f"the rates' sum is above 1: {rates}")

    def draw(self, operation: str) -> Draw:
        """What happens to the next request of an operation."""
        if self._only.get(operation):
            planned = self._only[operation].popleft()
        elif operation in self._always:
            planned = self._always[operation]
        else:
            planned = self._drawn(operation)
        if isinstance(planned, Refusal):
            return Draw(Fault.NONE, planned)
        pause = _PAUSES.get(planned)
        pause_seconds = self._random.uniform(*pause) if pause else None
        return Draw(planned, _REFUSALS.get(planned), pause_seconds)

    def _drawn(self, operation: str) -> Fault:
        number = self._random.random()
        for fault, rate in self._rates:
            number -= rate
            if number < 0:
                if fault is Fault.IN_PROGRESS and operation != "TransactWriteItems":
                    return Fault.NONE
                return fault
        return Fault.NONE


def _planned(planned: Planned) -> Fault | Refusal:
    return planned if isinstance(planned, Refusal) else Fault(planned)
