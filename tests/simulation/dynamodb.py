"""DynamoDB as the simulation has it: the engine, AWS's conflicts, a bad network, an SDK.

SDK            sends again what was lost, refused or too slow, as botocore does
network        loses, delays, doubles and reorders (`tests.proxy.faults`)
contention     holds a transaction's items while it runs (`tests.proxy.contention`)
store          the embedded engine in memory; a write is applied when its hold ends
"""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from footfall.counters.port import Store
from footfall.embedded import EmbeddedClient
from tests.faulty import client_error
from tests.proxy.contention import Contention
from tests.proxy.faults import Draw, Fault, Faults
from tests.proxy.refusals import Refusal
from tests.simulation.ledger import EPOCH
from tests.simulation.world import World

LATENCY_SECONDS = (0.001, 0.008)  # one way
TIMEOUT_SECONDS = 1.0
SDK_PAUSE_SECONDS = 0.1
SDK_TRIES = (1, 4)  # of a call; one is an SDK that does not retry

# botocore's standard mode sends these again (its documentation, Retries).
_RETRIED = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)

OnApplied = Callable[[list[tuple[str, Any]], float], None]
Answer = Any  # a response, or the error that the store raised


class Service:
    """DynamoDB: what arrives is admitted or refused, held, applied and answered."""

    def __init__(self, world: World, seed: int) -> None:
        self.engine = EmbeddedClient(":memory:", clock=lambda: EPOCH + world.now)
        self.contention = Contention(seed=seed)
        self.on_applied: OnApplied = lambda calls, now: None
        self._world = world

    def learn(self, store: Store) -> None:
        """Take notice of the tables' keys."""
        for request in store.tables.create_requests():
            self.contention.learn(request)

    def deliver(
        self, operation: str, request: Any, answer: Callable[[Answer], None]
    ) -> None:
        """A request has arrived; answer it when it is done."""
        now = self._world.now
        admission = self.contention.admit(operation, request, now)
        if isinstance(admission, Refusal):
            answer(admission)
            return

        def apply() -> None:
            call = (operation, request)
            (result,) = self.engine.batch([call])
            if not isinstance(result, Exception):
                self.on_applied([call], self._world.now)
            self.contention.finish(
                admission,
                committed=not isinstance(result, Exception),
                now=self._world.now,
            )
            answer(result)

        if admission.until > now:
            self._world.after(admission.until - now, apply)
        else:
            apply()


class Client:
    """One process's boto3 client; each method blocks the task that calls it."""

    def __init__(self, world: World, service: Service, faults: Faults) -> None:
        self.exceptions = service.engine.exceptions
        self._world, self._service, self._faults = world, service, faults
        self._tries = world.random.choice(SDK_TRIES)

    def __getattr__(self, name: str) -> Any:
        if name == "batch" or name.startswith("_"):
            raise AttributeError(name)
        operation = "".join(word.capitalize() for word in name.split("_"))
        return lambda **request: self._call(operation, request)

    def _call(self, operation: str, request: Any) -> Any:
        for tries in range(self._tries):
            if tries:
                pause = SDK_PAUSE_SECONDS * 2**tries
                self._world.sleep(self._world.random.uniform(0, pause))
            answer = self._send(operation, request)
            if isinstance(answer, Refusal):
                if answer.code not in _RETRIED or tries == self._tries - 1:
                    raise client_error(self, _response(answer, tries))
            elif isinstance(answer, self.exceptions.ClientError):
                answer.response["ResponseMetadata"] = {"RetryAttempts": tries}
                raise answer
            elif answer is not None:
                return answer
        lost: Any = self._world.random.choice((ReadTimeoutError, ConnectionClosedError))
        raise lost(endpoint_url="http://store")

    def _send(self, operation: str, request: Any) -> Answer:
        """One try; None if no answer came."""
        world, draw = self._world, self._faults.draw(operation)
        if draw.name:
            self._faults.tally[draw.name] += 1
        promise = world.promise()

        def reply(answer: Answer) -> None:
            if draw.fault is Fault.SLOW:
                return  # it comes after the SDK has given up
            if draw.fault is Fault.ERROR_AFTER:
                answer = draw.refusal
            elif not draw.answered or draw.fault is Fault.CUT_ANSWER:
                answer = None
            world.after(self._latency(), lambda: promise.keep(answer))

        self._dispatch(operation, request, draw, reply)
        return promise.wait(TIMEOUT_SECONDS)

    def _dispatch(
        self, operation: str, request: Any, draw: Draw, reply: Callable[[Any], None]
    ) -> None:
        world, latency = self._world, self._latency()

        def deliver() -> None:
            self._service.deliver(operation, request, reply)

        def deliver_unanswered() -> None:
            self._service.deliver(operation, request, lambda _: None)

        if draw.delivered:
            world.after(latency, deliver)
        else:
            world.after(latency, lambda: reply(draw.refusal))
        if draw.pause_seconds is not None:  # once more, or only now
            world.after(latency + draw.pause_seconds, deliver_unanswered)

    def _latency(self) -> float:
        return self._world.random.uniform(*LATENCY_SECONDS)


def _response(refusal: Refusal, tries: int) -> Any:
    response: Any = {
        "Error": {"Code": refusal.code, "Message": refusal.message},
        "ResponseMetadata": {"RetryAttempts": tries},
    }
    if refusal.reasons:
        response["CancellationReasons"] = refusal.reasons
    return response
