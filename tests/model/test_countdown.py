"""A count-down against a plain dict, over blocks and lost answers.

Several claimants share one count-down; a block holds two claims. The model is a dict
from ids to places. An answer that is lost leaves the model as it was or with one claim
more, and the same id asked again tells which.
"""

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from footfall import (
    Claim,
    Countdown,
    IndeterminateError,
    UnavailableError,
)
from footfall.connect import create_tables
from footfall.counters import blocks
from footfall.counters.named import delete_counter, list_counters
from footfall.counters.port import Store
from footfall.embedded import EmbeddedClient
from tests.faulty import Fault, FaultyClient, after, lost_after, lost_before, no_fault

BLOCK_CLAIMS = 2
CLAIMANTS = 3
OPERATIONS = [
    "update_item",
    "get_item",
    "batch_get_item",
    "transact_write_items",
    "put_item",
]

claimants = st.integers(0, CLAIMANTS - 1)
ids = st.integers(0, 30).map(lambda number: f"id.{number}")
# What the next calls of each operation meet.
losses = st.dictionaries(
    st.sampled_from(OPERATIONS),
    st.lists(st.sampled_from([no_fault, lost_before, lost_after]), max_size=3),
)


class Contest(RuleBasedStateMachine):
    """Claims from one count-down, made anew now and then."""

    @initialize(places=st.integers(5, 40), floor=st.integers(-3, 3))
    def open(self, places: int, floor: int) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(blocks, "BLOCK_CLAIMS", BLOCK_CLAIMS)
        self.embedded = EmbeddedClient(":memory:")
        self.store = Store(self.embedded)
        create_tables(self.store)
        self.places, self.floor = places, floor
        self.clients = [FaultyClient(self.embedded) for _ in range(CLAIMANTS)]
        self.claimants = [self.countdown(client) for client in self.clients]
        self.given: dict[str, int] = {}
        self.lost: set[str] = set()
        self.new_ids = 0

    def teardown(self) -> None:
        if hasattr(self, "patch"):
            self.embedded.close()
            self.patch.undo()

    def countdown(self, client: Any) -> Countdown:
        return Countdown(
            client, name="prize", start=self.floor + self.places, floor=self.floor
        )

    @rule(claimant=claimants, ids=st.lists(ids, min_size=1, max_size=8))
    def claim(self, claimant: int, ids: list[str]) -> None:
        for id in ids:
            self._check(id, self.claimants[claimant].claim(id=id))

    @rule(claimant=claimants, id=ids, losses=losses)
    def claim_with_losses(
        self, claimant: int, id: str, losses: dict[str, list[Fault]]
    ) -> None:
        """Ask until an answer comes, as whoever claims does."""
        for operation, faults in losses.items():
            self.clients[claimant].plan(operation, faults)
        while True:
            try:
                answer = self.claimants[claimant].claim(id=id)
            except (IndeterminateError, UnavailableError):
                continue
            break
        for operation in OPERATIONS:
            self.clients[claimant].plan(operation, [])
        self._check(id, answer)

    @rule(
        claimant=claimants,
        acts=st.lists(
            st.sampled_from(["claim the same", *["claim"] * 4, "make anew"]),
            min_size=1,
            max_size=6,
        ),
        operation=st.sampled_from(["update_item", "transact_write_items"]),
        nth=st.integers(0, 1),
    )
    def claim_while_others_act(
        self, claimant: int, acts: list[str], operation: str, nth: int
    ) -> None:
        """Just before a claim is written, things happen that it cannot know of."""
        id = self._new_id()

        def act() -> None:
            for name in acts:
                if name == "make anew":
                    self.make_anew()
                else:
                    theirs = id if name == "claim the same" else self._new_id()
                    self.claim((claimant + 1) % CLAIMANTS, [theirs])

        self.clients[claimant].plan(operation, [no_fault] * nth + [after(act)])
        answer = self.claimants[claimant].claim(id=id)
        self.clients[claimant].plan(operation, [])
        self._check(id, answer)

    @precondition(lambda self: len(self.given) > 3 * BLOCK_CLAIMS)
    @rule()
    def make_anew(self) -> None:
        """The claimants do not hear of it."""
        if list_counters(self.store):
            delete_counter(self.store, "prize")
        assert self.embedded.scan(TableName="counters")["Items"] == []
        self.given, self.lost = {}, set()

    @invariant()
    def the_number_is_what_is_left(self) -> None:
        if not hasattr(self, "store"):
            return
        for counter in list_counters(self.store):
            assert counter.value == self.floor + self.places - len(self.given)
        assert sorted(self.given.values()) == list(range(1, len(self.given) + 1))

    def _new_id(self) -> str:
        """An id that nobody claimed yet."""
        self.new_ids += 1
        return f"new.{self.new_ids}"

    def _check(self, id: str, answer: Claim) -> None:
        """The answer is the model's; a new place is the next."""
        if id not in self.given and len(self.given) < self.places:
            assert id not in self.lost
            self.given[id] = len(self.given) + 1
        place = self.given.get(id)
        if place is None:
            self.lost.add(id)
            assert answer == Claim(won=False, place=None, remaining=0)
        else:
            assert answer == Claim(True, place, self.places - place)


TestContest = Contest.TestCase
TestContest.settings = settings(stateful_step_count=30)
