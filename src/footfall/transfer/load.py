"""An export, loaded into a store: the site is made as it was, once for each export.

The site must not be there, unless an earlier run of the same export made it: then this
one goes on where that ended. How far an import is stands in a note, moved in the
transaction that counts, on the condition that it stands where it was: so nothing counts
twice, whoever is killed when, and whatever answer is lost.

Visits may arrive at the site from its first moment on.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from footfall.counters.port import (
    Item,
    Store,
    reason_codes,
    retry_conflicts,
    store_errors,
)
from footfall.counters.tables import ENDED, EXPORT, KIND, PLACE, Request
from footfall.errors import (
    AlreadyExistsError,
    IndeterminateError,
    InvalidInputError,
    SiteNotFoundError,
    StoreError,
)
from footfall.transfer.document import (
    LINE_BYTES_MAX,
    Day,
    End,
    Header,
    Line,
    Note,
    Values,
    decode,
)
from footfall.transfer.moves import (
    Step,
    Sum,
    day_step,
    import_actions,
    values_steps,
)
from footfall.transfer.refusals import explained
from footfall.visits.baseline import read_item
from footfall.visits.imported import EXPORT_NOTE, note_key
from footfall.visits.site import Site, default_aliases
from footfall.visits.sites import create_site

_CONDITION_FAILED = "ConditionalCheckFailed"
_TRIES_MAX = 5  # of a transaction whose answer is lost


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of an export.

    Attributes:
        site: The site that it made.
        days: Its days, and `visits` what they make.
        is_new: False if the same export had been loaded before, and nothing was done.
    """

    site: Site
    days: int
    visits: int
    is_new: bool


def load(
    store: Store,
    lines: Iterable[bytes],
    url: str | None = None,
    on_line: Callable[[int], None] = lambda _: None,
) -> Loaded:
    """Make the site of an export, with all that was counted of it.

    Args:
        store: Where.
        lines: The export's lines.
        url: The site's address, if it is to be another than it was.
        on_line: Told the bytes of each line as it is done.

    Raises:
        InvalidInputError: A line is no export's, or the last one is missing. What came
            before it is counted; load the whole export to go on.
        AlreadyExistsError: The site is there, and not of this export.
        ThrottledError, UnavailableError, IndeterminateError: Load it again to go on.
    """
    numbered = enumerate(lines, 1)
    header = _header(numbered)
    site = header.as_site()
    if url is not None:
        aliases = site.aliases if url == site.url else default_aliases(url)
        site = replace(site, url=url, aliases=aliases)
    place, ended = _begin(store, site, header)
    if ended:
        return Loaded(site, 0, 0, is_new=False)
    reader = _Reader(numbered, on_line)
    waiting = Sum()
    for number, step in enumerate(reader.steps()):
        if number < place:
            continue
        if not waiting.takes(step):
            place = _write(store, site, header, place, waiting)
            waiting = Sum()
            if number < place:  # another run of the same export is further on
                continue
        waiting.add(step)
    _write(store, site, header, place, waiting, ended=True)
    return Loaded(site, reader.days, reader.visits, is_new=True)


class _Reader:
    """The steps of an export's lines; what it has seen when they are at their end."""

    def __init__(
        self,
        lines: Iterator[tuple[int, bytes]],
        on_line: Callable[[int], None],
    ) -> None:
        self._lines = lines
        self._on_line = on_line
        self.days = 0
        self.visits = 0

    def steps(self) -> Iterator[Step]:
        """Every step, in the order of the lines."""
        for number, text in self._lines:
            line = _decode(text, number)
            match line:
                case Day():
                    self.days += 1
                    self.visits += line.visits
                    yield day_step(line)
                case Values():
                    yield from values_steps(line)
                case Note():
                    yield Step(notes=(line,))
                case Header():
                    raise InvalidInputError(f"line {number}", "is a second header")
                case End():
                    self._require_all(line, number)
                    return
            self._on_line(len(text))
        raise InvalidInputError(
            "export", "its last line is missing: it was cut; import the whole file"
        )

    def _require_all(self, end: End, number: int) -> None:
        told = (end.lines, end.days, end.visits)
        if told != (number - 1, self.days, self.visits):
            raise InvalidInputError(
                f"line {number}",
                f"tells of {end.lines} lines, {end.days} days and {end.visits} visits,"
                f" but there are {number - 1}, {self.days} and {self.visits}",
            )
        rest = next(self._lines, None)
        if rest is not None:
            raise InvalidInputError(f"line {rest[0]}", "comes after the export's end")


