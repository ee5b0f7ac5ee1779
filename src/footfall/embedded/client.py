"""The client: boto3's methods on a file, in process.

Every operation runs in a transaction of SQLite and is answered after its COMMIT, and so
after an fsync. Writes of several threads share one (`grouping`): one thread writes all that
is queued, each request by itself all or nothing, and commits once. `batch` offers the
same to one caller with many requests.

A request that fails has written nothing, so it needs no savepoint: operations check,
read and evaluate before they write. A fault of ours, or of the disk, undoes the whole
group, and nobody of it is answered with a success.

Items with a time to live are deleted as writes go by: at most once a second a bounded
slice of each such table is looked at. An index of times would make every write dearer,
and DynamoDB promises only "within days" (Developer Guide, "Time to Live").
"""

import copy
import itertools
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Self

from footfall.embedded import items, reads, tables, tags, transaction
from footfall.embedded.disk import (
    DiskFailedError,
    DiskFullError,
    FileBusyError,
    StoppedError,
    meaning,
)
from footfall.embedded.exceptions import (
    ClientError,
    Exceptions,
    InternalServerError,
    RefusedCallError,
    SerializationException,
    StorageFailedException,
    StorageFullException,
    ThrottlingException,
    UnknownOperationException,
)
from footfall.embedded.grouping import GATHERING_SECONDS, Grouping, Job
from footfall.embedded.schema import Key
from footfall.embedded.storage import Session, Storage
from footfall.embedded.validation import (
    LARGE_TRANSACTION,
    OPERATIONS,
    READS,
    Form,
    check_form,
)

EXPIRY_PAUSE_SECONDS = 1.0
EXPIRY_ROWS_MAX = 5_000  # of one table in one slice: some milliseconds
EXPIRY_AGE_SECONDS_MAX = 5 * 365 * 86_400  # an older time to live is none, as on AWS

_DISK_ERRORS: tuple[type[Exception], ...] = (
    *(DiskFailedError, DiskFullError, FileBusyError, StoppedError, sqlite3.Error),
)

Request = Mapping[str, Any]
Answer = dict[str, Any]
Call = tuple[str, Request]

_WITHOUT_CLOCK: dict[str, Callable[[Session, Request], Answer]] = {
    "BatchGetItem": items.batch_get_item,
    "BatchWriteItem": items.batch_write_item,
    "DeleteItem": items.delete_item,
    "DeleteTable": tables.delete_table,
    "DescribeContinuousBackups": tables.describe_continuous_backups,
    "DescribeLimits": tables.describe_limits,
    "DescribeTable": tables.describe_table,
    "DescribeTimeToLive": tables.describe_time_to_live,
    "GetItem": items.get_item,
    "ListTables": tables.list_tables,
    "ListTagsOfResource": tags.list_tags_of_resource,
    "PutItem": items.put_item,
    "Query": reads.query,
    "Scan": reads.scan,
    "TagResource": tags.tag_resource,
    "TransactGetItems": transaction.transact_get_items,
    "UntagResource": tags.untag_resource,
    "UpdateItem": items.update_item,
    "UpdateTimeToLive": tables.update_time_to_live,
}
_WITH_CLOCK: dict[str, Callable[[Session, Request, float], Answer]] = {
    "CreateTable": tables.create_table,
    "TransactWriteItems": transaction.transact_write_items,
    "UpdateTable": tables.update_table,
}


