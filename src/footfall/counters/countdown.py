"""A count-down: a number that claims take one from, until it stands at its floor.

A claim is one conditional UpdateItem that takes one and records the id's place:

    SET current = current - 1, claims.<id> = current
    if  current > floor and claims.<id> does not exist
    and claims has room and blocks is what the claimant knows

DynamoDB evaluates the right-hand sides on the item as it was, so what is recorded
is the number before the claim and the place follows from it. The same id gets the
same answer for ever (G5): a repeat fails the condition, and the item that comes
back with the failure holds its place. Nothing ever raises `current`, so an answer
"no place left" is for ever too.

Only one write to one item can take the place and record it: a transaction can put a
receipt for each claim, but not copy `current` into it, so the place would not be known.
An item holds 400 KB, so claims fill blocks in order, and full blocks are set aside
(`footfall.counters.blocks`). A claimant first takes none to exist; a failure says how
many there are, and the id is searched in them before the next try.

On DynamoDB a claim costs write units for each KB of the open block, up to 19. Where
there are blocks it costs 5 read units a block for the search and the write units once
more for the try that tells of them; a `Countdown` that has seen blocks reads the item
instead, for 5 read units. So the last claim of 100,000 reads 400 blocks, 2,000 read
units, and one of the first 250 reads none.

An item made before there were blocks has all its claims in it, up to 5,000. They are
one block: the next claim that takes a place sets it aside, be it overfull, and gives the
count-down its series. The version that made it knows no blocks and must not claim then.
"""

import random
import time
from dataclasses import dataclass

from footfall.counters import blocks
from footfall.counters.blocks import Blocks
from footfall.counters.names import check_amount, check_id, check_name, describe_key
from footfall.counters.port import (
    DynamoDBClient,
    Item,
    error_code,
    retry_conflicts,
    store_errors,
    translate,
    translate_read,
)
from footfall.counters.tables import (
    CLAIMS,
    CURRENT,
    FLOOR,
    NAME,
    SERIES,
    START,
    Request,
    Tables,
)
from footfall.errors import (
    AlreadyExistsError,
    CounterNotFoundError,
    InvalidInputError,
    NotANumberError,
    ThrottledError,
)

PLACES_MAX = 100_000  # 400 blocks: the search for one id reads some 8 MB

# A try fails when blocks were not known, and then once more for each block that others
# fill meanwhile: seldom twice.
CLAIM_TRIES_MAX = 12
CLAIM_PAUSE_SECONDS = 0.01
CLAIM_PAUSE_SECONDS_MAX = 0.2


@dataclass(frozen=True, slots=True)
class Claim:
    """The answer to a claim, the same for the same id for ever.

    Attributes:
        won: Whether the id got one of the places.
        place: 1 for the first, None for an id that came too late.
        remaining: Places that were left after this one; 0 for one too late.
    """

    won: bool
    place: int | None
    remaining: int


