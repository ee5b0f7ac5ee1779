"""`python -m tests.simulation FIRST LAST`: run the seeds, stop at the first that fails."""

import sys
import time
import traceback
from collections import Counter

from tests.simulation.run import run


def main(first: int, last: int) -> int:
    """Run the seeds from first to last; the exit status."""
    began, faults, refused, folded = time.monotonic(), Counter[str](), Counter[str](), 0
    for seed in range(first, last + 1):
        try:
            summary = run(seed)
        except BaseException:  # noqa: BLE001 - whatever it is, the seed replays it
            traceback.print_exc()
            print(f"seed {seed} fails; `python -m tests.simulation {seed}` replays it")
            return 1
        faults += summary.faults
        refused += summary.refused
        folded += summary.shards
    seconds = time.monotonic() - began
    print(f"seeds {first} to {last} hold, in {seconds:.1f} s")
    print(f"faults: {dict(faults)}; refused: {dict(refused)}; in shards: {folded}")
    return 0


if __name__ == "__main__":
    numbers = [int(argument) for argument in sys.argv[1:]] or [0, 99]
    raise SystemExit(main(numbers[0], numbers[-1]))
