"""A group of visits in, an outcome for each out; what is counted is durable.

A group's visits to one site go into one transaction (`visits.transaction`): the
receipts, the total, the breakdowns change together or not at all (G1, G3). What a
transaction that did not succeed means:

    a receipt was there    it is a duplicate, unless it carries a token that these
                           visits were sent under: then our own lost success, and it
                           is counted; the rest goes again under a new token
    an item was held       nothing was written: again in another shard, under a new
    or is too hot          token (`visits.shards`)
    throttled              nothing was written: again after a pause
    a visit is refused     nothing was written; it fails alone, the rest goes again
    the site is refused    nothing was written; its number is none, say. This site's
                           visits fail, no other's
    no answer              unknown: the same request again under the same token, until
                           its outcome is known; nothing is regrouped before

Tries are bounded in number and in time, and each waits longer than the last. What is
still unknown then is answered so: a later try with the same id finds out. Every other
round ends too: it takes out a visit, learns of a reader's marker, or halves the group,
and one that does none of it is the last.

The ids that were counted last are remembered (`visits.recent`). Receipts are read in one
batch first where a cancelled transaction is dear, so that known duplicates never cancel a
group. Where many transactions share an fsync (the
embedded engine) the condition alone decides.
"""

import secrets
import time
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Literal

from footfall.counters.backoff import pause
from footfall.counters.bulk import get_items
from footfall.counters.port import (
    BATCH_ACTIONS_MAX,
    TRANSACTION_ACTIONS_MAX,
    BatchingClient,
    Store,
    batching,
    cancellation_reasons,
    error_code,
    error_names,
    is_contended,
    reason_codes,
    store_errors,
    translate,
    was_retried,
)
from footfall.counters.tables import GROUP, RECEIPT, Request
from footfall.errors import (
    FootfallError,
    IndeterminateError,
    StoreError,
    ThrottledError,
    UnavailableError,
)
from footfall.visits.baseline import Baselines, read_visits
from footfall.visits.dimensions import (
    VALUE_PREFIX,
    day_at,
    is_paged,
    quarter_of,
    total_moves,
    value_buckets,
)
from footfall.visits.parts import Parts, Placed, parts_of_many, read_values
from footfall.visits.recent import Recent
from footfall.visits.shards import Shards
from footfall.visits.statistics import Statistics
from footfall.visits.totals import Totals, TotalsReader
from footfall.visits.transaction import (
    Move,
    Moves,
    increments,
    receipt_key,
    split,
    transaction,
)
from footfall.visits.visit import Outcome, Visit
from footfall.visits.visitors import Visitors, marker_expiry

# Visits are sent so often at most: a conflict passes in tens of milliseconds, a lost
# answer takes the client's own timeout.
TRIES_MAX = 12
TRY_SECONDS_MAX = 20.0  # none begins later: whoever waits may ask again with the id
PAUSE_SECONDS = 0.01
PAUSE_SECONDS_MAX = 0.5

Result = Outcome | FootfallError
_Found = Literal["counted", "duplicate"] | FootfallError
_FoundOfSite = dict[str, _Found]  # a visit's id -> what became of it


@dataclass(slots=True)
class _Group:
    """Visits to one site with distinct ids, and the request that counts them.

    Attributes:
        tokens: What these visits were sent under so far, this request's token last.
        markers: New readers' markers, and when each expires.
        shard: The shard that they are counted in.
        tries: How often they were sent in vain.
        until: When no further try may begin, on the recorder's clock.
        unknown: Whether a request with the last token may have been applied.
    """

    site: str
    visits: Sequence[Visit]
    request: Request
    tokens: tuple[str, ...]
    markers: Mapping[str, int]
    shard: int
    tries: int
    until: float
    unknown: bool = False