class Countdown:
    """A number of places, each given to one id.

    Args:
        client: `boto3.client("dynamodb")`, or what `footfall.connect` gave.
        name: The count-down's name in the table `counters`.
        start: Where it starts. With it, the first claim creates the count-down;
            None claims from one that exists.
        floor: Where it stops; start less floor is the number of places.
        table: The table's name (key `name`, S).

    Raises:
        InvalidInputError: The name is not valid, or there is no place, or more than
            `PLACES_MAX`.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        *,
        name: str,
        start: int | None = None,
        floor: int = 0,
        table: str = Tables().counters,
    ) -> None:
        self.client = client
        self.name = check_name(name)
        self.start = start
        self.floor = check_amount(floor, "floor")
        self.table = table
        self._has_blocks = False  # as far as this object has seen
        if start is not None and not (
            0 < check_amount(start, "start") - floor <= PLACES_MAX
        ):
            raise InvalidInputError(
                "start", f"must be 1 to {PLACES_MAX} above the floor, which is {floor}"
            )

    def create(self) -> None:
        """Put the count-down at its start.

        Raises:
            AlreadyExistsError: The table has that name. Nothing was written.
            InvalidInputError: No start was given. Nothing was written.
            ThrottledError: Nothing was written. Retry after a pause.
            IndeterminateError: No answer came. Claim, which creates it if need be.
        """
        if self.start is None:
            raise InvalidInputError("start", "is needed to create a count-down")
        item = {
            NAME: {"S": self.name},
            START: {"N": str(self.start)},
            FLOOR: {"N": str(self.floor)},
            CURRENT: {"N": str(self.start)},
            CLAIMS: {"M": {}},
            SERIES: {"S": blocks.new_series()},
        }
        try:
            self.client.put_item(
                TableName=self.table,
                Item=item,
                ConditionExpression="attribute_not_exists(#name)",
                ExpressionAttributeNames={"#name": NAME},
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            raise AlreadyExistsError(self._address()) from error
        except store_errors(self.client) as error:
            raise translate(error, "PutItem", self.table) from error

    def claim(self, *, id: str) -> Claim:
        """Take a place for `id`; again with the same id, the same answer.

        Args:
            id: Who claims, 1 to 64 printable ASCII characters.

        Raises:
            InvalidInputError: The id is not valid, or the count-down stands with
                another start or floor. Nothing was written.
            CounterNotFoundError: No such count-down, and no start was given.
            NotANumberError: The item's number is not one. Nothing was written.
            ThrottledError: Nothing was written. Retry after a pause.
            UnavailableError: The search could not be made; nothing was written.
            StoreError: Blocks of claims are missing: it was half deleted.
            IndeterminateError: No answer came. Retry with the same id.

        Cost: at the top of this file.
        Source: DynamoDB API Reference, UpdateItem.
        """
        check_id(id)
        searched = Blocks()
        for attempt in range(CLAIM_TRIES_MAX):
            _pause(attempt)
            looks_first = attempt == 0 and self._has_blocks
            item = self._look() if looks_first else self._take_place(id, searched)
            if item is None:
                self._create_if_absent()
                continue
            settled = self._settle(item, id, searched)
            if isinstance(settled, Claim):
                return settled
            searched = settled
        raise ThrottledError("UpdateItem")  # others filled block after block meanwhile

    def _settle(self, item: Item, id: str, searched: Blocks) -> Claim | Blocks:
        """The answer that the item holds; or else the blocks that lack the id.

        Args:
            item: The count-down with this claim in it, or as it was without.
            id: Who claims.
            searched: Blocks that lack the id.
        """
        start, floor = self._check(item)
        claims: Item = item[CLAIMS]["M"]
        if id in claims:
            return _won(start, floor, int(claims[id]["N"]))
        known = Blocks.of(item)
        self._has_blocks = known.count > 0
        before = blocks.find_claim(
            self.client, self.table, known.keys(self.name, after=searched), id
        )
        if before is not None:
            return _won(start, floor, before)
        # The id had no claim when the item was as it is here.
        if int(item[CURRENT]["N"]) <= floor:
            return Claim(won=False, place=None, remaining=0)
        if len(claims) >= blocks.BLOCK_CLAIMS:
            return blocks.set_aside(self.client, self.table, item, id)
        return known

    def _take_place(self, id: str, searched: Blocks) -> Item | None:
        """The item with this claim in it, or as it was without; None if there is none.

        An item without the claim is one that had no place left or no room, or other
        blocks than those that were searched.
        """
        request = self._claim_request(id, searched)
        try:
            answer = retry_conflicts(
                self.client, lambda: self.client.update_item(**request)
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            found: Item | None = error.response.get("Item")
            return found
        except store_errors(self.client) as error:
            if error_code(error) == "ValidationException":
                self._check(self._look() or {})
            raise translate(error, "UpdateItem", self.table, id) from error
        item: Item = answer["Attributes"]
        return item

    def _claim_request(self, id: str, searched: Blocks) -> Request:
        condition, names, values = searched.condition()
        condition += (
            " AND attribute_not_exists(#claims.#id) AND #current > #floor"
            " AND size(#claims) < :block"
        )
        names |= {
            "#current": CURRENT,
            "#claims": CLAIMS,
            "#id": id,
            "#start": START,
            "#floor": FLOOR,
        }
        values |= {":one": {"N": "1"}, ":block": {"N": str(blocks.BLOCK_CLAIMS)}}
        # START and FLOOR are set to themselves to have them in the answer.
        update = (
            "SET #current = #current - :one, #claims.#id = #current,"
            " #start = #start, #floor = #floor"
        )
        if self.start is not None:
            condition += " AND #start = :start AND #floor = :floor"
            values |= {
                ":start": {"N": str(self.start)},
                ":floor": {"N": str(self.floor)},
            }
        return {
            "TableName": self.table,
            "Key": {NAME: {"S": self.name}},
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ReturnValues": "UPDATED_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _look(self) -> Item | None:
        """The item as it stands; None if there is none."""
        try:
            answer = self.client.get_item(
                TableName=self.table,
                Key={NAME: {"S": self.name}},
                ConsistentRead=True,
            )
        except store_errors(self.client) as error:
            raise translate_read(error, "GetItem", self.table) from error
        item: Item | None = answer.get("Item")
        return item

    def _check(self, item: Item) -> tuple[int, int]:
        """Where the count-down starts and stops, if it is one, and the one meant."""
        if not {CURRENT, START, FLOOR, CLAIMS} <= item.keys():
            raise CounterNotFoundError(f"{self._address()}, which is no count-down")
        for attribute in (CURRENT, START, FLOOR):
            if "N" not in item[attribute]:
                raise NotANumberError(
                    self._address(),
                    attribute,
                    "delete it and create the count-down again",
                )
        start, floor = int(item[START]["N"]), int(item[FLOOR]["N"])
        if self.start is not None and (start, floor) != (self.start, self.floor):
            raise InvalidInputError(
                "start",
                f"{self.name!r} counts from {start} down to {floor}, not from"
                f" {self.start} to {self.floor}; claim without a start, or choose"
                f" another name",
            )
        return start, floor

    def _create_if_absent(self) -> None:
        if self.start is None:
            raise CounterNotFoundError(self._address())
        try:
            self.create()
        except AlreadyExistsError:
            return  # another claimant created it first

    def _address(self) -> str:
        return describe_key(self.table, {NAME: self.name})


def _won(start: int, floor: int, before: int) -> Claim:
    place = start - before + 1
    return Claim(won=True, place=place, remaining=start - floor - place)


def _pause(attempt: int) -> None:
    if attempt > 1:  # the second try knows what the first one told; then others race
        ceiling = min(CLAIM_PAUSE_SECONDS * 2**attempt, CLAIM_PAUSE_SECONDS_MAX)
        time.sleep(random.uniform(0, ceiling))
