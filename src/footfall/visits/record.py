"""A group of visits in, an outcome for each out; what is counted is durable.

A group's visits to one site go into one transaction (`visits.transaction`): the
receipts, the total, the breakdowns change together or not at all (G1, G3). What a
transaction that did not succeed means:

    a receipt was there        it is a duplicate, unless it carries this group's own
                               token: then our own lost success, and it is counted;
                               the rest goes again under a new token
    an item was held           nothing was written; again after a pause with jitter
    the number is no number    nothing was written; this site's visits fail, no other's
    no answer                  unknown: the same request again under the same token;
                               nothing is regrouped before its outcome is known

Receipts are read in one batch first where a cancelled transaction is dear, so that
known duplicates never cancel a group. Where many transactions share an fsync (the
embedded engine) the condition alone decides.
"""

import random
import secrets
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Literal

from footfall.counters.bulk import get_items
from footfall.counters.port import (
    BATCH_GET_KEYS_MAX,
    BatchingClient,
    Item,
    Store,
    batching,
    cancellation_reasons,
    error_code,
    is_conflict,
    reason_codes,
    store_errors,
    translate,
)
from footfall.counters.tables import BUCKET, GROUP, RECEIPT, SITE_URL, VISITS, Request
from footfall.errors import FootfallError, IndeterminateError
from footfall.visits.baseline import Baselines, read_visits
from footfall.visits.dimensions import VALUE_PREFIX, page_move
from footfall.visits.parts import Address, Parts
from footfall.visits.transaction import receipt_key, split, transaction
from footfall.visits.visit import Outcome, Visit

# A dimension's parts: one fsync covers many items on the embedded engine, and on
# DynamoDB each item of a transaction costs two write units.
PARTS_EMBEDDED = 32
PARTS_DYNAMODB = 1

# A group is sent so often at most: conflicts pass in tens of milliseconds, a lost
# answer takes the client's own timeout.
TRIES_MAX = 10
PAUSE_SECONDS = 0.01
PAUSE_SECONDS_MAX = 0.5

Result = Outcome | FootfallError
_Found = Literal["counted", "duplicate"] | FootfallError


class _Group:
    """Visits to one site with distinct ids, and the request that counts them."""

    __slots__ = ("request", "site", "token", "tries", "visits")

    def __init__(self, site: str, visits: list[Visit]) -> None:
        self.site, self.visits = site, visits
        self.token = secrets.token_urlsafe(12)  # 16 characters in each receipt
        self.request: Request = {}
        self.tries = 0


