"""Sessions: what a browser has after the owner signed in.

A session ends after two weeks in which nobody used it, ninety days after it began, by
signing out, or with the password under which it began. The store deletes what expired
when it comes to it, so whoever reads a session compares its times.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from footfall.counters.bulk import delete_items
from footfall.counters.port import Item, Store
from footfall.counters.tables import (
    CREATED_AT,
    EXPIRES_AT,
    KIND,
    NAME,
    OF_PASSWORD,
    RENEWED_AT,
)
from footfall.owners.changes import delete, put, read_kind, write
from footfall.owners.secret import digest, new_secret

SESSION_KIND = "session"

IDLE_SECONDS = 14 * 86_400
AGE_SECONDS_MAX = 90 * 86_400
RENEW_SECONDS = 86_400  # since it was renewed last; one write a day
SESSIONS_MAX = 50  # open at once; the one that was renewed longest ago gives way


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it is stored.

    Attributes:
        name: The digest of its secret.
        of: Tells the password under which it began.
        created_at: When it began, in seconds since the epoch.
        renewed_at: When it was used and renewed last.
    """

    name: str
    of: str
    created_at: int
    renewed_at: int

    @property
    def expires_at(self) -> int:
        """When it ends unless it is renewed, in seconds since the epoch."""
        return min(self.created_at + AGE_SECONDS_MAX, self.renewed_at + IDLE_SECONDS)

    def is_open(self, key: bytes, now: float) -> bool:
        """Whether it stands, under the password that has this key."""
        return self.of == password_name(key) and now < self.expires_at


def password_name(key: bytes) -> str:
    """What sessions name a password by: it tells nothing of the key."""
    return hashlib.sha256(b"session\0" + key).hexdigest()


def start_session(store: Store, key: bytes, now: float) -> tuple[str, Session]:
    """Begin a session under the password that has this key; its secret, and it.

    Raises:
        ThrottledError: None was begun. Try again after a pause.
        IndeterminateError: No answer came. Sign in again.
    """
    secret = new_secret()
    session = Session(digest(secret), password_name(key), int(now), int(now))
    write(store, put(store, _item(session)))
    _make_room(store, now)
    return secret, session


def renew_session(store: Store, session: Session, now: float) -> Session | None:
    """The session as used now; None if it has ended meanwhile. Errors as above."""
    renewed = Session(session.name, session.of, session.created_at, int(now))
    there = {
        "ConditionExpression": "attribute_exists(#kind)",
        "ExpressionAttributeNames": {"#kind": KIND},
    }
    return renewed if write(store, put(store, _item(renewed), **there)) else None


def end_session(store: Store, name: str) -> None:
    """End a session, for every server; one that ended before is fine. Errors as above."""
    write(store, delete(store, _key(name)))


def read_sessions(store: Store) -> Iterable[Session]:
    """The sessions that are stored, some of which have ended.

    Raises:
        UnavailableError: The store is away.
    """
    for item in read_kind(store, SESSION_KIND):
        yield Session(
            item[NAME]["S"],
            item[OF_PASSWORD]["S"],
            int(item[CREATED_AT]["N"]),
            int(item[RENEWED_AT]["N"]),
        )


def _make_room(store: Store, now: float) -> None:
    sessions = sorted(read_sessions(store), key=lambda each: -each.renewed_at)
    over = [each for each in sessions if now >= each.expires_at]
    over += [each for each in sessions if now < each.expires_at][SESSIONS_MAX:]
    keys = [_key(each.name) for each in over]
    delete_items(store.client, store.tables.settings, keys)


def _item(session: Session) -> Item:
    return {
        **_key(session.name),
        OF_PASSWORD: {"S": session.of},
        CREATED_AT: {"N": str(session.created_at)},
        RENEWED_AT: {"N": str(session.renewed_at)},
        EXPIRES_AT: {"N": str(session.expires_at)},
    }


def _key(name: str) -> Item:
    return {KIND: {"S": SESSION_KIND}, NAME: {"S": name}}
