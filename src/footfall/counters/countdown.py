"""A count-down: a number that claims take one from, until it stands at its floor.

A claim is one conditional UpdateItem that takes one and records the id's place:

    SET current = current - 1, claims.<id> = current
    if  current > floor and claims.<id> does not exist

DynamoDB evaluates the right-hand sides on the item as it was, so what is recorded
is the number before the claim and the place follows from it. The same id gets the
same answer for ever (G5): a repeat fails the condition, and the item that comes
back with the failure holds its place. Nothing ever raises `current`, so an answer
"no place left" is for ever too.

All claims stand in the one item, since only then one write can do both. An item
holds 400 KB, hence `PLACES_MAX`; each claim costs the item's size in write units.
"""

from dataclasses import dataclass
from typing import Any

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
    START,
    Request,
    Tables,
)
from footfall.errors import (
    AlreadyExistsError,
    CounterNotFoundError,
    InvalidInputError,
    NotANumberError,
)

# A claim takes at most 64 bytes of id, 9 of number and 2 of overhead in the item's
# map: 5,000 of them stay under 400 KB with the rest of the item.
PLACES_MAX = 5_000


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
            IndeterminateError: No answer came. Retry with the same id.

        Cost: a write unit for each KB of the item, which grows by the claim.
        Source: DynamoDB API Reference, UpdateItem.
        """
        check_id(id)
        stored = self._take_place(id)
        if stored is None:
            if self.start is None:
                raise CounterNotFoundError(self._address())
            self._create_if_absent()
            stored = self._take_place(id)
            if stored is None:
                raise CounterNotFoundError(self._address())
        return self._answer(stored, id)

    def _take_place(self, id: str) -> Item | None:
        """The item with this claim in it, or as it was without; None if there is none.

        An item without the claim is one that had no place left.
        """
        try:
            answer = retry_conflicts(
                self.client, lambda: self.client.update_item(**self._claim_request(id))
            )
        except self.client.exceptions.ConditionalCheckFailedException as error:
            found: Item | None = error.response.get("Item")
            return found
        except store_errors(self.client) as error:
            if error_code(error) == "ValidationException":
                self._explain()
            raise translate(error, "UpdateItem", self.table, id) from error
        item: Item = answer["Attributes"]
        return item

    def _claim_request(self, id: str) -> Request:
        names = {"#current": CURRENT, "#claims": CLAIMS, "#id": id, "#floor": FLOOR}
        values: Item = {":one": {"N": "1"}}
        condition = "attribute_not_exists(#claims.#id) AND #current > #floor"
        # START and FLOOR are set to themselves to have them in the answer.
        update = (
            "SET #current = #current - :one, #claims.#id = #current,"
            " #start = #start, #floor = #floor"
        )
        names["#start"] = START
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

    def _answer(self, item: Item, id: str) -> Claim:
        if CURRENT not in item or START not in item:
            raise CounterNotFoundError(f"{self._address()}, which is no count-down")
        start, floor = int(item[START]["N"]), int(item[FLOOR]["N"])
        if self.start is not None and (start, floor) != (self.start, self.floor):
            raise InvalidInputError(
                "start",
                f"{self.name!r} counts from {start} down to {floor}, not from"
                f" {self.start} to {self.floor}; claim without a start, or choose"
                f" another name",
            )
        before = item[CLAIMS]["M"].get(id)
        if before is None:
            return Claim(won=False, place=None, remaining=0)
        place = start - int(before["N"]) + 1
        return Claim(won=True, place=place, remaining=start - floor - place)

    def _create_if_absent(self) -> None:
        try:
            self.create()
        except AlreadyExistsError:
            return  # another claimant created it first

    def _explain(self) -> None:
        """Raise what is wrong with the item, if a look at it tells."""
        try:
            answer = self.client.get_item(
                TableName=self.table,
                Key={NAME: {"S": self.name}},
                ConsistentRead=True,
            )
        except store_errors(self.client) as error:
            raise translate_read(error, "GetItem", self.table) from error
        item: dict[str, Any] = answer.get("Item", {})
        if CURRENT not in item:
            raise CounterNotFoundError(f"{self._address()}, which is no count-down")
        if "N" not in item[CURRENT]:
            raise NotANumberError(
                self._address(), CURRENT, "delete it and create the count-down again"
            )

    def _address(self) -> str:
        return describe_key(self.table, {NAME: self.name})