class Recorder:
    """Records visits in a store; what it remembers only saves reads.

    Several threads may record at once, each other sites.

    Args:
        store: Where the sites are.
        statistics: What is counted in passing.
        clock: Seconds that only grow.
        now_ms: Milliseconds since the epoch.
    """

    def __init__(
        self,
        store: Store,
        statistics: Statistics | None = None,
        clock: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.store = store
        self.statistics = statistics or Statistics()
        self._batching = batching(store.client)
        self._actions_max = (
            TRANSACTION_ACTIONS_MAX if self._batching is None else BATCH_ACTIONS_MAX
        )
        self._parts_of_many = parts_of_many(store.client)
        self._parts = Parts(partial(read_values, store))
        self._baselines = Baselines(store)
        self._shards = Shards(store)
        self._totals = TotalsReader(store, clock)
        self._visitors = Visitors(store)
        self._recent = Recent()
        self._clock = clock
        self._now_ms = now_ms

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
        found: dict[str, _FoundOfSite] = {site: {} for site in by_site}
        waiting: list[_Group] = []
        for site, distinct in by_site.items():
            waiting += self._first_groups(site, list(distinct.values()), found[site])
        totals: Totals = {}
        while waiting:
            waiting = self._send(waiting, found, totals)
            tries = max((group.tries for group in waiting), default=0)
            if tries:
                pause(tries, first_seconds=PAUSE_SECONDS, seconds_max=PAUSE_SECONDS_MAX)
        return self._results(visits, found, totals)

    def forget(self) -> None:
        """Remember nothing of the sites: one may be gone, and there again.

        What is remembered only saves reads, and is true as long as the site is the same:
        its baseline, its items' values, its readers' markers, the ids counted last.
        """
        self._baselines.forget()
        self._parts.forget()
        self._visitors.forget()
        self._recent.forget()

    def destroy_salts(self) -> None:
        """Destroy the salts of the days that are over, here and in the store.

        Raises:
            UnavailableError: The store is away.
            ThrottledError: Some may be left. Try again after a pause.
            IndeterminateError: No answer came. Try again.
        """
        self._visitors.destroy_salts(self._now_ms())

    # Groups

    def _first_groups(
        self, site: str, visits: list[Visit], found: _FoundOfSite
    ) -> list[_Group]:
        try:
            self._baselines.ensure(site)
            again = self._recent.of(site, {visit.id for visit in visits})
            if again:
                found |= dict.fromkeys(again, "duplicate")
                visits = [visit for visit in visits if visit.id not in again]
            readers = self._readers(visits)
            known = self._known_receipts(site, visits, readers)
            if known:
                found |= dict.fromkeys(known, "duplicate")
                visits = [visit for visit in visits if visit.id not in known]
                readers = self._readers(visits)
            return self._groups(site, visits, readers)
        except IndeterminateError as error:
            # Of a baseline or a salt, which may be there now; of the visits nothing is.
            failed: FootfallError = UnavailableError(error.operation, error.cause)
        except FootfallError as error:
            failed = error
        found |= {visit.id: failed for visit in visits if visit.id not in found}
        return []

    def _known_receipts(
        self, site: str, visits: Sequence[Visit], readers: Sequence[str | None]
    ) -> set[str]:
        """The ids that are counted already; the readers that are get remembered.

        A cancelled transaction costs more than the reads. Receipts need none where the
        transactions of a group share an fsync, nor where a visit comes alone.
        """
        keys = dict.fromkeys(marker for marker in self._new(readers) if marker)
        by_key: dict[str, str] = {}
        if self._batching is None and len(visits) > 1:
            by_key = {receipt_key(site, visit.id): visit.id for visit in visits}
        if not keys and not by_key:
            return set()
        receipts = get_items(
            self.store.client,
            self.store.tables.visit_receipts,
            [{RECEIPT: {"S": key}} for key in (*by_key, *keys)],
        )
        there = {receipt[RECEIPT]["S"] for receipt in receipts}
        self._visitors.remember(there & keys.keys())
        return {id for key, id in by_key.items() if key in there}

    def _readers(self, visits: Sequence[Visit]) -> list[str | None]:
        """The marker of each visit's reader; None for one who is not told apart."""
        now_ms = self._now_ms()
        # A reader opens several pages. Nobody remembers one longer than for this.
        of_reader: dict[tuple[str, int], str | None] = {}
        markers: list[str | None] = []
        for visit in visits:
            reader = visit.reader, quarter_of(visit.at_ms)
            if reader not in of_reader:
                of_reader[reader] = self._visitors.marker(visit, now_ms)
            markers.append(of_reader[reader])
        return markers

    def _new(self, readers: Sequence[str | None]) -> list[str | None]:
        """The readers' markers; None where one is known to be there."""
        is_known = self._visitors.is_known
        return [
            None if marker is None or is_known(marker) else marker for marker in readers
        ]

    def _groups(
        self,
        site: str,
        visits: Sequence[Visit],
        readers: Sequence[str | None],
        tokens: tuple[str, ...] = (),
        tries: int = 0,
        until: float | None = None,
    ) -> list[_Group]:
        """The visits as transactions, each complete and ready to be sent."""
        if until is None:
            until = self._clock() + TRY_SECONDS_MAX
        shard = self._shards.of(site)
        moves = self._moves(site, visits, shard)
        markers = self._new(readers)
        groups = []
        for part in split(moves, markers, self._actions_max):
            some, token = visits[part], secrets.token_urlsafe(12)
            moved, readers = increments(moves[part], markers[part])
            expiries = {
                marker: marker_expiry(some[0].site, marker, self.store.window_seconds)
                for marker in readers
            }
            request = transaction(
                self.store.tables,
                self.store.window_seconds,
                some,
                moved,
                token,
                shard=shard,
                markers=expiries,
            )
            groups.append(
                _Group(
                    site, some, request, (*tokens, token), expiries, shard, tries, until
                )
            )
        return groups

    def _moves(self, site: str, visits: Sequence[Visit], shard: int) -> list[Moves]:
        """What each visit counts up, a view's total first; one object for what is alike.

        A group's visits have few moments, pages and programs among them: each is worked
        out once, not for each visit.
        """
        of_total: dict[tuple[str, int, bool], Move] = {}
        days = [day_at(visit.site.timezone, visit.at_ms) for visit in visits]
        of_day = {
            day: self._value_moves(
                site,
                day,
                [v for v, of in zip(visits, days, strict=True) if of == day],
                shard,
            )
            for day in dict.fromkeys(days)
        }
        moves: list[Moves] = []
        for visit, day in zip(visits, days, strict=True):
            of_visit: Moves = []
            if visit.kind == "view":
                moment = visit.site.timezone, quarter_of(visit.at_ms), is_paged(visit)
                if moment not in of_total:
                    of_total[moment] = total_moves(visit, shard)
                of_visit.append(of_total[moment])
            of_visit += map(of_day[day].__getitem__, visit.values)
            moves.append(of_visit)
        return moves

    def _value_moves(
        self, site: str, day: str, visits: Sequence[Visit], shard: int
    ) -> dict[tuple[str, str], Move]:
        """What each value of a day's visits counts up, by dimension and value."""
        values = dict.fromkeys(chain.from_iterable([visit.values for visit in visits]))
        placed = [
            Placed(
                site,
                value_buckets(dimension, day, value, self._parts_of_many, shard),
                VALUE_PREFIX + value,
            )
            for dimension, value in values
        ]
        return {
            value: (bucket, (attribute,))
            for value, (bucket, attribute) in zip(
                values, self._parts.admit(placed), strict=True
            )
        }

    # Sending

    def _send(
        self, groups: list[_Group], found: dict[str, _FoundOfSite], totals: Totals
    ) -> list[_Group]:
        """Send each group once; note what was found, return what must go again."""
        if self._batching is None:
            errors = [self._apply(group.request) for group in groups]
        else:
            errors = self._apply_at_once(self._batching, groups, totals)
        again: list[_Group] = []
        for group, error in zip(groups, errors, strict=True):
            if error is None:
                found[group.site].update(
                    (visit.id, "counted") for visit in group.visits
                )
                self._recent.add(group.site, [visit.id for visit in group.visits])
                self._visitors.remember(group.markers)
                continue
            self.statistics.note_store_errors(error_names(error))
            again += self._after(error, group, found[group.site])
        return again

    def _apply(self, request: Request) -> Exception | None:
        """A transaction's error, None where it succeeded."""
        try:
            self.store.client.transact_write_items(**request)
        except store_errors(self.store.client) as error:
            return error
        return None

    def _apply_at_once(
        self, client: BatchingClient, groups: list[_Group], totals: Totals
    ) -> list[Exception | None]:
        """Each transaction's error, all under one fsync; notes the sites' totals."""
        sites = list(dict.fromkeys(group.site for group in groups))
        # Without the token: a receipt tells an own success as well, and a token of each
        # transaction would be two more rows to write, and a digest.
        writes = [
            ("TransactWriteItems", {"TransactItems": group.request["TransactItems"]})
            for group in groups
        ]
        reads = self._totals.calls(sites)
        try:
            answers = client.batch([*writes, *reads], large_transactions=True)
        except store_errors(client) as error:
            return [error] * len(groups)
        totals |= self._totals.answered(reads, answers[len(groups) :])
        answers = answers[: len(groups)]
        return [answer if isinstance(answer, Exception) else None for answer in answers]

    # What an error means

    def _after(
        self, error: Exception, group: _Group, found: _FoundOfSite
    ) -> list[_Group]:
        """What must be sent again after an error; the rest is noted as found."""
        codes = reason_codes(error)
        if "ConditionalCheckFailed" in codes:
            return self._without_duplicates(error, group, found)
        # AWS cancels for a number that is none; DynamoDB Local refuses the request.
        if "ValidationError" in codes or error_code(error) == "ValidationException":
            return self._without_invalid(error, group, found)
        translated = translate(
            error, "TransactWriteItems", self.store.tables.visit_receipts
        )
        group.unknown |= isinstance(translated, IndeterminateError)
        group.tries += 1
        if group.tries >= TRIES_MAX or self._clock() >= group.until:
            return self._refuse(group, found, translated)
        # What was cancelled was not written, unless an earlier try of the same request
        # was: then only the same request finds out.
        if is_contended(error) and not group.unknown and not was_retried(error):
            return self._in_another_shard(group, found)
        if isinstance(translated, IndeterminateError | ThrottledError):
            return [group]
        return self._refuse(group, found, translated)

    def _in_another_shard(self, group: _Group, found: _FoundOfSite) -> list[_Group]:
        # On one file writers queue, and nothing is gained by shards.
        if self._batching is None:
            self._shards.move(group.site)
            self._totals.look_again(group.site)
        return self._regrouped(group, group.visits, found)

    def _without_duplicates(
        self, error: Exception, group: _Group, found: _FoundOfSite
    ) -> list[_Group]:
        rest: list[Visit] = []
        # The receipts' Puts stand first, in the order of the visits, then the markers'.
        reasons = cancellation_reasons(error)
        there = [
            marker
            for marker, reason in zip(
                group.markers, reasons[len(group.visits) :], strict=False
            )
            if reason.get("Code") == "ConditionalCheckFailed"
        ]
        self._visitors.remember(there)
        for visit, reason in zip(group.visits, reasons, strict=False):
            if reason.get("Code") != "ConditionalCheckFailed":
                rest.append(visit)
            elif reason.get("Item", {}).get(GROUP, {}).get("S") in group.tokens:
                found[visit.id] = "counted"
            else:
                found[visit.id] = "duplicate"
        if not there and len(rest) == len(group.visits):
            return self._refuse(  # no condition of ours: again would be the same again
                group,
                found,
                translate(
                    error, "TransactWriteItems", self.store.tables.visit_receipts
                ),
            )
        return self._regrouped(group, rest, found)

    def _without_invalid(
        self, error: Exception, group: _Group, found: _FoundOfSite
    ) -> list[_Group]:
        """Refuse what the store will not have: the site, or as few visits as it is."""
        explained = self._explain(group, error)
        if explained is None:  # the shard is gone, and the site is there
            self._shards.leave(group.site)
            return self._regrouped(group, group.visits, found)
        visits, half = group.visits, len(group.visits) // 2
        codes = reason_codes(error)[: len(visits)]
        faulty = [
            visit
            for visit, code in zip(visits, codes, strict=False)
            if code == "ValidationError"
        ]
        if faulty:
            found |= dict.fromkeys((visit.id for visit in faulty), explained)
            rest = [visit for visit in visits if visit not in faulty]
            return self._regrouped(group, rest, found)
        if isinstance(explained, StoreError | IndeterminateError) and half:
            return [
                again
                for part in (visits[:half], visits[half:])
                for again in self._regrouped(group, part, found)
            ]
        return self._refuse(group, found, explained)

    def _explain(self, group: _Group, error: Exception) -> FootfallError | None:
        """What is wrong with the site's own number, if a look at it tells.

        None where it is not the site: the writer's shard went with an earlier site of
        the same address.
        """
        try:
            read_visits(self.store, group.site)
            if group.shard and not self._shards.are_open(group.site):
                return None
        except FootfallError as explained:
            return explained
        return translate(error, "TransactWriteItems", self.store.tables.site_visits)

    def _regrouped(
        self, group: _Group, visits: Sequence[Visit], found: _FoundOfSite
    ) -> list[_Group]:
        try:
            readers = self._readers(visits)
            return self._groups(
                group.site, visits, readers, group.tokens, group.tries, group.until
            )
        except FootfallError as failed:
            found |= dict.fromkeys((visit.id for visit in visits), failed)
            return []

    def _refuse(
        self, group: _Group, found: _FoundOfSite, error: FootfallError
    ) -> list[_Group]:
        if group.unknown and not isinstance(error, IndeterminateError):
            # This try wrote nothing, but an earlier one may arrive yet.
            error = IndeterminateError("TransactWriteItems", str(error))
        found |= dict.fromkeys((visit.id for visit in group.visits), error)
        return []

    # Answers

    def _results(
        self,
        visits: Sequence[Visit],
        found: dict[str, _FoundOfSite],
        totals: Totals,
    ) -> list[Result]:
        # A batch has read its sites' own; those of which all was known it never saw.
        untold = [
            site
            for site, by_id in found.items()
            if site not in totals
            and not all(isinstance(each, FootfallError) for each in by_id.values())
        ]
        if untold:
            totals = totals | self._totals.read(untold)
        counted = {
            site: Outcome("counted", site, visits=totals.get(site)) for site in found
        }
        duplicate = {
            site: Outcome("duplicate", site, visits=totals.get(site)) for site in found
        }
        results: list[Result] = []
        moved = 0
        duplicates: Tally[str] = Tally()
        robots: Tally[str] = Tally()
        errors: list[FootfallError] = []
        for visit in visits:
            site = visit.site.url
            each = found[site][visit.id]
            if visit.kind == "robot" and not isinstance(each, FootfallError):
                results.append(Outcome("filtered", site, reason="robot"))
                robots[site] += 1
            elif each == "counted":
                results.append(counted[site])
                found[site][visit.id] = "duplicate"  # the same id again in the group
                moved += 1
            elif each == "duplicate":
                results.append(duplicate[site])
                duplicates[site] += 1
            else:
                results.append(each)
                errors.append(each)
        self.statistics.note_group(moved, duplicates, robots, errors)
        return results


def record(store: Store, visits: Sequence[Visit]) -> list[Result]:
    """Count a few visits, as `Recorder.record`: for a command, not for a server."""
    return Recorder(store).record(visits)