class EmbeddedClient:
    """DynamoDB's low-level client on one SQLite file, in this process.

    Its methods take and answer what boto3's do, by name only. Any thread may call
    them, and any number of processes may have the same file open.

    Args:
        path: The file, made if it is missing; ":memory:" keeps nothing.
        clock: Seconds since the epoch, for tests.

    Raises:
        StoreFileError: The file cannot be used as a store.
    """

    def __init__(self, path: str, *, clock: Callable[[], float] = time.time) -> None:
        self.exceptions = Exceptions()
        self._clock = clock
        self._request_ids = itertools.count(1)
        self._storage = Storage(path)
        self._writer = threading.Lock()
        self._groups = Grouping(
            self._write_group,
            writer=self._writer,
            gathering_seconds=0.0 if self._storage.in_memory else GATHERING_SECONDS,
        )
        self._expired_at = 0.0
        self._expiry_places: dict[int, Key | None] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; what was answered is durable already."""
        with self._writer:
            self._storage.close()

    def batch(
        self, calls: Sequence[Call], *, large_transactions: bool = False
    ) -> list[Answer | ClientError]:
        """Do many independent requests under one fsync.

        Args:
            calls: Operations with their requests: ("UpdateItem", {...}). Each is all
                or nothing by itself, and sees what those before it wrote.
            large_transactions: Whether a TransactWriteItems may have more actions than
                DynamoDB's, `validation.BATCH_ACTIONS_MAX`.

        Returns:
            An answer, or the error that would have been raised, for each, in order.

        Raises:
            InternalServerError: The disk failed; what of it is stored is unknown.
            StorageFailedException: It had failed before, or the file is gone, damaged
                or read-only. Nothing was done.
            StorageFullException: There is no room. Nothing was written.
            ThrottlingException: Another process holds the file. Nothing was written.
        """
        if all(operation in READS for operation, _ in calls):
            return self._read(calls)
        job = Job(calls, LARGE_TRANSACTION if large_transactions else None)
        self._groups.do(job)
        if job.failure is not None:
            raise job.failure
        assert job.answers is not None, "a job is answered or failed"
        return job.answers

    def do_all(self, calls: Iterable[Call]) -> None:
        """Do requests in one transaction with one fsync, all or none.

        Args:
            calls: Operations with their requests. Each sees what those before it wrote.

        Raises:
            RefusedCallError: One of them is refused. Nothing was written.
            ClientError: As of `batch`.
        """
        try:
            with self._writer, self._storage.writing() as session:
                for number, (operation, request) in enumerate(calls):
                    answer = self._answer(session, operation, request)
                    if isinstance(answer, ClientError):
                        raise RefusedCallError(number, answer)
        except _DISK_ERRORS as error:
            raise _failure(error).at("Batch") from error

    def backup(
        self, path: str, on_pages: Callable[[int, int], None] = lambda done, of: None
    ) -> None:
        """Write the store as it stands at one moment to a new file, durably.

        Others read and write meanwhile.

        Args:
            path: A file that is not there.
            on_pages: Told now and again how many pages of how many are written.

        Raises:
            StoreFileError: It could not be written; what is there of it is no store.
            StorageFailedException: The disk had failed before.
        """
        try:
            with self._writer if self._storage.in_memory else nullcontext():
                self._storage.copy_to(path, on_pages)
        except StoppedError as error:
            raise _stopped(error) from error

    def expire_items(self, budget: int = EXPIRY_ROWS_MAX) -> int:
        """Look at the next `budget` rows of each table with a time to live.

        Returns:
            How many expired items were deleted.
        """
        with self._writer, self._storage.writing() as session:
            return self._expire(session, budget)

    def tidy(self) -> bool:
        """Delete a slice of the expired items, and in the end empty the log.

        What is deleted is overwritten in the file (`secure_delete`); the log beside it
        would hold it until it is written over itself.

        Returns:
            Whether rows are left to look at: call it again after a pause.

        Raises:
            As `batch`.
        """
        try:
            with self._writer:
                with self._storage.writing() as session:
                    self._expire(session, EXPIRY_ROWS_MAX)
                if any(self._expiry_places.values()):
                    return True
                self._storage.empty_log()
                return False
        except _DISK_ERRORS as error:
            raise _failure(error).at("Tidy") from error

    def _read(self, calls: Sequence[Call]) -> list[Answer | ClientError]:
        in_memory = self._storage.in_memory
        try:
            with self._writer if in_memory else nullcontext():
                with self._storage.reading() as session:
                    return [self._answer(session, *call) for call in calls]
        except sqlite3.Error as error:
            raise _unreadable(error).at("Batch") from error
        except StoppedError as error:
            raise _stopped(error) from error

    def _write_group(self, jobs: list[Job]) -> None:
        """Write a group of jobs in one transaction of SQLite, with one fsync."""
        try:
            with self._storage.writing() as session:
                answered = [
                    [
                        self._answer(session, operation, request, job.form)
                        for operation, request in job.calls
                    ]
                    for job in jobs
                ]
                self._expire_in_passing(session)
        except _DISK_ERRORS as error:
            _fail(jobs, _failure(error))
        except BaseException:
            _fail(jobs, _unknown("The engine failed"))
            raise
        else:
            for job, answers in zip(jobs, answered, strict=True):
                job.answers = answers

    def _answer(
        self,
        session: Session,
        operation: str,
        request: Request,
        transactions_form: Form | None = None,
    ) -> Answer | ClientError:
        request_id = f"{next(self._request_ids):032X}"
        rows_before = session.rows_written
        try:
            parameters = OPERATIONS.get(operation)
            if parameters is None:
                raise UnknownOperationException()
            if not isinstance(request, dict):
                raise SerializationException("Start of structure expected")
            if transactions_form is not None and operation == "TransactWriteItems":
                parameters = transactions_form
            check_form(request, parameters)
            plain = _WITHOUT_CLOCK.get(operation)
            if plain is not None:
                answer = plain(session, request)
            else:
                answer = _WITH_CLOCK[operation](session, request, self._clock())
        except ClientError as error:
            return error.at(operation, request_id)
        except (OverflowError, RecursionError, TypeError, UnicodeError) as error:
            # What cannot even be looked at concerns nobody else of the group. Operations
            # write last; if this one has written, it is a fault of ours: undo the group.
            if session.rows_written != rows_before:
                raise
            unreadable = SerializationException(f"The request cannot be read: {error}")
            return unreadable.at(operation, request_id)
        answer["ResponseMetadata"] = {
            "RequestId": request_id,
            "HTTPStatusCode": 200,
            "HTTPHeaders": {},
            "RetryAttempts": 0,
        }
        return answer

    def _call(self, operation: str, request: Request) -> Any:
        try:
            (answer,) = self.batch([(operation, request)])
        except ClientError as error:
            raise error.at(operation) from error.__cause__
        if isinstance(answer, ClientError):
            raise answer
        return answer

    def _expire_in_passing(self, session: Session) -> None:
        now = self._clock()
        if now - self._expired_at >= EXPIRY_PAUSE_SECONDS:
            self._expired_at = now
            self._expire(session, EXPIRY_ROWS_MAX)
            session.forget_tokens(now - transaction.TOKEN_SECONDS)

    def _expire(self, session: Session, rows_max: int) -> int:
        now = int(self._clock())
        deleted = 0
        for name in session.table_names():
            table = session.table(name)
            if table is None or table.ttl_attribute is None:
                continue
            place, count = session.delete_expired(
                table,
                self._expiry_places.get(table.id),
                rows_max,
                now - EXPIRY_AGE_SECONDS_MAX,
                now,
            )
            self._expiry_places[table.id] = place
            deleted += count
        return deleted

    def batch_get_item(self, **request: Any) -> Any:
        """Read items of one or more tables, at most 100."""
        return self._call("BatchGetItem", request)

    def batch_write_item(self, **request: Any) -> Any:
        """Put and delete items of one or more tables, at most 25."""
        return self._call("BatchWriteItem", request)

    def create_table(self, **request: Any) -> Any:
        """Create a table, which is active at once."""
        return self._call("CreateTable", request)

    def delete_item(self, **request: Any) -> Any:
        """Delete an item."""
        return self._call("DeleteItem", request)

    def delete_table(self, **request: Any) -> Any:
        """Delete a table and its items."""
        return self._call("DeleteTable", request)

    def describe_continuous_backups(self, **request: Any) -> Any:
        """Tell that a table has no continuous backups."""
        return self._call("DescribeContinuousBackups", request)

    def describe_limits(self, **request: Any) -> Any:
        """Tell how much capacity an account and a table may have."""
        return self._call("DescribeLimits", request)

    def describe_table(self, **request: Any) -> Any:
        """Tell a table's key, size and state."""
        return self._call("DescribeTable", request)

    def describe_time_to_live(self, **request: Any) -> Any:
        """Tell a table's time to live."""
        return self._call("DescribeTimeToLive", request)

    def get_item(self, **request: Any) -> Any:
        """Read an item."""
        return self._call("GetItem", request)

    def list_tables(self, **request: Any) -> Any:
        """List the tables' names."""
        return self._call("ListTables", request)

    def list_tags_of_resource(self, **request: Any) -> Any:
        """List a table's tags."""
        return self._call("ListTagsOfResource", request)

    def put_item(self, **request: Any) -> Any:
        """Put an item in place of what is there."""
        return self._call("PutItem", request)

    def query(self, **request: Any) -> Any:
        """Read items of one partition, in order."""
        return self._call("Query", request)

    def scan(self, **request: Any) -> Any:
        """Read all items of a table."""
        return self._call("Scan", request)

    def tag_resource(self, **request: Any) -> Any:
        """Give a table tags."""
        return self._call("TagResource", request)

    def transact_get_items(self, **request: Any) -> Any:
        """Read up to 100 items as they stand at one moment."""
        return self._call("TransactGetItems", request)

    def transact_write_items(self, **request: Any) -> Any:
        """Write up to 100 items, all or none."""
        return self._call("TransactWriteItems", request)

    def untag_resource(self, **request: Any) -> Any:
        """Take tags from a table."""
        return self._call("UntagResource", request)

    def update_item(self, **request: Any) -> Any:
        """Update an item, or make it."""
        return self._call("UpdateItem", request)

    def update_table(self, **request: Any) -> Any:
        """Change a table's capacity, its indexes or its protection."""
        return self._call("UpdateTable", request)

    def update_time_to_live(self, **request: Any) -> Any:
        """Enable or disable a table's time to live."""
        return self._call("UpdateTimeToLive", request)


def _fail(jobs: list[Job], failure: ClientError) -> None:
    for job in jobs:
        job.failure = copy.copy(failure).at("Batch")


def _failure(error: Exception) -> ClientError:
    """What the disk's error at a write means to whoever asked for it."""
    match error:
        case DiskFullError():
            return StorageFullException()
        case StoppedError():
            return _stopped(error)
        case FileBusyError():
            return ThrottlingException(
                f"Another process holds the file ({error}); nothing was written"
            )
        case _:
            return _unknown(f"The store could not be written ({error})")


def _unknown(what: str) -> ClientError:
    return InternalServerError(f"{what}; whether the request was written is unknown")


def _unreadable(error: sqlite3.Error) -> ClientError:
    if isinstance(meaning(error), DiskFailedError):
        return StorageFailedException(
            f"The store's file is damaged or its disk fails ({error}) and nothing was"
            " read; restore it from a backup"
        )
    return InternalServerError(f"The store could not be read ({error})")


def _stopped(error: StoppedError) -> ClientError:
    return StorageFailedException(str(error)).at("Batch")
