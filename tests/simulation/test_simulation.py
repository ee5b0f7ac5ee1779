"""Exactly once under every fault, over some hundred seeds; `make soak` runs 10,000."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.proxy.faults import Fault
from tests.simulation.mutations import (
    MUTATIONS,
    Mutation,
    first_failing_seed,
    unmeasured,
)
from tests.simulation.run import run
from tests.simulation.world import StuckError, World

ROOT = Path(__file__).parent.parent.parent
SEEDS = 200
PROCESSES = 2


@pytest.mark.timeout(1_200)
def test_every_seed_holds() -> None:
    """A seed that fails is named, and replays."""
    each = SEEDS // PROCESSES
    running = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.simulation",
                str(first),
                str(first + each - 1),
            ],
            cwd=ROOT,
            env=unmeasured(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for first in range(0, SEEDS, each)
    ]
    said = [process.communicate(timeout=1_100)[0] for process in running]

    assert [process.returncode for process in running] == [0] * PROCESSES, said


def test_twenty_runs_meet_every_fault() -> None:
    """A simulation without faults would hold, too."""
    runs = [run(seed) for seed in range(20)]

    met = {fault for summary in runs for fault in summary.faults}
    assert met >= set(Fault) - {Fault.NONE}
    assert sum(summary.shards for summary in runs) > 0
    refused = {kind for summary in runs for kind in summary.refused}
    assert {"ThrottledError", "UnavailableError"} <= refused


def test_a_seed_replays_exactly() -> None:
    """Or nobody could look for a failure twice."""
    assert run(5) == run(5)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_the_simulation_finds(mutation: Mutation, tmp_path: Path) -> None:
    """A proof that cannot fail proves nothing."""
    assert first_failing_seed(mutation, tmp_path) is not None


def test_a_world_that_never_rests_is_found() -> None:
    """A retry that goes on for ever is a fault too."""
    world = World(0)

    def turn() -> None:
        while True:
            world.sleep(1)

    world.spawn(turn)

    with pytest.raises(StuckError):
        world.run(100)


def test_a_killed_task_ends_where_it_waits() -> None:
    """What it has sent is sent, and it does nothing more."""
    world = World(0)
    done: list[str] = []

    def work() -> None:
        world.after(5, lambda: done.append("sent"))
        world.sleep(10)
        done.append("went on")

    task = world.spawn(work)
    world.after(3, task.kill)
    world.run(100)

    assert done == ["sent"]
