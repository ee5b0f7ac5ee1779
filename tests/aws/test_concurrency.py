"""Many functions on one site, where AWS's conflicts and a bad network plague them.

Each is a process of its own, as Lambda has it; before DynamoDB Local the proxy rejects
what overlaps, as AWS does, and loses, cuts and repeats. Browsers send a visit to
whichever function is free, some of them to two at once, until it is answered.
"""

import contextlib
import json
import queue
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from footfall.counters.port import Store
from footfall.visits.report import total
from footfall.visits.shards import read_shards
from footfall.visits.sites import load_sites
from footfall.visits.verify import verify
from tests.aws.conftest import SITE, StartFunction
from tests.lambda_runtime import LocalFunction, visit
from tests.proxy.contention import Contention
from tests.proxy.faults import Fault, Faults
from tests.proxy.server import Proxy

FUNCTIONS = 6
VISITS = 120
SEED = 7
NOW_MS = 2_000_000_000_000
DEFINITE = {"counted", "duplicate"}

# A slow answer stops a function for boto3's ten seconds: each kind comes once below.
RATES = {fault.value: 0.01 for fault in Fault if fault not in (Fault.NONE, Fault.SLOW)}


def send_all(functions: list[LocalFunction], ids: list[str]) -> dict[str, Counter[str]]:
    """Send each id until it is answered for good; what each was answered."""
    answers: dict[str, Counter[str]] = {id: Counter() for id in ids}
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for id in ids:
        waiting.put(id)

    def run(function: LocalFunction) -> None:
        while not waiting.empty():
            with contextlib.suppress(queue.Empty):
                id = waiting.get_nowait()
                while (outcome := outcome_of(function, id)) not in DEFINITE:
                    answers[id][outcome] += 1
                answers[id][outcome] += 1

    with ThreadPoolExecutor(len(functions)) as pool:
        list(pool.map(run, functions))
    return answers


def outcome_of(function: LocalFunction, id: str) -> str:
    """What a function answers, "refused" where it is worth another try."""
    answer = function.invoke(visit(id, SITE + id[-1]))
    assert answer["statusCode"] in (200, 503), answer
    outcome: str = json.loads(answer["body"]).get("outcome", "refused")
    return outcome


def test_many_functions_count_each_visit_once(
    store: Store, dynamodb_local_endpoint: str, start_function: StartFunction
) -> None:
    """All are counted, in shards, whatever was lost on the way."""
    faults = Faults(RATES, only={"TransactWriteItems": [*Fault]}, seed=SEED)
    contention = Contention(seed=SEED)
    ids = [f"visit-{number:03d}" for number in range(VISITS)]
    sent = [*ids, *ids[::4]]  # some by two browsers at once
    random.Random(SEED).shuffle(sent)
    with Proxy(dynamodb_local_endpoint, contention=contention, faults=faults) as proxy:
        functions = [start_function(proxy.url) for _ in range(FUNCTIONS)]
        answers = send_all(functions, sent)

    site = load_sites(store).named(SITE)
    verified = verify(store, site, NOW_MS)
    assert total(store, site) == VISITS
    assert verified.differences == ()
    assert all(each["counted"] <= 1 for each in answers.values())
    assert proxy.tally()["faults"].keys() == set(Fault) - {Fault.NONE}
    assert contention.tally.conflicts["TransactWriteItems"] > 0
    shards = read_shards(store, SITE)
    assert sum(shard.visits > 0 for shard in shards) > 1