class Recorder:
    """Records visits in a store; what it remembers only saves reads.

    Several threads may record at once, each other sites.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._batching = batching(store.client)
        self._page_parts = PARTS_EMBEDDED if self._batching else PARTS_DYNAMODB
        self._parts = Parts(self._read_values)
        self._parts_lock = threading.Lock()
        self._baselines = Baselines(store)

    def record(self, visits: Sequence[Visit]) -> list[Result]:
        """Count each visit once, durably, and say what became of it.

        Returns:
            For each visit, in order, its outcome or the error that kept it from being
            counted: SiteNotFoundError, NotANumberError, ThrottledError,
            UnavailableError, IndeterminateError or StoreError. Visits with the same
            outcome share one object.
        """
        by_site: dict[str, dict[str, Visit]] = {}
        for visit in visits:
            by_site.setdefault(visit.site.url, {}).setdefault(visit.id, visit)
        found: dict[str, dict[str, _Found]] = {site: {} for site in by_site}
        waiting: list[_Group] = []
        for site, distinct in by_site.items():
            waiting += self._first_groups(site, list(distinct.values()), found[site])
        totals: dict[str, int] = {}
        while waiting:
            waiting = self._send(waiting, found, totals)
        return self._results(visits, found, totals)

    def _first_groups(
        self, site: str, visits: list[Visit], found: dict[str, _Found]
    ) -> list[_Group]:
        try:
            self._baselines.ensure(site)
            if self._batching is None and len(visits) > 1:
                known = self._known_receipts(site, visits)
                found |= dict.fromkeys(known, "duplicate")
                visits = [visit for visit in visits if visit.id not in known]
            return self._groups(site, visits)
        except FootfallError as error:
            found |= {visit.id: error for visit in visits if visit.id not in found}
            return []

    def _known_receipts(self, site: str, visits: Iterable[Visit]) -> set[str]:
        by_key = {receipt_key(site, visit.id): visit.id for visit in visits}
        receipts = get_items(
            self.store.client,
            self.store.tables.visit_receipts,
            [{RECEIPT: {"S": key}} for key in by_key],
        )
        return {by_key[receipt[RECEIPT]["S"]] for receipt in receipts}

    def _groups(self, site: str, visits: list[Visit]) -> list[_Group]:
        """The visits as transactions, each complete and ready to be sent."""
        moves = [page_move(visit, self._page_parts) for visit in visits]
        with self._parts_lock:
            attributes = self._parts.admit(
                ((site, bucket), attribute) for bucket, attribute in moves
            )
        pages = [
            (bucket, attribute)
            for (bucket, _), attribute in zip(moves, attributes, strict=True)
        ]
        groups = []
        for visits_of_group, moved in split(visits, pages):
            group = _Group(site, visits_of_group)
            group.request = transaction(
                self.store.tables,
                self.store.window_seconds,
                visits_of_group,
                moved,
                group.token,
            )
            groups.append(group)
        return groups

    def _read_values(self, addresses: list[Address]) -> list[Iterable[str]]:
        items = get_items(
            self.store.client,
            self.store.tables.visit_rollups,
            [
                {SITE_URL: {"S": site}, BUCKET: {"S": bucket}}
                for site, bucket in addresses
            ],
        )
        values = {
            (item[SITE_URL]["S"], item[BUCKET]["S"]): [
                attribute for attribute in item if attribute.startswith(VALUE_PREFIX)
            ]
            for item in items
        }
        return [values.get(address, ()) for address in addresses]

    def _send(
        self,
        groups: list[_Group],
        found: dict[str, dict[str, _Found]],
        totals: dict[str, int],
    ) -> list[_Group]:
        """Send each group once; note what was found, return what must go again."""
        requests = [group.request for group in groups]
        if self._batching is None:
            answers = [self._apply(request) for request in requests]
        else:
            answers = self._apply_at_once(
                self._batching, requests, {group.site for group in groups}, totals
            )
        again: list[_Group] = []
        for group, error in zip(groups, answers, strict=True):
            if error is None:
                found[group.site].update(
                    (visit.id, "counted") for visit in group.visits
                )
            else:
                again += self._after(error, group, found[group.site])
        tries = max((group.tries for group in again), default=0)
        if tries:
            pause = min(PAUSE_SECONDS * 2**tries, PAUSE_SECONDS_MAX)
            time.sleep(random.uniform(0, pause))
        return again

    def _apply(self, request: Request) -> Exception | None:
        """A transaction's error, None where it succeeded."""
        try:
            self.store.client.transact_write_items(**request)
        except store_errors(self.store.client) as error:
            return error
        return None

    def _apply_at_once(
        self,
        client: BatchingClient,
        requests: list[Request],
        sites: Iterable[str],
        totals: dict[str, int],
    ) -> list[Exception | None]:
        """Each transaction's error, all under one fsync; notes the sites' totals."""
        table = self.store.tables.site_visits
        keys = [{SITE_URL: {"S": site}} for site in sites]
        calls = [("TransactWriteItems", request) for request in requests]
        for start in range(0, len(keys), BATCH_GET_KEYS_MAX):
            some = {"Keys": keys[start : start + BATCH_GET_KEYS_MAX]}
            calls.append(("BatchGetItem", {"RequestItems": {table: some}}))
        try:
            answers = client.batch(calls)
        except store_errors(client) as error:
            return [error] * len(requests)
        for numbers in answers[len(requests) :]:
            if not isinstance(numbers, Exception):
                totals |= _numbers_in(numbers["Responses"][table])
        answers = answers[: len(requests)]
        return [answer if isinstance(answer, Exception) else None for answer in answers]

    def _after(
        self, error: Exception, group: _Group, found: dict[str, _Found]
    ) -> list[_Group]:
        """What must be sent again after an error; the rest is noted as found."""
        codes = reason_codes(error)
        if "ConditionalCheckFailed" in codes:
            return self._without_duplicates(error, group, found)
        # AWS cancels for a number that is none; DynamoDB Local refuses the request.
        if "ValidationError" in codes or error_code(error) == "ValidationException":
            return self._refuse(group, found, self._explain(group.site, error))
        translated = translate(
            error, "TransactWriteItems", self.store.tables.visit_receipts
        )
        # Both are answered by the same request: a conflict wrote nothing, and the
        # token makes a repeat of what was written after all answer as it did.
        if is_conflict(error) or isinstance(translated, IndeterminateError):
            group.tries += 1
            if group.tries < TRIES_MAX:
                return [group]
        return self._refuse(group, found, translated)

    def _without_duplicates(
        self, error: Exception, group: _Group, found: dict[str, _Found]
    ) -> list[_Group]:
        rest: list[Visit] = []
        # The receipts' Puts stand first, in the order of the visits.
        for visit, reason in zip(
            group.visits, cancellation_reasons(error), strict=False
        ):
            if reason.get("Code") != "ConditionalCheckFailed":
                rest.append(visit)
            elif reason.get("Item", {}).get(GROUP, {}).get("S") == group.token:
                found[visit.id] = "counted"
            else:
                found[visit.id] = "duplicate"
        try:
            return self._groups(group.site, rest)
        except FootfallError as failed:
            found |= {visit.id: failed for visit in rest}
            return []

    def _explain(self, site: str, error: Exception) -> FootfallError:
        """What is wrong with the site's own number, if a look at it tells."""
        try:
            read_visits(self.store, site)
        except FootfallError as explained:
            return explained
        return translate(error, "TransactWriteItems", self.store.tables.site_visits)

    def _refuse(
        self, group: _Group, found: dict[str, _Found], error: FootfallError
    ) -> list[_Group]:
        found |= {visit.id: error for visit in group.visits}
        return []

    def _results(
        self,
        visits: Sequence[Visit],
        found: dict[str, dict[str, _Found]],
        totals: dict[str, int],
    ) -> list[Result]:
        if self._batching is None:
            totals = self._totals(
                site
                for site, by_id in found.items()
                if not all(isinstance(each, FootfallError) for each in by_id.values())
            )
        counted = {
            site: Outcome("counted", site, visits=totals.get(site)) for site in found
        }
        duplicate = {
            site: Outcome("duplicate", site, visits=totals.get(site)) for site in found
        }
        results: list[Result] = []
        for visit in visits:
            site = visit.site.url
            each = found[site][visit.id]
            if each == "counted":
                results.append(counted[site])
                found[site][visit.id] = "duplicate"  # the same id again in the group
            elif each == "duplicate":
                results.append(duplicate[site])
            else:
                results.append(each)
        return results

    def _totals(self, sites: Iterable[str]) -> dict[str, int]:
        """The sites' numbers after the group; none where they cannot be read."""
        keys = [{SITE_URL: {"S": site}} for site in sites]
        try:
            items = get_items(self.store.client, self.store.tables.site_visits, keys)
        except FootfallError:
            return {}  # what is counted stays counted: only its number is not told
        return _numbers_in(items)


def _numbers_in(items: Iterable[Item]) -> dict[str, int]:
    return {
        item[SITE_URL]["S"]: int(item[VISITS]["N"])
        for item in items
        if "N" in item.get(VISITS, {})
    }


def record(store: Store, visits: Sequence[Visit]) -> list[Result]:
    """Count a few visits, as `Recorder.record`: for a command, not for a server."""
    return Recorder(store).record(visits)
