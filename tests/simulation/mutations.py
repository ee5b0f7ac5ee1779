"""Faults put into the program on purpose, each of which the simulation must find.

A proof that cannot fail proves nothing. Each mutation is a text of one source file and
what it becomes, in a copy of the package; the runs of at most `SEEDS_MAX` seeds must
end with a failure. A mutation whose text is no longer there fails its test, too.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SEEDS_MAX = 200


@dataclass(frozen=True, slots=True)
class Mutation:
    """A fault: in `file`, `before` becomes `after`."""

    name: str
    file: str
    before: str
    after: str


MUTATIONS = [
    Mutation(
        "no receipt condition",
        "visits/transaction.py",
        '"ConditionExpression": _RECEIPT_ABSENT,',
        '"ConditionExpression": f"{_RECEIPT_ABSENT} OR attribute_exists({RECEIPT})",',
    ),
    Mutation(
        "a new token on an unknown outcome",
        "visits/record.py",
        "            return [group]\n",
        "            return self._groups(group.site, group.visits,\n"
        "                self._readers(group.visits), (), group.tries)\n",
    ),
    Mutation(
        "answered before its commit, whatever becomes of it",
        "visits/record.py",
        "        while waiting:\n            waiting = self._send(waiting, found, totals)\n",
        "        for group in waiting:\n"
        "            said = [(visit.id, 'counted') for visit in group.visits]\n"
        "            found[group.site].update(said)\n"
        "        unheard = {site: {} for site in found}\n"
        "        while waiting:\n"
        "            waiting = self._send(waiting, unheard, totals)\n",
    ),
    Mutation(
        "an unknown outcome is answered counted",
        "visits/record.py",
        "        group.unknown |= isinstance(translated, IndeterminateError)\n",
        "        group.unknown |= isinstance(translated, IndeterminateError)\n"
        "        if group.unknown:\n"
        '            found.update((visit.id, "counted") for visit in group.visits)\n'
        "            return []\n",
    ),
    Mutation(
        "an unknown outcome is refused as not written",
        "visits/record.py",
        "        if group.tries >= TRIES_MAX or self._clock() >= group.until:\n",
        "        if group.unknown:\n"
        '            found.update((v.id, "duplicate") for v in group.visits)\n'
        "            return []\n"
        "        if group.tries >= TRIES_MAX or self._clock() >= group.until:\n",
    ),
    Mutation(
        "an unknown group is regrouped in another shard, its tokens forgotten",
        "visits/record.py",
        "        if is_contended(error) and not group.unknown"
        " and not was_retried(error):\n",
        "        group.tokens = ()\n        if True:\n",
    ),
    Mutation(
        "a shard is changed with another receipt",
        "visits/transaction.py",
        'RECEIPT: {"S": receipt_key(site, visit.id)},',
        "RECEIPT: {\"S\": receipt_key(site, visit.id) + '!' * shard},",
    ),
    Mutation(
        "the receipt in a transaction of its own",
        "visits/record.py",
        "            self.store.client.transact_write_items(**request)\n",
        "            puts = [a for a in request['TransactItems'] if 'Put' in a]\n"
        "            rest = [a for a in request['TransactItems'] if 'Put' not in a]\n"
        "            token = request['ClientRequestToken']\n"
        "            for part, mark in ((puts, 'p'), (rest, 'r')):\n"
        "                self.store.client.transact_write_items(\n"
        "                    TransactItems=part, ClientRequestToken=token + mark\n"
        "                )\n",
    ),
    Mutation(
        "a duplicate is answered counted",
        "visits/record.py",
        '                found[visit.id] = "duplicate"\n',
        '                found[visit.id] = "counted"\n',
    ),
    Mutation(
        "the rest of a cancelled group is forgotten",
        "visits/record.py",
        "        return self._regrouped(group, rest, found)\n\n"
        "    def _without_invalid",
        "        for visit in rest:\n"
        '            found[visit.id] = "counted"\n'
        "        return []\n\n"
        "    def _without_invalid",
    ),
    Mutation(
        "an own lost success is answered duplicate",
        "visits/record.py",
        'get("S") in group.tokens',
        'get("S") == ""',
    ),
    Mutation(
        "the same id twice in a group counts twice",
        "visits/record.py",
        '                found[site][visit.id] = "duplicate"'
        "  # the same id again in the group\n",
        "                pass\n",
    ),
    Mutation(
        "a receipt that lives shorter than its window",
        "visits/transaction.py",
        "life_seconds = window_seconds + RECEIPT_SLACK_SECONDS",
        "life_seconds = 300",
    ),
    Mutation(
        "what is past the window is counted",
        "visits/visit.py",
        "if age_ms > window_seconds * 1000:",
        "if age_ms > 10 * window_seconds * 1000:",
    ),
    Mutation(
        "each visit counts in its day's first hour",
        "visits/record.py",
        "of_total[moment] = total_moves(visit, shard)\n",
        "of_total[moment] = total_moves(visit, shard)[0], ('day', '00')\n",
    ),
    Mutation(
        "a page is counted only once in a group",
        "visits/transaction.py",
        "amounts[attribute] = amounts.get(attribute, 0) + visits",
        "amounts[attribute] = 1",
    ),
    Mutation(
        "the total leaves out the shards",
        "visits/shards.py",
        "            total = visits + sum(shard.visits for shard in shards)\n",
        "            total = visits\n",
    ),
    Mutation(
        "a total is read across a compaction",
        "visits/shards.py",
        "        if sum(shard.folded for shard in shards) == folded:\n",
        "        if True:\n",
    ),
    Mutation(
        "a compaction leaves the visits in the shard",
        "visits/shards.py",
        '"SET #visits = #visits - :amount, #folded = #folded + :amount"',
        '"SET #visits = #visits, #folded = #folded + :amount"',
    ),
    Mutation(
        "a compaction is not noted in the baseline",
        "visits/shards.py",
        "for each in (into, out_of, note)]",
        "for each in (into, out_of)]",
    ),
    Mutation(
        "a reader counts without its marker's condition",
        "visits/transaction.py",
        '            "ConditionExpression": _RECEIPT_ABSENT,\n',
        '            "ConditionExpression": _RECEIPT_ABSENT\n'
        '            + (" OR attribute_exists(receipt)" if "at" not in item'
        ' and "kind" not in item else ""),\n',
    ),
    Mutation(
        "each server has a salt of its own",
        "visits/visitors.py",
        '            return bytes(item[SALT]["B"])\n',
        "            return secrets.token_bytes(SALT_BYTES)\n",
    ),
    Mutation(
        "a stop forgets the visits that wait",
        "visits/lanes.py",
        "        self._hurried = True\n",
        "        self._hurried = True\n"
        "        for lane in self._lanes.values():\n"
        "            self.unfinished -= len(lane.groups)\n"
        "            lane.groups.clear()\n",
    ),
]


def unmeasured() -> dict[str, str]:
    """The environment of a process whose coverage is not measured.

    Hundreds of runs take three times as long when it is, and show no line that twenty
    do not.
    """
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("COVERAGE_")
    }


def first_failing_seed(mutation: Mutation, directory: Path) -> int | None:
    """The seed that finds a mutation, None if none of `SEEDS_MAX` does.

    Args:
        mutation: What to change.
        directory: Where the copy goes.

    Raises:
        ValueError: The mutation's text is not in its file, or more than once.
        RuntimeError: The mutated program does not even start.
    """
    package = directory / "footfall"
    shutil.copytree(
        ROOT / "src" / "footfall", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    path = package / mutation.file
    source = path.read_text()
    if source.count(mutation.before) != 1:
        raise ValueError(f"{mutation.name}: its text must be in {mutation.file} once")
    path.write_text(source.replace(mutation.before, mutation.after))
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "0", str(SEEDS_MAX - 1)],
        cwd=ROOT,
        env={**unmeasured(), "PYTHONPATH": str(directory)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return None
    found = [line for line in done.stdout.splitlines() if line.startswith("seed ")]
    if not found:
        raise RuntimeError(done.stderr)
    return int(found[0].split()[1])
