"""Callers that each count one visit at a time: `writers` runs this as processes.

    python -m benchmarks.callers ENDPOINT SITE NUMBER CALLERS VISITS VISITS_PER_SECOND

Prints the seconds that each visit took, from the moment it was due, as JSON. A caller
keeps what a function on Lambda keeps from one request to the next: its client and what
it has read.
"""

import json
import sys
import threading
import time

from benchmarks.thin import ThinClient
from footfall.counters.port import Store
from footfall.visits.record import Recorder
from footfall.visits.sites import load_sites
from footfall.visits.visit import Outcome, view


def main(
    endpoint: str, site_url: str, number: int, callers: int, visits: int, rate: float
) -> list[float]:
    """Count the visits, and return how long each took.

    Raises:
        RuntimeError: A visit was not counted.
    """
    store = Store(ThinClient(endpoint))
    site = load_sites(store).named(site_url)
    latencies: list[float] = []
    failures: list[object] = []
    begun = time.perf_counter() + 0.5  # when every caller stands ready

    def call(caller: int) -> None:
        recorder = Recorder(store)
        for index in range(caller, visits, callers):
            at = begun + index / rate
            time.sleep(max(0.0, at - time.perf_counter()))
            id = f"{number}-{index}"
            visit = view(id, site, "/", time.time_ns() // 1_000_000)
            (result,) = recorder.record([visit])
            latencies.append(time.perf_counter() - at)
            if not isinstance(result, Outcome) or result.outcome != "counted":
                failures.append(result)

    threads = [threading.Thread(target=call, args=(n,)) for n in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise RuntimeError(f"{len(failures)} visits were not counted: {failures[:3]}")
    return latencies


if __name__ == "__main__":
    endpoint, site_url, number, callers, visits, rate = sys.argv[1:]
    print(
        json.dumps(
            main(
                endpoint, site_url, int(number), int(callers), int(visits), float(rate)
            )
        )
    )