def _header(lines: Iterator[tuple[int, bytes]]) -> Header:
    number, text = next(lines, (1, b""))
    line = _decode(text, number)
    if not isinstance(line, Header):
        raise InvalidInputError("line 1", "is not the header of a Footfall export")
    return line


def _decode(text: bytes, number: int) -> Line:
    if len(text) > LINE_BYTES_MAX:
        raise InvalidInputError(
            f"line {number}", f"has more than {LINE_BYTES_MAX} bytes"
        )
    return decode(text, number)


def _begin(store: Store, site: Site, header: Header) -> tuple[int, bool]:
    """How many steps are done, and whether all are; makes the site at the first run."""
    key = note_key(site.url, EXPORT_NOTE)
    note = read_item(store, store.tables.settings, key)
    if note and note[EXPORT]["S"] != header.export:
        raise AlreadyExistsError(f"the site {site.url!r}, made of another export,")
    if note:
        return int(note[PLACE]["N"]), note[ENDED]["BOOL"]
    create_site(
        store,
        site,
        header.baseline,
        [_put_note(store, key, header, place=0, before=None, ended=False)],
        header.kept_from,
    )
    return 0, False


def _write(
    store: Store,
    site: Site,
    header: Header,
    place: int,
    added: Sum,
    *,
    ended: bool = False,
) -> int:
    """Add the steps, unless an earlier try did; the place behind them."""
    key = note_key(site.url, EXPORT_NOTE)
    after = place + added.steps
    note = _put_note(store, key, header, place=after, before=place, ended=ended)
    actions = import_actions(store.tables, site.url, added, note)
    for attempt in range(1, _TRIES_MAX + 1):
        try:
            retry_conflicts(
                store.client,
                lambda: store.client.transact_write_items(TransactItems=actions),
            )
        except store_errors(store.client) as error:
            codes = reason_codes(error)
            if codes[:1] == [_CONDITION_FAILED]:
                return _place_of(store, site, after)
            if _CONDITION_FAILED in codes[len(codes) - len(added.notes) :]:
                raise StoreError(
                    f"something was imported into {site.url!r} before this export was"
                    f" whole; remove the site, and import the export first"
                ) from error
            failed = explained(store, site.url, error)
            if not isinstance(failed, IndeterminateError) or attempt == _TRIES_MAX:
                raise failed from error
        else:
            break
    return after


def _place_of(store: Store, site: Site, after: int) -> int:
    """Where the note stands: an answer was lost, or another run was quicker.

    Both would have written the same, since the steps follow from the lines alone.
    """
    note = read_item(store, store.tables.settings, note_key(site.url, EXPORT_NOTE))
    if not note:
        raise SiteNotFoundError(site.url)
    place = int(note[PLACE]["N"])
    if place < after:
        raise StoreError(
            f"another import into {site.url!r} is running; import it again when that"
            f" is done"
        )
    return place


def _put_note(
    store: Store,
    key: Item,
    header: Header,
    *,
    place: int,
    before: int | None,
    ended: bool,
) -> Request:
    condition: Request = {
        "ConditionExpression": "attribute_not_exists(#kind)",
        "ExpressionAttributeNames": {"#kind": KIND},
    }
    if before is not None:
        condition = {
            "ConditionExpression": "#place = :before AND #export = :export",
            "ExpressionAttributeNames": {"#place": PLACE, "#export": EXPORT},
            "ExpressionAttributeValues": {
                ":before": {"N": str(before)},
                ":export": {"S": header.export},
            },
        }
    item = {
        **key,
        EXPORT: {"S": header.export},
        PLACE: {"N": str(place)},
        ENDED: {"BOOL": ended},
    }
    return {"Put": {"TableName": store.tables.settings, "Item": item, **condition}}
